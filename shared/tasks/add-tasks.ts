// Adding tasks to a job: each as its row and a `ready` row, in transactions with the head, so that a terminate fences them.
import { BatchError } from '../errors.js';
import { hintTypes, sendHint } from '../events/hints.js';
import type { Job } from '../jobs/job.js';
import { headRow, jobPartition, toJobHead } from '../jobs/job-rows.js';
import { nameToPool } from '../jobs/name-to-pool.js';
import { loadStoredJob, refuseUnlessOpen, type StoredJob } from '../jobs/read-jobs.js';
import type { Services } from '../services.js';
import { sizeOf } from '../tables/document.js';
import { maxWritesPerTransaction, TableConflict, type Write } from '../tables/table.js';
import { tryAgain } from '../tables/try-again.js';
import { refusalOf } from './add-refusals.js';
import { satisfiedRow } from './dependency-rows.js';
import { toNewTask, toTaskInserts } from './new-task.js';
import type { Task, TaskDefinition } from './task.js';
import { fromTaskRow, taskRow } from './task-rows.js';

/** What became of one task of a collection: it was added, or refused for its own reason. */
export type TaskAddOutcome = { readonly taskId: string; readonly task?: Task; readonly error?: BatchError };

// A transaction takes 4 MiB; the head and the coding of the request need some of it.
const maxTransactionBytes = 3_000_000;
// The task, where it waits, and in a job with dependencies what a deleted task of its id may have left.
const rowsPerTask = ({ definition }: Job): number => (definition.usesTaskDependencies === true ? 3 : 2);

/**
 * Adds tasks to an open job, also a disabled one, in their order; each that cannot be added is told apart from the others. `seen` is the job as
 * the caller has read it just now.
 * Throws JobNotFound, JobCompleted, JobBeingTerminated, JobBeingDeleted for all of them.
 * https://learn.microsoft.com/rest/api/batchservice/task/add-collection
 */
export async function addTasks(
  services: Services,
  jobId: string,
  definitions: readonly TaskDefinition[],
  seen?: StoredJob,
): Promise<readonly TaskAddOutcome[]> {
  const addition: Addition = { services, jobId, stamp: services.ids.uuid() };
  const outcomes = new Map<TaskDefinition, TaskAddOutcome>();
  const announced = await announce(services, jobId, definitions, seen);
  const { acceptable, refusals } = announced;
  let { stored } = announced;
  const { job } = stored;
  for (const { definition, error } of refusals) outcomes.set(definition, { taskId: definition.id, error });
  for (const chunk of toChunks(acceptable, rowsPerTask(job))) {
    const added = await addChunk(addition, chunk, stored);
    for (const outcome of added.outcomes) outcomes.set(outcome.definition, outcome);
    stored = added.stored;
  }
  if (acceptable.length > 0)
    await sendHint(services, hintTypes.tasksAdded, { poolId: job.definition.poolId, jobId: job.definition.id });
  return definitions.map((definition) => toOutcome(definition, outcomes.get(definition)));
}

/** Adds one task. Throws what `addTasks` tells of it: TaskExists and the like. */
export async function addTask(
  services: Services,
  jobId: string,
  definition: TaskDefinition,
  seen?: StoredJob,
): Promise<Task> {
  const [outcome] = await addTasks(services, jobId, [definition], seen);
  if (outcome?.task === undefined) throw outcome?.error ?? new Error(`Task '${definition.id}' has no outcome`);
  return outcome.task;
}

type Announced = {
  readonly stored: StoredJob;
  readonly acceptable: readonly TaskDefinition[];
  readonly refusals: readonly Refusal[];
};

/**
 * The job, which is open, and its pool told that tasks of it will wait: before they do, so that the sweep finds them whatever happens after.
 * Nothing is told when all of them are refused.
 */
async function announce(
  services: Services,
  jobId: string,
  definitions: readonly TaskDefinition[],
  seen: StoredJob | undefined,
): Promise<Announced> {
  return tryAgain(services, async () => {
    const stored = seen ?? (await loadStoredJob(services, jobId));
    const { job } = stored;
    refuseUnlessOpen(job, 'tasks cannot be added');
    const refusals = findRefusals(job, definitions);
    const refused = new Set(refusals.map(({ definition }) => definition));
    const acceptable = definitions.filter((definition) => !refused.has(definition));
    if (acceptable.length === 0) return { stored, acceptable, refusals };
    const named = await nameToPool(services, job, true);
    return { stored: { ...stored, job: named }, acceptable, refusals };
  });
}

type Refusal = { readonly definition: TaskDefinition; readonly error: BatchError };
type Addition = { readonly services: Services; readonly jobId: string; readonly stamp: string };
type ChunkOutcome = TaskAddOutcome & { readonly definition: TaskDefinition };

/** Adds a chunk to the job as it was last seen, which is read again only after a lost race. Answers with the job as it was left. */
async function addChunk(
  addition: Addition,
  chunk: readonly TaskDefinition[],
  seen: StoredJob,
): Promise<{ readonly outcomes: readonly ChunkOutcome[]; readonly stored: StoredJob }> {
  const { services, jobId, stamp } = addition;
  const known = new Map<TaskDefinition, ChunkOutcome>();
  let tries = 0;
  return tryAgain(services, async () => {
    tries += 1;
    const stored = tries === 1 ? seen : await loadStoredJob(services, jobId, seen.job.incarnation);
    refuseUnlessOpen(stored.job, 'tasks cannot be added');
    const fresh = chunk.filter((definition) => !known.has(definition));
    const tasks = fresh.map((definition, index) =>
      toNewTask(stored.job.definition.id, definition, stored.job.nextTaskOrder + index, services.clock.now()),
    );
    const job = withTasks(stored.job, tasks);
    let etag: string | undefined;
    try {
      const anew = await findSatisfied(addition, job, tasks);
      [etag] = await services.table.write(jobPartition(jobId), [...toWrites(job, stored.etag, tasks, stamp), ...anew]);
    } catch (error) {
      if (!(error instanceof TableConflict && error.kind === 'exists')) throw error;
      for (const found of await findExisting(addition, fresh)) known.set(found.definition, found);
      throw new TableConflict('changed', 'Some of the tasks exist; the others are tried again', { cause: error });
    }
    const added = tasks.map((task) => ({ definition: task.definition, taskId: task.definition.id, task }));
    return { outcomes: [...known.values(), ...added], stored: { job, etag: etag ?? '' } };
  });
}

// Rows with our stamp were written by an attempt whose answer was lost: they are ours, not somebody's earlier task.
async function findExisting(
  { services, jobId, stamp }: Addition,
  definitions: readonly TaskDefinition[],
): Promise<readonly ChunkOutcome[]> {
  const rows = await Promise.all(
    definitions.map((definition) => services.table.get(jobPartition(jobId), taskRow(definition.id))),
  );
  return definitions.flatMap((definition, index): ChunkOutcome[] => {
    const row = rows[index];
    if (row === undefined) return [];
    const taskId = definition.id;
    if (row.values['stamp'] === stamp) return [{ definition, taskId, task: fromTaskRow(row) }];
    return [{ definition, taskId, error: taskExists(jobId, taskId) }];
  });
}

/** Removes what deleted tasks of these ids have satisfied: tasks that depend on them from now on wait for the new ones. */
async function findSatisfied({ services }: Addition, job: Job, tasks: readonly Task[]): Promise<readonly Write[]> {
  if (job.satisfiedDeleted !== true) return [];
  const rows = tasks.map(({ definition }) => satisfiedRow(definition.id));
  const found = await Promise.all(rows.map((row) => services.table.get(jobPartition(job.definition.id), row)));
  return rows.filter((_, index) => found[index] !== undefined).map((row): Write => ({ type: 'delete', row }));
}

function withTasks(job: Job, tasks: readonly Task[]): Job {
  const isDue = tasks.some(({ definition }) => definition.dependsOn !== undefined);
  return {
    ...job,
    nextTaskOrder: job.nextTaskOrder + tasks.length,
    openTasks: job.openTasks + tasks.length,
    ...(isDue ? { dependenciesDue: true } : {}),
  };
}

function toWrites(job: Job, etag: string, tasks: readonly Task[], stamp: string): readonly Write[] {
  return [
    { type: 'replace', row: headRow, values: toJobHead(job), etag },
    ...tasks.flatMap((task) => toTaskInserts(task, stamp)),
  ];
}

function findRefusals(job: Job, definitions: readonly TaskDefinition[]): readonly Refusal[] {
  const seen = new Set<string>();
  return definitions.flatMap((definition) => {
    const key = definition.id.toLowerCase();
    const error = seen.has(key) ? taskExists(job.definition.id, definition.id) : refusalOf(job, definition);
    seen.add(key);
    return error === undefined ? [] : [{ definition, error }];
  });
}

function toChunks(definitions: readonly TaskDefinition[], rows: number): readonly (readonly TaskDefinition[])[] {
  const chunks: TaskDefinition[][] = [];
  let bytes = 0;
  for (const definition of definitions) {
    const size = 2 * sizeOf({ definition: JSON.stringify(definition) });
    const last = chunks.at(-1);
    const full = last === undefined || (last.length + 1) * rows >= maxWritesPerTransaction;
    if (full || bytes + size > maxTransactionBytes) {
      chunks.push([definition]);
      bytes = size;
    } else {
      last.push(definition);
      bytes += size;
    }
  }
  return chunks;
}

function toOutcome(definition: TaskDefinition, found: TaskAddOutcome | undefined): TaskAddOutcome {
  if (found === undefined) throw new Error(`Task '${definition.id}' was neither added nor refused`);
  return {
    taskId: found.taskId,
    ...(found.task === undefined ? {} : { task: found.task }),
    ...(found.error === undefined ? {} : { error: found.error }),
  };
}

const taskExists = (jobId: string, taskId: string): BatchError =>
  new BatchError('TaskExists', `Job '${jobId}' has a task '${taskId}' already`);

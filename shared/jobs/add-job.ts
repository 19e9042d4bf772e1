// Adding a job: its places in the lists first, so that no job exists that the sweep could not find; then its head.
// They are written anew even if they are there, and say for which job: whoever is about to remove one finds it changed, or another's, and leaves it.
import type { Config } from '../config.js';
import { drawPoolSeed } from '../pools/new-pool.js';
import type { PoolSeed } from '../pools/pool.js';
import { BatchError } from '../errors.js';
import { owedEvent } from '../events/event.js';
import { toEventWrites } from '../events/event-rows.js';
import { hintTypes, sendHint } from '../events/hints.js';
import type { Ids } from '../ids.js';
import type { Services } from '../services.js';
import { TableConflict, type Write } from '../tables/table.js';
import { tryAgain } from '../tables/try-again.js';
import { toNewTask, toTaskInserts } from '../tasks/new-task.js';
import { isRepeated, type IdempotentRequest } from './idempotency-key.js';
import { jobManagerOrder } from './job-manager.js';
import type { Job, JobDefinition } from './job.js';
import { deadlineOf } from './job-decisions.js';
import { toListed } from './job-list-notes.js';
import { fromJobHead, headRow, isJobHead, jobListPartition, jobPartition, toJobHead } from './job-rows.js';
import { writeReference } from './name-to-pool.js';

/**
 * Adds the job, or answers with the one that the same `request` has added before. Throws JobExists, JobScheduleWithSameIdExists,
 * IdempotencyKeyReused, or JobBeingDeleted while an older job of that id is still going.
 */
export async function addJob(services: Services, asked: JobDefinition, request?: IdempotentRequest): Promise<Job> {
  const { ids } = services;
  return saveNewJob(services, withPool(asked, ids), { incarnation: ids.uuid(), ...(request && { request }) });
}

/**
 * Adds the job of a schedule, or finds it added: `incarnation` tells whether a job of that id is the one that is meant. Its pool has an id
 * already, also one that is made for it. The first pass over it asks the schedule whether it still wants the job.
 */
export async function addScheduledJob(services: Services, asked: JobDefinition, incarnation: string): Promise<Job> {
  return saveNewJob(services, asked, { incarnation, asksSchedule: true });
}

type Addition = {
  readonly incarnation: string;
  readonly request?: IdempotentRequest;
  readonly asksSchedule?: true;
};

async function saveNewJob(
  services: Services,
  asked: JobDefinition,
  { incarnation, request, asksSchedule }: Addition,
): Promise<Job> {
  const { table, clock, ids, config } = services;
  const definition = withReleaseAfter(asked, config.releaseAfter);
  const autoPoolSeed: PoolSeed | undefined = definition.autoPool && drawPoolSeed(services);
  const key = definition.id.toLowerCase();
  const added = await tryAgain(services, async () => {
    const now = clock.now();
    const job: Job = {
      ...toNewJob(definition, incarnation, request, now),
      ...(autoPoolSeed && { autoPoolSeed }),
      ...(asksSchedule && { asksSchedule }),
    };
    await Promise.all([
      table.write(jobListPartition, [{ type: 'upsert', row: key, values: toListed(incarnation, now) }]),
      // A job that wants nothing yet is named by whoever has it want something.
      wantsAttention(job) ? writeReference(services, job, job.openTasks > 0, now) : undefined,
    ]);
    const started = owedEvent('dev.bookend.job.start', `/jobs/${definition.id}`, now, [incarnation], {
      jobId: definition.id,
      poolId: definition.poolId,
      priority: definition.priority,
    });
    try {
      await table.write(jobPartition(definition.id), [
        { type: 'insert', row: headRow, values: toJobHead(job) },
        ...toManagerInserts(job, incarnation, now),
        ...toEventWrites([started], now, ids.uuid()),
      ]);
      return job;
    } catch (error) {
      if (!(error instanceof TableConflict && error.kind === 'exists')) throw error;
      return await toExisting(services, definition.id, incarnation, request);
    }
  });
  if (wantsAttention(added)) {
    await sendHint(services, hintTypes.jobChanged, {
      poolId: added.definition.poolId,
      jobId: definition.id,
    });
  }
  return added;
}

// A job keeps the rule it was added under, whatever the setting is later.
function withReleaseAfter(definition: JobDefinition, releaseAfter: Config['releaseAfter']): JobDefinition {
  const { jobReleaseTask } = definition;
  if (jobReleaseTask === undefined || releaseAfter === 'task') return definition;
  return { ...definition, jobReleaseTask: { ...jobReleaseTask, releaseAfter } };
}

// A pool that is made for the job is told from others by its id.
function withPool(definition: JobDefinition, ids: Ids): JobDefinition {
  const { autoPool } = definition;
  return autoPool === undefined
    ? definition
    : { ...definition, poolId: `${autoPool.autoPoolIdPrefix ?? ''}${ids.uuid()}` };
}

// Most jobs want nothing before tasks of theirs are added.
const wantsAttention = (job: Job): boolean =>
  job.asksSchedule === true ||
  deadlineOf(job) !== undefined ||
  job.definition.autoPool !== undefined ||
  job.openTasks > 0 ||
  job.definition.onAllTasksComplete === 'terminatejob';

// An insert whose answer was lost finds its own row when it is tried again.
async function toExisting(
  { table }: Services,
  jobId: string,
  incarnation: string,
  request: IdempotentRequest | undefined,
): Promise<Job> {
  const head = await table.get(jobPartition(jobId), headRow);
  if (head === undefined) throw new TableConflict('changed', `Job '${jobId}' went away while it was being added again`);
  if (!isJobHead(head))
    throw new BatchError(
      'JobScheduleWithSameIdExists',
      `A job schedule has the id '${jobId}'; a job cannot have it too`,
    );
  const existing = fromJobHead(head);
  if (existing.incarnation === incarnation || isRepeated(jobId, request, existing.addedBy)) return existing;
  if (existing.state === 'deleting') {
    throw new BatchError('JobBeingDeleted', `Job '${jobId}' is still being deleted; it cannot be added again yet`);
  }
  throw new BatchError('JobExists', `Job '${jobId}' exists already`);
}

/** The job manager is a task of its job like others, from the start. */
function toManagerInserts({ definition }: Job, stamp: string, now: Date): readonly Write[] {
  const manager = definition.jobManagerTask;
  if (manager === undefined) return [];
  return toTaskInserts(toNewTask(definition.id, manager.task, jobManagerOrder, now), stamp);
}

function toNewJob(
  definition: JobDefinition,
  incarnation: string,
  request: IdempotentRequest | undefined,
  now: Date,
): Job {
  const at = now.toISOString();
  return {
    definition,
    incarnation,
    creationTime: at,
    lastModified: at,
    state: 'active',
    stateTransitionTime: at,
    nextTaskOrder: definition.jobManagerTask === undefined ? 1 : jobManagerOrder + 1,
    openTasks: definition.jobManagerTask === undefined ? 0 : 1,
    everAssigned: false,
    rowsHaveColumns: true,
    ...(request === undefined ? {} : { addedBy: request }),
  };
}

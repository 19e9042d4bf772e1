// Letting tasks go on whose dependencies are satisfied: each moves from what it waited for to the next that it has to wait for, or to the
// tasks that may run. All of it in transactions with the job's head, so that a crash leaves every task in exactly one place, and a task that
// is satisfied meanwhile is not missed. docs/decisions/0012-dependents-wait-for-one-at-a-time.md says what this costs.
import { isOpen } from '../jobs/job-decisions.js';
import { fromJobHead, headRow, isJobHead, jobPartition, readyRow, toJobHead, toReady } from '../jobs/job-rows.js';
import type { Job } from '../jobs/job.js';
import type { Services } from '../services.js';
import { sizeOf } from '../tables/document.js';
import { maxWritesPerTransaction, type Entity, type Table, type Write } from '../tables/table.js';
import { tryAgain } from '../tables/try-again.js';
import { dependencyAt, firstPosition, type Awaited, type DependencyPosition } from './dependency-decisions.js';
import { fromLook, fromWaiting, lookRange, toWaitingWrite, waitingFor, type WaitingTask } from './dependency-rows.js';
import type { TaskDependencies } from './dependencies.js';
import { createSatisfiedLookUp, type SatisfiedLookUp } from './satisfied-look-up.js';
import { toReadyTask, type Task } from './task.js';
import { fromTaskRow, taskRow } from './task-rows.js';

// The head is written with every transaction; each task that moves leaves one row and enters another.
const mostMoves = Math.floor((maxWritesPerTransaction - 2) / 2) - 1;
// A pass has more to do than this: what is left is for its next round.
const mostTransactions = 20;
const idsAtOnce = 32;
// A transaction takes 4 MiB; the head and the coding of the request need some of it.
const maxTransactionBytes = 3_000_000;

export type Settled = {
  /** Whether tasks wait for slots now that did not before. */
  readonly madeReady: boolean;
  /** Whether something is left to be looked at. */
  readonly more: boolean;
};

/** Looks at what is to be looked at in this job, as far as one round of a pass goes. May be repeated, and die at any point. */
export async function settleDependencies(services: Services, { definition, incarnation }: Job): Promise<Settled> {
  let madeReady = false;
  for (let transaction = 1; transaction <= mostTransactions; transaction += 1) {
    const step = await tryAgain(services, () => settleSome(services, definition.id, incarnation));
    madeReady ||= step.madeReady;
    if (!step.more) return { madeReady, more: false };
  }
  return { madeReady, more: true };
}

type Move = { readonly from: Entity; readonly waiting: WaitingTask };

async function settleSome({ table }: Services, jobId: string, incarnation: string): Promise<Settled> {
  const partition = jobPartition(jobId);
  const head = await table.get(partition, headRow);
  const job = head === undefined || !isJobHead(head) ? undefined : fromJobHead(head);
  if (head === undefined || job?.incarnation !== incarnation || !isOpen(job) || job.dependenciesDue !== true)
    return { madeReady: false, more: false };
  const lookUp = createSatisfiedLookUp(table, partition);
  const found = await findMoves(table, partition, lookUp);
  const decided = await Promise.all(found.moves.map((move) => decideMove(table, partition, lookUp, move)));
  const moved = fitting(decided);
  const isWhole = moved.length === decided.length;
  const more = found.more || !isWhole;
  const { dependenciesDue: _, ...settled } = job;
  await table.write(partition, [
    { type: 'replace', row: headRow, values: toJobHead(more ? job : settled), etag: head.etag },
    // Whoever was satisfied is looked at again until all that waited for it have moved.
    ...(isWhole ? found.done : []).map((row): Write => ({ type: 'delete', row })),
    ...moved.flat(),
  ]);
  return { madeReady: moved.flat().some(({ row }) => row.startsWith(readyPrefix)), more };
}

const readyPrefix = 'ready:';

/** The first of the moves that fit into one transaction together: always one at least. */
function fitting(moves: readonly (readonly Write[])[]): readonly (readonly Write[])[] {
  let bytes = 0;
  const end = moves.findIndex((writes, index) => {
    for (const write of writes) bytes += 'values' in write ? sizeOf(write.values) : 300;
    return index > 0 && bytes > maxTransactionBytes;
  });
  return end === -1 ? moves : moves.slice(0, end);
}

type Found = {
  readonly moves: readonly Move[];
  /** Rows that nothing is left to look at for. */
  readonly done: readonly string[];
  readonly more: boolean;
};

/** As many tasks to move as one transaction takes. */
async function findMoves(table: Table, partition: string, lookUp: SatisfiedLookUp): Promise<Found> {
  const looks = await table.query(partition, lookRange, mostMoves);
  const found = await Promise.all(looks.entities.map((entity) => findMovesOf(table, partition, lookUp, entity)));
  // Two tasks may stand for one number, so the same row may be found twice.
  const moves = new Map<string, Move>();
  const done: string[] = [];
  for (const { moves: own, done: row, more } of found) {
    for (const move of own) {
      if (moves.size + done.length >= mostMoves) return { moves: [...moves.values()], done, more: true };
      moves.set(move.from.row, move);
    }
    if (more || moves.size + done.length >= mostMoves) return { moves: [...moves.values()], done, more: true };
    if (row !== undefined) done.push(row);
  }
  return { moves: [...moves.values()], done, more: looks.continuation !== undefined };
}

/** What one row asks to look at: the task that it is about, or those that wait for it. */
async function findMovesOf(
  table: Table,
  partition: string,
  lookUp: SatisfiedLookUp,
  entity: Entity,
): Promise<{ readonly moves: readonly Move[]; readonly done?: string; readonly more: boolean }> {
  const look = fromLook(entity);
  if (look.kind === 'waiting') return { moves: [{ from: entity, waiting: look.waiting }], more: false };
  // Its id may have been given to another task since, or it runs again.
  if (!(await lookUp.isSatisfied(look.taskId.toLowerCase()))) return { moves: [], done: entity.row, more: false };
  const pages = await Promise.all(waitingFor(look.taskId).map((range) => table.query(partition, range, mostMoves)));
  const moves = pages.flatMap(({ entities }) => entities.map((from) => ({ from, waiting: fromWaiting(from) })));
  return { moves, done: entity.row, more: pages.some(({ continuation }) => continuation !== undefined) };
}

async function decideMove(
  table: Table,
  partition: string,
  lookUp: SatisfiedLookUp,
  { from, waiting }: Move,
): Promise<readonly Write[]> {
  const leave: Write = { type: 'delete', row: from.row };
  const row = await table.get(partition, taskRow(waiting.taskId));
  const task = row === undefined ? undefined : fromTaskRow(row);
  if (task === undefined || !isStill(task, waiting)) return [leave];
  const found = await findUnsatisfied(lookUp, task.definition.dependsOn, waiting.position);
  if (found === undefined)
    return [leave, { type: 'upsert', row: readyRow(task.order), values: toReady(toReadyTask(task)) }];
  const enter = toWaitingWrite(found.awaited, { ...waiting, position: found.position });
  return enter.row === from.row ? [enter] : [leave, enter];
}

// A task that was deleted, or ended by its user, leaves its row behind; whoever has its id now has a row of its own.
function isStill(task: Task, waiting: WaitingTask): boolean {
  return task.state === 'active' && task.order === waiting.order && task.stateTransitionTime === waiting.activeSince;
}

type Unsatisfied = { readonly awaited: Awaited; readonly position: DependencyPosition };

/** What the task waits for, from `position` on; nothing when all of it is satisfied. */
async function findUnsatisfied(
  lookUp: SatisfiedLookUp,
  dependsOn: TaskDependencies = { taskIds: [], taskIdRanges: [] },
  position: DependencyPosition = firstPosition(dependsOn),
): Promise<Unsatisfied | undefined> {
  let { index } = position;
  for (let dependency = dependencyAt(dependsOn, position); dependency !== undefined;) {
    if (dependency.kind === 'range') {
      const number = await lookUp.lastUnsatisfied(dependency);
      if (number !== undefined) return { awaited: { number }, position: { index, number } };
      index -= 1;
    } else {
      const next = dependsOn.taskIds.slice(Math.max(0, index + 1 - idsAtOnce), index + 1).map((id) => id.toLowerCase());
      const satisfied = await Promise.all(next.map((id) => lookUp.isSatisfied(id)));
      const last = satisfied.lastIndexOf(false);
      const taskId = next[last];
      if (taskId !== undefined) return { awaited: { taskId }, position: { index: index + 1 - next.length + last } };
      index -= next.length;
    }
    dependency = dependencyAt(dependsOn, { index });
  }
  return undefined;
}

// Removing a deleted job's rows, page by page, its head after all others: until then the id is not free, and a crash leaves a job that is
// still being deleted. The pool's reference goes last, so that somebody looks for it.
//
// Whoever does so may have been away for minutes, while another pass finished and the id was given to another job. Nothing of that one may go,
// so every removal is held back by what it can know of the job: docs/decisions/0023-a-removal-names-what-it-removes.md.
import { owedEvent } from '../events/event.js';
import { toEventWrites } from '../events/event-rows.js';
import type { Job } from '../jobs/job.js';
import { fromJobHead, headRow, isJobHead, jobListPartition, jobPartition } from '../jobs/job-rows.js';
import { jobScheduleHintTypes, sendJobScheduleHints } from '../events/job-schedule-hints.js';
import { jobSchedulePartition, scheduledJobRow } from '../job-schedules/job-schedule-rows.js';
import { parseScheduledJobId, schedulesOf } from '../jobs/scheduled-job-id.js';
import { jobRefRow, poolPartition } from '../pools/pool-rows.js';
import { removeDefinitions } from './place-definition.js';
import type { Services } from '../services.js';
import { isRowOf } from '../tables/row-owner.js';
import { maxWritesPerTransaction, TableConflict, type Table, type Write } from '../tables/table.js';
import { tryAgain } from '../tables/try-again.js';

/** One answer of the table service holds no more. */
const largestPage = 1000;

/** Etags of rows that are known to be this job's. */
export type KnownRows = {
  readonly head?: string | undefined;
  /** Of the pool's reference to the job. */
  readonly reference?: string | undefined;
};

/**
 * Removes every row of the job and its places in the lists. May be repeated, and done by several at once. Does nothing to another job that
 * has the id by now, however long ago `job` and `known` were read.
 */
export async function purgeJob(services: Services, job: Job, known: KnownRows = {}): Promise<void> {
  const { table } = services;
  const { id, poolId } = job.definition;
  let guard = known.head;
  let tries = 0;
  const isMine = await tryAgain(services, async () => {
    tries += 1;
    guard = tries === 1 && guard !== undefined ? guard : await findGuard(table, job);
    // Gone without our doing: whoever removed it has seen to the rest.
    if (guard === undefined) return tries > 1;
    await removeGuarded(services, job, guard);
    return true;
  });
  if (!isMine) return;
  await sendJobScheduleHints(services, jobScheduleHintTypes.jobEnded, schedulesOf([id]));
  if (known.reference !== undefined) await removeIfSame(table, poolPartition(poolId), jobRefRow(id), known.reference);
}

/** The etag of the job's head as long as it is there. */
async function findGuard(table: Table, { definition, incarnation }: Job): Promise<string | undefined> {
  const head = await table.get(jobPartition(definition.id), headRow);
  return head !== undefined && isJobHead(head) && fromJobHead(head).incarnation === incarnation ? head.etag : undefined;
}

/** Everything up to the head, which has the etag `guard`. Throws TableConflict when it was not so, or a row went meanwhile. */
async function removeGuarded(services: Services, job: Job, guard: string): Promise<void> {
  const { table } = services;
  const { definition, incarnation } = job;
  const { id } = definition;
  const head = await removeRows(table, jobPartition(id), guard);
  await removeOwned(table, jobListPartition, id.toLowerCase(), incarnation);
  await removeDefinitions(services, incarnation);
  await tell(services, job);
  // Before the head, so that the schedule cannot take a job that is gone for one that it has not added yet.
  const scheduled = parseScheduledJobId(id);
  if (scheduled !== undefined)
    await removeOwned(
      table,
      jobSchedulePartition(scheduled.scheduleId),
      scheduledJobRow(scheduled.number),
      incarnation,
    );
  await table.write(jobPartition(id), [{ type: 'delete', row: headRow, etag: head }]);
}

/**
 * Removes all rows but the head, each transaction together with a write of the head as it was left by the one before: a head of another job has
 * another etag. Answers the last one.
 */
async function removeRows(table: Table, partition: string, guard: string): Promise<string> {
  let etag = guard;
  let continuation: string | undefined;
  do {
    const page = await table.query(partition, {}, largestPage, continuation);
    const rows = page.entities.map(({ row }) => row).filter((row) => row !== headRow);
    for (let first = 0; first < rows.length; first += maxWritesPerTransaction - 1) {
      const chunk = rows.slice(first, first + maxWritesPerTransaction - 1);
      const [fresh = ''] = await table.write(partition, [
        { type: 'merge', row: headRow, values: {}, etag },
        ...chunk.map((row): Write => ({ type: 'delete', row })),
      ]);
      etag = fresh;
    }
    continuation = page.continuation;
  } while (continuation !== undefined);
  return etag;
}

/** Owes the event of the deletion, in the pool's partition as the job's own is going. */
async function tell({ table, clock, ids }: Services, { definition, incarnation }: Job): Promise<void> {
  const { id, poolId } = definition;
  const now = clock.now();
  const deleted = owedEvent('dev.bookend.job.delete.complete', `/jobs/${id}`, now, [incarnation], { jobId: id });
  await table.write(poolPartition(poolId), toEventWrites([deleted], now, ids.uuid()));
}

/** Removes the row if it was written for this incarnation of the job. */
async function removeOwned(table: Table, partition: string, row: string, incarnation: string): Promise<void> {
  const found = await table.get(partition, row);
  if (found !== undefined && isRowOf(found, incarnation)) await removeIfSame(table, partition, row, found.etag);
}

// What another pass removed already is gone as well, and what was written anew belongs to another job.
async function removeIfSame(table: Table, partition: string, row: string, etag: string): Promise<void> {
  try {
    await table.write(partition, [{ type: 'delete', row, etag }]);
  } catch (error) {
    if (!(error instanceof TableConflict)) throw error;
  }
}

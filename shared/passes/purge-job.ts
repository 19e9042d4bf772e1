// Removing a deleted job's rows, page by page, its head after all others: until then the id is not free, and a crash leaves a job that is
// still being deleted. The pool's reference goes last, so that somebody looks for it.
import { owedEvent } from '../events/event.js';
import { toEventWrites } from '../events/event-rows.js';
import type { Job } from '../jobs/job.js';
import { referenceTo } from '../jobs/job-decisions.js';
import { headRow, jobListPartition, jobPartition } from '../jobs/job-rows.js';
import { jobScheduleHintTypes, sendJobScheduleHints } from '../events/job-schedule-hints.js';
import { jobSchedulePartition, scheduledJobRow } from '../job-schedules/job-schedule-rows.js';
import { parseScheduledJobId, schedulesOf } from '../jobs/scheduled-job-id.js';
import { jobRefRow, poolPartition, toJobRef } from '../pools/pool-rows.js';
import { definitionFolder } from './place-definition.js';
import type { Services } from '../services.js';
import { maxWritesPerTransaction, TableConflict, type Table, type Write } from '../tables/table.js';

/** One answer of the table service holds no more. */
const largestPage = 1000;

/**
 * Removes every row of the job and its places in the lists. May be repeated. As soon as the head is gone another job may have its id, so
 * what is shared with it is removed only if it is still as it was before.
 */
export async function purgeJob(services: Services, job: Job): Promise<void> {
  const { table } = services;
  const { id, poolId } = job.definition;
  const listed = await table.get(jobListPartition, id.toLowerCase());
  await removeRows(table, jobPartition(id));
  if (listed !== undefined) await remove(table, jobListPartition, listed.row, listed.etag);
  // Before the head: a crash leaves a job that is still being deleted, and so somebody who goes on.
  const { blobs } = services;
  for (const { name } of await blobs.list(definitionFolder(job.incarnation))) await blobs.remove(name);
  const reference = await tellAndHold(services, job);
  // Before the head, so that the schedule cannot take a job that is gone for one that it has not added yet.
  const scheduled = parseScheduledJobId(id);
  if (scheduled !== undefined)
    await remove(table, jobSchedulePartition(scheduled.scheduleId), scheduledJobRow(scheduled.number));
  await remove(table, jobPartition(id), headRow);
  await sendJobScheduleHints(services, jobScheduleHintTypes.jobEnded, schedulesOf([id]));
  await remove(table, poolPartition(poolId), jobRefRow(id), reference);
}

async function removeRows(table: Table, partition: string): Promise<void> {
  let continuation: string | undefined;
  do {
    const page = await table.query(partition, {}, largestPage, continuation);
    const others = page.entities.filter(({ row }) => row !== headRow);
    const writes = others.map(({ row }): Write => ({ type: 'delete', row }));
    for (let first = 0; first < writes.length; first += maxWritesPerTransaction) {
      const chunk = writes.slice(first, first + maxWritesPerTransaction);
      const isRemoved = await unlessRemoved(() => table.write(partition, chunk));
      // Where another pass was faster with one row, the others of the transaction are still there: begin anew.
      if (!isRemoved) return removeRows(table, partition);
    }
    continuation = page.continuation;
  } while (continuation !== undefined);
}

/** Owes the event of the deletion, in the pool's partition as the job's own is going, and writes the reference anew: its etag is given back. */
async function tellAndHold({ table, clock, ids }: Services, job: Job): Promise<string> {
  const { definition, incarnation } = job;
  const { id, poolId } = definition;
  const now = clock.now();
  const deleted = owedEvent('dev.bookend.job.delete.complete', `/jobs/${id}`, now, [incarnation], { jobId: id });
  const [etag = ''] = await table.write(poolPartition(poolId), [
    { type: 'upsert', row: jobRefRow(id), values: toJobRef(referenceTo(job, false)) },
    ...toEventWrites([deleted], now, ids.uuid()),
  ]);
  return etag;
}

async function remove(table: Table, partition: string, row: string, etag?: string): Promise<void> {
  const write: Write = { type: 'delete', row, ...(etag === undefined ? {} : { etag }) };
  await unlessRemoved(() => table.write(partition, [write]));
}

// What another pass removed already is gone as well, and what was written anew belongs to another job.
async function unlessRemoved(attempt: () => Promise<unknown>): Promise<boolean> {
  try {
    await attempt();
    return true;
  } catch (error) {
    if (error instanceof TableConflict) return false;
    throw error;
  }
}

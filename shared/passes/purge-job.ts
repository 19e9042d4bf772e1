// Removing a deleted job's rows, page by page, its head last: until then the id is not free, and a crash leaves a job that is still being deleted.
import { owedEvent } from '../events/event.js';
import { toEventWrites } from '../events/event-rows.js';
import type { Job } from '../jobs/job.js';
import { headRow, jobListPartition, jobPartition } from '../jobs/job-rows.js';
import { jobRefRow, poolPartition } from '../pools/pool-rows.js';
import type { Services } from '../services.js';
import { maxWritesPerTransaction, TableConflict, type Write } from '../tables/table.js';

/** Removes every row of the job, its place in the lists, and last the pool's reference to it. May be repeated. */
export async function purgeJob({ table, clock, ids }: Services, job: Job): Promise<void> {
  const { id, poolId } = job.definition;
  const partition = jobPartition(id);
  for (;;) {
    const page = await table.query(partition, {}, maxWritesPerTransaction);
    const others = page.entities.filter((entity) => entity.row !== headRow);
    if (others.length === 0 && page.continuation === undefined) break;
    await removeAll(() =>
      table.write(
        partition,
        others.map(({ row }): Write => ({ type: 'delete', row })),
      ),
    );
  }
  await removeAll(() => table.write(jobListPartition, [{ type: 'delete', row: id.toLowerCase() }]));
  await removeAll(() => table.write(partition, [{ type: 'delete', row: headRow }]));
  const deleted = owedEvent('dev.bookend.job.delete.complete', `/jobs/${id}`, clock.now(), [job.incarnation], {
    jobId: id,
  });
  // The job's own partition is gone; its pool's keeps the last word.
  await removeAll(() =>
    table.write(poolPartition(poolId), [
      { type: 'delete', row: jobRefRow(id) },
      ...toEventWrites([deleted], clock.now(), ids.uuid()),
    ]),
  );
}

// What another pass removed already is gone as well.
async function removeAll(attempt: () => Promise<unknown>): Promise<void> {
  try {
    await attempt();
  } catch (error) {
    if (!(error instanceof TableConflict && error.kind === 'missing')) throw error;
  }
}

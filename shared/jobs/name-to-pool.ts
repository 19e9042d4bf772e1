// Telling a pool of a job, so that the sweep finds what the job wants there, whatever becomes of messages: the pool's reference to the job, and
// the pool's place in the list of pools. docs/decisions/0007-references-outlive-what-they-name.md
import { existsRow, jobRefRow, poolListPartition, poolPartition, toJobRef } from '../pools/pool-rows.js';
import type { JobRef } from '../pools/pool.js';
import type { Services } from '../services.js';
import { TableConflict, type Write } from '../tables/table.js';
import type { Job } from './job.js';
import { referenceTo } from './job-decisions.js';

/**
 * Writes the reference of a job that exists, unless that was done before: it stays until the job was read as over or gone, or goes to another
 * pool. The answer is the job that knows so, to be saved with whatever else is to happen to it.
 */
export async function nameToPool(services: Pick<Services, 'table'>, job: Job, hasReady: boolean): Promise<Job> {
  if (job.isNamed === true) return job;
  await writeReference(services, job, hasReady);
  return { ...job, isNamed: true };
}

/**
 * Writes the reference anew even if it is there: whoever is about to remove one finds it changed, and leaves it. `announcedAt` is given while
 * the job need not be there yet.
 */
export async function writeReference(
  { table }: Pick<Services, 'table'>,
  job: Job,
  hasReady: boolean,
  announcedAt?: Date,
): Promise<void> {
  const { id, poolId } = job.definition;
  const partition = poolPartition(poolId);
  const told = referenceTo(job, hasReady);
  const ref: JobRef = announcedAt === undefined ? told : { ...told, announcedAt: announcedAt.toISOString() };
  const reference: Write = { type: 'upsert', row: jobRefRow(id), values: toJobRef(ref) };
  // A pool that is there is in the list: its place goes only when nothing is left of it, not even this row.
  const onlyIfThere: Write = { type: 'merge', row: existsRow, values: {} };
  try {
    await table.write(partition, [reference, onlyIfThere]);
  } catch (error) {
    if (!(error instanceof TableConflict && error.kind === 'missing')) throw error;
    await table.write(partition, [reference]);
    // After the reference: a sweep that finds nothing of a pool takes it off the list.
    await table.write(poolListPartition, [{ type: 'upsert', row: poolId.toLowerCase(), values: {} }]);
  }
}

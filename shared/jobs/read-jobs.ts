// Reading jobs: one, or a page of all.
import { BatchError } from '../errors.js';
import type { ItemPage, PageRequest } from '../rest/paging.js';
import type { Services } from '../services.js';
import { poolPartition } from '../pools/pool-rows.js';
import { unreachable } from '../unreachable.js';
import type { Entity } from '../tables/table.js';
import type { Job } from './job.js';
import { fromJobHead, headRow, isJobHead, jobListPartition, jobPartition } from './job-rows.js';

export type StoredJob = { readonly job: Job; readonly etag: string };

/**
 * The job with its row's etag. Throws JobNotFound, also when `meant` is given and the id belongs to another incarnation by now:
 * a request that is tried again must not touch the new owner of an id.
 */
export async function loadStoredJob(
  { table }: Pick<Services, 'table'>,
  jobId: string,
  meant?: string,
): Promise<StoredJob> {
  const head = await table.get(jobPartition(jobId), headRow);
  if (head === undefined || !isJobHead(head)) throw new BatchError('JobNotFound', `Job '${jobId}' does not exist`);
  const job = fromJobHead(head);
  if (meant !== undefined && job.incarnation !== meant)
    throw new BatchError('JobNotFound', `Job '${jobId}' is gone; another job was given its id meanwhile`);
  return { job, etag: head.etag };
}

/** The job. Throws JobNotFound. */
export async function loadJob(services: Pick<Services, 'table'>, jobId: string): Promise<Job> {
  return (await loadStoredJob(services, jobId)).job;
}

/** A page of all jobs by id. The list holds keys only; each job is read from its own head, and keys without one are skipped. */
export async function listJobs(
  { table }: Pick<Services, 'table'>,
  { limit, continuation }: PageRequest,
): Promise<ItemPage<Job>> {
  const page = await table.query(jobListPartition, {}, limit, continuation);
  const items = await readJobHeads(
    { table },
    page.entities.map(({ row }) => row),
  );
  return { items, ...(page.continuation === undefined ? {} : { continuation: page.continuation }) };
}

/** Those of the jobs that are there. */
export async function readJobHeads(
  { table }: Pick<Services, 'table'>,
  jobIds: readonly string[],
): Promise<readonly Job[]> {
  const heads = await Promise.all(jobIds.map((jobId) => table.get(jobPartition(jobId), headRow)));
  return heads.filter((head): head is Entity => head !== undefined && isJobHead(head)).map(fromJobHead);
}

/** The refusal for a write that needs a job which nothing has ended. Throws JobBeingTerminated, JobCompleted, JobBeingDeleted. */
export function refuseUnlessOpen(job: Job, attempted: string): void {
  const { state, definition } = job;
  const text = `Job '${definition.id}' is ${state}; ${attempted}`;
  switch (state) {
    case 'active':
    case 'disabling':
    case 'disabled':
      return;
    case 'terminating':
      throw new BatchError('JobBeingTerminated', text);
    case 'completed':
      throw new BatchError('JobCompleted', text);
    case 'deleting':
      throw new BatchError('JobBeingDeleted', text);
    default:
      unreachable(state);
  }
}

/** Partition in which the job's pool keeps its references to jobs. */
export const poolPartitionOf = (job: Job): string => poolPartition(job.definition.poolId);

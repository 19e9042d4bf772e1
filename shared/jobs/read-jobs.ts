// Reading jobs by their ids, and what may still be done to one.
import { BatchError } from '../errors.js';
import { mapInGroups } from '../map-in-groups.js';
import type { Services } from '../services.js';
import { unreachable } from '../unreachable.js';
import type { Job } from './job.js';
import { fromJobHead, headRow, isJobHead, jobPartition } from './job-rows.js';

const headsAtOnce = 50;

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

/** Each of the jobs that is there; undefined in the place of one that is not. */
export async function readJobHeads(
  { table }: Pick<Services, 'table'>,
  jobIds: readonly string[],
): Promise<readonly (Job | undefined)[]> {
  return mapInGroups(jobIds, headsAtOnce, async (jobId) => {
    const head = await table.get(jobPartition(jobId), headRow);
    return head !== undefined && isJobHead(head) ? fromJobHead(head) : undefined;
  });
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

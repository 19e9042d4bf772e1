// Reading what the list of preparation and release status shows, which exists only for jobs that have a preparation.
import { BatchError } from '../errors.js';
import type { Job } from '../jobs/job.js';
import type { ItemPage, ListRequest } from '../rest/paging.js';
import type { Services } from '../services.js';
import type { JobNode } from './job-node.js';
import { listJobNodes } from './read-job-nodes.js';

/**
 * A page of the job's nodes, each with its job. Throws JobNotFound, or JobPreparationTaskNotSpecified: a job without preparation cannot
 * have a release either.
 */
export async function listPreparationAndRelease(
  services: Pick<Services, 'table'>,
  jobId: string,
  page: ListRequest,
): Promise<ItemPage<{ readonly jobNode: JobNode; readonly job: Job }>> {
  const { job, items, ...rest } = await listJobNodes(services, jobId, page);
  if (job.definition.jobPreparationTask === undefined)
    throw new BatchError('JobPreparationTaskNotSpecified', `Job '${jobId}' has no job preparation task.`);
  return { ...rest, items: items.map((jobNode) => ({ jobNode, job })) };
}

// Reading how a job stands on each node that ever had to do with it, also on nodes that have left their pool.
import type { Job } from '../jobs/job.js';
import { fromJobNode, jobNodeRange, jobPartition } from '../jobs/job-rows.js';
import { loadJob } from '../jobs/read-jobs.js';
import type { ItemPage, PageRequest } from '../rest/paging.js';
import type { Services } from '../services.js';
import type { JobNode } from './job-node.js';

/** A page of the job's nodes by node id, with the job. Throws JobNotFound. */
export async function listJobNodes(
  services: Pick<Services, 'table'>,
  jobId: string,
  { limit, continuation }: PageRequest,
): Promise<ItemPage<JobNode> & { readonly job: Job }> {
  const [job, page] = await Promise.all([
    loadJob(services, jobId),
    services.table.query(jobPartition(jobId), jobNodeRange, limit, continuation),
  ]);
  return {
    job,
    items: page.entities.map(fromJobNode),
    ...(page.continuation === undefined ? {} : { continuation: page.continuation }),
  };
}

// Reading how a job stands on each node that ever had to do with it, also on nodes that have left their pool.
import type { Job } from '../jobs/job.js';
import { fromJobNode, jobNodeRange, jobNodeRow, jobPartition } from '../jobs/job-rows.js';
import { loadJob } from '../jobs/read-jobs.js';
import { toCondition } from '../rest/filter-columns.js';
import type { Filter } from '../rest/odata-filter.js';
import type { ItemPage, ListRequest } from '../rest/paging.js';
import type { Services } from '../services.js';
import { continueAfterRow, readRows } from '../tables/read-rows.js';
import type { RowQuery } from '../tables/table.js';
import { jobNodeColumns } from './job-node-columns.js';
import type { JobNode } from './job-node.js';

/** The continuation of the list that leads on right behind this node. */
export const continueAfterJobNode = ({ nodeId }: JobNode): string => continueAfterRow(jobNodeRow(nodeId));

/** A page of the job's nodes by node id, with the job; without those that their columns rule out for the filter. Throws JobNotFound. */
export async function listJobNodes(
  services: Pick<Services, 'table'>,
  jobId: string,
  { filter, ...page }: ListRequest,
): Promise<ItemPage<JobNode> & { readonly job: Job }> {
  const reading = loadJob(services, jobId);
  const query = filter === undefined ? jobNodeRange : toJobNodeQuery(filter, await reading);
  const [{ rows, ...rest }, job] = await Promise.all([
    readRows(services.table, jobPartition(jobId), query, page),
    reading,
  ]);
  return { ...rest, job, items: rows.map(fromJobNode) };
}

function toJobNodeQuery(filter: Filter, { rowsHaveColumns }: Job): RowQuery {
  const where = rowsHaveColumns && toCondition(filter, jobNodeColumns);
  return { ...jobNodeRange, ...(where && { where }) };
}

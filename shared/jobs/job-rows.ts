// A job's partition: `head`, one `node:` row per job node, one `ready:` row per task that may be assigned, one `task:` row per task,
// and `event:` rows for events owed. `head` < `node:` < `ready:` < `task:`, so that one range read sees all that a pass decides from.
import { toJobNodeColumns } from '../job-nodes/job-node-columns.js';
import type { JobNode } from '../job-nodes/job-node.js';
import type { ReadyTask } from '../tasks/task.js';
import { fromDocument, toDocument } from '../tables/document.js';
import type { Entity, EntityValues, RowRange } from '../tables/table.js';
import type { Job } from './job.js';

export const headRow = 'head';
/** Job ids are case-insensitive, so keys are lower case. */
export const jobPartition = (jobId: string): string => `job:${jobId.toLowerCase()}`;
/** Head, job nodes and runnable tasks, but not every task. */
export const passRange: RowRange = { from: headRow, below: 'task:' };
export const jobNodeRange: RowRange = { from: 'node:', below: 'node;' };
export const jobNodeRow = (nodeId: string): string => `node:${nodeId}`;
export const readyRow = (order: number): string => `ready:${String(order).padStart(12, '0')}`;

// Outside of the document, so that a version that writes rows without columns loses the mark with its next change of the job: it writes
// each row together with the head, and takes from there what it does not know only within the document.
export function toJobHead({ rowsHaveColumns, ...job }: Job): EntityValues {
  return { ...toDocument('job', job), ...(rowsHaveColumns && { rowsHaveColumns }) };
}
export function fromJobHead(entity: Entity): Job {
  const job = fromDocument<Job>('job', entity.values);
  return entity.values['rowsHaveColumns'] === true ? { ...job, rowsHaveColumns: true } : job;
}
/** Jobs and job schedules share their ids, and so the partition: whether its head is a job's. */
export const isJobHead = ({ values }: Pick<Entity, 'values'>): boolean => 'job' in values;

export const toJobNode = (jobNode: JobNode): EntityValues => ({
  ...toDocument('jobNode', jobNode),
  ...toJobNodeColumns(jobNode),
});
export const fromJobNode = (entity: Entity): JobNode => fromDocument<JobNode>('jobNode', entity.values);

export const toReady = (ready: ReadyTask): EntityValues => toDocument('ready', ready);
export const fromReady = (entity: Entity): ReadyTask => fromDocument<ReadyTask>('ready', entity.values);

/** Partition of the list of all jobs: keys, and notes on those that have completed; each head is the truth. */
export const jobListPartition = 'jobs';

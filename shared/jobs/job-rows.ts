// A job's partition: `head`, one `node:` row per job node, one `ready:` row per task that may be assigned, one `task:` row per task,
// and `event:` rows for events owed. `head` < `node:` < `ready:` < `task:`, so that one range read sees all that a pass decides from.
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

export const toJobHead = (job: Job): EntityValues => toDocument('job', job);
export const fromJobHead = (entity: Entity): Job => fromDocument<Job>('job', entity.values);

export const toJobNode = (jobNode: JobNode): EntityValues => toDocument('jobNode', jobNode);
export const fromJobNode = (entity: Entity): JobNode => fromDocument<JobNode>('jobNode', entity.values);

export const toReady = (ready: ReadyTask): EntityValues => toDocument('ready', ready);
export const fromReady = (entity: Entity): ReadyTask => fromDocument<ReadyTask>('ready', entity.values);

/** Partition of the list of all jobs: keys only; each head is the truth. */
export const jobListPartition = 'jobs';

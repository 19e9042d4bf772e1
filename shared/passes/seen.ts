// What a pass looks at, and what woke it. Everything a decision may depend on is in here, or is `now`.
import type { JobNode } from '../job-nodes/job-node.js';
import type { Job } from '../jobs/job.js';
import type { JobSchedule, JobScheduleState } from '../job-schedules/job-schedule.js';
import type { Node } from '../nodes/node.js';
import type { Report } from '../nodes/node-messages.js';
import type { JobRef, Pool } from '../pools/pool.js';
import type { ReadyTask, Task } from '../tasks/task.js';

/** Ids of jobs are case-insensitive: this is how a pass names one. */
export const jobKey = (jobId: string): string => jobId.toLowerCase();

/** One job's partition without its tasks; no `job` = there is none of that id. */
export type SeenJob = {
  readonly key: string;
  readonly job?: Job;
  readonly jobNodes: readonly JobNode[];
  /** The first tasks that wait for a slot, in order. */
  readonly ready: readonly ReadyTask[];
  /** Whether more wait than were read. */
  readonly moreReady: boolean;
};

/** The job schedule for whose jobs the pool was made. */
export type SeenSchedule = {
  readonly state: JobScheduleState;
  /** Whether the pool outlives it, as its specification says now; absent when that no longer asks for such a pool. */
  readonly keepAlive?: boolean;
};

/** What is known of where a job of a schedule comes from. */
export type SeenOrigin = {
  /** Of the job. */
  readonly key: string;
  /** Absent also when the schedule is gone. */
  readonly schedule?: JobSchedule;
  /** Whether the schedule lists this very job: without, it was there before and was deleted, or is of another schedule. */
  readonly isListed: boolean;
};

export type Seen = {
  readonly poolId: string;
  readonly pool?: Pool;
  /** Absent also when that schedule is gone. */
  readonly schedule?: SeenSchedule;
  readonly nodes: readonly Node[];
  readonly refs: readonly JobRef[];
  readonly jobs: readonly SeenJob[];
  /** Tasks whose definition a decision asked for. */
  readonly tasks: readonly Task[];
  /** Of the jobs that ask for it. */
  readonly origins: readonly SeenOrigin[];
};

/** A report, with the text that its node signed. */
export type ReceivedReport = Report & { readonly signed?: unknown };

/** What the messages of one batch ask for together. */
export type Asked = {
  readonly reports: readonly ReceivedReport[];
  /** Nodes for which somebody spoke with other keys than theirs. */
  readonly strangers?: readonly string[];
  readonly jobIds: readonly string[];
  /** Jobs that others have changed: what is remembered of them is no good. */
  readonly changedJobs?: readonly string[];
  /** Look at every job of the pool: after a long time, or when something may have been forgotten. */
  readonly everyJob: boolean;
  /** Send again what was ordered and not heard of: a message may have been lost, or this batch was tried before. */
  readonly reask: boolean;
  /** Limits `reask` to what was decided at this instant or later: what is older is known to have been sent. */
  readonly reaskSince?: string;
  /** An earlier round of this pass has told the provisioner what is wanted. */
  readonly isCapacityTold?: boolean;
};

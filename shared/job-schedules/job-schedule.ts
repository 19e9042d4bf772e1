// A job schedule: makes one job after another from its specification, at most one of them active at a time.
//
//   active       entered by add or enable; jobs are made when they are due; left by disable, terminate and delete, and when no job will follow.
//   disabled     entered by disable; its job goes on, no other is made; left by enable, terminate and delete.
//   terminating  entered by terminate; its job is terminated; left when that has completed or is gone.
//   completed    no job will follow; left by delete only.
//   deleting     entered by delete; all its jobs are deleted, with their releases; left when they are gone.
import type { JobDefinition } from '../jobs/job.js';

/** When jobs are due. Instants are ISO 8601 UTC. Absent: due at once, for ever, however late, once. */
export type Recurrence = {
  readonly doNotRunUntil?: string;
  readonly doNotRunAfter?: string;
  readonly startWindowMs?: number;
  readonly recurrenceIntervalMs?: number;
};

/** What every job of a schedule is made from. */
export type JobSpecification = Omit<JobDefinition, 'id'>;

export type JobScheduleDefinition = {
  readonly id: string;
  readonly displayName?: string;
  readonly schedule: Recurrence;
  readonly jobSpecification: JobSpecification;
  readonly metadata: readonly { readonly name: string; readonly value: string }[];
};

export type JobScheduleState = 'active' | 'disabled' | 'terminating' | 'completed' | 'deleting';

/** The latest job of the schedule: decided and saved before it is added, so that it is added once. */
export type RecentJob = {
  readonly number: number;
  /** The job's own. */
  readonly incarnation: string;
  /** The occurrence that it was made for. */
  readonly dueAt: string;
  /** Whether it is known to have been added. */
  readonly isAdded?: true;
  /** When it completed, or was found to be gone. */
  readonly endedAt?: string;
};

/** Why no job was made for an occurrence: its window passed while something stood against it, or while nobody looked. */
export type LostReason = 'previousJobActive' | 'disabled' | 'notLookedAt';

/** Occurrences for which no job was made, since the schedule was added. */
export type LostOccurrences = {
  readonly count: number;
  readonly lastDueAt: string;
  readonly lastReason: LostReason;
};

export type JobSchedule = {
  readonly definition: JobScheduleDefinition;
  /** A uuid given when the schedule is added, so that a reused id is another schedule. */
  readonly incarnation: string;
  readonly creationTime: string;
  /** Of the definition and the state; jobs that are made do not count. */
  readonly lastModified: string;
  readonly state: JobScheduleState;
  readonly stateTransitionTime: string;
  readonly previousState?: JobScheduleState;
  readonly previousStateTransitionTime?: string;
  readonly endTime?: string;
  /** The earliest occurrence that neither had its job nor was lost; absent when there is none any more. */
  readonly nextRunTime?: string;
  /** The latest occurrence that had its job or was lost: the next one is counted from it. */
  readonly lastDueAt?: string;
  readonly recentJob?: RecentJob;
  readonly lost?: LostOccurrences;
  /** The pool that its jobs share and that goes with it, where the specification asks for one. */
  readonly sharedPoolId?: string;
  /** Its end does not wait for the nodes of its jobs. */
  readonly isForced?: true;
  /** The wake-up that is under way, so that it is not sent again at every look. */
  readonly wakeUpAt?: string;
  /** Given by the last request that changed the schedule, so that a write whose answer was lost is recognised as its own. */
  readonly writeStamp?: string;
};

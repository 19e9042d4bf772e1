// A job node: one node as one job sees it. It holds the preparation and the release of that job on that node, and the runs of its tasks there.
//
// Preparation: none → ordered → running → completed (success or failure). Back to none when the node was reimaged, or rebooted where the
//   definition asks for a rerun.
// Release: none → ordered → running → completed, or waived with a reason. Only while the job is terminating or deleting.
import type { Attempt } from './attempt.js';
import type { FailureInfo } from '../tasks/run-definition.js';

/** One run that was ordered: its deterministic id, the instants of the first and the latest order, and whether a report has named it yet. */
export type OrderedRun = {
  readonly runId: string;
  /** The first order: from then on the node owes an answer, however often it is asked again. */
  readonly orderedAt: string;
  readonly repeatedAt?: string;
  readonly heard: boolean;
};

/** How a run ended. Instants are ISO 8601 UTC on the controller's clock. */
export type RunOutcome = {
  readonly startTime: string;
  readonly endTime: string;
  readonly result: 'success' | 'failure';
  readonly exitCode?: number;
  readonly failureInfo?: FailureInfo;
  readonly retryCount: number;
  readonly lastRetryTime?: string;
};

/** Where a preparation or a release stands. */
export type SpecialRun =
  | { readonly state: 'none' }
  | ({ readonly state: 'ordered' } & OrderedRun)
  | ({ readonly state: 'running'; readonly startTime: string; readonly retryCount: number } & OrderedRun)
  | ({ readonly state: 'completed' } & OrderedRun & RunOutcome);

export type Preparation = SpecialRun;

/** Why a release that was owed will never run. */
export type WaiverReason =
  | 'nodeRemoved' // the node left its pool, or the pool was deleted
  | 'nodeLost' // silent past its bound
  | 'poolChanged' // the job was moved to another pool
  | 'forced' // the job's end was not to wait for its nodes
  | 'nodeReimaged' // nothing of the job is left on its disk
  | 'preparationInterrupted'; // the job ended while its preparation still ran

export type Release = SpecialRun | { readonly state: 'waived'; readonly reason: WaiverReason; readonly at: string };

/** A run of one task on this node that has not ended as far as the controller knows, with what the task's row says meanwhile. */
export type TaskRun = OrderedRun & {
  readonly taskId: string;
  readonly attempt: number;
  readonly slots: number;
  /** How long the task's files are to be kept after its end. */
  readonly retentionMs?: number;
  /** Position of the task among the job's tasks. */
  readonly order: number;
  readonly state: 'preparing' | 'running';
  /** Since when the task is in that state. */
  readonly since: string;
  /** In which state the task was before, and since when. */
  readonly before?: { readonly state: 'active' | 'preparing'; readonly since: string };
  /** When its process started, once reported. */
  readonly startTime?: string;
  /** Of its latest start, if that was a retry. */
  readonly retryCount?: number;
  readonly lastRetryTime?: string;
  readonly requeueCount: number;
  readonly lastRequeueTime?: string;
  /** The latest kill, so that its end counts as the end of the task. */
  readonly killSentAt?: string;
  /** It was killed to run again later: its task waits again unless the run had ended by itself. */
  readonly whenKilled?: 'requeue';
  /** Its end is judged by conditions that stand in the task's row. */
  readonly hasExitConditions?: true;
  /** The task was ended by its user: its end is awaited, and it is not run again. */
  readonly taskTerminated?: true;
  /** The task was deleted: its end is awaited, but no row is left to tell of it. */
  readonly taskDeleted?: true;
};

export type JobNode = {
  readonly jobId: string;
  readonly incarnation: string;
  readonly poolId: string;
  readonly nodeId: string;
  /** When that node was added to its pool: another one may have its id later. Absent in rows from before it was kept. */
  readonly nodeSince?: string;
  /** The node's epochs that the rest of this row speaks of. */
  readonly epoch: number;
  readonly imageEpoch: number;
  readonly preparation: Preparation;
  /** The latest kill of a preparation that its job outlived. */
  readonly preparationKillSentAt?: string;
  /** How many preparations were ordered here: the attempt number that makes run ids distinct. */
  readonly preparationAttempts: number;
  readonly release: Release;
  readonly releaseAttempts: number;
  readonly runs: readonly TaskRun[];
  /** Whether a task of the job started here since the node's last image. */
  readonly taskStarted: boolean;
  /** A preparation completed here since the node's last image, so that a release has something to undo. Outlives a reboot, as the disk does. */
  readonly prepared?: true;
  /** A preparation began here since the node's last image, whatever became of it. */
  readonly preparationBegan?: true;
  /** Runs of the job were taken from this node while it could not be asked what became of them: for all that is known, a release is owed. */
  readonly mayOweRelease?: true;
  /** Preparations and releases that have ended here, each try by itself, oldest first; of many only the newest. */
  readonly attempts?: readonly Attempt[];
};

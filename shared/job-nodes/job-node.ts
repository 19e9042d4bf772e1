// A job node: one node as one job sees it. It holds the preparation and the release of that job on that node, and the runs of its tasks there.
//
// Preparation: none → ordered → running → completed (success or failure). Back to none when the node was reimaged, or rebooted where the
//   definition asks for a rerun.
// Release: none → ordered → running → completed, or waived with a reason. Only while the job is terminating or deleting.
import type { FailureInfo } from '../tasks/run-definition.js';

/** One run that was ordered: its deterministic id and the instant of the order. */
export type OrderedRun = {
  readonly runId: string;
  readonly orderedAt: string;
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

export type Preparation =
  | { readonly state: 'none' }
  | ({ readonly state: 'ordered' } & OrderedRun)
  | ({ readonly state: 'running'; readonly startTime: string; readonly retryCount: number } & OrderedRun)
  | ({ readonly state: 'completed' } & OrderedRun & RunOutcome);

/** Why a release that was owed will never run. */
export type WaiverReason =
  | 'nodeRemoved' // the node left its pool, or the pool was deleted
  | 'nodeLost' // silent past its bound
  | 'nodeReimaged' // nothing of the job is left on its disk
  | 'preparationInterrupted'; // the job ended while its preparation still ran

export type Release =
  | { readonly state: 'none' }
  | ({ readonly state: 'ordered' } & OrderedRun)
  | ({ readonly state: 'running'; readonly startTime: string } & OrderedRun)
  | ({ readonly state: 'completed' } & OrderedRun & RunOutcome)
  | { readonly state: 'waived'; readonly reason: WaiverReason; readonly at: string };

/** A run of one task on this node that has not ended as far as the controller knows. */
export type TaskRun = OrderedRun & {
  readonly taskId: string;
  readonly attempt: number;
  readonly slots: number;
  readonly started: boolean;
  /** Set once a kill was sent, so that its end counts as the end of the task. */
  readonly killSentAt?: string;
};

export type JobNode = {
  readonly jobId: string;
  readonly incarnation: string;
  readonly poolId: string;
  readonly nodeId: string;
  /** The node's epochs that the rest of this row speaks of. */
  readonly epoch: number;
  readonly imageEpoch: number;
  readonly preparation: Preparation;
  /** How many preparations were ordered here: the attempt number that makes run ids distinct. */
  readonly preparationAttempts: number;
  readonly release: Release;
  readonly releaseAttempts: number;
  readonly runs: readonly TaskRun[];
  /** Whether a task of the job started here since the node's last image. */
  readonly taskStarted: boolean;
};

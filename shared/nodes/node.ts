// A compute node, as the controller knows it.
//
//   creating     wanted from the provisioner; left by its first report.
//   idle         joined, no task assigned.
//   running      at least one task assigned (a release alone leaves the node idle).
//   unknown      silent past its bound; its tasks were requeued; left by its next report.
//   leavingpool  the pool is going, the provisioner was asked to take it away.

export type NodeState = 'creating' | 'idle' | 'running' | 'unknown' | 'leavingpool';

/** A claim on slots of a node by one run of one task. Valid only while the job node of that job names the same run. */
export type Lease = {
  readonly jobId: string;
  readonly incarnation: string;
  readonly taskId: string;
  readonly runId: string;
  readonly slots: number;
};

export type Node = {
  readonly id: string;
  readonly poolId: string;
  readonly state: NodeState;
  readonly stateTransitionTime: string;
  readonly allocationTime: string;
  readonly lastBootTime?: string;
  /** Count of boots and images; 0 before the node joined. Orders and reports name it. */
  readonly epoch: number;
  /** The epoch in which the node's disk was last laid anew. */
  readonly imageEpoch: number;
  /** By which the node itself knows that image. */
  readonly imageId?: string;
  /** Number of the newest report of `epoch` that was saved. */
  readonly sequence: number;
  /** When the controller last heard from the node. */
  readonly lastSeen?: string;
  readonly agentVersion?: string;
  readonly leases: readonly Lease[];
  readonly totalTasksRun: number;
  readonly totalTasksSucceeded: number;
};

/** By which a task names the node that it would rather run on. */
export const affinityOf = (nodeId: string): string => `TVM:${nodeId}`;

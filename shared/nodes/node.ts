// A compute node, as the controller knows it.
//
//   creating             wanted from the provisioner; left when its agent joins.
//   starting             its agent has joined in its first boot, or in one that was asked for; left by its first report of that boot.
//   waitingforstarttask  joined or booted, its start task runs and tasks wait for that; left when the start task ended.
//   starttaskfailed      its start task failed and tasks would have waited for it; left by the next boot.
//   idle                 can have tasks, has none assigned.
//   running              at least one task assigned (a release alone leaves the node idle).
//   offline              its scheduling is disabled and no task is assigned any more; left by enabling it.
//   rebooting, reimaging entered by the request; left when its agent joins in the next boot, or by the first report of that boot or image.
//   leavingpool          entered when it is to leave the pool; its row goes once the provisioner was told to take it away.
//   unknown              silent past its bound; its tasks were requeued; left by its next report.
//   unusable             its disk is full: what runs goes on and releases run, but no task is given to it; left when it has room again.
import type { NodeFault } from './node-messages.js';
import type { SpecialRun } from '../job-nodes/job-node.js';
import type { TaskExecution } from '../tasks/task.js';
import type { Membership } from './node-keys.js';

export type NodeState =
  | 'creating'
  | 'starting'
  | 'waitingforstarttask'
  | 'starttaskfailed'
  | 'idle'
  | 'running'
  | 'offline'
  | 'rebooting'
  | 'reimaging'
  | 'leavingpool'
  | 'unknown'
  | 'unusable';

/** A claim on slots of a node by one run of one task. Valid only while the job node of that job names the same run. */
export type Lease = {
  readonly jobId: string;
  readonly incarnation: string;
  readonly taskId: string;
  readonly runId: string;
  readonly slots: number;
};

/**
 * What becomes of the tasks of a node that is rebooted, reimaged, removed or disabled. requeue and terminate end them now;
 * taskcompletion waits for their ends, retaineddata for the end of their retention too.
 * https://learn.microsoft.com/rest/api/batchservice/pool/remove-nodes#computenodedeallocationoption
 */
export type DeallocationOption = 'requeue' | 'terminate' | 'taskcompletion' | 'retaineddata';

/** What was asked of a node and has not come about. Until `poweredAt` its tasks are dealt with, from then on it is its provisioner's turn. */
export type NodeRequest = {
  readonly kind: 'reboot' | 'reimage' | 'leave' | 'disableScheduling';
  readonly option: DeallocationOption;
  readonly at: string;
  /** The resize that it is part of has taken too long: it waits for nothing any more. */
  readonly isOverdue?: true;
  readonly poweredAt?: string;
  /** When its provisioner was last told. */
  readonly toldAt?: string;
};

/** The start task in one boot of a node. */
export type NodeStartTask = {
  readonly epoch: number;
  readonly attempt: number;
  /** Of the definition that it was ordered with: the pool may have another one by now. */
  readonly definitionHash: string;
  readonly waitForSuccess: boolean;
  readonly run: Exclude<SpecialRun, { readonly state: 'none' }>;
};

/** A task that ended on the node not long ago. */
export type RecentTask = {
  readonly jobId: string;
  readonly taskId: string;
  readonly execution: TaskExecution;
};

/** A job that is over and of which the node may still have a folder and processes. */
export type ForgottenJob = { readonly jobId: string; readonly incarnation: string; readonly sentAt?: string };

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
  /** What the node says is wrong with itself; absent when nothing is. */
  readonly faults?: readonly NodeFault[];
  /** Absent while tasks may be scheduled here. */
  readonly schedulingState?: 'disabled';
  readonly request?: NodeRequest;
  /** How many boots and images its provisioner was asked for. */
  readonly boots?: number;
  readonly images?: number;
  readonly startTask?: NodeStartTask;
  /** The newest last. */
  readonly recentTasks?: readonly RecentTask[];
  /** Until when the retention of some task that ended here lasts. */
  readonly retainedUntil?: string;
  readonly forgottenJobs?: readonly ForgottenJob[];
  /** Given by the last request that changed the node, so that a write whose answer was lost is recognised as its own. */
  readonly writeStamp?: string;
  /** The keys that the node presented when it joined, last. */
  readonly membership?: Membership;
  /** The machine came by itself: it counts towards no target, and nobody is asked to provide it. */
  readonly isSelfProvided?: true;
};

/** By which a task names the node that it would rather run on. */
export const affinityOf = (nodeId: string): string => `TVM:${nodeId}`;

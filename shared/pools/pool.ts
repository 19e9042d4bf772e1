// A pool: the wanted number of nodes of one kind, and how many tasks each may run at once.
//
//   active    entered by add; nodes are wanted.
//             allocationState: resizing (or stopping) while `resize` is set, else steady.
//   deleting  entered by delete; nodes leave, running tasks are requeued; left when no node remains.
import { z } from 'zod';
import type { DeallocationOption } from '../nodes/node.js';
import type { JoinKey } from './join-keys.js';
import { resourceFileSchema } from '../tasks/resource-file.js';
import { environmentSettingSchema, userIdentitySchema } from '../tasks/run-definition.js';

/** What runs on every node of the pool whenever it joins, boots or gets a new image. */
export const startTaskDefinitionSchema = z.object({
  commandLine: z.string(),
  resourceFiles: z.array(resourceFileSchema).optional(),
  environmentSettings: z.array(environmentSettingSchema),
  userIdentity: userIdentitySchema,
  maxTaskRetryCount: z.int().min(-1),
  waitForSuccess: z.boolean(),
});
export type StartTaskDefinition = z.infer<typeof startTaskDefinitionSchema>;

/** A pool as its user defined it, with Batch's defaults filled in; what Bookend does not act on is kept to be echoed. */
export const poolDefinitionSchema = z.object({
  id: z.string(),
  displayName: z.string().optional(),
  vmSize: z.string(),
  virtualMachineConfiguration: z
    .looseObject({ imageReference: z.looseObject({}), nodeAgentSKUId: z.string() })
    .optional(),
  cloudServiceConfiguration: z.looseObject({ osFamily: z.string() }).optional(),
  resizeTimeoutMs: z.number(),
  targetDedicatedNodes: z.int().min(0),
  targetLowPriorityNodes: z.int().min(0),
  taskSlotsPerNode: z.int().min(1),
  nodeFillType: z.enum(['spread', 'pack']),
  startTask: startTaskDefinitionSchema.optional(),
  networkConfiguration: z.record(z.string(), z.unknown()).optional(),
  enableInterNodeCommunication: z.boolean().optional(),
  targetNodeCommunicationMode: z.string().optional(),
  metadata: z.array(z.object({ name: z.string(), value: z.string() })),
});
export type PoolDefinition = z.infer<typeof poolDefinitionSchema>;

/** A pool before it has an id. */
export const poolSpecificationSchema = poolDefinitionSchema.omit({ id: true });
export type PoolSpecification = z.infer<typeof poolSpecificationSchema>;

export type PoolState = 'active' | 'deleting';
export type AllocationState = 'steady' | 'resizing' | 'stopping';

/** A change of the number of nodes that is under way. */
export type Resize = {
  readonly at: string;
  readonly timeoutMs: number;
  /** For the nodes that are to leave. */
  readonly option: DeallocationOption;
  /** The nodes that are to leave, where they were named. */
  readonly nodeIds?: readonly string[];
};

/** Why the last resize did not reach its target. */
export type ResizeError = {
  readonly code: 'AllocationTimedout' | 'RemoveNodesFailed' | 'ResizeStopped';
  readonly message: string;
};

/** What is drawn at random for a pool before it is made. */
export type PoolSeed = {
  readonly incarnation: string;
  readonly joinKey: { readonly id: string; readonly secret: string };
  readonly orderSecret: string;
};

export type Pool = {
  readonly definition: PoolDefinition;
  /** A uuid given when the pool is added, so that a reused id is another pool. */
  readonly incarnation: string;
  readonly creationTime: string;
  readonly lastModified: string;
  readonly state: PoolState;
  readonly stateTransitionTime: string;
  readonly allocationState: AllocationState;
  readonly allocationStateTransitionTime: string;
  /** Set unless the pool is steady. */
  readonly resize?: Resize;
  readonly resizeErrors?: readonly ResizeError[];
  /** The earliest wake-up already scheduled for this pool, so that passes do not schedule it again. */
  readonly wakeUpAt?: string;
  /** When that wake-up was decided: should its message not have been sent, it is sent again. */
  readonly wakeUpDecidedAt?: string;
  /** Since when silence of a node is evidence against it: later than a node's last word when the controller itself was away. */
  readonly watchingSince: string;
  /** Number of the next node to be created: ids are never given twice. */
  readonly nextNodeNumber: number;
  /** From which the order keys of its nodes are made. */
  readonly orderSecret: string;
  /** What machines join with. */
  readonly joinKeys: readonly JoinKey[];
  /** The job that the pool was made for, and goes with unless it is kept alive. */
  readonly autoPoolOf?: { readonly jobId: string; readonly incarnation: string; readonly keepAlive: boolean };
  /** The job schedule for whose jobs the pool was made, and with which it goes unless it is kept alive. */
  readonly autoPoolOfSchedule?: { readonly scheduleId: string; readonly keepAlive: boolean };
  /** Whether every node's row has the columns that lists are filtered by: docs/decisions/0019-rows-carry-what-lists-ask-for.md. */
  readonly nodesHaveColumns?: true;
  /** Given by the last request that changed the pool, so that a write whose answer was lost is recognised as its own. */
  readonly writeStamp?: string;
};

/** A job that may want something of this pool: it is open, or is ending. */
export type JobRef = {
  readonly jobId: string;
  /** Of the job that it was written for; versions before did not say. */
  readonly incarnation?: string;
  readonly priority: number;
  /** Whether tasks waited for a slot when a pass last looked. */
  readonly hasReady: boolean;
  /** When it was written for a job that was about to be added or moved here: for a while that need not be there yet. */
  readonly announcedAt?: string;
  /** When the job's time limit ends it. */
  readonly deadline?: string;
};

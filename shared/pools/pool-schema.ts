// A pool as it is shown, as a schema (CloudPool), its counts of nodes, and its join keys.
// https://learn.microsoft.com/rest/api/batchservice/pool/get
import { z } from 'zod';
import { named } from '../rest/named-schemas.js';
import type { NodeState } from '../nodes/node.js';
import { duration, entityTag, instant, link, metadataList, notShown, oneOf } from '../rest/answer-types.js';
import { shownEnvironment, shownIdentity, shownResourceFiles } from '../tasks/run-schema.js';
import type { AllocationState, PoolState, ResizeError } from './pool.js';

export const shownStartTask = z
  .strictObject({
    commandLine: z.string(),
    resourceFiles: shownResourceFiles.optional(),
    environmentSettings: shownEnvironment.optional(),
    userIdentity: shownIdentity,
    maxTaskRetryCount: z.int().min(-1),
    waitForSuccess: z.boolean(),
  })
  .register(named, { id: 'StartTask' });

/** What its user said of the pool, kept and shown as it was said where Bookend does not act on it. */
const specified = {
  vmSize: z.string(),
  cloudServiceConfiguration: z.looseObject({ osFamily: z.string() }).optional(),
  virtualMachineConfiguration: z
    .looseObject({ imageReference: z.looseObject({}), nodeAgentSKUId: z.string() })
    .optional(),
  resizeTimeout: duration,
  targetDedicatedNodes: z.int().min(0),
  targetLowPriorityNodes: z.int().min(0),
  enableAutoScale: z.boolean(),
  autoScaleFormula: notShown,
  autoScaleEvaluationInterval: notShown,
  enableInterNodeCommunication: z.boolean(),
  networkConfiguration: z.looseObject({}).optional(),
  startTask: shownStartTask.optional(),
  certificateReferences: notShown,
  applicationPackageReferences: notShown,
  applicationLicenses: notShown,
  taskSlotsPerNode: z.int().min(1),
  taskSchedulingPolicy: z.strictObject({ nodeFillType: z.enum(['spread', 'pack']) }),
  userAccounts: notShown,
  metadata: metadataList.optional(),
  mountConfiguration: notShown,
  targetNodeCommunicationMode: z.string(),
};

export const poolSpecification = z
  .strictObject({ displayName: z.string().optional(), ...specified })
  .register(named, { id: 'PoolSpecification' });

export const cloudPool = z
  .strictObject({
    id: z.string(),
    displayName: z.string().optional(),
    url: link,
    eTag: entityTag,
    lastModified: instant,
    creationTime: instant,
    state: oneOf<PoolState>({ active: true, deleting: true }),
    stateTransitionTime: instant,
    allocationState: oneOf<AllocationState>({ steady: true, resizing: true, stopping: true }),
    allocationStateTransitionTime: instant,
    resizeErrors: z
      .array(
        z.strictObject({
          code: oneOf<ResizeError['code']>({ AllocationTimedout: true, RemoveNodesFailed: true, ResizeStopped: true }),
          message: z.string(),
        }),
      )
      .min(1)
      .optional(),
    currentDedicatedNodes: z.int().min(0),
    currentLowPriorityNodes: z.int().min(0),
    ...specified,
    autoScaleRun: notShown,
    stats: notShown,
    identity: notShown,
    currentNodeCommunicationMode: notShown,
  })
  .register(named, { id: 'CloudPool' });

/** As Batch spells the states in this one place. */
type CountedState = NodeState extends infer State
  ? State extends 'starttaskfailed'
    ? 'startTaskFailed'
    : State extends 'leavingpool'
      ? 'leavingPool'
      : State extends 'waitingforstarttask'
        ? 'waitingForStartTask'
        : State
  : never;

const count = z.int().min(0);
const counted: Readonly<Record<CountedState | 'preempted' | 'total', typeof count>> = {
  creating: count,
  idle: count,
  offline: count,
  preempted: count,
  rebooting: count,
  reimaging: count,
  running: count,
  starting: count,
  startTaskFailed: count,
  leavingPool: count,
  unknown: count,
  unusable: count,
  waitingForStartTask: count,
  total: count,
};
const nodeCounts = z.strictObject(counted).register(named, { id: 'NodeCounts' });

export const poolNodeCounts = z
  .strictObject({ poolId: z.string(), dedicated: nodeCounts, lowPriority: nodeCounts })
  .register(named, { id: 'PoolNodeCounts' });

export const shownJoinKey = z
  .strictObject({
    id: z.string(),
    key: z.string().meta({ description: 'What a machine is given: one line of a file.' }),
    since: instant,
    validUntil: instant.optional(),
  })
  .register(named, { id: 'JoinKey' });

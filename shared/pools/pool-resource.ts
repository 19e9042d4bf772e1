// A pool as Batch's JSON shows it (CloudPool). Reading request bodies is pool-body.ts.
import type { Shown } from '../rest/answer-types.js';
import type { cloudPool, poolSpecification } from './pool-schema.js';
import { etagOf } from '../rest/etag.js';
import { formatDuration } from '../rest/iso-duration.js';
import { ifSet, unlessEmpty } from '../tasks/run-resource.js';
import type { Pool, PoolSpecification } from './pool.js';
import { toStartTask } from './start-task.js';

/** URL of a pool below `baseUrl` (scheme and host, no trailing slash). */
export function poolUrl(poolId: string, baseUrl: string): string {
  return `${baseUrl}/pools/${encodeURIComponent(poolId)}`;
}

/** The pool with every default spelled out, and how many of its nodes exist now. */
export function toPoolResource(pool: Pool, nodeCount: number, baseUrl: string): Shown<typeof cloudPool> {
  const { definition } = pool;
  return {
    id: definition.id,
    ...ifSet('displayName', definition.displayName),
    url: poolUrl(definition.id, baseUrl),
    eTag: etagOf(pool.lastModified),
    lastModified: pool.lastModified,
    creationTime: pool.creationTime,
    state: pool.state,
    stateTransitionTime: pool.stateTransitionTime,
    allocationState: pool.allocationState,
    allocationStateTransitionTime: pool.allocationStateTransitionTime,
    ...unlessEmpty('resizeErrors', pool.resizeErrors ?? []),
    currentDedicatedNodes: nodeCount,
    currentLowPriorityNodes: 0,
    ...toPoolSpecification(definition),
  };
}

/** What the user said of the pool, but its id and name. */
export function toPoolSpecification(
  definition: PoolSpecification,
): Omit<Shown<typeof poolSpecification>, 'displayName'> {
  return {
    vmSize: definition.vmSize,
    ...ifSet('virtualMachineConfiguration', definition.virtualMachineConfiguration),
    ...ifSet('cloudServiceConfiguration', definition.cloudServiceConfiguration),
    resizeTimeout: formatDuration(definition.resizeTimeoutMs),
    targetDedicatedNodes: definition.targetDedicatedNodes,
    targetLowPriorityNodes: definition.targetLowPriorityNodes,
    enableAutoScale: false,
    enableInterNodeCommunication: definition.enableInterNodeCommunication ?? false,
    ...ifSet('networkConfiguration', definition.networkConfiguration),
    ...ifSet('startTask', definition.startTask && toStartTask(definition.startTask)),
    taskSlotsPerNode: definition.taskSlotsPerNode,
    taskSchedulingPolicy: { nodeFillType: definition.nodeFillType },
    ...unlessEmpty('metadata', definition.metadata),
    targetNodeCommunicationMode: definition.targetNodeCommunicationMode ?? 'default',
  };
}

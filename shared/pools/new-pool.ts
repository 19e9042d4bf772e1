// A pool at its beginning, whoever asked for it.
import { owedEvent, type OwedEvent } from '../events/event.js';
import type { Pool, PoolDefinition, PoolSeed } from './pool.js';

/** A pool that was just added: `resizing` at once. */
export function toNewPool(definition: PoolDefinition, { incarnation, joinKey }: PoolSeed, now: Date): Pool {
  const at = now.toISOString();
  return {
    definition,
    incarnation,
    creationTime: at,
    lastModified: at,
    state: 'active',
    stateTransitionTime: at,
    allocationState: 'resizing',
    allocationStateTransitionTime: at,
    resize: { at, timeoutMs: definition.resizeTimeoutMs, option: 'requeue' },
    watchingSince: at,
    nextNodeNumber: 0,
    joinKeys: [{ ...joinKey, since: at }],
  };
}

/** Tells that the pool was added. */
export function poolCreated({ definition, incarnation, autoPoolOf }: Pool, now: Date): OwedEvent {
  return owedEvent('dev.bookend.pool.create', `/pools/${definition.id}`, now, [incarnation], {
    id: definition.id,
    vmSize: definition.vmSize,
    targetDedicatedNodes: definition.targetDedicatedNodes,
    taskSlotsPerNode: definition.taskSlotsPerNode,
    isAutoPool: autoPoolOf !== undefined,
  });
}

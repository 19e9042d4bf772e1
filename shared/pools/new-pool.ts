// A pool at its beginning, whoever asked for it.
import { owedEvent, type OwedEvent } from '../events/event.js';
import type { Services } from '../services.js';
import type { Pool, PoolDefinition, PoolSeed } from './pool.js';

/** Draws what a pool needs at random. */
export const drawPoolSeed = ({ ids, sealing }: Pick<Services, 'ids' | 'sealing'>): PoolSeed => ({
  incarnation: ids.uuid(),
  joinKey: { id: ids.uuid(), secret: sealing.newSecret() },
  orderSecret: sealing.newSecret(),
});

/** A pool that was just added: `resizing` at once. */
export function toNewPool(
  definition: PoolDefinition,
  { incarnation, joinKey, orderSecret }: PoolSeed,
  now: Date,
): Pool {
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
    orderSecret,
    nodesHaveColumns: true,
  };
}

/** Tells that the pool was added. */
export function poolCreated({ definition, incarnation, autoPoolOf, autoPoolOfSchedule }: Pool, now: Date): OwedEvent {
  return owedEvent('dev.bookend.pool.create', `/pools/${definition.id}`, now, [incarnation], {
    id: definition.id,
    vmSize: definition.vmSize,
    targetDedicatedNodes: definition.targetDedicatedNodes,
    taskSlotsPerNode: definition.taskSlotsPerNode,
    isAutoPool: autoPoolOf !== undefined || autoPoolOfSchedule !== undefined,
  });
}

// Changing the number of nodes of a pool: the head remembers it, passes carry it out.
import { BatchError } from '../errors.js';
import { owedEvent } from '../events/event.js';
import type { DeallocationOption } from '../nodes/node.js';
import type { Conditions } from '../rest/conditions.js';
import type { Services } from '../services.js';
import { changePool, type PoolChange } from './change-pool.js';
import type { Pool } from './pool.js';
import { loadNodes } from './read-pools.js';

export type ResizeRequest = {
  readonly targetDedicatedNodes?: number;
  readonly resizeTimeoutMs: number;
  readonly option: DeallocationOption;
};

/**
 * Starts a resize of a steady pool. Throws PoolBeingResized, and what changing a pool throws.
 * https://learn.microsoft.com/rest/api/batchservice/pool/resize
 */
export async function resizePool(
  services: Services,
  poolId: string,
  { request, conditions }: { request: ResizeRequest; conditions: Conditions },
): Promise<Pool> {
  return changePool(services, poolId, conditions, (pool, now) => {
    requireSteady(pool);
    const target = request.targetDedicatedNodes ?? pool.definition.targetDedicatedNodes;
    return startResize(pool, now, { ...request, target });
  });
}

export type RemovalRequest = {
  readonly nodeIds: readonly string[];
  readonly resizeTimeoutMs: number;
  readonly option: DeallocationOption;
};

/**
 * Removes nodes from a steady pool, which wants those that stay from then on. Throws PoolBeingResized, NodeNotFound, and what changing a pool
 * throws. https://learn.microsoft.com/rest/api/batchservice/pool/remove-nodes
 */
export async function removeNodes(
  services: Services,
  poolId: string,
  { request, conditions }: { request: RemovalRequest; conditions: Conditions },
): Promise<Pool> {
  return changePool(services, poolId, conditions, async (pool, now) => {
    requireSteady(pool);
    const nodeIds = [...new Set(request.nodeIds)];
    const nodes = await loadNodes(services, poolId);
    const missing = nodeIds.find((id) => !nodes.some((node) => node.id === id));
    if (missing !== undefined) throw new BatchError('NodeNotFound', `Pool '${poolId}' has no node '${missing}'`);
    // What it has, not what it wanted: a resize that was stopped is not taken up again. Machines that joined by themselves are beside that.
    const target = nodes.filter(({ id, isSelfProvided }) => isSelfProvided !== true && !nodeIds.includes(id)).length;
    return startResize(pool, now, { ...request, nodeIds, target });
  });
}

/**
 * Stops the resize that is under way, the first one included. Throws OperationInvalidForCurrentState for a steady pool, and what changing a
 * pool throws. https://learn.microsoft.com/rest/api/batchservice/pool/stop-resize
 */
export async function stopResize(
  services: Services,
  poolId: string,
  { conditions }: { conditions: Conditions },
): Promise<Pool> {
  return changePool(services, poolId, conditions, (pool, now) => {
    if (pool.allocationState === 'steady')
      throw new BatchError('OperationInvalidForCurrentState', `Pool '${poolId}' is steady; there is no resize to stop`);
    const at = now.toISOString();
    return { pool: { ...pool, allocationState: 'stopping', allocationStateTransitionTime: at } };
  });
}

function requireSteady({ allocationState, definition }: Pool): void {
  if (allocationState === 'steady') return;
  throw new BatchError('PoolBeingResized', `Pool '${definition.id}' is ${allocationState}; wait until it is steady`);
}

function startResize(
  { resizeErrors: _, ...pool }: Pool,
  now: Date,
  {
    target,
    resizeTimeoutMs,
    option,
    nodeIds,
  }: Omit<ResizeRequest, 'targetDedicatedNodes'> & { readonly target: number; readonly nodeIds?: readonly string[] },
): PoolChange {
  const at = now.toISOString();
  const { id, targetDedicatedNodes } = pool.definition;
  const started = owedEvent('dev.bookend.pool.resize.start', `/pools/${id}`, now, [pool.incarnation, at], {
    id,
    // Batch's word where nodes only come.
    nodeDeallocationOption: nodeIds === undefined && target >= targetDedicatedNodes ? 'invalid' : option,
    currentDedicatedNodes: targetDedicatedNodes,
    targetDedicatedNodes: target,
  });
  return {
    pool: {
      ...pool,
      definition: { ...pool.definition, targetDedicatedNodes: target, resizeTimeoutMs },
      allocationState: 'resizing',
      allocationStateTransitionTime: at,
      resize: { at, timeoutMs: resizeTimeoutMs, option, ...(nodeIds === undefined ? {} : { nodeIds }) },
    },
    events: [started],
  };
}

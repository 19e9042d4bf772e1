// Changing what a pool says of its nodes: start task and metadata. Nodes that have joined keep their start task until they boot.
import type { Conditions } from '../rest/conditions.js';
import type { Services } from '../services.js';
import { changePool } from './change-pool.js';
import type { Pool, PoolDefinition } from './pool.js';

/** What is absent stays, what is `undefined` is removed. */
export type PoolUpdate = {
  readonly startTask?: PoolDefinition['startTask'] | undefined;
  readonly metadata?: PoolDefinition['metadata'];
  readonly targetNodeCommunicationMode?: string;
};

/**
 * Replaces the given properties. Throws what changing a pool throws.
 * https://learn.microsoft.com/rest/api/batchservice/pool/patch
 */
export async function updatePool(
  services: Services,
  poolId: string,
  { update, conditions }: { update: PoolUpdate; conditions: Conditions },
): Promise<Pool> {
  return changePool(services, poolId, conditions, (pool) => {
    const { startTask, ...rest } = { ...pool.definition, ...update };
    return { pool: { ...pool, definition: { ...rest, ...(startTask === undefined ? {} : { startTask }) } } };
  });
}

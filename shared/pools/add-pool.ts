// Adding a pool: its place in the list, its head, and the hint that makes a pass ask the provisioner for nodes.
import { BatchError } from '../errors.js';
import { toEventWrites } from '../events/event-rows.js';
import { hintTypes, sendHint } from '../events/hints.js';
import type { Services } from '../services.js';
import { TableConflict } from '../tables/table.js';
import { tryAgain } from '../tables/try-again.js';
import type { Pool, PoolDefinition } from './pool.js';
import { drawPoolSeed, poolCreated, toNewPool } from './new-pool.js';
import { fromPoolHead, existsRow, headRow, poolListPartition, poolPartition, toPoolHead } from './pool-rows.js';

/**
 * Adds the pool; a new pool is `resizing` at once. Throws PoolExists, or PoolBeingDeleted while an older pool of that id is still going.
 * https://learn.microsoft.com/rest/api/batchservice/pool/add
 */
export async function addPool(services: Services, definition: PoolDefinition): Promise<Pool> {
  const { table, clock, ids } = services;
  const seed = drawPoolSeed(services);
  const pool = await tryAgain(services, async () => {
    const now = clock.now();
    const fresh = toNewPool(definition, seed, now);
    await list(services, definition.id);
    try {
      await table.write(poolPartition(definition.id), [
        { type: 'insert', row: headRow, values: toPoolHead(fresh) },
        { type: 'upsert', row: existsRow, values: {} },
        ...toEventWrites([poolCreated(fresh, now)], now, ids.uuid()),
      ]);
      return fresh;
    } catch (error) {
      if (!(error instanceof TableConflict && error.kind === 'exists')) throw error;
      return await toExisting(services, definition.id, seed.incarnation);
    }
  });
  // Once more: a sweep that found the place in the list without a head may have taken it off in between.
  await tryAgain(services, () => list(services, definition.id));
  await sendHint(services, hintTypes.poolAdded, { poolId: definition.id });
  return pool;
}

// Written anew even if it is there: a sweep that is about to remove it finds it changed, and leaves it.
async function list({ table }: Services, poolId: string): Promise<void> {
  await table.write(poolListPartition, [{ type: 'upsert', row: poolId.toLowerCase(), values: {} }]);
}

// An insert whose answer was lost finds its own row when it is tried again.
async function toExisting(services: Services, poolId: string, incarnation: string): Promise<Pool> {
  const head = await services.table.get(poolPartition(poolId), headRow);
  if (head === undefined)
    throw new TableConflict('changed', `Pool '${poolId}' went away while it was being added again`);
  const existing = fromPoolHead(head);
  if (existing.incarnation === incarnation) return existing;
  // Whoever added it may have died before listing it again, and a sweep may have taken off the place that was written here before.
  await list(services, poolId);
  if (existing.state === 'deleting') {
    throw new BatchError('PoolBeingDeleted', `Pool '${poolId}' is still being deleted; it cannot be added again yet`);
  }
  throw new BatchError('PoolExists', `Pool '${poolId}' exists already`);
}

// Changing a pool on a user's word: load, check, decide, save guarded by the etag that was read, and have its next pass look.
import { BatchError } from '../errors.js';
import type { OwedEvent } from '../events/event.js';
import { toEventWrites } from '../events/event-rows.js';
import { hintTypes, sendHint } from '../events/hints.js';
import { requireConditions, type Conditions } from '../rest/conditions.js';
import { toValidators } from '../rest/etag.js';
import type { Services } from '../services.js';
import { tryAgain } from '../tables/try-again.js';
import type { Pool } from './pool.js';
import { headRow, poolPartition, toPoolHead } from './pool-rows.js';
import { loadStoredPool } from './read-pools.js';

export type PoolChange = { readonly pool: Pool; readonly events?: readonly OwedEvent[] };

/**
 * Saves what `decide` makes of the pool, as often as it takes, and sends a hint. Throws PoolNotFound, PoolBeingDeleted, ConditionNotMet, and
 * what `decide` throws.
 */
export async function changePool(
  services: Services,
  poolId: string,
  conditions: Conditions,
  decide: (pool: Pool, now: Date) => PoolChange | Promise<PoolChange>,
): Promise<Pool> {
  const { table, clock, ids } = services;
  const requestStamp = ids.uuid();
  let meant: string | undefined;
  const pool = await tryAgain(services, async () => {
    const stored = await loadStoredPool(services, poolId, meant);
    meant = stored.pool.incarnation;
    if (stored.pool.writeStamp === requestStamp) return stored.pool;
    requireConditions(conditions, toValidators(stored.pool.lastModified));
    if (stored.pool.state === 'deleting')
      throw new BatchError('PoolBeingDeleted', `Pool '${poolId}' is being deleted; it cannot be changed`);
    const now = clock.now();
    const change = await decide(stored.pool, now);
    const next = { ...change.pool, lastModified: now.toISOString(), writeStamp: requestStamp };
    await table.write(poolPartition(poolId), [
      { type: 'replace', row: headRow, values: toPoolHead(next), etag: stored.etag },
      ...toEventWrites(change.events ?? [], now, ids.uuid()),
    ]);
    return next;
  });
  await sendHint(services, hintTypes.poolChanged, { poolId: pool.definition.id });
  return pool;
}

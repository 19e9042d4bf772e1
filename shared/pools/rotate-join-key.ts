// The join keys of a pool as its owner sees them, and their rotation.
import { BatchError } from '../errors.js';
import { hintTypes, sendHint } from '../events/hints.js';
import type { Services } from '../services.js';
import { tryAgain } from '../tables/try-again.js';
import { rotateJoinKeys, validJoinKeys, type JoinKey } from './join-keys.js';
import { headRow, poolPartition, toPoolHead } from './pool-rows.js';
import type { Pool } from './pool.js';
import { loadStoredPool } from './read-pools.js';

/** The keys that a machine can join the pool with now, the newest first. Throws PoolNotFound. */
export async function listJoinKeys(services: Services, poolId: string): Promise<readonly JoinKey[]> {
  const { pool } = await loadStoredPool(services, poolId);
  return validJoinKeys(pool.joinKeys, services.clock.now());
}

/**
 * Gives the pool a new join key; the ones before stay good for an hour, and nodes that have joined stay. Answers as `listJoinKeys`.
 * Throws PoolNotFound, PoolBeingDeleted.
 */
export async function rotateJoinKey(services: Services, poolId: string): Promise<readonly JoinKey[]> {
  const { table, clock, ids, sealing } = services;
  const fresh = { id: ids.uuid(), secret: sealing.newSecret() };
  const orderSecret = sealing.newSecret();
  let meant: string | undefined;
  const pool = await tryAgain(services, async () => {
    const stored = await loadStoredPool(services, poolId, meant);
    meant = stored.pool.incarnation;
    if (stored.pool.joinKeys.some(({ id }) => id === fresh.id)) return stored.pool;
    if (stored.pool.state === 'deleting')
      throw new BatchError('PoolBeingDeleted', `Pool '${poolId}' is being deleted; nobody can join it any more`);
    const now = clock.now();
    const joinKeys = rotateJoinKeys(stored.pool.joinKeys, { ...fresh, since: now.toISOString() }, now);
    const next: Pool = { ...stored.pool, joinKeys, orderSecret: stored.pool.orderSecret || orderSecret };
    await table.write(poolPartition(poolId), [
      { type: 'replace', row: headRow, values: toPoolHead(next), etag: stored.etag },
    ]);
    return next;
  });
  // The provisioner gives the newest key to the machines that it starts.
  await sendHint(services, hintTypes.sweep, { poolId: pool.definition.id });
  return validJoinKeys(pool.joinKeys, clock.now());
}

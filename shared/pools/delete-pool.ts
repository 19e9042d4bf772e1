// Deleting a pool: the row remembers it; the next pass requeues what runs there and lets the nodes go.
import { BatchError } from '../errors.js';
import { owedEvent } from '../events/event.js';
import { toEventWrites } from '../events/event-rows.js';
import { hintTypes, sendHint } from '../events/hints.js';
import { requireConditions, type Conditions } from '../rest/conditions.js';
import { toValidators } from '../rest/etag.js';
import type { Services } from '../services.js';
import { tryAgain } from '../tables/try-again.js';
import { headRow, poolPartition, toPoolHead } from './pool-rows.js';
import type { Pool } from './pool.js';
import { loadStoredPool } from './read-pools.js';

/**
 * Starts the deletion of a pool. Throws PoolNotFound, PoolBeingDeleted, ConditionNotMet.
 * https://learn.microsoft.com/rest/api/batchservice/pool/delete
 */
export async function deletePool(
  services: Services,
  poolId: string,
  { conditions }: { conditions: Conditions },
): Promise<void> {
  const { table, clock, ids } = services;
  const requestStamp = ids.uuid();
  let meant: string | undefined;
  const pool = await tryAgain(services, async () => {
    const stored = await loadStoredPool(services, poolId, meant);
    meant = stored.pool.incarnation;
    if (stored.pool.writeStamp === requestStamp) return stored.pool;
    requireConditions(conditions, toValidators(stored.pool.lastModified));
    if (stored.pool.state === 'deleting') {
      throw new BatchError('PoolBeingDeleted', `Pool '${poolId}' is already being deleted`);
    }
    const now = clock.now();
    const at = now.toISOString();
    const next: Pool = {
      ...stored.pool,
      state: 'deleting',
      stateTransitionTime: at,
      lastModified: at,
      allocationState: 'resizing',
      allocationStateTransitionTime: at,
      writeStamp: requestStamp,
    };
    const { id } = next.definition;
    const started = owedEvent('dev.bookend.pool.delete.start', `/pools/${id}`, now, [next.incarnation], { id });
    await table.write(poolPartition(poolId), [
      { type: 'replace', row: headRow, values: toPoolHead(next), etag: stored.etag },
      ...toEventWrites([started], now, ids.uuid()),
    ]);
    return next;
  });
  await sendHint(services, hintTypes.poolDeleting, { poolId: pool.definition.id });
}

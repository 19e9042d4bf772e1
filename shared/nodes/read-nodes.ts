// Reading compute nodes: one, or a page of a pool's.
import { BatchError } from '../errors.js';
import type { Pool } from '../pools/pool.js';
import { fromNode, nodeRange, nodeRow, poolPartition } from '../pools/pool-rows.js';
import { loadStoredPool } from '../pools/read-pools.js';
import type { ItemPage, PageRequest } from '../rest/paging.js';
import type { Services } from '../services.js';
import type { Node } from './node.js';

/** The node and its pool. Throws PoolNotFound, NodeNotFound. */
export async function loadNode(
  services: Pick<Services, 'table'>,
  poolId: string,
  nodeId: string,
): Promise<{ readonly node: Node; readonly pool: Pool }> {
  const [{ pool }, row] = await Promise.all([
    loadStoredPool(services, poolId),
    services.table.get(poolPartition(poolId), nodeRow(nodeId)),
  ]);
  if (row === undefined) throw new BatchError('NodeNotFound', `Pool '${poolId}' has no node '${nodeId}'`);
  return { node: fromNode(row), pool };
}

/** A page of the pool's nodes by id, with the pool. Throws PoolNotFound. */
export async function listNodes(
  services: Pick<Services, 'table'>,
  poolId: string,
  { limit, continuation }: PageRequest,
): Promise<ItemPage<Node> & { readonly pool: Pool }> {
  const [{ pool }, page] = await Promise.all([
    loadStoredPool(services, poolId),
    services.table.query(poolPartition(poolId), nodeRange, limit, continuation),
  ]);
  return {
    pool,
    items: page.entities.map(fromNode),
    ...(page.continuation === undefined ? {} : { continuation: page.continuation }),
  };
}

// Reading compute nodes: one, or a page of a pool's.
import { BatchError } from '../errors.js';
import type { Pool } from '../pools/pool.js';
import { fromNode, nodeRange, nodeRow, poolPartition } from '../pools/pool-rows.js';
import { loadStoredPool } from '../pools/read-pools.js';
import { toCondition } from '../rest/filter-columns.js';
import type { Filter } from '../rest/odata-filter.js';
import type { ItemPage, ListRequest } from '../rest/paging.js';
import type { Services } from '../services.js';
import { continueAfterRow, readRows } from '../tables/read-rows.js';
import type { RowQuery } from '../tables/table.js';
import { nodeColumns } from './node-columns.js';
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

/** The continuation of the list that leads on right behind this node. */
export const continueAfterNode = ({ id }: Node): string => continueAfterRow(nodeRow(id));

/** A page of the pool's nodes by id, with the pool; without those that their columns rule out for the filter. Throws PoolNotFound. */
export async function listNodes(
  services: Pick<Services, 'table'>,
  poolId: string,
  { filter, ...page }: ListRequest,
): Promise<ItemPage<Node> & { readonly pool: Pool }> {
  const reading = loadStoredPool(services, poolId);
  const query = filter === undefined ? nodeRange : toNodeQuery(filter, (await reading).pool);
  const [{ rows, ...rest }, { pool }] = await Promise.all([
    readRows(services.table, poolPartition(poolId), query, page),
    reading,
  ]);
  return { ...rest, pool, items: rows.map(fromNode) };
}

function toNodeQuery(filter: Filter, { nodesHaveColumns }: Pool): RowQuery {
  const where = nodesHaveColumns && toCondition(filter, nodeColumns);
  return { ...nodeRange, ...(where && { where }) };
}

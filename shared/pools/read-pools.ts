// Reading pools with the states of their nodes: one, or a page of all.
import { BatchError } from '../errors.js';
import { mapInGroups } from '../map-in-groups.js';
import { countedColumns, fromCountedColumns } from '../nodes/node-columns.js';
import type { Node, NodeState } from '../nodes/node.js';
import { toCondition } from '../rest/filter-columns.js';
import { toKeyRange } from '../rest/filter-keys.js';
import type { Filter } from '../rest/odata-filter.js';
import type { ItemPage, ListRequest } from '../rest/paging.js';
import type { Services } from '../services.js';
import { columnsIn, mayBeMet, type Condition } from '../tables/condition.js';
import { continueAfterPartition, continueAfterRow, readAcross, readRows, type RowPage } from '../tables/read-rows.js';
import type { Entity, RowQuery } from '../tables/table.js';
import { poolColumns } from './pool-columns.js';
import type { Pool } from './pool.js';
import {
  fromNode,
  fromPoolHead,
  headRow,
  nodeRange,
  poolListPartition,
  poolPartition,
  poolPartitionPrefix,
} from './pool-rows.js';

export type PoolWithNodes = { readonly pool: Pool; readonly nodeStates: readonly NodeState[] };
export type StoredPool = { readonly pool: Pool; readonly etag: string };

const pageSize = 1000;
const poolsAtOnce = 20;

/**
 * The pool's head with its row's etag. Throws PoolNotFound, also when `meant` is given and the id belongs to another incarnation by now:
 * a request that is tried again must not touch the new owner of an id.
 */
export async function loadStoredPool(
  { table }: Pick<Services, 'table'>,
  poolId: string,
  meant?: string,
): Promise<StoredPool> {
  const head = await table.get(poolPartition(poolId), headRow);
  if (head === undefined) throw new BatchError('PoolNotFound', `Pool '${poolId}' does not exist`);
  const pool = fromPoolHead(head);
  if (meant !== undefined && pool.incarnation !== meant)
    throw new BatchError('PoolNotFound', `Pool '${poolId}' is gone; another pool was given its id meanwhile`);
  return { pool, etag: head.etag };
}

/** The pool and the states of all its nodes. Throws PoolNotFound. */
export async function loadPool(services: Pick<Services, 'table'>, poolId: string): Promise<PoolWithNodes> {
  const { pool } = await loadStoredPool(services, poolId);
  return { pool, nodeStates: await loadNodeStates(services, pool) };
}

/** The continuation of the list with this filter that leads on right behind this pool. */
export const continueAfterPool = ({ pool }: PoolWithNodes, filter: Filter): string =>
  toCondition(filter, poolColumns) === undefined
    ? continueAfterRow(pool.definition.id.toLowerCase())
    : continueAfterPartition(poolPartition(pool.definition.id));

/**
 * A page of all pools by id, each with the states of its nodes; without those whose id or columns `filter` rules out, or that `isWanted`
 * does not hold for: their nodes need not be read. docs/decisions/0024-lists-of-pools-jobs-and-schedules.md
 */
export async function listPools(
  services: Pick<Services, 'table'>,
  request: ListRequest,
  { id, isWanted = () => true }: { readonly id: 'id' | 'poolId'; isWanted?(pool: Pool): boolean },
): Promise<ItemPage<PoolWithNodes>> {
  const where = request.filter && toCondition(request.filter, poolColumns);
  const { partitions, ...rest } = await (where === undefined
    ? readListed(services, request, id)
    : readPossible(services, request, id, where));
  const found = await mapInGroups(partitions, poolsAtOnce, async (partition) => {
    const head = await services.table.get(partition, headRow);
    // The list also names pools that only jobs speak of.
    const pool = head && fromPoolHead(head);
    return pool && isWanted(pool) ? { pool, nodeStates: await loadNodeStates(services, pool) } : undefined;
  });
  return { ...rest, items: found.filter((pool) => pool !== undefined) };
}

type PartitionPage = Omit<RowPage, 'rows'> & { readonly partitions: readonly string[] };

/** The partitions of a page of the list of pools. */
async function readListed(
  { table }: Pick<Services, 'table'>,
  { filter, ...page }: ListRequest,
  id: string,
): Promise<PartitionPage> {
  const { rows, ...rest } = await readRows(table, poolListPartition, toKeyRange(filter, id, ''), page);
  return { ...rest, partitions: rows.map(({ row }) => poolPartition(row)) };
}

/** The partitions of a page of all pools, without those that the columns of their heads rule out. */
async function readPossible(
  { table }: Pick<Services, 'table'>,
  { filter, ...page }: ListRequest,
  id: string,
  where: Condition,
): Promise<PartitionPage> {
  const range = toKeyRange(filter, id, poolPartitionPrefix);
  const { rows, ...rest } = await readAcross(
    table,
    { partitions: range, row: headRow, columns: columnsIn(where) },
    page,
  );
  // Looked at here and not in the table: heads that an earlier version wrote lack the columns.
  const possible = rows.filter(({ values }) => mayBeMet(where, values));
  return { ...rest, partitions: possible.map(({ partition }) => partition) };
}

/** All nodes of the pool. */
export async function loadNodes(services: Pick<Services, 'table'>, poolId: string): Promise<readonly Node[]> {
  return (await readNodeRows(services, poolId, nodeRange)).map(fromNode);
}

async function loadNodeStates(services: Pick<Services, 'table'>, pool: Pool): Promise<readonly NodeState[]> {
  const poolId = pool.definition.id;
  if (pool.nodesHaveColumns !== true) return (await loadNodes(services, poolId)).map(({ state }) => state);
  return (await readNodeRows(services, poolId, { ...nodeRange, columns: countedColumns })).map(fromCountedColumns);
}

async function readNodeRows(
  { table }: Pick<Services, 'table'>,
  poolId: string,
  query: RowQuery,
): Promise<readonly Entity[]> {
  const rows: Entity[] = [];
  let continuation: string | undefined;
  do {
    const page = await table.query(poolPartition(poolId), query, pageSize, continuation);
    rows.push(...page.entities);
    continuation = page.continuation;
  } while (continuation !== undefined);
  return rows;
}

// Reading pools with their nodes: one, or a page of all.
import { BatchError } from '../errors.js';
import type { Node } from '../nodes/node.js';
import type { ItemPage, PageRequest } from '../rest/paging.js';
import type { Services } from '../services.js';
import type { Entity } from '../tables/table.js';
import type { Pool } from './pool.js';
import { fromNode, fromPoolHead, headRow, nodeRange, poolListPartition, poolPartition } from './pool-rows.js';

export type PoolWithNodes = { readonly pool: Pool; readonly nodes: readonly Node[] };
export type StoredPool = { readonly pool: Pool; readonly etag: string };

const pageSize = 1000;

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

/** The pool and all its nodes. Throws PoolNotFound. */
export async function loadPool(services: Pick<Services, 'table'>, poolId: string): Promise<PoolWithNodes> {
  const [{ pool }, nodes] = await Promise.all([loadStoredPool(services, poolId), loadNodes(services, poolId)]);
  return { pool, nodes };
}

/** A page of all pools by id, each with its nodes. */
export async function listPools(
  services: Pick<Services, 'table'>,
  { limit, continuation }: PageRequest,
): Promise<ItemPage<PoolWithNodes>> {
  const page = await services.table.query(poolListPartition, {}, limit, continuation);
  const found = await Promise.all(page.entities.map((key) => loadIfThere(services, key)));
  return {
    items: found.filter((pool): pool is PoolWithNodes => pool !== undefined),
    ...(page.continuation === undefined ? {} : { continuation: page.continuation }),
  };
}

// The list also names pools that only jobs speak of.
async function loadIfThere(services: Pick<Services, 'table'>, key: Entity): Promise<PoolWithNodes | undefined> {
  const head = await services.table.get(poolPartition(key.row), headRow);
  if (head === undefined) return undefined;
  return { pool: fromPoolHead(head), nodes: await loadNodes(services, key.row) };
}

async function loadNodes({ table }: Pick<Services, 'table'>, poolId: string): Promise<readonly Node[]> {
  const nodes: Node[] = [];
  let continuation: string | undefined;
  do {
    const page = await table.query(poolPartition(poolId), nodeRange, pageSize, continuation);
    nodes.push(...page.entities.map(fromNode));
    continuation = page.continuation;
  } while (continuation !== undefined);
  return nodes;
}

// A pool's partition: `head`, one `job:` row per job with business here, one `node:` row per node, and `event:` rows for events owed.
// It exists before and after its pool does, as long as a job names it.
import type { Node } from '../nodes/node.js';
import { fromDocument, toDocument } from '../tables/document.js';
import type { Entity, EntityValues, RowRange } from '../tables/table.js';
import type { JobRef, Pool } from './pool.js';

export const headRow = 'head';
/** Pool ids are case-insensitive, so keys are lower case. */
export const poolPartition = (poolId: string): string => `pool:${poolId.toLowerCase()}`;
/** Head, jobs and nodes, without the events owed. */
export const passRange: RowRange = { from: headRow, below: 'node;' };
export const nodeRange: RowRange = { from: 'node:', below: 'node;' };
export const nodeRow = (nodeId: string): string => `node:${nodeId}`;
export const jobRefRow = (jobId: string): string => `job:${jobId.toLowerCase()}`;

export const toPoolHead = (pool: Pool): EntityValues => toDocument('pool', pool);
export function fromPoolHead(entity: Entity): Pool {
  const pool = fromDocument<Omit<Pool, 'joinKeys' | 'orderSecret'> & Partial<Pool>>('pool', entity.values);
  // A pool that was added before machines joined with keys has none: nobody can join it until one is made by rotation.
  return { ...pool, joinKeys: pool.joinKeys ?? [], orderSecret: pool.orderSecret ?? '' };
}

export const toNode = (node: Node): EntityValues => toDocument('node', node);
export const fromNode = (entity: Entity): Node => fromDocument<Node>('node', entity.values);

export const toJobRef = (ref: JobRef): EntityValues => toDocument('ref', ref);
export const fromJobRef = (entity: Entity): JobRef => fromDocument<JobRef>('ref', entity.values);

/** Partition of the list of all pools, and of pool ids that jobs name: keys only, `exists` tells which are pools. The sweep goes through it. */
export const poolListPartition = 'pools';

// A pool's partition: `head`, one `job:` row per job with business here, one `node:` row per node, and `event:` rows for events owed.
// It exists before and after its pool does, as long as a job names it.
import { toNodeColumns } from '../nodes/node-columns.js';
import type { Node } from '../nodes/node.js';
import { fromDocument, toDocument } from '../tables/document.js';
import type { Entity, EntityValues, RowRange } from '../tables/table.js';
import { toPoolColumns } from './pool-columns.js';
import type { JobRef, Pool } from './pool.js';

export const headRow = 'head';
/**
 * Stands beside the head for whoever wants to know that there is a pool without changing it: passes save the head by the etag that they read.
 * Outside of what a pass reads. It may be missing, as in pools of earlier versions: nothing but a request depends on it.
 */
export const existsRow = 'exists';
/** Pool ids are case-insensitive, so keys are lower case. */
export const poolPartition = (poolId: string): string => `${poolPartitionPrefix}${poolId.toLowerCase()}`;
export const poolPartitionPrefix = 'pool:';
/** Head, jobs and nodes, without the events owed. */
export const passRange: RowRange = { from: headRow, below: 'node;' };
export const nodeRange: RowRange = { from: 'node:', below: 'node;' };
export const nodeRow = (nodeId: string): string => `node:${nodeId}`;
export const jobRefRange: RowRange = { from: 'job:', below: 'job;' };
export const jobRefRow = (jobId: string): string => `job:${jobId.toLowerCase()}`;

// Outside of the document, so that a version that writes nodes without columns loses the mark with its next change of the pool, as it loses
// the columns of the head: it always writes the whole row.
export function toPoolHead({ nodesHaveColumns, ...pool }: Pool): EntityValues {
  return { ...toDocument('pool', pool), ...toPoolColumns(pool), ...(nodesHaveColumns && { nodesHaveColumns }) };
}
export function fromPoolHead(entity: Entity): Pool {
  const pool = fromDocument<Omit<Pool, 'joinKeys' | 'orderSecret'> & Partial<Pool>>('pool', entity.values);
  // A pool that was added before machines joined with keys has none: nobody can join it until one is made by rotation.
  const whole = { ...pool, joinKeys: pool.joinKeys ?? [], orderSecret: pool.orderSecret ?? '' };
  return entity.values['nodesHaveColumns'] === true ? { ...whole, nodesHaveColumns: true } : whole;
}

export const toNode = (node: Node): EntityValues => ({ ...toDocument('node', node), ...toNodeColumns(node) });
export const fromNode = (entity: Entity): Node => fromDocument<Node>('node', entity.values);

export const toJobRef = (ref: JobRef): EntityValues => toDocument('ref', ref);
export const fromJobRef = (entity: Entity): JobRef => fromDocument<JobRef>('ref', entity.values);

/** Partition of the list of all pools, and of pool ids that jobs name: keys only, `exists` tells which are pools. The sweep goes through it. */
export const poolListPartition = 'pools';

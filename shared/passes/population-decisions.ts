// Step 3 of a pass: the pool has the nodes that are wanted. Their ids are the controller's; whoever provides them is told a snapshot.
import { hashOf } from '../hash.js';
import type { Node } from '../nodes/node.js';
import type { Capacity } from '../nodes/node-messages.js';
import { isReasked, type Draft } from './draft.js';

/** Adds node rows up to the pool's target, and shows the pool steady once all of them have joined. */
export function populatePool(draft: Draft): void {
  const { pool } = draft;
  if (pool?.state !== 'active') return;
  let next = pool;
  while (draft.nodes.size < pool.definition.targetDedicatedNodes) {
    const node = newNode(pool.incarnation, pool.definition.id, next.nextNodeNumber, draft.at);
    draft.nodes.set(node.id, node);
    next = { ...next, nextNodeNumber: next.nextNodeNumber + 1 };
    draft.tellCapacity = true;
  }
  const waiting = [...draft.nodes.values()].some((node) => node.state === 'creating');
  const allocationState = waiting ? 'resizing' : 'steady';
  if (next.allocationState !== allocationState) {
    next = { ...next, allocationState, allocationStateTransitionTime: draft.at };
  }
  draft.pool = next;
  if ([...draft.nodes.values()].some((node) => isReasked(draft, node.allocationTime))) draft.tellCapacity = true;
}

function newNode(incarnation: string, poolId: string, number: number, at: string): Node {
  return {
    // Shaped as Batch's ids of dedicated nodes.
    id: `tvmps_${hashOf(incarnation, number)}_d`,
    poolId,
    state: 'creating',
    stateTransitionTime: at,
    allocationTime: at,
    epoch: 0,
    imageEpoch: 0,
    sequence: 0,
    leases: [],
    totalTasksRun: 0,
    totalTasksSucceeded: 0,
  };
}

/** What the provisioner is to be told, if anything: the wanted nodes, none of a pool that is going. */
export function toCapacity({ pool, nodes, tellCapacity }: Draft): Capacity | undefined {
  if (pool === undefined || !tellCapacity) return undefined;
  const { id, taskSlotsPerNode } = pool.definition;
  return { poolId: id, incarnation: pool.incarnation, nodeIds: [...nodes.keys()].sort(), taskSlotsPerNode };
}

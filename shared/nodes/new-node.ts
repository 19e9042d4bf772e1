// A node of which nothing was heard yet.
import type { Node } from './node.js';

/** `at`: ISO 8601 UTC. */
export function newNode(poolId: string, id: string, at: string): Node {
  return {
    id,
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

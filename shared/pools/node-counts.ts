// How many nodes of each pool are in each state, as Batch's JSON has it (PoolNodeCounts).
// https://learn.microsoft.com/rest/api/batchservice/account/list-pool-node-counts
import type { NodeState } from '../nodes/node.js';
import { filterable, type FilterTable } from '../rest/odata-filter.js';
import type { PoolWithNodes } from './read-pools.js';

export const nodeCountFilters = { poolId: { ...filterable.choice, operators: ['eq'] } } as const satisfies FilterTable;

/** Batch's name of each count; it never has preempted nodes here, as there are no low-priority ones. */
const names: Readonly<Record<NodeState, string>> = {
  creating: 'creating',
  idle: 'idle',
  offline: 'offline',
  rebooting: 'rebooting',
  reimaging: 'reimaging',
  running: 'running',
  starting: 'starting',
  starttaskfailed: 'startTaskFailed',
  leavingpool: 'leavingPool',
  unknown: 'unknown',
  unusable: 'unusable',
  waitingforstarttask: 'waitingForStartTask',
};

export function toNodeCounts({ pool, nodeStates }: PoolWithNodes): Record<string, unknown> {
  const count = (states: readonly NodeState[]): Record<string, number> => {
    const counts: Record<string, number> = { preempted: 0 };
    for (const name of Object.values(names)) counts[name] = 0;
    for (const state of states) counts[names[state]] = (counts[names[state]] ?? 0) + 1;
    return { ...counts, total: states.length };
  };
  return { poolId: pool.definition.id, dedicated: count(nodeStates), lowPriority: count([]) };
}

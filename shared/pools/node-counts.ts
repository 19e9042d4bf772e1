// How many nodes of each pool are in each state, as Batch's JSON has it (PoolNodeCounts).
// https://learn.microsoft.com/rest/api/batchservice/account/list-pool-node-counts
import type { Shown } from '../rest/answer-types.js';
import type { poolNodeCounts } from './pool-schema.js';
import type { NodeState } from '../nodes/node.js';
import { filterable, type FilterTable } from '../rest/odata-filter.js';
import type { PoolWithNodes } from './read-pools.js';

export const nodeCountFilters = { poolId: { ...filterable.choice, operators: ['eq'] } } as const satisfies FilterTable;

type Counts = Shown<typeof poolNodeCounts>['dedicated'];

/** Batch's name of each count; it never has preempted nodes here, as there are no low-priority ones. */
const names: Readonly<Record<NodeState, Exclude<keyof Counts, 'preempted' | 'total'>>> = {
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

const none: Counts = {
  creating: 0,
  idle: 0,
  offline: 0,
  preempted: 0,
  rebooting: 0,
  reimaging: 0,
  running: 0,
  starting: 0,
  startTaskFailed: 0,
  leavingPool: 0,
  unknown: 0,
  unusable: 0,
  waitingForStartTask: 0,
  total: 0,
};

export function toNodeCounts({ pool, nodeStates }: PoolWithNodes): Shown<typeof poolNodeCounts> {
  const dedicated = { ...none, total: nodeStates.length };
  for (const state of nodeStates) dedicated[names[state]] += 1;
  return { poolId: pool.definition.id, dedicated, lowPriority: none };
}

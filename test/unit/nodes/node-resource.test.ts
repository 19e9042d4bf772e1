// How a node is shown.
import { describe, expect, test } from 'vitest';
import { nodeFilters, nodeProperties } from '../../../shared/nodes/node-filters.js';
import { toNodeResource } from '../../../shared/nodes/node-resource.js';
import type { Node } from '../../../shared/nodes/node.js';
import { parsePoolAdd } from '../../../shared/pools/pool-body.js';
import type { Pool } from '../../../shared/pools/pool.js';

const at = '2026-01-31T12:00:00.000Z';
const pool: Pool = {
  definition: parsePoolAdd({ id: 'P', vmSize: 'small' }),
  incarnation: 'i',
  creationTime: at,
  lastModified: at,
  state: 'active',
  stateTransitionTime: at,
  allocationState: 'steady',
  allocationStateTransitionTime: at,
  watchingSince: at,
  nextNodeNumber: 1,
  joinKeys: [],
  orderSecret: '',
};
const created: Node = {
  id: 'n1',
  poolId: 'P',
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
const lease = { jobId: 'J', incarnation: 'i', taskId: 't', runId: 'r' };
const running: Node = {
  ...created,
  state: 'running',
  lastBootTime: at,
  agentVersion: '0.1.0',
  leases: [
    { ...lease, slots: 1 },
    { ...lease, runId: 's', slots: 3 },
  ],
  totalTasksRun: 5,
  totalTasksSucceeded: 2,
};

describe('a node', () => {
  test('has neither boot time nor agent before it has joined', () => {
    expect(toNodeResource(created, pool, 'http://h:1')).toEqual({
      id: 'n1',
      url: 'http://h:1/pools/P/nodes/n1',
      state: 'creating',
      schedulingState: 'enabled',
      stateTransitionTime: at,
      allocationTime: at,
      affinityId: 'TVM:n1',
      vmSize: 'small',
      totalTasksRun: 0,
      runningTasksCount: 0,
      runningTaskSlotsCount: 0,
      totalTasksSucceeded: 0,
      isDedicated: true,
    });
  });

  test('counts the tasks that it has and had, and the slots they take', () => {
    expect(toNodeResource(running, pool, 'http://h')).toMatchObject({
      state: 'running',
      lastBootTime: at,
      runningTasksCount: 2,
      runningTaskSlotsCount: 4,
      totalTasksRun: 5,
      totalTasksSucceeded: 2,
      nodeAgentInfo: { version: '0.1.0', lastUpdateTime: at },
    });
  });

  test('has only properties that can be selected, and every filter speaks of one', () => {
    const names: readonly string[] = nodeProperties;
    expect(Object.keys(toNodeResource(running, pool, '')).filter((name) => !names.includes(name))).toEqual([]);
    expect(Object.keys(nodeFilters).filter((name) => !names.includes(name.split('/')[0] ?? ''))).toEqual([]);
  });
});

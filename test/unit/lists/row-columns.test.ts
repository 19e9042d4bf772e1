// The columns of rows against what the lists show: whatever passes a filter must meet the condition that the table is asked.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toPreparationAndReleaseStatus } from '../../../shared/job-nodes/job-node-resource.js';
import { jobNodeColumns } from '../../../shared/job-nodes/job-node-columns.js';
import { preparationAndReleaseFilters } from '../../../shared/job-nodes/job-node-filters.js';
import type { JobNode, Preparation, Release } from '../../../shared/job-nodes/job-node.js';
import type { Job } from '../../../shared/jobs/job.js';
import { toJobNode } from '../../../shared/jobs/job-rows.js';
import { nodeColumns } from '../../../shared/nodes/node-columns.js';
import { nodeFilters } from '../../../shared/nodes/node-filters.js';
import { toNodeResource } from '../../../shared/nodes/node-resource.js';
import type { Node, NodeStartTask } from '../../../shared/nodes/node.js';
import { poolColumns } from '../../../shared/pools/pool-columns.js';
import { poolFilters } from '../../../shared/pools/pool-filters.js';
import { toPoolResource } from '../../../shared/pools/pool-resource.js';
import { toNode, toPoolHead } from '../../../shared/pools/pool-rows.js';
import type { Pool } from '../../../shared/pools/pool.js';
import { toNewPool } from '../../../shared/pools/new-pool.js';
import { toCondition, type FilterColumns } from '../../../shared/rest/filter-columns.js';
import { parseFilter, type FilterTable } from '../../../shared/rest/odata-filter.js';
import { matchesFilter } from '../../../shared/rest/odata-match.js';
import { isMet } from '../../../shared/tables/condition.js';
import type { EntityValues } from '../../../shared/tables/table.js';
import { taskColumns } from '../../../shared/tasks/task-columns.js';
import { taskFilters } from '../../../shared/tasks/task-filters.js';
import { toTaskResource } from '../../../shared/tasks/task-resource.js';
import { toTaskRow } from '../../../shared/tasks/task-rows.js';
import type { Task } from '../../../shared/tasks/task.js';
import { jobDefinition, poolDefinition, taskDefinition } from '../../helpers/definitions.js';

const instants = ['2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.001Z', '2026-01-02T00:00:00.000Z'] as const;
const instant = fc.constantFrom(...instants);
const exitCode = fc.constantFrom(0, 1, -1, 255);
const result = fc.constantFrom('success' as const, 'failure' as const);
const optional = { requiredKeys: [] };

const task: fc.Arbitrary<Task> = fc
  .record({
    state: fc.constantFrom('active' as const, 'preparing' as const, 'running' as const, 'completed' as const),
    stateTransitionTime: instant,
    creationTime: instant,
    lastModified: instant,
    times: fc.record({ startTime: instant, endTime: instant, exitCode, result }, optional),
  })
  .map(({ times, ...rest }) => ({
    ...rest,
    jobId: 'J',
    definition: taskDefinition('t1'),
    order: 1,
    execution: { retryCount: 0, requeueCount: 0, ...times },
  }));

const ordered = { runId: 'r', orderedAt: instants[0], heard: true };
const run: fc.Arbitrary<Preparation> = fc.oneof(
  fc.constant({ state: 'none' as const }),
  fc.constant({ state: 'ordered' as const, ...ordered }),
  instant.map((startTime) => ({ state: 'running' as const, ...ordered, startTime, retryCount: 0 })),
  fc
    .record(
      { startTime: instant, endTime: instant, result, exitCode },
      { requiredKeys: ['startTime', 'endTime', 'result'] },
    )
    .map((outcome) => ({ state: 'completed' as const, ...ordered, ...outcome, retryCount: 0 })),
);
const release: fc.Arbitrary<Release> = fc.oneof(
  run,
  fc.constant({ state: 'waived' as const, reason: 'nodeLost' as const, at: instants[0] }),
);
const attempt = fc
  .record({
    kind: fc.constantFrom('preparation' as const, 'release' as const),
    startTime: instant,
    endTime: instant,
    result: fc.constantFrom('success' as const, 'failure' as const, 'interrupted' as const),
    exitCode,
  })
  .map((each) => ({ ...each, attempt: 1, retry: 0, runId: 'r' }));
const jobNode: fc.Arbitrary<JobNode> = fc
  .record({
    nodeId: fc.constantFrom('n1', 'N2'),
    preparation: run,
    release,
    attempts: fc.array(attempt, { maxLength: 2 }),
  })
  .map((rest) => ({
    ...rest,
    jobId: 'J',
    incarnation: 'i',
    poolId: 'P',
    epoch: 1,
    imageEpoch: 1,
    preparationAttempts: 1,
    releaseAttempts: 0,
    runs: [],
    taskStarted: true,
  }));

const job: Job = {
  definition: jobDefinition(),
  incarnation: 'i',
  creationTime: instants[0],
  lastModified: instants[0],
  state: 'active',
  stateTransitionTime: instants[0],
  nextTaskOrder: 1,
  openTasks: 0,
  everAssigned: true,
};
const seed = { incarnation: 'i', joinKey: { id: 'k', secret: 's' }, orderSecret: 'o' };
const pool = toNewPool(poolDefinition(), seed, new Date(instants[0]));

const startTask: fc.Arbitrary<NodeStartTask | undefined> = run.map((each) =>
  each.state === 'none' ? undefined : { epoch: 1, attempt: 1, definitionHash: 'h', waitForSuccess: true, run: each },
);
const node: fc.Arbitrary<Node> = fc
  .record({
    state: fc.constantFrom('idle' as const, 'running' as const, 'creating' as const),
    stateTransitionTime: instant,
    allocationTime: instant,
    lastBootTime: fc.option(instant, { nil: undefined }),
    startTask,
  })
  .map(({ lastBootTime, startTask: started, ...rest }) => ({
    ...rest,
    ...(lastBootTime !== undefined && { lastBootTime }),
    ...(started && { startTask: started }),
    id: 'n1',
    poolId: 'P',
    epoch: 1,
    imageEpoch: 1,
    sequence: 1,
    leases: [],
    totalTasksRun: 0,
    totalTasksSucceeded: 0,
  }));

const somePool: fc.Arbitrary<Pool> = fc
  .record({
    state: fc.constantFrom('active' as const, 'deleting' as const),
    stateTransitionTime: instant,
    allocationState: fc.constantFrom('steady' as const, 'resizing' as const, 'stopping' as const),
    allocationStateTransitionTime: instant,
    creationTime: instant,
    lastModified: instant,
    definition: fc
      .record({ vmSize: fc.constantFrom('small', 'Large'), enableInterNodeCommunication: fc.boolean() }, optional)
      .map((rest) => poolDefinition(rest)),
  })
  .map((changes) => ({ ...pool, ...changes }));

/** Comparisons with every property and operator of the list, joined in any way. */
function filtersOf(table: FilterTable): fc.Arbitrary<string> {
  const texts = [
    'active',
    'completed',
    'steady',
    'LARGE',
    'running',
    'Success',
    'failure',
    'n1',
    'n2',
    'p',
    'idle',
    '',
  ];
  const literals = {
    text: texts.map((text) => `'${text}'`),
    instant: instants.map((text) => `DateTime'${text}'`),
    number: ['0', '1', '-1', '2'],
    boolean: ['true', 'false'],
  };
  const comparison = fc
    .constantFrom(...Object.entries(table))
    .chain(([name, { kind, operators }]) =>
      fc
        .tuple(fc.constantFrom(...operators), fc.constantFrom(...literals[kind]))
        .map(([operator, literal]) =>
          operator === 'startswith' ? `startswith(${name},${literal})` : `${name} ${operator} ${literal}`,
        ),
    );
  return fc
    .tuple(fc.array(comparison, { minLength: 1, maxLength: 4 }), fc.constantFrom('and', 'or'))
    .map(([parts, word]) => parts.join(` ${word} `));
}

describe('a row that passes a filter meets the condition that its table is asked:', () => {
  type Case<Item> = {
    readonly items: fc.Arbitrary<Item>;
    readonly filters: FilterTable;
    readonly columns: FilterColumns;
    toRow(item: Item): EntityValues;
    toResource(item: Item): object | undefined;
  };
  const check = <Item>({ items, filters, columns, toRow, toResource }: Case<Item>): void => {
    let passed = 0;
    fc.assert(
      fc.property(items, filtersOf(filters), (item, expression) => {
        const filter = parseFilter(expression, filters);
        const resource = toResource(item);
        const where = toCondition(filter, columns);
        if (resource === undefined || where === undefined || !matchesFilter(filter, resource)) return;
        passed += 1;
        expect(isMet(where, toRow(item))).toBe(true);
      }),
      { numRuns: 2000 },
    );
    expect(passed).toBeGreaterThan(100);
  };

  test('a task', () =>
    check({
      items: task,
      filters: taskFilters,
      columns: taskColumns,
      toRow: toTaskRow,
      toResource: (each) => toTaskResource(each, { baseUrl: '' }),
    }));

  test('a node', () =>
    check({
      items: node,
      filters: nodeFilters,
      columns: nodeColumns,
      toRow: toNode,
      toResource: (each) => toNodeResource(each, pool, ''),
    }));

  test('a pool', () =>
    check({
      items: somePool,
      filters: poolFilters,
      columns: poolColumns,
      toRow: toPoolHead,
      toResource: (each) => toPoolResource(each, 0, ''),
    }));

  test('a node of a job', () =>
    check({
      items: jobNode,
      filters: preparationAndReleaseFilters,
      columns: jobNodeColumns,
      toRow: toJobNode,
      toResource: (each) => toPreparationAndReleaseStatus(each, job, ''),
    }));
});

// Tasks, nodes, nodes of jobs and pools in every state that their lists are filtered by, and filters.
import fc from 'fast-check';
import type { JobNode, Preparation, Release } from '../../../shared/job-nodes/job-node.js';
import type { JobSchedule } from '../../../shared/job-schedules/job-schedule.js';
import type { Job } from '../../../shared/jobs/job.js';
import type { Node, NodeStartTask } from '../../../shared/nodes/node.js';
import type { Pool } from '../../../shared/pools/pool.js';
import { toNewPool } from '../../../shared/pools/new-pool.js';
import { type FilterTable } from '../../../shared/rest/odata-filter.js';
import type { Task } from '../../../shared/tasks/task.js';
import { jobDefinition, jobScheduleDefinition, poolDefinition, taskDefinition } from '../../helpers/definitions.js';

const instants = ['2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.001Z', '2026-01-02T00:00:00.000Z'] as const;
const instant = fc.constantFrom(...instants);
const exitCode = fc.constantFrom(0, 1, -1, 255);
const result = fc.constantFrom('success' as const, 'failure' as const);
const optional = { requiredKeys: [] };

export const task: fc.Arbitrary<Task> = fc
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
export const jobNode: fc.Arbitrary<JobNode> = fc
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

export const job: Job = {
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
export const pool = toNewPool(poolDefinition(), seed, new Date(instants[0]));

const startTask: fc.Arbitrary<NodeStartTask | undefined> = run.map((each) =>
  each.state === 'none' ? undefined : { epoch: 1, attempt: 1, definitionHash: 'h', waitForSuccess: true, run: each },
);
export const node: fc.Arbitrary<Node> = fc
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

export const somePool: fc.Arbitrary<Pool> = fc
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
export function filtersOf(table: FilterTable): fc.Arbitrary<string> {
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

export const someJob: fc.Arbitrary<Job> = fc
  .record({
    state: fc.constantFrom('active' as const, 'disabled' as const, 'terminating' as const, 'completed' as const),
    stateTransitionTime: instant,
    creationTime: instant,
    lastModified: instant,
    endTime: instant,
  })
  .map(({ endTime, ...rest }) => ({ ...job, ...rest, ...(rest.state === 'completed' && { endTime }) }));

export const someSchedule = (id: string): fc.Arbitrary<JobSchedule> =>
  fc
    .record({
      state: fc.constantFrom('active' as const, 'completed' as const, 'disabled' as const),
      stateTransitionTime: instant,
      creationTime: instant,
      lastModified: instant,
      endTime: instant,
      schedule: fc.record({ doNotRunUntil: instant, doNotRunAfter: instant }, optional),
    })
    .map(({ endTime, schedule, ...rest }) => ({
      ...rest,
      ...(rest.state === 'completed' && { endTime }),
      incarnation: 'i',
      definition: jobScheduleDefinition({ id, schedule }),
    }));

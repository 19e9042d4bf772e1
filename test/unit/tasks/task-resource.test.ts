// What Add Task accepts, fills in and refuses, and how a task is shown.
import { describe, expect, test } from 'vitest';
import { etagOf } from '../../../shared/rest/etag.js';
import { taskFilters, taskProperties } from '../../../shared/tasks/task-filters.js';
import type { FailureInfo } from '../../../shared/tasks/run-definition.js';
import { parseTaskAdd, toTaskResource } from '../../../shared/tasks/task-resource.js';
import type { Task } from '../../../shared/tasks/task.js';
import { refusalOf } from '../rest/refusal.js';

const least = { id: 't1', commandLine: 'echo' };
const unlimited = 'P10675199DT2H48M5.4775807S';

describe('adding a task', () => {
  test("fills in what Batch fills in, with the job's retry count", () => {
    expect(parseTaskAdd(least, 4)).toEqual({
      id: 't1',
      commandLine: 'echo',
      environmentSettings: [],
      constraints: { retentionMs: 604_800_000, maxTaskRetryCount: 4 },
      requiredSlots: 1,
      userIdentity: { autoUser: { scope: 'pool', elevationLevel: 'nonadmin' } },
    });
  });

  test('prefers its own retry count to that of the job', () => {
    expect(parseTaskAdd({ ...least, constraints: { maxTaskRetryCount: 0 } }, 4).constraints.maxTaskRetryCount).toBe(0);
    expect(parseTaskAdd({ ...least, constraints: { maxWallClockTime: 'PT1M' } }, 4).constraints).toEqual({
      maxWallClockMs: 60_000,
      retentionMs: 604_800_000,
      maxTaskRetryCount: 4,
    });
  });

  test('lets through what is empty of the things that are not supported', () => {
    const empty = {
      resourceFiles: [],
      outputFiles: [],
      dependsOn: { taskIds: [] },
      applicationPackageReferences: [],
      exitConditions: null,
      affinityInfo: {},
    };
    expect(parseTaskAdd({ ...least, ...empty }, 0)).toEqual(parseTaskAdd(least, 0));
  });

  test.each([
    ['no command', { id: 't' }, 'MissingRequiredProperty', 'commandLine'],
    ['no id', { commandLine: 'c' }, 'MissingRequiredProperty', 'id'],
    ['a bad id', { ...least, id: 'a/b' }, 'InvalidPropertyValue', 'id'],
    ['no slots', { ...least, requiredSlots: 0 }, 'InvalidPropertyValue', 'requiredSlots'],
    ['more slots than any node has', { ...least, requiredSlots: 257 }, 'InvalidPropertyValue', 'requiredSlots'],
    [
      'a negative duration',
      { ...least, constraints: { retentionTime: '-P1D' } },
      'InvalidPropertyValue',
      'retentionTime',
    ],
    ['resource files without a source', { ...least, resourceFiles: [{}] }, 'InvalidPropertyValue', 'httpUrl'],
    [
      'output files for nowhere',
      { ...least, outputFiles: [{ filePattern: '*' }] },
      'MissingRequiredProperty',
      'destination',
    ],
    [
      'an unknown action',
      { ...least, exitConditions: { default: { jobAction: 'explode' } } },
      'InvalidPropertyValue',
      'jobAction',
    ],
    [
      'a range of exit codes that ends before it starts',
      { ...least, exitConditions: { exitCodeRanges: [{ start: 2, end: 1, exitOptions: {} }] } },
      'InvalidPropertyValue',
      'end',
    ],
    [
      'an exit code without options',
      { ...least, exitConditions: { exitCodes: [{ code: 1 }] } },
      'MissingRequiredProperty',
      'exitOptions',
    ],
    ['a dependency that is no id', { ...least, dependsOn: { taskIds: ['a b'] } }, 'InvalidPropertyValue', 'taskIds'],
    [
      'a range of ids that ends before it starts',
      { ...least, dependsOn: { taskIdRanges: [{ start: 2, end: 1 }] } },
      'InvalidPropertyValue',
      'end',
    ],
    [
      'dependencies of more than 64,000 characters',
      { ...least, dependsOn: { taskIds: Array.from({ length: 1001 }, () => 'x'.repeat(64)) } },
      'TaskDependencyListTooLong',
      'taskIds',
    ],
    [
      'more ranges than can be kept',
      { ...least, dependsOn: { taskIdRanges: Array.from({ length: 1001 }, (_, n) => ({ start: n, end: n })) } },
      'TaskDependencyRangesTooLong',
      'taskIdRanges',
    ],
    ['a container', { ...least, containerSettings: { imageName: 'i' } }, 'UnsupportedProperty', 'containerSettings'],
    [
      'instances',
      { ...least, multiInstanceSettings: { coordinationCommandLine: 'c' } },
      'UnsupportedProperty',
      'multiInstanceSettings',
    ],
    [
      'packages',
      { ...least, applicationPackageReferences: [{ applicationId: 'a' }] },
      'UnsupportedProperty',
      'applicationPackageReferences',
    ],
    [
      'a token',
      { ...least, authenticationTokenSettings: { access: ['job'] } },
      'UnsupportedProperty',
      'authenticationTokenSettings',
    ],
    ['an unknown property', { ...least, colour: 'red' }, 'UnsupportedProperty', 'colour'],
  ])('refuses %s by name', (_, body, code, propertyName) => {
    const refusal = refusalOf(() => parseTaskAdd(body, 0));
    expect([refusal.code, refusal.values['PropertyName']]).toEqual([code, propertyName]);
  });
});

const task: Task = {
  jobId: 'J',
  definition: parseTaskAdd(
    {
      ...least,
      displayName: 'One',
      environmentSettings: [{ name: 'A', value: '1' }],
      constraints: { maxWallClockTime: 'PT2H' },
    },
    2,
  ),
  order: 1,
  creationTime: '2026-01-31T12:00:00.000Z',
  lastModified: '2026-01-31T12:00:00.000Z',
  state: 'active',
  stateTransitionTime: '2026-01-31T12:00:00.000Z',
  execution: { retryCount: 0, requeueCount: 0 },
};
const baseUrl = 'http://h:1';

describe('a task', () => {
  test('is shown with every default while it waits', () => {
    expect(toTaskResource(task, { baseUrl })).toEqual({
      id: 't1',
      displayName: 'One',
      url: 'http://h:1/jobs/J/tasks/t1',
      eTag: etagOf(task.lastModified),
      creationTime: task.creationTime,
      lastModified: task.lastModified,
      state: 'active',
      stateTransitionTime: task.stateTransitionTime,
      commandLine: 'echo',
      environmentSettings: [{ name: 'A', value: '1' }],
      userIdentity: { autoUser: { scope: 'pool', elevationLevel: 'nonadmin' } },
      constraints: { maxWallClockTime: 'PT2H', retentionTime: 'P7D', maxTaskRetryCount: 2 },
      requiredSlots: 1,
      executionInfo: { retryCount: 0, requeueCount: 0 },
    });
    expect(toTaskResource({ ...task, definition: parseTaskAdd(least, 0) }, { baseUrl })).toMatchObject({
      constraints: { maxWallClockTime: unlimited },
    });
  });

  test('is shown with its node and its result when it has ended', () => {
    const failureInfo: FailureInfo = {
      category: 'usererror',
      code: 'FailureExitCode',
      message: 'm',
      details: [{ name: 'n', value: 'v' }],
    };
    const ended: Task = {
      ...task,
      state: 'completed',
      previousState: 'running',
      previousStateTransitionTime: '2026-01-31T12:00:01.000Z',
      assignment: { poolId: 'P', nodeId: 'n1', runId: 'r', attempt: 1 },
      execution: {
        startTime: 's',
        endTime: 'e',
        exitCode: 3,
        failureInfo,
        result: 'failure',
        retryCount: 1,
        lastRetryTime: 'l',
        requeueCount: 0,
      },
    };
    expect(toTaskResource(ended, { baseUrl })).toMatchObject({
      state: 'completed',
      previousState: 'running',
      executionInfo: {
        startTime: 's',
        endTime: 'e',
        exitCode: 3,
        failureInfo,
        result: 'failure',
        retryCount: 1,
        lastRetryTime: 'l',
        requeueCount: 0,
      },
      nodeInfo: {
        affinityId: 'TVM:n1',
        nodeUrl: 'http://h:1/pools/P/nodes/n1',
        poolId: 'P',
        nodeId: 'n1',
        taskRootDirectory: 'workitems/J/job-1/t1',
        taskRootDirectoryUrl: 'http://h:1/pools/P/nodes/n1/files/workitems/J/job-1/t1',
      },
    });
  });

  test('that is shown and added again is the same task', () => {
    const shown = JSON.parse(JSON.stringify(toTaskResource(task, { baseUrl }))) as Record<string, unknown>;
    const writable = [
      'id',
      'displayName',
      'commandLine',
      'environmentSettings',
      'constraints',
      'requiredSlots',
      'userIdentity',
    ];
    expect(parseTaskAdd(Object.fromEntries(writable.map((name) => [name, shown[name]])), 9)).toEqual(task.definition);
  });

  test('has only properties that can be selected, and every filter speaks of one', () => {
    const names: readonly string[] = taskProperties;
    expect(Object.keys(toTaskResource(task, { baseUrl })).filter((name) => !names.includes(name))).toEqual([]);
    const spokenOf = Object.entries(taskFilters).map(([name, filter]) => ('path' in filter ? filter.path : name));
    expect(spokenOf.filter((name) => !names.includes(name.split('/')[0] ?? ''))).toEqual([]);
  });
});

// What Add Job and Terminate Job accept, fill in and refuse.
import { describe, expect, test } from 'vitest';
import { parseJobAdd, parseTerminate } from '../../../shared/jobs/job-body.js';
import { refusalOf } from '../rest/refusal.js';

const least = { id: 'J', poolInfo: { poolId: 'P' } };
const withBoth = {
  ...least,
  jobPreparationTask: { commandLine: 'prepare' },
  jobReleaseTask: { commandLine: 'release' },
};

describe('adding a job', () => {
  test('fills in what Batch fills in', () => {
    expect(parseJobAdd(withBoth)).toEqual({
      id: 'J',
      priority: 0,
      maxParallelTasks: -1,
      constraints: { maxTaskRetryCount: 0 },
      jobPreparationTask: {
        id: 'jobpreparation',
        commandLine: 'prepare',
        environmentSettings: [],
        constraints: { retentionMs: 604_800_000, maxTaskRetryCount: 0 },
        waitForSuccess: true,
        rerunOnNodeRebootAfterSuccess: true,
        userIdentity: { autoUser: { scope: 'pool', elevationLevel: 'nonadmin' } },
      },
      jobReleaseTask: {
        id: 'jobrelease',
        commandLine: 'release',
        environmentSettings: [],
        maxWallClockMs: 900_000,
        retentionMs: 604_800_000,
        userIdentity: { autoUser: { scope: 'pool', elevationLevel: 'nonadmin' } },
      },
      commonEnvironmentSettings: [],
      poolId: 'P',
      onAllTasksComplete: 'noaction',
      onTaskFailure: 'noaction',
      metadata: [],
    });
  });

  test('takes everything that is supported', () => {
    const job = parseJobAdd({
      ...least,
      displayName: 'A job',
      priority: -1000,
      maxParallelTasks: -1,
      allowTaskPreemption: false,
      constraints: { maxWallClockTime: 'P10675199DT2H48M5.4775807S', maxTaskRetryCount: -1 },
      jobPreparationTask: {
        id: 'my-prep',
        commandLine: 'prepare',
        resourceFiles: [],
        environmentSettings: [{ name: 'A', value: 'b=c' }, { name: 'B' }],
        constraints: { maxWallClockTime: 'PT1M', retentionTime: 'P1Y', maxTaskRetryCount: 3 },
        waitForSuccess: false,
        rerunOnNodeRebootAfterSuccess: false,
        userIdentity: { autoUser: { scope: 'Task', elevationLevel: 'NonAdmin' } },
      },
      jobReleaseTask: { id: 'my-release', commandLine: 'r', maxWallClockTime: 'PT1S', retentionTime: 'PT0S' },
      commonEnvironmentSettings: [{ name: 'C', value: '' }],
      onAllTasksComplete: 'NoAction',
      onTaskFailure: 'noAction',
      usesTaskDependencies: false,
      networkConfiguration: null,
      metadata: [{ name: 'k', value: 'v' }],
    });
    expect(job).toMatchObject({
      displayName: 'A job',
      priority: -1000,
      constraints: { maxTaskRetryCount: -1 },
      jobPreparationTask: {
        id: 'my-prep',
        environmentSettings: [{ name: 'A', value: 'b=c' }, { name: 'B' }],
        constraints: { maxWallClockMs: 60_000, retentionMs: 365 * 86_400_000, maxTaskRetryCount: 3 },
        waitForSuccess: false,
        rerunOnNodeRebootAfterSuccess: false,
        userIdentity: { autoUser: { scope: 'task', elevationLevel: 'nonadmin' } },
      },
      jobReleaseTask: { id: 'my-release', maxWallClockMs: 1000, retentionMs: 0 },
      commonEnvironmentSettings: [{ name: 'C', value: '' }],
      metadata: [{ name: 'k', value: 'v' }],
    });
  });

  test('keeps an unlimited retention as a number that survives JSON', () => {
    const job = parseJobAdd({
      ...withBoth,
      jobReleaseTask: { commandLine: 'r', retentionTime: 'P10675199DT2H48M5.4775807S' },
    });
    expect(JSON.parse(JSON.stringify(job))).toEqual(job);
  });

  test.each([
    ['no id', { poolInfo: { poolId: 'P' } }, 'MissingRequiredProperty', 'id'],
    ['a null id', { ...least, id: null }, 'MissingRequiredProperty', 'id'],
    ['no pool', { id: 'J' }, 'MissingRequiredProperty', 'poolInfo'],
    ['an empty pool', { id: 'J', poolInfo: {} }, 'MissingRequiredProperty', 'poolId'],
    ['a preparation without command', { ...least, jobPreparationTask: {} }, 'MissingRequiredProperty', 'commandLine'],
    [
      'an unnamed variable',
      { ...least, commonEnvironmentSettings: [{ value: 'x' }] },
      'MissingRequiredProperty',
      'name',
    ],
    ['a bad id', { ...least, id: 'a b' }, 'InvalidPropertyValue', 'id'],
    ['an id that is too long', { ...least, id: 'a'.repeat(65) }, 'InvalidPropertyValue', 'id'],
    ['an empty id', { ...least, id: '' }, 'InvalidPropertyValue', 'id'],
    ['a number as id', { ...least, id: 5 }, 'InvalidPropertyValue', 'id'],
    ['a long display name', { ...least, displayName: 'x'.repeat(1025) }, 'InvalidPropertyValue', 'displayName'],
    ['a priority out of range', { ...least, priority: 1001 }, 'InvalidPropertyValue', 'priority'],
    ['a broken priority', { ...least, priority: 1.5 }, 'InvalidPropertyValue', 'priority'],
    ['a priority as text', { ...least, priority: '5' }, 'InvalidPropertyValue', 'priority'],
    [
      'a retry count below -1',
      { ...least, constraints: { maxTaskRetryCount: -2 } },
      'InvalidPropertyValue',
      'maxTaskRetryCount',
    ],
    [
      'a duration that is none',
      { ...least, constraints: { maxWallClockTime: '1h' } },
      'InvalidPropertyValue',
      'maxWallClockTime',
    ],
    ['an unknown choice', { ...least, onTaskFailure: 'explode' }, 'InvalidPropertyValue', 'onTaskFailure'],
    ['no parallel tasks', { ...least, maxParallelTasks: 0 }, 'InvalidPropertyValue', 'maxParallelTasks'],
    [
      'a NUL in a command',
      { ...least, jobPreparationTask: { commandLine: 'a\0b' } },
      'InvalidPropertyValue',
      'commandLine',
    ],
    ['a blank command', { ...least, jobPreparationTask: { commandLine: ' ' } }, 'InvalidPropertyValue', 'commandLine'],
    ["a variable with '='", { ...least, commonEnvironmentSettings: [{ name: 'A=B' }] }, 'InvalidPropertyValue', 'name'],
    [
      'a truth value as text',
      { ...least, jobPreparationTask: { commandLine: 'c', waitForSuccess: 'yes' } },
      'InvalidPropertyValue',
      'waitForSuccess',
    ],
    [
      'a release without preparation',
      { ...least, jobReleaseTask: { commandLine: 'r' } },
      'InvalidPropertyValue',
      'jobReleaseTask',
    ],
    [
      'a release over 15 minutes',
      { ...withBoth, jobReleaseTask: { commandLine: 'r', maxWallClockTime: 'PT15M1S' } },
      'InvalidPropertyValue',
      'maxWallClockTime',
    ],
    [
      'an unlimited release',
      { ...withBoth, jobReleaseTask: { commandLine: 'r', maxWallClockTime: 'P10675199DT2H48M5.4775807S' } },
      'InvalidPropertyValue',
      'maxWallClockTime',
    ],
    [
      'one id for both ends',
      { ...withBoth, jobReleaseTask: { id: 'JobPreparation', commandLine: 'r' } },
      'InvalidPropertyValue',
      'id',
    ],
    ['a metadata item without name', { ...least, metadata: [{ name: '', value: 'v' }] }, 'EmptyMetadataKey', 'name'],
    ['preemption', { ...least, allowTaskPreemption: true }, 'UnsupportedProperty', 'allowTaskPreemption'],
    ['an unknown end', { ...least, onAllTasksComplete: 'deletejob' }, 'InvalidPropertyValue', 'onAllTasksComplete'],
    [
      'a manager with a token',
      { ...least, jobManagerTask: { id: 'm', commandLine: 'c', authenticationTokenSettings: { access: ['job'] } } },
      'UnsupportedProperty',
      'authenticationTokenSettings',
    ],
    [
      'a manager with the id of the preparation',
      { ...withBoth, jobManagerTask: { id: 'JobPreparation', commandLine: 'c' } },
      'InvalidPropertyValue',
      'id',
    ],
    ['a network without subnet', { ...least, networkConfiguration: {} }, 'MissingRequiredProperty', 'subnetId'],
    [
      'a pool beside one of its own',
      {
        id: 'J',
        poolInfo: { poolId: 'P', autoPoolSpecification: { poolLifetimeOption: 'job', pool: { vmSize: 's' } } },
      },
      'InvalidPropertyValue',
      'poolId',
    ],
    ['no pool', { id: 'J', poolInfo: {} }, 'MissingRequiredProperty', 'poolId'],
    [
      'a pool that outlives the job for a schedule that there is not',
      { id: 'J', poolInfo: { autoPoolSpecification: { poolLifetimeOption: 'jobSchedule', pool: { vmSize: 's' } } } },
      'InvalidPropertyValue',
      'poolLifetimeOption',
    ],
    [
      'autoscale in a pool of its own',
      {
        id: 'J',
        poolInfo: {
          autoPoolSpecification: { poolLifetimeOption: 'job', pool: { vmSize: 's', enableAutoScale: true } },
        },
      },
      'UnsupportedProperty',
      'enableAutoScale',
    ],
    [
      'a resource file that is none',
      { ...least, jobPreparationTask: { commandLine: 'c', resourceFiles: [{ httpUrl: 'u', filePath: 'f' }] } },
      'InvalidPropertyValue',
      'httpUrl',
    ],
    [
      'a container',
      { ...withBoth, jobReleaseTask: { commandLine: 'c', containerSettings: { imageName: 'i' } } },
      'UnsupportedProperty',
      'containerSettings',
    ],
    [
      'a named user',
      { ...least, jobPreparationTask: { commandLine: 'c', userIdentity: { username: 'u' } } },
      'UnsupportedProperty',
      'username',
    ],
    ['an unknown property', { ...least, colour: 'red' }, 'UnsupportedProperty', 'colour'],
    [
      'an unknown nested property',
      { ...least, jobPreparationTask: { commandLine: 'c', colour: 1 } },
      'UnsupportedProperty',
      'colour',
    ],
    [
      'a prototype',
      JSON.parse('{"id":"J","poolInfo":{"poolId":"P"},"__proto__":{"x":1}}'),
      'UnsupportedProperty',
      '__proto__',
    ],
  ])('refuses %s by name', (_, body, code, propertyName) => {
    const refusal = refusalOf(() => parseJobAdd(body));
    expect(refusal.code).toBe(code);
    expect(refusal.values['PropertyName']).toBe(propertyName);
  });

  test('takes a manager, whose retries are the job’s unless it says so', () => {
    const manager = { id: 'm', commandLine: 'c' };
    const body = { ...least, constraints: { maxTaskRetryCount: 5 }, jobManagerTask: manager };
    expect(parseJobAdd(body).jobManagerTask).toMatchObject({
      task: { id: 'm', requiredSlots: 1, runExclusive: true, constraints: { maxTaskRetryCount: 5 } },
      killJobOnCompletion: true,
      allowLowPriorityNode: true,
    });
    expect(
      parseJobAdd({ ...body, jobManagerTask: { ...manager, constraints: { maxTaskRetryCount: 1 } } }),
    ).toMatchObject({ jobManagerTask: { task: { constraints: { maxTaskRetryCount: 1 } } } });
  });

  test('keeps limits, ends of its own and what it does not act on', () => {
    const definition = parseJobAdd({
      ...least,
      constraints: { maxWallClockTime: 'PT1H', maxTaskRetryCount: 2 },
      onAllTasksComplete: 'terminateJob',
      onTaskFailure: 'performExitOptionsJobAction',
      networkConfiguration: { subnetId: 's' },
    });
    expect(definition).toMatchObject({
      constraints: { maxWallClockMs: 3_600_000, maxTaskRetryCount: 2 },
      onAllTasksComplete: 'terminatejob',
      onTaskFailure: 'performexitoptionsjobaction',
      networkConfiguration: { subnetId: 's' },
    });
  });

  test.each([
    ['no object at all', 'text'],
    ['a list', []],
    ['nothing', undefined],
    ['text where an object belongs', { ...least, poolInfo: 'P' }],
    ['an object where a list belongs', { ...least, metadata: { name: 'k', value: 'v' } }],
    ['a number in a list of objects', { ...least, metadata: [1] }],
    ['a depth that no resource has', { ...least, metadata: Array.from({ length: 40 }).reduce((inner) => [inner], []) }],
  ])('refuses %s as a malformed body', (_, body) => {
    expect(refusalOf(() => parseJobAdd(body)).code).toBe('InvalidRequestBody');
  });

  test('tells the value it refused, cut short', () => {
    const { values } = refusalOf(() => parseJobAdd({ ...least, id: '?'.repeat(5000) }));
    expect(values['PropertyValue']).toHaveLength(257);
    expect(values['Reason']).toContain('64');
  });

  test('does not repeat the value of what is not supported, as it may be a secret', () => {
    const refusal = refusalOf(() =>
      parseJobAdd({ ...least, jobManagerTask: { id: 'm', commandLine: 'c', password: 'hunter2' } }),
    );
    expect(JSON.stringify([refusal.message, refusal.values])).not.toContain('hunter2');
  });

  test('refuses a definition that cannot be stored', () => {
    const body = { ...least, metadata: [{ name: 'k', value: 'x'.repeat(500_000) }] };
    expect(refusalOf(() => parseJobAdd(body)).code).toBe('RequestBodyTooLarge');
  });
});

describe('terminating a job', () => {
  test('takes a reason, an empty body and none', () => {
    expect(parseTerminate({ terminateReason: 'enough' })).toEqual({ terminateReason: 'enough' });
    expect(parseTerminate({})).toEqual({});
    expect(parseTerminate(undefined)).toEqual({});
  });

  test.each([
    ['a reason that is no text', { terminateReason: 1 }, 'InvalidPropertyValue'],
    ['a reason that fills a row', { terminateReason: 'x'.repeat(2000) }, 'InvalidPropertyValue'],
    ['something else', { reason: 'x' }, 'UnsupportedProperty'],
  ])('refuses %s', (_, body, code) => {
    expect(refusalOf(() => parseTerminate(body)).code).toBe(code);
  });
});

// What a client may say of a job schedule, and how it is shown.
import { describe, expect, test } from 'vitest';
import { BatchError } from '../../../shared/errors.js';
import {
  parseJobScheduleAdd,
  parseJobSchedulePatch,
  parseJobScheduleUpdate,
} from '../../../shared/job-schedules/job-schedule-body.js';
import { toJobScheduleResource } from '../../../shared/job-schedules/job-schedule-resource.js';
import type { JobSchedule } from '../../../shared/job-schedules/job-schedule.js';
import { toJobDefinition, withSharedPool } from '../../../shared/job-schedules/shared-pool.js';

const specification = { poolInfo: { poolId: 'P' } };
const minimal = { id: 'S', schedule: {}, jobSpecification: specification };

function refusalOf(parse: (json: unknown) => unknown, json: unknown): { code: string; property: string | undefined } {
  try {
    parse(json);
  } catch (error) {
    if (error instanceof BatchError) return { code: error.code, property: error.values['PropertyName'] };
    throw error;
  }
  throw new Error('It was accepted');
}

function added(json: object): JobSchedule {
  const at = '2026-01-01T00:00:00.000Z';
  return withSharedPool({
    definition: parseJobScheduleAdd({ ...minimal, ...json }),
    incarnation: 'schedule-1',
    creationTime: at,
    lastModified: at,
    state: 'active',
    stateTransitionTime: at,
  });
}

describe('the body of a job schedule', () => {
  test('says no more than when, from what, and where', () => {
    expect(parseJobScheduleAdd(minimal)).toMatchObject({
      id: 'S',
      schedule: {},
      jobSpecification: { poolId: 'P', priority: 0, onAllTasksComplete: 'noaction' },
      metadata: [],
    });
  });

  test('says when in instants and durations', () => {
    const schedule = {
      doNotRunUntil: '2026-02-01T00:00:00+01:00',
      doNotRunAfter: '2026-03-01T00:00:00.1234567Z',
      startWindow: 'PT5M',
      recurrenceInterval: 'P1D',
    };
    expect(parseJobScheduleAdd({ ...minimal, schedule }).schedule).toEqual({
      doNotRunUntil: '2026-01-31T23:00:00.000Z',
      doNotRunAfter: '2026-03-01T00:00:00.123Z',
      startWindowMs: 300_000,
      recurrenceIntervalMs: 86_400_000,
    });
  });

  test('may say unlimited durations, which are as none', () => {
    const unlimited = 'P10675199DT2H48M5.4775807S';
    const schedule = { startWindow: unlimited, recurrenceInterval: unlimited };
    expect(parseJobScheduleAdd({ ...minimal, schedule }).schedule).toEqual({});
  });

  test.each([
    ['without a schedule', { schedule: undefined }, 'MissingRequiredProperty', 'schedule'],
    ['without a specification', { jobSpecification: undefined }, 'MissingRequiredProperty', 'jobSpecification'],
    ['without a pool', { jobSpecification: {} }, 'MissingRequiredProperty', 'poolInfo'],
    ['with an id of a job', { id: 'S:job-1' }, 'InvalidPropertyValue', 'id'],
    [
      'with a short interval',
      { schedule: { recurrenceInterval: 'PT59S' } },
      'InvalidPropertyValue',
      'recurrenceInterval',
    ],
    ['with a short window', { schedule: { startWindow: 'PT1S' } }, 'InvalidPropertyValue', 'startWindow'],
    ['with no instant', { schedule: { doNotRunUntil: 'soon' } }, 'InvalidPropertyValue', 'doNotRunUntil'],
    [
      'that ends before it begins',
      { schedule: { doNotRunUntil: '2026-02-01T00:00:00Z', doNotRunAfter: '2026-01-01T00:00:00Z' } },
      'InvalidPropertyValue',
      'doNotRunAfter',
    ],
    ['whose jobs have an id', { jobSpecification: { ...specification, id: 'J' } }, 'UnsupportedProperty', 'id'],
    [
      'with a release and no preparation',
      { jobSpecification: { ...specification, jobReleaseTask: { commandLine: 'true' } } },
      'InvalidPropertyValue',
      'jobReleaseTask',
    ],
  ])('is refused %s', (_, changes, code, property) => {
    expect(refusalOf(parseJobScheduleAdd, { ...minimal, ...changes })).toEqual({ code, property });
  });

  test('of a patch changes what it names, of an update all', () => {
    expect(parseJobSchedulePatch({ metadata: [{ name: 'a', value: 'b' }] })).toEqual({
      metadata: [{ name: 'a', value: 'b' }],
    });
    expect(parseJobSchedulePatch({})).toEqual({});
    const update = parseJobScheduleUpdate({ schedule: {}, jobSpecification: specification });
    expect(Object.keys(update)).toEqual(['schedule', 'jobSpecification', 'metadata']);
    expect(refusalOf(parseJobScheduleUpdate, { schedule: {} })).toEqual({
      code: 'MissingRequiredProperty',
      property: 'jobSpecification',
    });
  });
});

describe('a job schedule', () => {
  test('is shown with its jobs’ defaults, its next occurrence and its latest job', () => {
    const schedule = {
      ...added({ displayName: 'Daily', schedule: { recurrenceInterval: 'P1D' } }),
      nextRunTime: '2026-01-02T00:00:00.000Z',
      recentJob: { number: 1, incarnation: 'job-1', dueAt: '2026-01-01T00:00:00.000Z' },
    };
    const shown = toJobScheduleResource(schedule, 'http://h');
    expect(shown).toMatchObject({
      id: 'S',
      displayName: 'Daily',
      url: 'http://h/jobschedules/S',
      state: 'active',
      schedule: { recurrenceInterval: 'P1D' },
      jobSpecification: { priority: 0, maxParallelTasks: -1, poolInfo: { poolId: 'P' }, onTaskFailure: 'noaction' },
      executionInfo: {
        nextRunTime: '2026-01-02T00:00:00.000Z',
        recentJob: { id: 'S:job-1', url: 'http://h/jobs/S%3Ajob-1' },
      },
    });
    expect(shown['jobSpecification']).not.toHaveProperty('id');
    expect(shown['jobSpecification']).not.toHaveProperty('executionInfo');
  });

  const pool = { vmSize: 'small', targetDedicatedNodes: 1 };
  const autoPool = (poolLifetimeOption: string) => ({
    jobSpecification: { poolInfo: { autoPoolSpecification: { autoPoolIdPrefix: 'a', poolLifetimeOption, pool } } },
  });
  const jobOf = (number: number) => ({ number, incarnation: `job-${number}`, dueAt: '' });

  test('with a pool of its own gives it to all its jobs, whatever the specification says later of its id', () => {
    const schedule = added(autoPool('jobschedule'));
    expect([1, 2].map((number) => toJobDefinition(schedule, jobOf(number)).poolId)).toEqual(
      Array.from({ length: 2 }, () => 'aschedule-1'),
    );
    expect(withSharedPool({ ...schedule, incarnation: 'other' }).sharedPoolId).toBe('aschedule-1');
  });

  test('whose jobs have pools of their own names each after the job, the same whenever it is asked', () => {
    const schedule = added(autoPool('job'));
    expect(schedule.sharedPoolId).toBeUndefined();
    expect([1, 2, 2].map((number) => toJobDefinition(schedule, jobOf(number)).poolId)).toEqual([
      'ajob-1',
      'ajob-2',
      'ajob-2',
    ]);
    expect(toJobDefinition(schedule, jobOf(2)).id).toBe('S:job-2');
  });
});

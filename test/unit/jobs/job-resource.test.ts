// How a job is shown.
import { describe, expect, test } from 'vitest';
import { parseJobAdd } from '../../../shared/jobs/job-body.js';
import { jobFilters, jobProperties } from '../../../shared/jobs/job-filters.js';
import { toJobResource } from '../../../shared/jobs/job-resource.js';
import { etagOf } from '../../../shared/rest/etag.js';
import type { Job } from '../../../shared/jobs/job.js';

const body = {
  id: 'J',
  displayName: 'A job',
  priority: 7,
  constraints: { maxTaskRetryCount: 2 },
  jobPreparationTask: {
    commandLine: 'prepare',
    environmentSettings: [{ name: 'A', value: 'b' }],
    constraints: { maxWallClockTime: 'PT1M', maxTaskRetryCount: 3 },
    waitForSuccess: false,
  },
  jobReleaseTask: { commandLine: 'release', maxWallClockTime: 'PT90S' },
  commonEnvironmentSettings: [{ name: 'C' }],
  poolInfo: { poolId: 'P' },
  metadata: [{ name: 'k', value: 'v' }],
};

const job: Job = {
  definition: parseJobAdd(body),
  incarnation: 'i',
  creationTime: '2026-01-31T12:00:00.000Z',
  lastModified: '2026-01-31T12:00:00.120Z',
  state: 'active',
  stateTransitionTime: '2026-01-31T12:00:00.000Z',
  nextTaskOrder: 1,
  openTasks: 0,
  everAssigned: false,
};

const show = (changes: Partial<Job> = {}): Record<string, unknown> =>
  toJobResource({ ...job, ...changes }, 'http://h:1');

describe('a job', () => {
  test('is shown with every default, in the order in which Batch writes it', () => {
    const plain = {
      ...job,
      definition: parseJobAdd({
        id: 'J',
        poolInfo: { poolId: 'P' },
        jobPreparationTask: { commandLine: 'p' },
        jobReleaseTask: { commandLine: 'r' },
      }),
    };
    const userIdentity = { autoUser: { scope: 'pool', elevationLevel: 'nonadmin' } };
    const shown = show(plain);
    expect(shown).toEqual({
      id: 'J',
      url: 'http://h:1/jobs/J',
      eTag: etagOf(job.lastModified),
      lastModified: '2026-01-31T12:00:00.120Z',
      creationTime: '2026-01-31T12:00:00.000Z',
      state: 'active',
      stateTransitionTime: '2026-01-31T12:00:00.000Z',
      priority: 0,
      maxParallelTasks: -1,
      usesTaskDependencies: false,
      allowTaskPreemption: false,
      constraints: { maxWallClockTime: 'P10675199DT2H48M5.4775807S', maxTaskRetryCount: 0 },
      jobPreparationTask: {
        id: 'jobpreparation',
        commandLine: 'p',
        constraints: { maxWallClockTime: 'P10675199DT2H48M5.4775807S', retentionTime: 'P7D', maxTaskRetryCount: 0 },
        userIdentity,
        waitForSuccess: true,
        rerunOnNodeRebootAfterSuccess: true,
      },
      jobReleaseTask: {
        id: 'jobrelease',
        commandLine: 'r',
        maxWallClockTime: 'PT15M',
        retentionTime: 'P7D',
        userIdentity,
      },
      poolInfo: { poolId: 'P' },
      executionInfo: { startTime: '2026-01-31T12:00:00.000Z', poolId: 'P' },
      onAllTasksComplete: 'noaction',
      onTaskFailure: 'noaction',
    });
    expect(Object.keys(shown).slice(0, 3)).toEqual(['id', 'url', 'eTag']);
  });

  test('that is shown and added again is the same job', () => {
    const shown = show();
    const writable = [
      'id',
      'displayName',
      'priority',
      'maxParallelTasks',
      'constraints',
      'jobPreparationTask',
      'jobReleaseTask',
      'commonEnvironmentSettings',
      'poolInfo',
      'metadata',
      'onAllTasksComplete',
      'onTaskFailure',
      'usesTaskDependencies',
      'allowTaskPreemption',
    ];
    const again = Object.fromEntries(writable.map((name) => [name, shown[name]]));
    expect(parseJobAdd(JSON.parse(JSON.stringify(again)))).toEqual(job.definition);
  });

  test('tells its terminate reason only once it has completed', () => {
    const ending = {
      terminateReason: 'enough',
      state: 'terminating',
      previousState: 'active',
      previousStateTransitionTime: job.creationTime,
    } as const;
    expect(show(ending)).toMatchObject({ state: 'terminating', previousState: 'active' });
    expect(show(ending)['executionInfo']).not.toHaveProperty('terminateReason');
    const endTime = '2026-01-31T13:00:00.000Z';
    expect(show({ ...ending, state: 'completed', endTime })['executionInfo']).toMatchObject({
      endTime,
      terminateReason: 'enough',
    });
  });

  test('has only properties that can be selected, and every filter speaks of one', () => {
    const names: readonly string[] = jobProperties;
    expect(Object.keys(show()).filter((name) => !names.includes(name))).toEqual([]);
    expect(Object.keys(jobFilters).filter((name) => !names.includes(name.split('/')[0] ?? ''))).toEqual([]);
  });
});

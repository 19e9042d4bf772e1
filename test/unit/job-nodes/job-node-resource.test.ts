// What the list of preparation and release status shows of a node, in each state of the two.
import { describe, expect, test } from 'vitest';
import {
  preparationAndReleaseFilters,
  preparationAndReleaseProperties,
} from '../../../shared/job-nodes/job-node-filters.js';
import { toPreparationAndReleaseStatus } from '../../../shared/job-nodes/job-node-resource.js';
import type { JobNode, Preparation, Release } from '../../../shared/job-nodes/job-node.js';
import { parseJobAdd } from '../../../shared/jobs/job-body.js';
import type { Job } from '../../../shared/jobs/job.js';

const at = '2026-01-31T12:00:00.000Z';
const job: Job = {
  definition: parseJobAdd({
    id: 'J',
    poolInfo: { poolId: 'P' },
    jobPreparationTask: { commandLine: 'p' },
    jobReleaseTask: { id: 'my-release', commandLine: 'r' },
  }),
  incarnation: 'i',
  creationTime: at,
  lastModified: at,
  state: 'terminating',
  stateTransitionTime: at,
  nextTaskOrder: 1,
  openTasks: 0,
  everAssigned: true,
};
const ordered = { runId: 'r', orderedAt: 'o', heard: true };
const success = { startTime: 's', endTime: 'e', result: 'success', exitCode: 0, retryCount: 0 } as const;
const failureInfo = { category: 'usererror', code: 'CommandProgramNotFound', message: 'm' } as const;

const show = (preparation: Preparation, release: Release): Record<string, unknown> | undefined => {
  const jobNode: JobNode = {
    jobId: 'J',
    incarnation: 'i',
    poolId: 'P',
    nodeId: 'n1',
    epoch: 1,
    imageEpoch: 1,
    preparation,
    preparationAttempts: 1,
    release,
    releaseAttempts: 0,
    runs: [],
    taskStarted: false,
  };
  return toPreparationAndReleaseStatus(jobNode, job, 'http://h:1');
};
const none = { state: 'none' } as const;
const prepared: Preparation = { state: 'completed', ...ordered, ...success };

describe('a node in the list of preparation and release status', () => {
  test.each<[string, Preparation, Release]>([
    ['nothing was ordered', none, none],
    ['the preparation was only ordered', { state: 'ordered', ...ordered }, none],
    ['the release was only ordered', none, { state: 'ordered', ...ordered }],
    ['the release was waived', none, { state: 'waived', reason: 'nodeLost', at }],
  ])('is not listed when %s', (_, preparation, release) => {
    expect(show(preparation, release)).toBeUndefined();
  });

  test('shows both tasks when both have ended', () => {
    expect(show(prepared, { state: 'completed', ...ordered, ...success, exitCode: 4, result: 'failure' })).toEqual({
      poolId: 'P',
      nodeId: 'n1',
      nodeUrl: 'http://h:1/pools/P/nodes/n1',
      jobPreparationTaskExecutionInfo: {
        startTime: 's',
        endTime: 'e',
        state: 'completed',
        exitCode: 0,
        result: 'success',
        retryCount: 0,
        taskRootDirectory: 'workitems/J/job-1/jobpreparation',
        taskRootDirectoryUrl: 'http://h:1/pools/P/nodes/n1/files/workitems/J/job-1/jobpreparation',
      },
      jobReleaseTaskExecutionInfo: {
        startTime: 's',
        endTime: 'e',
        state: 'completed',
        exitCode: 4,
        result: 'failure',
        taskRootDirectory: 'workitems/J/job-1/my-release',
        taskRootDirectoryUrl: 'http://h:1/pools/P/nodes/n1/files/workitems/J/job-1/my-release',
      },
    });
  });

  test('shows a running preparation and no release', () => {
    const shown = show({ state: 'running', ...ordered, startTime: 's', retryCount: 2 }, none);
    expect(shown?.['jobPreparationTaskExecutionInfo']).toMatchObject({
      state: 'running',
      startTime: 's',
      retryCount: 2,
    });
    expect(shown?.['jobPreparationTaskExecutionInfo']).not.toHaveProperty('result');
    expect(shown).not.toHaveProperty('jobReleaseTaskExecutionInfo');
  });

  test.each<[string, Release]>([
    ['waits', { state: 'ordered', ...ordered }],
    ['was waived', { state: 'waived', reason: 'nodeRemoved', at }],
  ])('shows no release that %s', (_, release) => {
    expect(show(prepared, release)).not.toHaveProperty('jobReleaseTaskExecutionInfo');
  });

  test('shows a running release', () => {
    const shown = show(prepared, { state: 'running', ...ordered, startTime: 't', retryCount: 0 });
    expect(shown?.['jobReleaseTaskExecutionInfo']).toMatchObject({ state: 'running', startTime: 't' });
  });

  test('tells why a preparation failed that never ran, without an exit code', () => {
    const failed: Preparation = {
      state: 'completed',
      ...ordered,
      startTime: 's',
      endTime: 'e',
      result: 'failure',
      failureInfo,
      retryCount: 1,
      lastRetryTime: 'l',
    };
    const info = show(failed, none)?.['jobPreparationTaskExecutionInfo'];
    expect(info).toMatchObject({ result: 'failure', failureInfo, retryCount: 1, lastRetryTime: 'l' });
    expect(info).not.toHaveProperty('exitCode');
  });

  test('has only properties that can be selected, and every filter speaks of one', () => {
    const names: readonly string[] = preparationAndReleaseProperties;
    const shown = show(prepared, { state: 'running', ...ordered, startTime: 't', retryCount: 0 }) ?? {};
    expect(Object.keys(shown).sort()).toEqual([...names].sort());
    const spokenOf = Object.keys(preparationAndReleaseFilters);
    expect(spokenOf.filter((name) => !names.includes(name.split('/')[0] ?? ''))).toEqual([]);
  });
});

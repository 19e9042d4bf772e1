// What of a job can be changed, when, and what is refused.
import { describe, expect, test } from 'vitest';
import { parseJobPatch, parseJobUpdate } from '../../../shared/jobs/job-update-body.js';
import { decideUpdate } from '../../../shared/jobs/update-job.js';
import type { Job } from '../../../shared/jobs/job.js';
import { jobDefinition } from '../../helpers/definitions.js';
import { refusalOf } from '../rest/refusal.js';

const at = '2026-01-01T00:00:00.000Z';
const job = (changes: Partial<Job> = {}, definition: Parameters<typeof jobDefinition>[0] = {}): Job => ({
  definition: jobDefinition(definition),
  incarnation: 'J-1',
  creationTime: at,
  lastModified: at,
  state: 'active',
  stateTransitionTime: at,
  nextTaskOrder: 1,
  openTasks: 0,
  everAssigned: false,
  ...changes,
});

describe('the body of a patch', () => {
  test('changes what it names only, each as a whole', () => {
    expect(parseJobPatch({ priority: 5 })).toEqual({ priority: 5 });
    expect(parseJobPatch({})).toEqual({});
    expect(parseJobPatch({ constraints: { maxWallClockTime: 'PT1M' } })).toEqual({
      constraints: { maxWallClockMs: 60_000, maxTaskRetryCount: 0 },
    });
  });

  test.each([
    ['a priority out of range', { priority: 1001 }, 'InvalidPropertyValue'],
    ['the preparation', { jobPreparationTask: { commandLine: 'c' } }, 'UnsupportedProperty'],
    ['what happens when a task fails', { onTaskFailure: 'noaction' }, 'UnsupportedProperty'],
  ])('is refused for %s', (_, body, code) => {
    expect(refusalOf(() => parseJobPatch(body)).code).toBe(code);
  });
});

describe('the body of an update', () => {
  test('puts what it leaves out back to the default', () => {
    expect(parseJobUpdate({ poolInfo: { poolId: 'P' } })).toEqual({
      priority: 0,
      maxParallelTasks: -1,
      onAllTasksComplete: 'noaction',
      constraints: { maxTaskRetryCount: 0 },
      poolId: 'P',
      metadata: [],
    });
  });

  test('has to name the pool', () => {
    expect(refusalOf(() => parseJobUpdate({})).code).toBe('MissingRequiredProperty');
  });
});

describe('an update', () => {
  test('keeps the pool’s id as it was written first', () => {
    expect(decideUpdate(job(), { poolId: 'p', priority: 3 }).definition).toMatchObject({ poolId: 'P', priority: 3 });
  });

  test('cannot take back that the job ends with its tasks', () => {
    const ending = job({}, { onAllTasksComplete: 'terminatejob' });
    const refusal = refusalOf(() => decideUpdate(ending, { onAllTasksComplete: 'noaction' }));
    expect([refusal.code, refusal.values['PropertyName']]).toEqual(['InvalidPropertyValue', 'onAllTasksComplete']);
  });

  test('gives another pool to a job that is disabled, and to no other', () => {
    expect(decideUpdate(job({ state: 'disabled' }), { poolId: 'Q' }).definition.poolId).toBe('Q');
    for (const state of ['active', 'disabling'] as const)
      expect(refusalOf(() => decideUpdate(job({ state }), { poolId: 'Q' })).code).toBe(
        'OperationInvalidForCurrentState',
      );
  });
});

describe('the pool that was made for a job', () => {
  const pool = { vmSize: 's', resizeTimeoutMs: 1, targetDedicatedNodes: 1, targetLowPriorityNodes: 0 };
  const autoPool = {
    poolLifetimeOption: 'job' as const,
    keepAlive: false,
    pool: { ...pool, taskSlotsPerNode: 1, nodeFillType: 'spread' as const, metadata: [] },
  };
  const changes = parseJobPatch({ poolInfo: { autoPoolSpecification: { keepAlive: true } } });

  test('can be kept alive on second thoughts', () => {
    expect(decideUpdate(job({}, { autoPool }), changes).definition.autoPool?.keepAlive).toBe(true);
    const put = parseJobUpdate({ poolInfo: { autoPoolSpecification: { poolLifetimeOption: 'job' } } });
    const kept = { ...autoPool, keepAlive: true };
    expect(decideUpdate(job({}, { autoPool: kept }), put).definition.autoPool?.keepAlive).toBe(false);
  });

  test('cannot be exchanged, and a job without one has none to keep', () => {
    const disabled = job({ state: 'disabled' }, { autoPool });
    expect(refusalOf(() => decideUpdate(disabled, { poolId: 'Q' })).code).toBe('InvalidPropertyValue');
    expect(refusalOf(() => decideUpdate(job(), changes)).code).toBe('InvalidPropertyValue');
  });
});

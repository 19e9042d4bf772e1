// Job schedules on the running stack, over REST: when their jobs are made, what these are, and how schedules end.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { BatchServiceModels } from '@azure/batch';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { jobBody, taskBodies, type JobScripts, type MarkedJob } from '../e2e/marked-job.js';
import { startSharedStack, type SharedStack } from '../e2e/shared-stack.js';
import type { JobSchedule } from '../../shared/job-schedules/job-schedule.js';
import { fromJobScheduleHead, headRow, jobSchedulePartition } from '../../shared/job-schedules/job-schedule-rows.js';
import { createAzureTable } from '../../shared/tables/azure-table.js';
import { eventually } from '../helpers/eventually.js';
import { createJobsWorld, hold } from './jobs-world.js';

let stack: SharedStack;
beforeAll(async () => {
  stack = await startSharedStack('job-schedules');
});
afterAll(() => stack.stop());

const { client, plan, poolOfOne, release, begun, counts, reached, until, refusalOf } = createJobsWorld(() => stack);

/** Marks of the jobs of schedule `id`, whose one task is their manager. */
const planSchedule = (id: string): MarkedJob => plan(id, id);

/** Each job prepares, runs its manager, releases and ends. */
function specification(job: MarkedJob, scripts: JobScripts = {}): BatchServiceModels.JobSpecification {
  const { id: _, ...body } = jobBody(job, scripts);
  const [manager] = taskBodies(job, scripts.task);
  return { ...body, jobManagerTask: { id: 'manager', commandLine: manager?.commandLine ?? '' } };
}

/** The schedule as the table has it. */
async function rowOf(id: string): Promise<JobSchedule> {
  const head = await createAzureTable(stack.storage, 'bookend').get(jobSchedulePartition(id), headRow);
  const schedule = head && fromJobScheduleHead(head);
  if (schedule === undefined) throw new Error(`There is no job schedule '${id}'`);
  return schedule;
}

const seen = (id: string) => client().jobSchedule.get(id);
const jobStates = async (id: string): Promise<Record<string, string | undefined>> => {
  const jobs = await client().job.listFromJobSchedule(id);
  return Object.fromEntries(jobs.map((job) => [job.id ?? '', job.state]));
};
const completed = (id: string) => until(`the end of ${id}`, async () => (await seen(id)).state === 'completed');
const soon = (seconds: number): Date => new Date(Date.now() + seconds * 1000);

describe.concurrent('a job schedule', () => {
  test('makes a job at once and the next a minute later, each with a preparation, a release and a folder of its own', async () => {
    const job = planSchedule('every-minute');
    const nodeId = await poolOfOne('every-minute');
    const added = {
      id: 'every-minute',
      schedule: { recurrenceInterval: 'PT1M' },
      jobSpecification: specification(job),
    };
    await client().jobSchedule.add(added);
    const { creationTime, executionInfo } = await seen('every-minute');
    expect(executionInfo?.recentJob?.id).toBe('every-minute:job-1');
    expect((executionInfo?.nextRunTime?.getTime() ?? 0) - (creationTime?.getTime() ?? 0)).toBe(60_000);
    await reached({ jobId: 'every-minute:job-1' }, 'completed');
    expect(counts(job)).toEqual({ preparation: 1, task01: 1, release: 1 });
    await reached({ jobId: 'every-minute:job-2' }, 'completed');
    expect(counts(job)).toEqual({ preparation: 2, task01: 2, release: 2 });
    for (const number of [1, 2]) {
      const folder = `workitems/every-minute/job-${number}`;
      const [entry] = await client().job.listPreparationAndReleaseTaskStatus(`every-minute:job-${number}`);
      expect(entry?.jobPreparationTaskExecutionInfo?.taskRootDirectory).toBe(`${folder}/jobpreparation`);
      expect(entry?.jobReleaseTaskExecutionInfo).toMatchObject({
        exitCode: 0,
        taskRootDirectory: `${folder}/jobrelease`,
      });
      expect(await stack.listNodeFiles('every-minute', nodeId)).toContain(`${folder}/manager/stdout.txt`);
      const text = await client().file.getPropertiesFromTask(`every-minute:job-${number}`, 'manager', 'stdout.txt');
      expect(text._response.status).toBe(200);
    }
    await client().jobSchedule.deleteMethod('every-minute');
    await until('the end', () => stack.isAbsent(seen('every-minute')));
    await until('the folders gone', async () => {
      const files = await stack.listNodeFiles('every-minute', nodeId);
      return !files.some((name) => name.startsWith('workitems/every-minute/'));
    });
  });

  test('has a job that is due wait for the one before, and makes it at once when that has ended', async () => {
    const job = planSchedule('one-at-a-time');
    await poolOfOne('one-at-a-time');
    const jobSpecification = specification(job, { task: hold('go') });
    await client().jobSchedule.add({
      id: 'one-at-a-time',
      schedule: { recurrenceInterval: 'PT1M' },
      jobSpecification,
    });
    await begun(job, 'go');
    await until('another job that is due', async () => {
      const { executionInfo } = await seen('one-at-a-time');
      return (executionInfo?.nextRunTime?.getTime() ?? Infinity) < Date.now();
    });
    expect(await jobStates('one-at-a-time')).toEqual({ 'one-at-a-time:job-1': 'active' });
    release(job, 'go');
    await reached({ jobId: 'one-at-a-time:job-2' }, 'completed');
    expect(counts(job)).toEqual({ preparation: 2, task01: 2, release: 2 });
  });

  test('loses the job that is due when its start window passes while the one before is active, with the reason on record', async () => {
    const job = planSchedule('windows');
    await poolOfOne('windows');
    await client().jobSchedule.add({
      id: 'windows',
      schedule: { recurrenceInterval: 'PT1M15S', startWindow: 'PT1M' },
      jobSpecification: specification(job, { task: hold('go') }),
    });
    const dueFirst = (await seen('windows')).executionInfo?.nextRunTime ?? new Date(NaN);
    const dueNext = new Date(dueFirst.getTime() + 75_000);
    await begun(job, 'go');
    // Batch has no property for it.
    const lost = await eventually('the loss', async () => (await rowOf('windows')).lost, 200_000, 500);
    expect(lost).toEqual({ count: 1, lastDueAt: dueFirst.toISOString(), lastReason: 'previousJobActive' });
    const { executionInfo } = await seen('windows');
    expect(executionInfo).toMatchObject({ recentJob: { id: 'windows:job-1' }, nextRunTime: dueNext });
    expect(await jobStates('windows')).toEqual({ 'windows:job-1': 'active' });
    release(job, 'go');
    await reached({ jobId: 'windows:job-1' }, 'completed');
    // Nothing was left to be made when the job had ended: the next one is that of the next occurrence.
    await reached({ jobId: 'windows:job-2' }, 'completed');
    const { creationTime } = await client().job.get('windows:job-2');
    expect(creationTime?.getTime()).toBeGreaterThanOrEqual(dueNext.getTime());
    expect(counts(job)).toEqual({ preparation: 2, task01: 2, release: 2 });
  }, 400_000);

  test('waits for doNotRunUntil, makes its only job then, and is completed with it', async () => {
    const job = planSchedule('once');
    await poolOfOne('once');
    const doNotRunUntil = soon(3);
    await client().jobSchedule.add({ id: 'once', schedule: { doNotRunUntil }, jobSpecification: specification(job) });
    const { executionInfo } = await seen('once');
    expect(executionInfo).toEqual({ nextRunTime: doNotRunUntil });
    await completed('once');
    const [made] = await client().job.listFromJobSchedule('once');
    expect(made?.creationTime?.getTime()).toBeGreaterThanOrEqual(doNotRunUntil.getTime());
    expect(await jobStates('once')).toEqual({ 'once:job-1': 'completed' });
    expect((await seen('once')).executionInfo).toMatchObject({ recentJob: { id: 'once:job-1' } });
    expect((await seen('once')).executionInfo?.endTime).toBeInstanceOf(Date);
  });

  test('is completed when doNotRunAfter has passed and its last job has ended', async () => {
    const job = planSchedule('until');
    await poolOfOne('until');
    await client().jobSchedule.add({
      id: 'until',
      schedule: { recurrenceInterval: 'PT1M', doNotRunAfter: soon(10) },
      jobSpecification: specification(job, { task: hold('go') }),
    });
    await begun(job, 'go');
    expect((await seen('until')).state).toBe('active');
    release(job, 'go');
    await completed('until');
    expect(await jobStates('until')).toEqual({ 'until:job-1': 'completed' });
  });

  test('that is disabled makes no job, and serves what is due once it is enabled', async () => {
    const job = planSchedule('paused');
    await poolOfOne('paused');
    const doNotRunUntil = soon(4);
    await client().jobSchedule.add({ id: 'paused', schedule: { doNotRunUntil }, jobSpecification: specification(job) });
    await client().jobSchedule.disable('paused');
    await until('its time', () => Date.now() > doNotRunUntil.getTime() + 1000);
    expect([(await seen('paused')).state, await jobStates('paused')]).toEqual(['disabled', {}]);
    await client().jobSchedule.enable('paused');
    await completed('paused');
    expect(await jobStates('paused')).toEqual({ 'paused:job-1': 'completed' });
  });

  test('that is terminated terminates its job, which says so and releases, and is completed then', async () => {
    const job = planSchedule('ended');
    await poolOfOne('ended');
    await client().jobSchedule.add({
      id: 'ended',
      schedule: { recurrenceInterval: 'PT1H' },
      jobSpecification: specification(job, { task: hold('never'), release: hold('release-go') }),
    });
    await begun(job, 'never');
    await client().jobSchedule.terminate('ended');
    await begun(job, 'release-go');
    expect((await seen('ended')).state).toBe('terminating');
    const refusal = { statusCode: 409, code: 'JobScheduleBeingTerminated' };
    expect(await refusalOf(client().jobSchedule.terminate('ended'))).toEqual(refusal);
    release(job, 'release-go');
    await completed('ended');
    expect(await client().job.get('ended:job-1')).toMatchObject({
      state: 'completed',
      executionInfo: { terminateReason: 'TerminateJobSchedule' },
    });
    expect(counts(job)).toEqual({ preparation: 1, task01: 1, release: 1 });
    const late = client().jobSchedule.patch('ended', { metadata: [] });
    expect(await refusalOf(late)).toEqual({ statusCode: 409, code: 'JobScheduleCompleted' });
  });

  test('that is deleted takes its job with it once that has released, and gives its id free', async () => {
    const job = planSchedule('deleted');
    await poolOfOne('deleted');
    await client().jobSchedule.add({
      id: 'deleted',
      schedule: {},
      jobSpecification: specification(job, { task: hold('never'), release: hold('release-go') }),
    });
    await begun(job, 'never');
    await client().jobSchedule.deleteMethod('deleted');
    await begun(job, 'release-go');
    expect((await seen('deleted')).state).toBe('deleting');
    const refusal = { statusCode: 409, code: 'JobScheduleBeingDeleted' };
    expect(await refusalOf(client().jobSchedule.deleteMethod('deleted'))).toEqual(refusal);
    release(job, 'release-go');
    await until('the end of the schedule', () => stack.isAbsent(seen('deleted')));
    expect(await stack.isAbsent(client().job.get('deleted:job-1'))).toBe(true);
    expect(counts(job)['release']).toBe(1);
    await client().job.add({ id: 'deleted', poolInfo: { poolId: 'deleted' } });
    const taken = client().jobSchedule.add({
      id: 'Deleted',
      schedule: {},
      jobSpecification: { poolInfo: { poolId: 'deleted' } },
    });
    expect(await refusalOf(taken)).toEqual({ statusCode: 409, code: 'JobWithSameIdExists' });
  });

  test('has a pool for its own lifetime made with its first job, which goes when it is completed', async () => {
    const job = planSchedule('own-pool');
    const poolInfo: BatchServiceModels.PoolInformation = {
      autoPoolSpecification: {
        autoPoolIdPrefix: 'own',
        poolLifetimeOption: 'jobschedule',
        pool: { vmSize: 'small', targetDedicatedNodes: 1 },
      },
    };
    await client().jobSchedule.add({
      id: 'own-pool',
      schedule: {},
      jobSpecification: { ...specification(job, { release: hold('go') }), poolInfo },
    });
    await begun(job, 'go');
    const poolId = (await client().job.get('own-pool:job-1')).executionInfo?.poolId ?? '';
    expect(poolId).toMatch(/^own.{36}$/);
    expect((await client().pool.get(poolId)).state).toBe('active');
    release(job, 'go');
    await completed('own-pool');
    await until('the pool gone', () => stack.isAbsent(client().pool.get(poolId)));
    expect(existsSync(join(job.directory, 'go-began'))).toBe(true);
  });
});

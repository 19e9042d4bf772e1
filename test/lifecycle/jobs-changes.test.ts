// What can be changed of a job while it goes on: pausing it, its properties, its pool. Against the running stack, over REST.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { jobBody, taskBodies, tasksCompleted } from '../e2e/marked-job.js';
import { startSharedStack, type SharedStack } from '../e2e/shared-stack.js';
import { createJobsWorld, hold } from './jobs-world.js';

let stack: SharedStack;
beforeAll(async () => {
  stack = await startSharedStack('jobs-changes');
});
afterAll(() => stack.stop());

const { client, plan, poolOfOne, release, begun, counts, reached, taskReached, until, refusalOf } = createJobsWorld(
  () => stack,
);

const untilGo = 'test -e $M/go && exit 0; until test -e $M/never; do sleep 0.05; done';

describe.concurrent('a job that is disabled', () => {
  test('with requeue has its running task killed and run again once it is enabled; nothing is released meanwhile', async () => {
    await poolOfOne('requeue');
    const job = plan('requeue', 'requeue', 2);
    await client().job.add(jobBody(job));
    await client().task.addCollection(job.jobId, taskBodies(job, untilGo));
    await until('the first task', () => counts(job)['task01'] === 1);
    await client().job.disable(job.jobId, 'requeue');
    await reached(job, 'disabled');
    expect(await client().job.get(job.jobId)).toMatchObject({ previousState: 'disabling' });
    const tasks = await client().task.list(job.jobId);
    expect(tasks.map(({ state, executionInfo }) => [state, executionInfo?.requeueCount])).toEqual([
      ['active', 1],
      ['active', 0],
    ]);
    release(job, 'go');
    await client().job.enable(job.jobId);
    await tasksCompleted(client, job, 100_000);
    expect(counts(job)).toEqual({ preparation: 1, task01: 2, task02: 1 });
    expect(await refusalOf(client().job.enable(job.jobId))).toEqual({
      statusCode: 409,
      code: 'OperationInvalidForCurrentState',
    });
  });

  test('with terminate has its running task ended for good', async () => {
    await poolOfOne('terminate');
    const job = plan('terminate', 'terminate', 2);
    await client().job.add(jobBody(job));
    await client().task.addCollection(job.jobId, taskBodies(job, untilGo));
    await until('the first task', () => counts(job)['task01'] === 1);
    await client().job.disable(job.jobId, 'terminate');
    await reached(job, 'disabled');
    const [first, second] = await client().task.list(job.jobId);
    expect(first).toMatchObject({ state: 'completed', executionInfo: { failureInfo: { code: 'TaskEnded' } } });
    expect(second?.state).toBe('active');
    release(job, 'go');
    await client().job.enable(job.jobId);
    await tasksCompleted(client, job, 100_000);
    expect(counts(job)).toEqual({ preparation: 1, task01: 1, task02: 1 });
  });

  test('with wait lets its running task end and starts no other; ended then, it releases', async () => {
    await poolOfOne('wait');
    const job = plan('wait', 'wait', 2);
    await client().job.add(jobBody(job));
    await client().task.addCollection(job.jobId, taskBodies(job, hold('go')));
    await begun(job, 'go');
    await client().job.disable(job.jobId, 'wait');
    expect((await client().job.get(job.jobId)).state).toBe('disabling');
    await client().task.add(job.jobId, { id: 'later', commandLine: 'true' });
    release(job, 'go');
    await reached(job, 'disabled');
    const tasks = await client().task.list(job.jobId);
    expect(tasks.map(({ id, state }) => [id, state])).toEqual([
      ['later', 'active'],
      ['task01', 'completed'],
      ['task02', 'active'],
    ]);
    await client().job.terminate(job.jobId);
    await reached(job, 'completed');
    expect(counts(job)).toEqual({ preparation: 1, task01: 1, release: 1 });
  });

  test('can move to another pool, where it prepares and releases; what it owed in the old one is waived', async () => {
    await Promise.all([poolOfOne('from'), poolOfOne('to')]);
    const job = plan('moving', 'from', 2);
    const [first, second] = taskBodies(job);
    if (first === undefined || second === undefined) throw new Error('no bodies');
    await client().job.add(jobBody(job));
    await client().task.add(job.jobId, first);
    await taskReached(job, 'task01', 'completed');
    expect(await refusalOf(client().job.patch(job.jobId, { poolInfo: { poolId: 'to' } }))).toEqual({
      statusCode: 409,
      code: 'OperationInvalidForCurrentState',
    });
    await client().job.disable(job.jobId, 'wait');
    await reached(job, 'disabled');
    await client().job.patch(job.jobId, { poolInfo: { poolId: 'to' } });
    await client().job.enable(job.jobId);
    await client().task.add(job.jobId, second);
    await taskReached(job, 'task02', 'completed');
    await client().job.terminate(job.jobId);
    await reached(job, 'completed');
    expect(counts(job)).toEqual({ preparation: 2, task01: 1, task02: 1, release: 1 });
    const releases = (await stack.jobNodes(job)).map(({ poolId, release: is }) => [poolId, is.state]);
    expect(Object.fromEntries(releases)).toEqual({ from: 'waived', to: 'completed' });
    expect(await stack.waiverReasons(job)).toEqual(['poolChanged']);
  });
});

describe.concurrent('a job', () => {
  test('can be changed while it is open: a patch changes what it names, an update everything else to its default', async () => {
    const id = 'changing';
    const networkConfiguration = { subnetId: '/subscriptions/s/subnets/n' };
    await client().job.add({ id, poolInfo: { poolId: 'nowhere' }, networkConfiguration, displayName: 'kept' });
    const before = await client().job.get(id);
    expect(before).toMatchObject({ networkConfiguration, executionInfo: { poolId: 'nowhere' }, priority: 0 });
    const metadata = [{ name: 'k', value: 'v' }];
    await client().job.patch(id, { priority: 7, metadata, constraints: { maxTaskRetryCount: 2 } });
    const patched = await client().job.get(id);
    expect(patched).toMatchObject({
      priority: 7,
      metadata,
      constraints: { maxTaskRetryCount: 2 },
      displayName: 'kept',
    });
    expect(patched.eTag).not.toBe(before.eTag);
    await client().job.patch(id, { constraints: { maxWallClockTime: 'PT1H' } });
    expect((await client().job.get(id)).constraints).toEqual({ maxWallClockTime: 'PT1H', maxTaskRetryCount: 0 });
    await client().job.update(id, { poolInfo: { poolId: 'nowhere' } });
    const updated = await client().job.get(id);
    expect(updated).toMatchObject({ priority: 0, displayName: 'kept', state: 'active' });
    expect([updated.metadata, updated.constraints?.maxWallClockTime]).toEqual([
      undefined,
      'P10675199DT2H48M5.4775807S',
    ]);
    const stale = client().job.patch(id, { priority: 1 }, { jobPatchOptions: { ifMatch: before.eTag ?? '' } });
    expect(await refusalOf(stale)).toMatchObject({ statusCode: 412 });
    await client().task.add(id, { id: 't', commandLine: 'true' });
    await client().job.patch(id, { onAllTasksComplete: 'terminatejob' });
    expect(await refusalOf(client().job.patch(id, { onAllTasksComplete: 'noaction' }))).toEqual({
      statusCode: 400,
      code: 'InvalidPropertyValue',
    });
    expect(await refusalOf(client().job.update(id, { poolInfo: { poolId: 'nowhere' } }))).toMatchObject({
      statusCode: 400,
    });
  });

  test('of higher priority is given the next free slot, also when it got that priority later', async () => {
    await poolOfOne('urgent');
    const first = plan('ordinary', 'urgent', 2);
    const second = plan('urgent', 'urgent', 1);
    const taking = `${hold('go')}; echo $AZ_BATCH_JOB_ID >> ${first.directory}/turns`;
    const bare = ({ jobId, poolId }: typeof first) => ({ id: jobId, poolInfo: { poolId } });
    for (const job of [first, second]) {
      await client().job.add(bare(job));
      await client().task.addCollection(job.jobId, taskBodies(job, taking));
    }
    await begun(first, 'go');
    await client().job.patch(second.jobId, { priority: 100 });
    for (const job of [first, second]) release(job, 'go');
    for (const job of [first, second]) await tasksCompleted(client, job, 100_000);
    const turns = readFileSync(join(first.directory, 'turns'), 'utf8').trim().split('\n');
    expect(turns).toEqual(['ordinary', 'urgent', 'ordinary']);
  });

  test('can name a pool that does not exist yet: its tasks wait for it', async () => {
    const job = plan('early', 'yet-to-come', 2);
    await client().job.add(jobBody(job));
    await client().task.addCollection(job.jobId, taskBodies(job));
    const counted = await client().job.getTaskCounts(job.jobId);
    expect(counted.taskCounts).toEqual({ active: 2, running: 0, completed: 0, succeeded: 0, failed: 0 });
    await poolOfOne('yet-to-come');
    await tasksCompleted(client, job, 100_000);
  });

  test('counts its tasks and their slots by state, those that prepare as running', async () => {
    await poolOfOne('counting', 4);
    const job = plan('counting', 'counting', 3);
    const [good, bad, large] = taskBodies(job, 'test $AZ_BATCH_TASK_ID = task01');
    if (good === undefined || bad === undefined || large === undefined) throw new Error('no bodies');
    await client().job.add(jobBody(job, { preparation: hold('go') }));
    await client().task.addCollection(job.jobId, [good, bad, { ...large, requiredSlots: 3 }]);
    await begun(job, 'go');
    const zero = { active: 0, running: 0, completed: 0, succeeded: 0, failed: 0 };
    const before = await client().job.getTaskCounts(job.jobId);
    expect([before.taskCounts, before.taskSlotCounts]).toEqual([
      { ...zero, active: 1, running: 2 },
      { ...zero, active: 3, running: 2 },
    ]);
    release(job, 'go');
    await tasksCompleted(client, job, 100_000);
    const after = await client().job.getTaskCounts(job.jobId);
    expect([after.taskCounts, after.taskSlotCounts]).toEqual([
      { ...zero, completed: 3, succeeded: 1, failed: 2 },
      { ...zero, completed: 5, succeeded: 1, failed: 4 },
    ]);
  });
});

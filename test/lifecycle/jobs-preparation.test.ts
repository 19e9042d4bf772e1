// When a preparation runs, runs again, fails, and what that means for its job and its node. Against the running stack, over REST.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { jobBody, taskBodies, tasksCompleted } from '../e2e/marked-job.js';
import { startSharedStack, type SharedStack } from '../e2e/shared-stack.js';
import { createJobsWorld, hold } from './jobs-world.js';

let stack: SharedStack;
beforeAll(async () => {
  stack = await startSharedStack('jobs-preparation');
});
afterAll(() => stack.stop());

const { client, plan, poolOfOne, release, begun, counts, reached, taskReached, status, until } = createJobsWorld(
  () => stack,
);

describe.concurrent('a preparation', () => {
  test('runs again after a reboot unless its rerunOnNodeRebootAfterSuccess is false, and always after a reimage', async () => {
    const nodeId = await poolOfOne('reruns');
    const again = plan('again', 'reruns', 3);
    const once = plan('once', 'reruns', 3);
    const runOn = async (index: number): Promise<void> => {
      for (const job of [again, once]) {
        const [body] = taskBodies(job).slice(index, index + 1);
        if (body !== undefined) await client().task.add(job.jobId, body);
        await taskReached(job, body?.id ?? '', 'completed');
      }
    };
    await client().job.add(jobBody(again));
    await client().job.add(jobBody(once, { preparationOptions: { rerunOnNodeRebootAfterSuccess: false } }));
    await runOn(0);
    const { lastBootTime } = await client().computeNode.get('reruns', nodeId);
    await client().computeNode.reboot('reruns', nodeId);
    await until('the reboot', async () => {
      const node = await client().computeNode.get('reruns', nodeId);
      return node.state === 'idle' && node.lastBootTime?.getTime() !== lastBootTime?.getTime();
    });
    // Not at the boot itself, but with the next task.
    expect([counts(again)['preparation'], counts(once)['preparation']]).toEqual([1, 1]);
    await runOn(1);
    expect([counts(again)['preparation'], counts(once)['preparation']]).toEqual([2, 1]);
    await client().computeNode.reimage('reruns', nodeId);
    await runOn(2);
    expect([counts(again)['preparation'], counts(once)['preparation']]).toEqual([3, 2]);
  });

  test('that a reboot interrupted runs again, and that is not one of its retries', async () => {
    const nodeId = await poolOfOne('interrupting');
    const job = plan('interrupted', 'interrupting');
    const preparationOptions = { rerunOnNodeRebootAfterSuccess: false, constraints: { maxTaskRetryCount: 0 } };
    await client().job.add(jobBody(job, { preparation: hold('go'), preparationOptions }));
    await client().task.addCollection(job.jobId, taskBodies(job));
    await begun(job, 'go');
    await client().computeNode.reboot('interrupting', nodeId);
    await until('the second preparation', () => counts(job)['preparation'] === 2);
    release(job, 'go');
    await tasksCompleted(client, job, 100_000);
    expect(counts(job)).toEqual({ preparation: 2, task01: 1 });
    expect((await status(job)).preparation).toMatchObject({ result: 'success', exitCode: 0, retryCount: 0 });
  });

  test('is retried as often as it says itself', async () => {
    await poolOfOne('retrying');
    const job = plan('retried', 'retrying');
    const preparation = 'test $(cat $M/preparation.* | wc -l) = 3';
    const preparationOptions = { constraints: { maxTaskRetryCount: 2 } };
    await client().job.add(jobBody(job, { preparation, preparationOptions }));
    await client().task.addCollection(job.jobId, taskBodies(job));
    await tasksCompleted(client, job, 100_000);
    const { preparation: told } = await status(job);
    expect(told).toMatchObject({ result: 'success', retryCount: 2 });
    expect(told?.lastRetryTime).toBeInstanceOf(Date);
  });

  test('does not inherit the retries of its job', async () => {
    await poolOfOne('inheriting');
    const job = plan('uninherited', 'inheriting');
    const body = { ...jobBody(job, { preparation: 'exit 3' }), constraints: { maxTaskRetryCount: 5 } };
    await client().job.add(body);
    await client().task.addCollection(job.jobId, taskBodies(job));
    await until('the failure', async () => (await status(job)).preparation?.state === 'completed');
    expect((await status(job)).preparation).toMatchObject({ exitCode: 3, retryCount: 0 });
    expect(counts(job)).toEqual({ preparation: 1 });
  });

  test('fails when its time is over', async () => {
    await poolOfOne('hurrying');
    const job = plan('hurried', 'hurrying');
    const preparationOptions = { constraints: { maxWallClockTime: 'PT1S', maxTaskRetryCount: 3 } };
    await client().job.add(jobBody(job, { preparation: hold('never'), preparationOptions }));
    await client().task.addCollection(job.jobId, taskBodies(job));
    await until('the failure', async () => (await status(job)).preparation?.state === 'completed');
    expect((await status(job)).preparation).toMatchObject({
      result: 'failure',
      failureInfo: { code: 'TaskEnded', category: 'servererror' },
    });
    expect((await taskReached(job, 'task01', 'active')).executionInfo?.retryCount).toBe(0);
  });

  test('whose program is missing fails without an exit code, and is not retried', async () => {
    await poolOfOne('missing');
    const job = plan('programless', 'missing');
    const commandLine = '/no/such/program';
    await client().job.add({
      ...jobBody(job),
      jobPreparationTask: { commandLine, constraints: { maxTaskRetryCount: 3 } },
    });
    await client().task.addCollection(job.jobId, taskBodies(job));
    await until('the failure', async () => (await status(job)).preparation?.state === 'completed');
    const { preparation } = await status(job);
    expect(preparation).toMatchObject({ result: 'failure', retryCount: 0 });
    expect(preparation?.failureInfo).toMatchObject({ code: 'CommandProgramNotFound', category: 'usererror' });
    expect(preparation?.exitCode).toBeUndefined();
  });

  test('that fails everywhere bars its node for this job only; tasks, status and an event say why; a reimage lifts it', async () => {
    const nodeId = await poolOfOne('barring');
    const job = plan('barred', 'barring', 2);
    const other = plan('unbarred', 'barring');
    await client().job.add(jobBody(job, { preparation: 'test -e $M/mended' }));
    await client().task.addCollection(job.jobId, taskBodies(job));
    const why = await until('the reason on each task', async () => {
      const tasks = await client().task.list(job.jobId);
      const infos = tasks.map(({ executionInfo }) => executionInfo?.failureInfo);
      return infos.every((info) => info?.code === 'JobPreparationTaskFailed') ? infos : undefined;
    });
    expect(why.map((info) => info?.details)).toEqual([1, 2].map(() => [{ name: nodeId, value: 'FailureExitCode' }]));
    expect((await status(job)).preparation).toMatchObject({ exitCode: 1, failureInfo: { code: 'FailureExitCode' } });
    expect((await stack.eventTypes(job)).filter((type) => type === 'dev.bookend.job.stuck')).toHaveLength(1);
    expect((await client().job.get(job.jobId)).state).toBe('active');
    await client().job.add(jobBody(other));
    await client().task.addCollection(other.jobId, taskBodies(other));
    await tasksCompleted(client, other, 100_000);
    const tasks = await client().task.list(job.jobId);
    expect(tasks.map(({ state, executionInfo }) => [state, executionInfo?.requeueCount])).toEqual([
      ['active', 0],
      ['active', 0],
    ]);
    release(job, 'mended');
    await client().computeNode.reimage('barring', nodeId);
    const done = await tasksCompleted(client, job, 100_000);
    expect(done.map(({ executionInfo }) => executionInfo?.failureInfo)).toEqual([undefined, undefined]);
  });

  test('holds no slot and its task does, nor does a release', async () => {
    const nodeId = await poolOfOne('slots', 2);
    const job = plan('holding', 'slots');
    const small = plan('small', 'slots');
    const large = plan('large', 'slots', 2);
    const bare = (which: typeof job) => ({ id: which.jobId, poolInfo: { poolId: 'slots' } });
    await client().job.add(jobBody(job, { preparation: hold('prepare'), release: hold('releasing') }));
    await client().task.addCollection(job.jobId, taskBodies(job));
    await begun(job, 'prepare');
    const node = await client().computeNode.get('slots', nodeId);
    expect([node.state, node.runningTasksCount, node.runningTaskSlotsCount]).toEqual(['running', 1, 1]);
    await client().job.add(bare(large));
    const [first, second] = taskBodies(large).map((body) => ({ ...body, requiredSlots: 2 }));
    if (first === undefined || second === undefined) throw new Error('no bodies');
    await client().task.add(large.jobId, first);
    await client().job.add(bare(small));
    await client().task.addCollection(small.jobId, taskBodies(small));
    await tasksCompleted(client, small, 100_000);
    expect((await client().task.get(large.jobId, first.id)).state).toBe('active');
    release(job, 'prepare');
    await taskReached(large, first.id, 'completed');
    await client().job.terminate(job.jobId);
    await begun(job, 'releasing');
    await client().task.add(large.jobId, second);
    await taskReached(large, second.id, 'completed');
    expect((await client().job.get(job.jobId)).state).toBe('terminating');
    release(job, 'releasing');
    await reached(job, 'completed');
  });
});

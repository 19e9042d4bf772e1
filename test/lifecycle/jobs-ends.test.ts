// What ends a job, where its release runs then and where it is waived, and what is left. Against the running stack, over REST.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { jobBody, taskBodies, tasksCompleted, type MarkedJob } from '../e2e/marked-job.js';
import { startSharedStack, type SharedStack } from '../e2e/shared-stack.js';
import { createJobsWorld, hold } from './jobs-world.js';

let stack: SharedStack;
beforeAll(async () => {
  stack = await startSharedStack('jobs-ends');
});
afterAll(() => stack.stop());

const { client, plan, poolOfOne, release, begun, counts, reached, gone, taskReached, status, until, refusalOf, send } =
  createJobsWorld(() => stack);

const reasonOf = async ({ jobId }: MarkedJob) => (await client().job.get(jobId)).executionInfo?.terminateReason;
const releaseOf = async (job: MarkedJob) => (await stack.jobNodes(job))[0]?.release;

describe.concurrent('a job ends, is released, and tells the reason', () => {
  test('on a user’s word, with the user’s reason: running tasks are killed, waiting ones wait for ever', async () => {
    await poolOfOne('told');
    const job = plan('told', 'told', 2);
    await client().job.add(jobBody(job));
    await client().task.addCollection(job.jobId, taskBodies(job, hold('never')));
    await begun(job, 'never');
    await client().job.terminate(job.jobId, { terminateReason: 'enough' });
    expect(await refusalOf(client().job.terminate(job.jobId))).toMatchObject({ statusCode: 409 });
    await reached(job, 'completed');
    expect(counts(job)).toEqual({ preparation: 1, task01: 1, release: 1 });
    expect(await reasonOf(job)).toBe('enough');
    const [killed, waiting] = await client().task.list(job.jobId);
    expect(killed).toMatchObject({ state: 'completed', executionInfo: { failureInfo: { code: 'TaskEnded' } } });
    expect(waiting?.state).toBe('active');
    expect(await refusalOf(client().job.terminate(job.jobId))).toEqual({ statusCode: 409, code: 'JobCompleted' });
  });

  test('when its time is over, counted from its creation', async () => {
    await poolOfOne('limited');
    const job = plan('limited', 'limited');
    await client().job.add({ ...jobBody(job), constraints: { maxWallClockTime: 'PT6S' } });
    await client().task.addCollection(job.jobId, taskBodies(job, hold('never')));
    await reached(job, 'completed');
    const { executionInfo, creationTime, stateTransitionTime } = await client().job.get(job.jobId);
    expect(executionInfo?.terminateReason).toBe('MaxWallClockTimeExpiry');
    expect(executionInfo?.endTime).toEqual(stateTransitionTime);
    expect((executionInfo?.endTime?.getTime() ?? 0) - (creationTime?.getTime() ?? 0)).toBeGreaterThanOrEqual(6_000);
    const { task01 = 0, release: released = 0 } = counts(job);
    expect(released).toBe(task01);
  });

  test('when all its tasks are completed, whatever their results; without tasks at once', async () => {
    await poolOfOne('complete');
    const job = plan('complete', 'complete', 2);
    await client().job.add(jobBody(job));
    await client().task.addCollection(job.jobId, taskBodies(job, 'test $AZ_BATCH_TASK_ID = task01'));
    await client().job.patch(job.jobId, { onAllTasksComplete: 'terminatejob' });
    await reached(job, 'completed');
    expect(counts(job)).toEqual({ preparation: 1, task01: 1, task02: 1, release: 1 });
    expect(await reasonOf(job)).toBe('AllTasksComplete');
    const empty = plan('empty', 'complete', 0);
    await client().job.add({ ...jobBody(empty), onAllTasksComplete: 'terminatejob' });
    await reached(empty, 'completed');
    expect([counts(empty), await reasonOf(empty)]).toEqual([{}, 'AllTasksComplete']);
  });

  test('when a task fails whose exit conditions ask for it', async () => {
    await poolOfOne('failing');
    const job = plan('failing', 'failing', 2);
    await client().job.add({ ...jobBody(job), onTaskFailure: 'performexitoptionsjobaction' });
    await client().task.addCollection(job.jobId, taskBodies(job, 'exit 7'));
    await reached(job, 'completed');
    expect(counts(job)).toEqual({ preparation: 1, task01: 1, release: 1 });
    expect(await reasonOf(job)).toBe('TaskFailed');
  });

  test('when its job manager ends, which runs first, on a node for itself', async () => {
    await poolOfOne('managed', 2);
    const job = plan('managed', 'managed', 2);
    const [managerBody, taskBody] = taskBodies(job, 'until test -e $M/go-$AZ_BATCH_TASK_ID; do sleep 0.05; done');
    if (managerBody === undefined || taskBody === undefined) throw new Error('no bodies');
    await client().job.add({ ...jobBody(job), jobManagerTask: managerBody, constraints: { maxTaskRetryCount: 2 } });
    await client().task.add(job.jobId, taskBody);
    await until('the manager', () => counts(job)['task01'] === 1);
    const { constraints, state } = await taskReached(job, 'task01', 'running');
    expect([constraints?.maxTaskRetryCount, state]).toEqual([2, 'running']);
    expect((await client().task.get(job.jobId, 'task02')).state).toBe('active');
    release(job, 'go-task01');
    await reached(job, 'completed');
    expect(counts(job)).toEqual({ preparation: 1, task01: 1, release: 1 });
    expect(await reasonOf(job)).toBe('JMComplete');
  });

  test('when it is deleted while active: meanwhile it is refused, then its folders and rows are gone and its id is free', async () => {
    const nodeId = await poolOfOne('deleted');
    const job = plan('deleted', 'deleted');
    await client().job.add(jobBody(job, { release: hold('go') }));
    await client().task.addCollection(job.jobId, taskBodies(job));
    await tasksCompleted(client, job, 100_000);
    await client().job.deleteMethod(job.jobId);
    await begun(job, 'go');
    expect((await client().job.get(job.jobId)).state).toBe('deleting');
    const late = { id: 'late', commandLine: 'true' };
    for (const attempt of [
      () => client().job.deleteMethod(job.jobId),
      () => client().job.add(jobBody(job)),
      () => client().job.terminate(job.jobId),
      () => client().job.patch(job.jobId, { priority: 1 }),
      () => client().job.disable(job.jobId, 'wait'),
      () => client().job.enable(job.jobId),
      () => client().task.add(job.jobId, late),
    ])
      expect(await refusalOf(attempt())).toEqual({ statusCode: 409, code: 'JobBeingDeleted' });
    release(job, 'go');
    await gone(job);
    await until('the removal of its folders', async () => {
      const names = await stack.listNodeFiles('deleted', nodeId);
      return !names.some((name) => name.includes('workitems/deleted'));
    });
    expect(await stack.jobNodes(job)).toEqual([]);
    expect(counts(job)).toEqual({ preparation: 1, task01: 1, release: 1 });
    await client().job.add(jobBody(job));
    expect((await client().job.get(job.jobId)).state).toBe('active');
  });
});

describe.concurrent('a release', () => {
  test('is not repeated by deleting its job after terminating it', async () => {
    await poolOfOne('twice');
    const job = plan('twice', 'twice');
    await client().job.add(jobBody(job, { release: hold('go') }));
    await client().task.addCollection(job.jobId, taskBodies(job));
    await tasksCompleted(client, job, 100_000);
    await client().job.terminate(job.jobId);
    await begun(job, 'go');
    await client().job.deleteMethod(job.jobId);
    release(job, 'go');
    await gone(job);
    expect(counts(job)['release']).toBe(1);
  });

  test('that fails does not keep its job from completing, and says so', async () => {
    await poolOfOne('failed');
    const job = plan('failed', 'failed');
    await stack.runJob(job, { release: 'exit 4' });
    expect((await status(job)).release).toMatchObject({ state: 'completed', result: 'failure', exitCode: 4 });
  });

  test('that takes longer than it may is killed, and its job completes', async () => {
    await poolOfOne('late');
    const job = plan('late', 'late');
    const body = jobBody(job, { release: hold('never') });
    const jobReleaseTask = { commandLine: body.jobReleaseTask?.commandLine ?? '', maxWallClockTime: 'PT1S' };
    await client().job.add({ ...body, jobReleaseTask });
    await client().task.addCollection(job.jobId, taskBodies(job));
    await tasksCompleted(client, job, 100_000);
    await client().job.terminate(job.jobId);
    await reached(job, 'completed');
    expect((await status(job)).release).toMatchObject({ result: 'failure', failureInfo: { code: 'TaskEnded' } });
    expect(counts(job)['release']).toBe(1);
    const unlimited = { ...body, id: 'later', jobReleaseTask: { ...jobReleaseTask, maxWallClockTime: 'PT15M1S' } };
    expect(await refusalOf(client().job.add(unlimited))).toEqual({ statusCode: 400, code: 'InvalidPropertyValue' });
  });

  test('that a reboot interrupts runs again', async () => {
    const nodeId = await poolOfOne('rebooted');
    const job = plan('rebooted', 'rebooted');
    await client().job.add(jobBody(job, { release: hold('go') }));
    await client().task.addCollection(job.jobId, taskBodies(job));
    await tasksCompleted(client, job, 100_000);
    await client().job.terminate(job.jobId);
    await begun(job, 'go');
    await client().computeNode.reboot('rebooted', nodeId);
    await until('the second release', () => counts(job)['release'] === 2);
    release(job, 'go');
    await reached(job, 'completed');
    expect(counts(job)).toEqual({ preparation: 1, task01: 1, release: 2 });
    expect((await status(job)).release).toMatchObject({ result: 'success' });
  });

  test('is waived with the reason when its node gets a new image', async () => {
    const nodeId = await poolOfOne('imaged');
    const job = plan('imaged', 'imaged');
    await client().job.add(jobBody(job, { release: hold('never') }));
    await client().task.addCollection(job.jobId, taskBodies(job));
    await tasksCompleted(client, job, 100_000);
    await client().job.terminate(job.jobId);
    await begun(job, 'never');
    await client().computeNode.reimage('imaged', nodeId);
    await reached(job, 'completed');
    expect(await releaseOf(job)).toMatchObject({ state: 'waived', reason: 'nodeReimaged' });
    expect(await stack.waiverReasons(job)).toEqual(['nodeReimaged']);
    expect(counts(job)['release']).toBe(1);
  });

  test.each(['terminate', 'delete'] as const)('that still runs is killed and waived by %s with force', async (how) => {
    await poolOfOne(`forced-${how}`);
    const job = plan(`forced-${how}`, `forced-${how}`);
    await client().job.add(jobBody(job, { release: hold('never') }));
    await client().task.addCollection(job.jobId, taskBodies(job));
    await tasksCompleted(client, job, 100_000);
    await client().job.terminate(job.jobId);
    await begun(job, 'never');
    if (how === 'terminate') {
      expect(await send('POST', `/jobs/${job.jobId}/terminate?force=true`)).toBe(202);
      await reached(job, 'completed');
      expect(await releaseOf(job)).toMatchObject({ state: 'waived', reason: 'forced' });
      expect(await stack.waiverReasons(job)).toEqual(['forced']);
    } else {
      expect(await send('DELETE', `/jobs/${job.jobId}?force=true`)).toBe(202);
      await gone(job);
    }
    await until(
      'the end of the release',
      () => !stack.taskProcesses().some(({ command }) => command.includes(job.directory)),
    );
  });

  test('is not owed where no task of the job started', async () => {
    await poolOfOne('unowed');
    const job = plan('unowed', 'unowed');
    await client().job.add(jobBody(job, { preparation: 'exit 1' }));
    await client().task.addCollection(job.jobId, taskBodies(job));
    await until('the failure', async () => (await status(job)).preparation?.state === 'completed');
    await client().job.terminate(job.jobId);
    await reached(job, 'completed');
    expect(counts(job)).toEqual({ preparation: 1 });
    expect((await status(job)).release).toBeUndefined();
  });
});

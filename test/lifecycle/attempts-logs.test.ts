// Attempts of preparation and release, and what they and failed tasks wrote: each by itself, and longer than their node lives.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startSharedStack, type SharedStack } from '../e2e/shared-stack.js';
import { planJob } from '../e2e/marked-job.js';
import { eventually } from '../helpers/eventually.js';
import { addPool, attemptsOf, endJob, get, sh, taskCompleted, textOf } from './attempts-stack.js';

let stack: SharedStack;
beforeAll(async () => {
  stack = await startSharedStack('attempts-logs');
});
afterAll(() => stack.stop());
afterEach(({ task }) => stack.afterTest(task));

const countTo = (count: number): string =>
  `echo x >> tries; wc -l < tries; test $(wc -l < tries) -ge ${count} || exit 7`;

describe('attempts', () => {
  test('of a preparation that is tried again each keep their times, code and output', async () => {
    const [nodeId = ''] = await addPool(stack, 'Retries');
    const client = stack.client();
    await client.job.add({
      id: 'Retries',
      poolInfo: { poolId: 'Retries' },
      jobPreparationTask: { commandLine: sh(countTo(3)), constraints: { maxTaskRetryCount: 5 } },
      jobReleaseTask: { commandLine: sh('kill -SEGV $$') },
    });
    await client.task.add('Retries', { id: 't', commandLine: 'true' });
    await taskCompleted(stack, 'Retries', 't');
    await endJob(stack, 'Retries');

    const [node] = await attemptsOf(stack, 'Retries');
    expect(node?.nodeId).toBe(nodeId);
    expect(node?.jobPreparationTaskAttempts).toMatchObject([
      { attempt: 1, retryCount: 0, exitCode: 7, result: 'failure', failureInfo: { code: 'FailureExitCode' } },
      { attempt: 1, retryCount: 1, exitCode: 7, result: 'failure' },
      { attempt: 1, retryCount: 2, exitCode: 0, result: 'success' },
    ]);
    expect(node?.jobReleaseTaskAttempts).toMatchObject([{ attempt: 1, exitCode: 139, signal: 'SIGSEGV' }]);
    const times = (node?.jobPreparationTaskAttempts ?? []).flatMap(({ startTime, endTime = '' }) => [
      startTime,
      endTime,
    ]);
    expect([...times].sort()).toEqual(times);
    const directory = 'workitems/Retries/job-1/jobpreparation';
    const read = (name: string) => textOf(client.file.getFromComputeNode('Retries', nodeId, `${directory}/${name}`));
    expect(await read('stdout.1.0.txt')).toBe('1\n');
    expect(await read('stdout.1.1.txt')).toBe('2\n');
    expect(await read('stdout.txt')).toBe('3\n');
    for (const [index, attempt] of (node?.jobPreparationTaskAttempts ?? []).entries())
      expect(await get(stack, attempt.stdoutUrl ?? '')).toEqual({ status: 200, text: `${index + 1}\n` });
  });

  test('after a reboot stand beside those before it, and the status keeps showing the last one', async () => {
    const [nodeId = ''] = await addPool(stack, 'Reboot');
    const client = stack.client();
    await client.job.add({
      id: 'Reboot',
      poolInfo: { poolId: 'Reboot' },
      jobPreparationTask: { commandLine: sh('echo x >> tries; wc -l < tries') },
      jobReleaseTask: { commandLine: 'true' },
    });
    await client.task.add('Reboot', { id: 't1', commandLine: 'true' });
    await taskCompleted(stack, 'Reboot', 't1');
    await client.computeNode.reboot('Reboot', nodeId);
    await eventually(
      'the preparation of before, undone',
      async () =>
        (await stack.jobNodes(planJob(stack.directory, { jobId: 'Reboot', poolId: 'Reboot', tasks: 0 }))).every(
          ({ preparation }) => preparation.state === 'none',
        ),
      60_000,
    );
    expect([...(await client.job.listPreparationAndReleaseTaskStatus('Reboot'))]).toMatchObject([
      { nodeId, jobPreparationTaskExecutionInfo: { state: 'completed', exitCode: 0, result: 'success' } },
    ]);
    await client.task.add('Reboot', { id: 't2', commandLine: 'true' });
    await taskCompleted(stack, 'Reboot', 't2');
    await endJob(stack, 'Reboot');

    const [node] = await attemptsOf(stack, 'Reboot');
    expect(node?.jobPreparationTaskAttempts).toMatchObject([
      { attempt: 1, exitCode: 0, result: 'success' },
      { attempt: 2, exitCode: 0, result: 'success' },
    ]);
    const texts = (node?.jobPreparationTaskAttempts ?? []).map(({ stdoutUrl }) => get(stack, stdoutUrl ?? ''));
    expect(await Promise.all(texts)).toMatchObject([{ text: '1\n' }, { text: '2\n' }]);
  });

  test('that a release never had are told with the reason', async () => {
    const [nodeId = ''] = await addPool(stack, 'Waived', { nodes: 1 });
    const client = stack.client();
    await client.job.add({
      id: 'Waived',
      poolInfo: { poolId: 'Waived' },
      jobPreparationTask: { commandLine: 'true' },
      jobReleaseTask: { commandLine: 'true' },
    });
    await client.task.add('Waived', { id: 't', commandLine: 'true' });
    await taskCompleted(stack, 'Waived', 't');
    await client.pool.removeNodes('Waived', { nodeList: [nodeId] });
    await eventually('no node', async () => (await client.computeNode.list('Waived')).length === 0, 60_000, 100);
    await endJob(stack, 'Waived');
    expect(await attemptsOf(stack, 'Waived')).toMatchObject([
      {
        nodeId,
        jobPreparationTaskAttempts: [{ result: 'success' }],
        jobReleaseTaskAttempts: [],
        jobReleaseTaskWaiver: { reason: 'nodeRemoved' },
      },
    ]);
  });
});

test('the output of preparation, release and failed task is read as before when their node is gone', async () => {
  const [nodeId = ''] = await addPool(stack, 'Gone');
  const client = stack.client();
  await client.job.add({
    id: 'Gone',
    poolInfo: { poolId: 'Gone' },
    jobPreparationTask: { commandLine: sh('echo prepared; echo warned >&2') },
    jobReleaseTask: { commandLine: sh('echo released') },
  });
  await client.task.add('Gone', { id: 'Fails', commandLine: sh('echo 0123456789; exit 3') });
  await client.task.add('Gone', { id: 'Succeeds', commandLine: sh('echo fine') });
  await Promise.all(['Fails', 'Succeeds'].map((id) => taskCompleted(stack, 'Gone', id)));
  await endJob(stack, 'Gone');
  await client.pool.deleteMethod('Gone');
  await eventually('the end of the pool', async () => !(await client.pool.exists('Gone')).body, 60_000, 100);

  const onNode = (path: string, ocpRange?: string) =>
    textOf(
      client.file.getFromComputeNode('Gone', nodeId, `workitems/Gone/job-1/${path}`, {
        ...(ocpRange !== undefined && { fileGetFromComputeNodeOptions: { ocpRange } }),
      }),
    );
  expect(await onNode('jobpreparation/stdout.txt')).toBe('prepared\n');
  expect(await onNode('jobpreparation/stderr.txt')).toBe('warned\n');
  expect(await onNode('jobrelease/stdout.txt')).toBe('released\n');
  expect(await onNode('Fails/stdout.txt', 'bytes=2-4')).toBe('234');
  expect(await textOf(client.file.getFromTask('Gone', 'fails', 'stdout.txt'))).toBe('0123456789\n');
  const files = await client.file.listFromTask('Gone', 'Fails');
  expect(files.map(({ name }) => name)).toEqual(['stderr.1.0.txt', 'stderr.txt', 'stdout.1.0.txt', 'stdout.txt']);
  expect(files.find(({ name }) => name === 'stdout.txt')?.properties?.contentLength).toBe(11);
  expect(await stack.isAbsent(client.file.getFromComputeNode('Gone', nodeId, 'shared/x.txt'))).toBe(true);
  await expect(client.file.listFromTask('Gone', 'Succeeds')).rejects.toMatchObject({ code: 'TaskFilesUnavailable' });
  await client.file.deleteFromTask('Gone', 'Fails', 'stdout.txt');
  await expect(client.file.deleteFromTask('Gone', 'Fails', 'stdout.txt')).rejects.toMatchObject({
    code: 'TaskFilesUnavailable',
  });
  expect((await client.file.listFromTask('Gone', 'Fails')).map(({ name }) => name)).toEqual([
    'stderr.1.0.txt',
    'stderr.txt',
  ]);
});

describe('the folder of a task', () => {
  test('is gone after its retention time, and with it all but the output of what failed', async () => {
    const [nodeId = ''] = await addPool(stack, 'Retention');
    const client = stack.client();
    await client.job.add({ id: 'Retention', poolInfo: { poolId: 'Retention' } });
    const constraints = { retentionTime: 'PT1S' };
    await client.task.add('Retention', { id: 'Fails', commandLine: sh('echo why; exit 1'), constraints });
    await client.task.add('Retention', { id: 'Succeeds', commandLine: sh('echo fine'), constraints });
    await client.task.add('Retention', { id: 'Kept', commandLine: sh('echo kept') });
    await Promise.all(['Fails', 'Succeeds', 'Kept'].map((id) => taskCompleted(stack, 'Retention', id)));
    const folders = async (): Promise<readonly string[]> =>
      (await stack.listNodeFiles('Retention', nodeId)).filter((name) => /job-1\/[^/]+$/.test(name));
    await eventually('the removal of two folders', async () => (await folders()).length === 1, 30_000, 200);
    expect(await folders()).toEqual(['workitems/Retention/job-1/Kept']);
    expect(await textOf(client.file.getFromTask('Retention', 'Fails', 'stdout.txt'))).toBe('why\n');
    await expect(client.file.getFromTask('Retention', 'Succeeds', 'stdout.txt')).rejects.toMatchObject({
      statusCode: 404,
    });
    expect(await textOf(client.file.getFromTask('Retention', 'Kept', 'stdout.txt'))).toBe('kept\n');
    await client.job.deleteMethod('Retention');
    await eventually(
      'the removal of the job with its folders',
      async () => !(await stack.listNodeFiles('Retention', nodeId)).some((name) => name.startsWith('workitems/')),
      30_000,
      200,
    );
  });
});

describe('the wall clock', () => {
  test('ends a task with TaskEnded, which is not tried again', async () => {
    await addPool(stack, 'Clock');
    const client = stack.client();
    await client.job.add({ id: 'Clock', poolInfo: { poolId: 'Clock' } });
    await client.task.add('Clock', {
      id: 'slow',
      commandLine: sh('echo x >> tries; sleep 1000'),
      constraints: { maxWallClockTime: 'PT1S', maxTaskRetryCount: 3 },
    });
    await taskCompleted(stack, 'Clock', 'slow');
    expect((await client.task.get('Clock', 'slow')).executionInfo).toMatchObject({
      result: 'failure',
      failureInfo: { category: 'servererror', code: 'TaskEnded' },
      retryCount: 0,
    });
    expect(await textOf(client.file.getFromTask('Clock', 'slow', 'wd/tries'))).toBe('x\n');
  });

  test('ends a release that takes too long, and the job completes', async () => {
    await addPool(stack, 'SlowEnd');
    const client = stack.client();
    await client.job.add({
      id: 'SlowEnd',
      poolInfo: { poolId: 'SlowEnd' },
      jobPreparationTask: { commandLine: 'true' },
      jobReleaseTask: { commandLine: sh('echo began; sleep 1000'), maxWallClockTime: 'PT1S' },
    });
    await client.task.add('SlowEnd', { id: 't', commandLine: 'true' });
    await taskCompleted(stack, 'SlowEnd', 't');
    await endJob(stack, 'SlowEnd');
    expect([...(await client.job.listPreparationAndReleaseTaskStatus('SlowEnd'))]).toMatchObject([
      { jobReleaseTaskExecutionInfo: { state: 'completed', result: 'failure', failureInfo: { code: 'TaskEnded' } } },
    ]);
  });
});

describe('retries of a task', () => {
  test('follow a code other than 0, are counted, and end with their number', async () => {
    await addPool(stack, 'Counted');
    const client = stack.client();
    await client.job.add({ id: 'Counted', poolInfo: { poolId: 'Counted' } });
    const constraints = { maxTaskRetryCount: 2 };
    await client.task.add('Counted', { id: 'fails', commandLine: sh(countTo(100)), constraints });
    await client.task.add('Counted', { id: 'recovers', commandLine: sh(countTo(2)), constraints });
    await client.task.add('Counted', { id: 'missing', commandLine: 'no-such-program', constraints });
    await client.task.add('Counted', {
      ...{ id: 'endless', commandLine: sh(countTo(5)), constraints: { maxTaskRetryCount: -1 } },
    });
    const ended = async (id: string) => {
      await taskCompleted(stack, 'Counted', id);
      return (await client.task.get('Counted', id)).executionInfo;
    };
    expect(await ended('fails')).toMatchObject({ exitCode: 7, result: 'failure', retryCount: 2 });
    const recovered = await ended('recovers');
    expect(recovered).toMatchObject({ exitCode: 0, result: 'success', retryCount: 1 });
    expect(recovered?.lastRetryTime).toEqual(recovered?.startTime);
    const missing = await ended('missing');
    expect(missing).toMatchObject({ retryCount: 0, failureInfo: { code: 'CommandProgramNotFound' } });
    expect(missing).not.toHaveProperty('exitCode');
    expect(await ended('endless')).toMatchObject({ exitCode: 0, retryCount: 4 });
  });
});

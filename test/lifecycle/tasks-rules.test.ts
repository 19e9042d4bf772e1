// Rules of single tasks, through REST on the running stack: dependencies, exit conditions, ending, running again, changing, deleting.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { BatchServiceModels } from '@azure/batch';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addPool, jobReached } from '../e2e/marked-job.js';
import { startSharedStack, type SharedStack } from '../e2e/shared-stack.js';
import { eventually } from '../helpers/eventually.js';
import { reportAgain } from './late-report.js';
import { createPlay, send, statesOf, taskReached, type Play } from './tasks-play.js';

const poolId = 'rules';
let stack: SharedStack;
beforeAll(async () => {
  stack = await startSharedStack('tasks');
  await addPool(() => stack.client(), poolId, 2, 8);
});
afterAll(() => stack.stop());

const client = () => stack.client();

async function begin(jobId: string, more: Partial<BatchServiceModels.JobAddParameter> = {}): Promise<Play> {
  await client().job.add({ id: jobId, poolInfo: { poolId }, ...more });
  return createPlay(stack.directory, jobId);
}

const usesTaskDependencies = true;
const code = (answer: Promise<unknown>): Promise<unknown> =>
  answer.then(
    () => undefined,
    (error: { code?: unknown }) => error.code,
  );

describe.concurrent('a task that depends on others', () => {
  test('runs after all of them have succeeded, by id and by range, also if they are added later', async () => {
    const play = await begin('by-id-and-range', { usesTaskDependencies });
    const dependsOn = { taskIds: ['A'], taskIdRanges: [{ start: 1, end: 2 }] };
    await client().task.addCollection(play.jobId, [play.task('last', { dependsOn }), play.task('1'), play.task('2')]);
    await taskReached(client(), play.jobId, '2', 'completed');
    await client().task.add(play.jobId, play.task('a'));
    await taskReached(client(), play.jobId, 'last', 'completed');
    expect(play.order().at(-1)).toBe('last');
    expect((await client().task.get(play.jobId, 'last')).dependsOn).toEqual(dependsOn);
  });

  test('waits for good behind one that failed, unless its exit conditions satisfy', async () => {
    const play = await begin('after-failures', { usesTaskDependencies });
    const exitConditions = { exitCodes: [{ code: 3, exitOptions: { dependencyAction: 'satisfy' as const } }] };
    await client().task.addCollection(play.jobId, [
      play.task('fails', {}, 'exit 3'),
      play.task('satisfies', { exitConditions }, 'exit 3'),
      play.task('blocked', { dependsOn: { taskIds: ['fails'] } }),
      play.task('follows', { dependsOn: { taskIds: ['satisfies'] } }),
    ]);
    await taskReached(client(), play.jobId, 'follows', 'completed');
    await taskReached(client(), play.jobId, 'fails', 'completed');
    expect(await statesOf(client(), play.jobId)).toMatchObject({ blocked: 'active' });
    expect(play.order()).not.toContain('blocked');
  });

  test('is refused by a job that does not use dependencies', async () => {
    const play = await begin('without-dependencies');
    const task = play.task('t', { dependsOn: { taskIds: ['a'] } });
    expect(await code(client().task.add(play.jobId, task))).toBe('TaskDependenciesNotSpecifiedOnJob');
  });

  test('may name ids of 64,000 characters and no more', async () => {
    const play = await begin('long-lists', { usesTaskDependencies });
    const ids = (count: number) => Array.from({ length: count }, (_, n) => String(n).padStart(64, 'x'));
    const add = (id: string, taskIds: string[]) =>
      client().task.add(play.jobId, play.task(id, { dependsOn: { taskIds } }));
    expect(await code(add('most', ids(1000)))).toBeUndefined();
    expect(await code(add('more', ids(1001)))).toBe('TaskDependencyListTooLong');
  });
});

describe.concurrent('exit conditions', () => {
  const onTaskFailure = 'performexitoptionsjobaction';

  test('end the job as TaskFailed, by default after any failure', async () => {
    const play = await begin('failure-ends-job', { onTaskFailure });
    await client().task.addCollection(play.jobId, [play.held('long'), play.task('fails', {}, 'exit 1')]);
    await jobReached(client, play, 'completed');
    expect((await client().job.get(play.jobId)).executionInfo?.terminateReason).toBe('TaskFailed');
  });

  test('disable the job, whose running tasks wait again', async () => {
    const play = await begin('failure-disables-job', { onTaskFailure });
    const exitConditions = { exitCodeRanges: [{ start: 2, end: 4, exitOptions: { jobAction: 'disable' as const } }] };
    await client().task.add(play.jobId, play.held('long'));
    await play.begun('long');
    await client().task.add(play.jobId, play.task('fails', { exitConditions }, 'exit 3'));
    await jobReached(client, play, 'disabled');
    expect((await taskReached(client(), play.jobId, 'long', 'active')).executionInfo?.requeueCount).toBe(1);
  });

  test('act after a user ended the task only where they say so; what depends on it waits for good', async () => {
    const exitConditions = { default: { jobAction: 'terminate' as const } };
    const [quiet, loud] = await Promise.all([
      begin('ended-quietly', { onTaskFailure, usesTaskDependencies }),
      begin('ended-loudly', { onTaskFailure, usesTaskDependencies }),
    ]);
    await client().task.addCollection(quiet.jobId, [
      quiet.held('ended'),
      quiet.task('behind', { dependsOn: { taskIds: ['ended'] } }),
    ]);
    await client().task.addCollection(loud.jobId, [
      loud.held('ended', { exitConditions }),
      loud.task('behind', { dependsOn: { taskIds: ['ended'] } }),
    ]);
    await Promise.all([quiet, loud].map((play) => play.begun('ended')));
    await Promise.all([quiet, loud].map(({ jobId }) => client().task.terminate(jobId, 'ended')));
    await jobReached(client, loud, 'completed');
    expect((await client().job.get(loud.jobId)).executionInfo?.terminateReason).toBe('TaskFailed');
    await taskReached(client(), quiet.jobId, 'ended', 'completed');
    // What the end called for is done before another task of the job has come to its own.
    await client().task.add(quiet.jobId, quiet.task('later'));
    await taskReached(client(), quiet.jobId, 'later', 'completed');
    expect((await client().job.get(quiet.jobId)).state).toBe('active');
    expect([quiet.order(), loud.order()]).toEqual([['ended', 'later'], ['ended']]);
    for (const { jobId } of [quiet, loud]) {
      expect(await statesOf(client(), jobId)).toMatchObject({ ended: 'completed', behind: 'active' });
      expect((await client().task.get(jobId, 'ended')).executionInfo?.failureInfo?.code).toBe('TaskEnded');
    }
  });

  test('that ask for an action are refused by a job that performs none', async () => {
    const play = await begin('no-actions');
    const exitConditions = { default: { jobAction: 'terminate' as const } };
    expect(await code(client().task.add(play.jobId, play.task('t', { exitConditions })))).toBe('InvalidPropertyValue');
  });

  test('judge a program that is missing as an error before the start', async () => {
    const play = await begin('missing-program', { usesTaskDependencies });
    const exitConditions = { preProcessingError: { dependencyAction: 'satisfy' as const } };
    await client().task.addCollection(play.jobId, [
      { id: 'missing', commandLine: '/no/such/program', exitConditions },
      play.task('follows', { dependsOn: { taskIds: ['missing'] } }),
    ]);
    await taskReached(client(), play.jobId, 'follows', 'completed');
    const { executionInfo } = await client().task.get(play.jobId, 'missing');
    expect(executionInfo).toMatchObject({ result: 'failure', failureInfo: { code: 'CommandProgramNotFound' } });
    expect(executionInfo?.exitCode).toBeUndefined();
  });
});

describe.concurrent('ending a task', () => {
  test('kills its processes and completes it as TaskEnded', async () => {
    const play = await begin('end-running');
    const script = `sleep 600 & echo $! > ${play.directory}/pid; wait`;
    await client().task.add(play.jobId, play.task('t', {}, script));
    await eventually('the process', () => existsSync(join(play.directory, 'pid')));
    await client().task.terminate(play.jobId, 't');
    const task = await taskReached(client(), play.jobId, 't', 'completed');
    expect(task).toMatchObject({
      previousState: 'running',
      executionInfo: { result: 'failure', retryCount: 0, failureInfo: { category: 'usererror', code: 'TaskEnded' } },
    });
    expect(stack.taskProcesses().filter(({ command }) => command.includes(play.directory))).toEqual([]);
    expect(await code(client().task.terminate(play.jobId, 't'))).toBe('TaskCompleted');
  });

  test('that waits completes it without a start', async () => {
    const play = await begin('end-waiting', { usesTaskDependencies });
    await client().task.add(play.jobId, play.task('t', { dependsOn: { taskIds: ['never'] } }));
    await client().task.terminate(play.jobId, 't');
    const { state, executionInfo } = await client().task.get(play.jobId, 't');
    expect(state).toBe('completed');
    expect(executionInfo).toMatchObject({ result: 'failure', failureInfo: { code: 'TaskEnded' } });
    expect(executionInfo?.startTime).toBeUndefined();
    expect(play.order()).toEqual([]);
  });
});

describe.concurrent('running a task again', () => {
  test('that failed runs it with all its retries, and forgets how it had ended', async () => {
    const play = await begin('reactivate');
    const constraints = { maxTaskRetryCount: 1 };
    const script = `test -e ${play.directory}/mended`;
    await client().task.add(play.jobId, play.task('t', { constraints }, script));
    const failed = await taskReached(client(), play.jobId, 't', 'completed');
    expect(failed.executionInfo).toMatchObject({ exitCode: 1, retryCount: 1, result: 'failure' });
    expect(failed.executionInfo?.lastRetryTime).toEqual(failed.executionInfo?.startTime);
    await client().task.reactivate(play.jobId, 't');
    const again = await eventually('the end of the second run', async () => {
      const task = await client().task.get(play.jobId, 't');
      return task.state === 'completed' && play.order().length === 4 ? task : undefined;
    });
    expect(again.executionInfo).toMatchObject({ exitCode: 1, retryCount: 1 });
    await client().task.update(play.jobId, 't', { constraints: { maxTaskRetryCount: 0 } });
    await client().task.reactivate(play.jobId, 't');
    await eventually('the fifth try', () => play.order().length === 5);
    await taskReached(client(), play.jobId, 't', 'completed');
    expect(play.order()).toHaveLength(5);
  });

  test('is refused while it runs, after a success, and once its job has ended', async () => {
    const play = await begin('reactivate-refused');
    await client().task.addCollection(play.jobId, [
      play.held('runs'),
      play.task('works'),
      play.task('fails', {}, 'exit 1'),
    ]);
    await taskReached(client(), play.jobId, 'works', 'completed');
    await taskReached(client(), play.jobId, 'fails', 'completed');
    const again = (id: string) => code(client().task.reactivate(play.jobId, id));
    expect([await again('runs'), await again('works')]).toEqual(['TaskNotCompleted', 'TaskSucceeded']);
    await client().job.terminate(play.jobId);
    await jobReached(client, play, 'completed');
    expect(await again('fails')).toBe('JobCompleted');
  });
});

describe.concurrent('a report that comes late', () => {
  test('of a run that is over changes nothing of the run that has taken its place', async () => {
    // Its node is its own: where others run too, a node has no word that stays its newest for long.
    const poolId = 'late-reports';
    await addPool(client, poolId, 1, 1);
    const play = await begin('late-report', { poolInfo: { poolId } });
    await client().task.add(play.jobId, play.held('t'));
    await play.begun('t');
    const [jobNode] = await stack.jobNodes({ ...play, poolId, taskIds: [] });
    const [first] = jobNode?.runs ?? [];
    if (jobNode === undefined || first === undefined) throw new Error('The task has no run');
    await client().job.disable(play.jobId, 'requeue');
    await jobReached(client, play, 'disabled');
    await client().job.enable(play.jobId);
    await eventually('the second run', () => play.order().length === 2);
    const second = await taskReached(client(), play.jobId, 't', 'running');
    const { jobId, incarnation, nodeId } = jobNode;
    await reportAgain(stack, { poolId, nodeId }, [
      {
        ...{ jobId, incarnation, runId: first.runId, kind: 'task' as const, taskId: 't', attempt: 1 },
        ...{ state: 'ended' as const, ending: 'exited' as const, exitCode: 0, retryCount: 0 },
        ...{ startedAgoMs: 1000, endedAgoMs: 500 },
      },
    ]);
    const now = await client().task.get(play.jobId, 't');
    // Its start is told a little later than that it runs, and more exactly then.
    const { startTime } = now.executionInfo ?? {};
    expect([now.state, now.executionInfo]).toEqual(['running', { ...second.executionInfo, startTime }]);
    play.letGo('t');
    const ended = await taskReached(client(), play.jobId, 't', 'completed');
    expect(ended.executionInfo).toMatchObject({ exitCode: 0, requeueCount: 1 });
    expect(play.order()).toEqual(['t', 't', '-t']);
  });
});

describe.concurrent('changing a task', () => {
  test('replaces its constraints; what is left out goes back to its default', async () => {
    const play = await begin('update', { constraints: { maxTaskRetryCount: 3 } });
    await client().task.add(play.jobId, play.held('t', { constraints: { maxTaskRetryCount: 1 } }));
    const before = await client().task.get(play.jobId, 't');
    expect(await code(client().task.update(play.jobId, 't', { taskUpdateOptions: { ifMatch: '0x0' } }))).toBe(
      'ConditionNotMet',
    );
    await client().task.update(play.jobId, 't', { constraints: { maxWallClockTime: 'PT1H' } });
    const after = await client().task.get(play.jobId, 't');
    expect(after.constraints).toMatchObject({ maxWallClockTime: 'PT1H', retentionTime: 'P7D', maxTaskRetryCount: 3 });
    expect(after.eTag).not.toBe(before.eTag);
    await client().task.terminate(play.jobId, 't');
  });

  test('shows an ordinary task without subtasks', async () => {
    const play = await begin('subtasks');
    await client().task.add(play.jobId, play.task('t'));
    expect(await client().task.listSubtasks(play.jobId, 't')).toMatchObject({ value: [] });
    expect(await code(client().task.listSubtasks(play.jobId, 'none'))).toBe('TaskNotFound');
  });
});

describe.concurrent('deleting a task', () => {
  test('that runs kills it, and another task may have its id and runs', async () => {
    const play = await begin('delete-running');
    await client().task.add(play.jobId, play.held('t'));
    await play.begun('t');
    await client().task.deleteMethod(play.jobId, 't');
    expect(await code(client().task.get(play.jobId, 't'))).toBe('TaskNotFound');
    await client().task.add(play.jobId, play.task('t'));
    await taskReached(client(), play.jobId, 't', 'completed');
    await eventually(
      'the end of the deleted task',
      () => !stack.taskProcesses().some(({ command }) => command.includes(play.directory)),
    );
    expect(play.order()).toEqual(['t', 't']);
  });
});

describe.concurrent('adding a job with an Idempotency-Key', () => {
  test('answers the same request as the first time, and refuses another with the key', async () => {
    const body = { id: 'idempotent', poolInfo: { poolId } };
    const add = (more: object, key: string) =>
      send(client(), 'POST', '/jobs', { ...body, ...more }, { 'Idempotency-Key': key });
    const first = await add({}, 'one');
    await client().job.patch('idempotent', { priority: 5 });
    const again = await add({}, 'one');
    expect([first.status, again.status]).toEqual([201, 201]);
    expect(again.header('etag')).toBe(first.header('etag'));
    expect((await client().job.get('idempotent')).priority).toBe(5);
    expect(await add({ priority: 1 }, 'one')).toMatchObject({ status: 409, body: { code: 'IdempotencyKeyReused' } });
    expect(await add({}, 'two')).toMatchObject({ status: 409, body: { code: 'JobExists' } });
  });
});

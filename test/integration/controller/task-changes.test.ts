// Ending a task, running it again, changing and deleting it: from the request to what its node really did.
import { describe, expect, test } from 'vitest';
import { BatchError } from '../../../shared/errors.js';
import { addJob } from '../../../shared/jobs/add-job.js';
import { loadJob } from '../../../shared/jobs/read-jobs.js';
import { terminateJob } from '../../../shared/jobs/terminate-job.js';
import { addPool } from '../../../shared/pools/add-pool.js';
import { addTasks } from '../../../shared/tasks/add-tasks.js';
import { reactivateTask } from '../../../shared/tasks/reactivate-task.js';
import { loadTask } from '../../../shared/tasks/read-tasks.js';
import type { Task, TaskDefinition } from '../../../shared/tasks/task.js';
import { terminateTask } from '../../../shared/tasks/terminate-task.js';
import { updateTask } from '../../../shared/tasks/update-task.js';
import { jobDefinition, poolDefinition, taskDefinition } from '../../helpers/definitions.js';
import { createServices } from '../../helpers/memory-services.js';
import { beginLife, factsOf, goOn, unconditional, type Life } from './life.js';

const given = { conditions: unconditional };

async function begin(job: Parameters<typeof jobDefinition>[0] = {}, slots = 4): Promise<Life> {
  const memory = createServices();
  const life = beginLife(memory, memory);
  await addPool(life.services, poolDefinition({ targetDedicatedNodes: 1, taskSlotsPerNode: slots }));
  await addJob(life.services, jobDefinition({ jobPreparationTask: undefined, jobReleaseTask: undefined, ...job }));
  await goOn(life);
  return life;
}

async function run(life: Life, ...definitions: readonly TaskDefinition[]): Promise<void> {
  await addTasks(life.services, 'J', definitions);
  await goOn(life);
}

const taskIn = (life: Life, id: string): Promise<Task> => loadTask(life.services, 'J', id);
const openTasks = async (life: Life): Promise<number> => (await loadJob(life.services, 'J')).openTasks;
const begun = (life: Life): readonly string[] =>
  factsOf(life).flatMap(({ happened, run: { taskId } }) => (happened === 'began' ? [taskId] : []));

const codeOf = (attempt: Promise<unknown>): Promise<string | undefined> =>
  attempt.then(
    () => undefined,
    (error: unknown) => {
      if (error instanceof BatchError) return error.code;
      throw error;
    },
  );

const endedByUser = { category: 'usererror', code: 'TaskEnded' };

describe('ending a task', () => {
  test('that waits for a slot ends it at once, and it never runs', async () => {
    const life = await begin({}, 1);
    life.held.add('first');
    await run(life, taskDefinition('first'), taskDefinition('second'));
    await terminateTask(life.services, 'J', 'second', given);
    expect(await taskIn(life, 'second')).toMatchObject({
      state: 'completed',
      previousState: 'active',
      execution: { result: 'failure', failureInfo: endedByUser, retryCount: 0 },
    });
    life.held.clear();
    await terminateTask(life.services, 'J', 'first', given);
    await goOn(life);
    expect([begun(life), await openTasks(life)]).toEqual([['first'], 0]);
  });

  test('that runs kills it, and its end is told when the node has told it', async () => {
    const life = await begin();
    life.held.add('t');
    await run(life, taskDefinition('t'));
    await terminateTask(life.services, 'J', 't', given);
    expect((await taskIn(life, 't')).state).toBe('running');
    await goOn(life);
    const task = await taskIn(life, 't');
    expect(task).toMatchObject({
      state: 'completed',
      previousState: 'running',
      execution: { result: 'failure', exitCode: 137, failureInfo: endedByUser },
    });
    expect(await openTasks(life)).toBe(0);
  });

  test('that waits for its preparation ends it although it never began', async () => {
    const life = await begin(jobDefinition());
    life.held.add('prep');
    await run(life, taskDefinition('t'));
    expect((await taskIn(life, 't')).state).toBe('preparing');
    await terminateTask(life.services, 'J', 't', given);
    await goOn(life);
    expect(await taskIn(life, 't')).toMatchObject({
      state: 'completed',
      previousState: 'preparing',
      execution: { result: 'failure', failureInfo: endedByUser },
    });
    expect(begun(life)).toEqual(['prep']);
  });

  test('that waits for other tasks ends it, and it does not run when these have succeeded', async () => {
    const life = await begin({ usesTaskDependencies: true });
    await run(life, taskDefinition('b', { dependsOn: { taskIds: ['a'], taskIdRanges: [] } }));
    await terminateTask(life.services, 'J', 'b', given);
    await run(life, taskDefinition('a'));
    expect([begun(life), await openTasks(life)]).toEqual([['a'], 0]);
  });

  test('lets those go on whose conditions take this end as well', async () => {
    const life = await begin({ usesTaskDependencies: true }, 1);
    life.held.add('busy');
    const exitConditions = { default: { dependencyAction: 'satisfy' as const } };
    const dependsOn = { taskIds: ['a'], taskIdRanges: [] };
    await run(
      life,
      taskDefinition('busy'),
      taskDefinition('a', { exitConditions }),
      taskDefinition('b', { dependsOn }),
    );
    await terminateTask(life.services, 'J', 'a', given);
    life.held.clear();
    await terminateTask(life.services, 'J', 'busy', given);
    await goOn(life);
    expect(begun(life)).toEqual(['busy', 'b']);
  });

  test('is refused once it has completed', async () => {
    const life = await begin();
    await run(life, taskDefinition('t'));
    expect(await codeOf(terminateTask(life.services, 'J', 't', given))).toBe('TaskCompleted');
    expect(await codeOf(terminateTask(life.services, 'J', 'none', given))).toBe('TaskNotFound');
  });
});

describe('running a task again', () => {
  test('that failed gives it all its retries and forgets how it ended', async () => {
    const life = await begin();
    life.exitCodes.set('t', 3);
    await run(life, taskDefinition('t'));
    expect((await taskIn(life, 't')).execution).toMatchObject({ result: 'failure', exitCode: 3 });
    await reactivateTask(life.services, 'J', 't', given);
    expect(await taskIn(life, 't')).toMatchObject({ state: 'active', previousState: 'completed' });
    expect((await taskIn(life, 't')).execution).toEqual({ retryCount: 0, requeueCount: 0 });
    life.exitCodes.clear();
    await goOn(life);
    expect(await taskIn(life, 't')).toMatchObject({
      state: 'completed',
      execution: { result: 'success' },
      assignment: { attempt: 2 },
    });
    expect([begun(life), await openTasks(life)]).toEqual([['t', 't'], 0]);
  });

  test('that was ended before it ran runs it for the first time', async () => {
    const life = await begin({}, 1);
    life.held.add('first');
    await run(life, taskDefinition('first'), taskDefinition('second'));
    await terminateTask(life.services, 'J', 'second', given);
    await reactivateTask(life.services, 'J', 'second', given);
    life.held.clear();
    await terminateTask(life.services, 'J', 'first', given);
    await goOn(life);
    expect(begun(life)).toEqual(['first', 'second']);
  });

  test('that waited for others has it wait again', async () => {
    const life = await begin({ usesTaskDependencies: true });
    await run(life, taskDefinition('b', { dependsOn: { taskIds: ['a'], taskIdRanges: [] } }));
    await terminateTask(life.services, 'J', 'b', given);
    await reactivateTask(life.services, 'J', 'b', given);
    await goOn(life);
    expect((await taskIn(life, 'b')).state).toBe('active');
    await run(life, taskDefinition('a'));
    expect(begun(life)).toEqual(['a', 'b']);
  });

  test('has those wait for it that are added from then on', async () => {
    const life = await begin({ usesTaskDependencies: true });
    const exitConditions = { default: { dependencyAction: 'satisfy' as const } };
    life.exitCodes.set('a', 1);
    await run(life, taskDefinition('a', { exitConditions }));
    life.held.add('a');
    await reactivateTask(life.services, 'J', 'a', given);
    await run(life, taskDefinition('b', { dependsOn: { taskIds: ['a'], taskIdRanges: [] } }));
    expect((await taskIn(life, 'b')).state).toBe('active');
    await terminateTask(life.services, 'J', 'a', given);
    await goOn(life);
    expect(begun(life)).toEqual(['a', 'a', 'b']);
  });

  test('is refused while it has not completed, after a success, and when its job has ended', async () => {
    const life = await begin();
    life.held.add('runs');
    life.exitCodes.set('fails', 1);
    await run(life, taskDefinition('runs'), taskDefinition('works'), taskDefinition('fails'));
    const again = (id: string) => codeOf(reactivateTask(life.services, 'J', id, given));
    expect([await again('runs'), await again('works')]).toEqual(['TaskNotCompleted', 'TaskSucceeded']);
    await terminateJob(life.services, 'J', given);
    expect(await again('fails')).toBe('JobBeingTerminated');
    await goOn(life);
    expect(await again('fails')).toBe('JobCompleted');
  });
});

describe('changing a task', () => {
  const constraints = { maxWallClockMs: 5000, retentionMs: 1000, maxTaskRetryCount: 4 };
  const asked = { ...given, toConstraints: () => constraints };

  test('that waits has it run under its new constraints', async () => {
    const life = await begin({}, 1);
    life.held.add('first').add('second');
    await run(life, taskDefinition('first'), taskDefinition('second'));
    const before = await taskIn(life, 'second');
    const changed = await updateTask(life.services, 'J', 'second', asked);
    expect(changed.definition.constraints).toEqual(constraints);
    expect(changed).toMatchObject({ state: 'active', stateTransitionTime: before.stateTransitionTime });
    await terminateTask(life.services, 'J', 'first', given);
    await goOn(life);
    const [{ runs } = { runs: new Map() }] = life.nodes.values();
    const ordered = [...runs.values()].find(({ taskId }) => taskId === 'second')?.state;
    expect(ordered).toMatchObject({ name: 'running', definition: { constraints } });
  });

  test('that has ended changes what is shown of it only', async () => {
    const life = await begin();
    await run(life, taskDefinition('t'));
    await updateTask(life.services, 'J', 't', asked);
    await goOn(life);
    expect(await taskIn(life, 't')).toMatchObject({ state: 'completed', definition: { constraints } });
    expect(begun(life)).toEqual(['t']);
  });

  test('with a condition that does not hold is refused', async () => {
    const life = await begin();
    await run(life, taskDefinition('t'));
    const conditions = { ifMatch: ['0x0'] };
    expect(await codeOf(updateTask(life.services, 'J', 't', { ...asked, conditions }))).toBe('ConditionNotMet');
  });
});

describe('the end of a task', () => {
  test.each([
    ['terminates its job by default', undefined, 'TaskFailed'],
    [
      'terminates its job by its conditions',
      { exitCodes: [{ code: 3, exitOptions: { jobAction: 'terminate' } }] },
      'TaskFailed',
    ],
    [
      'leaves its job alone by its conditions',
      { exitCodes: [{ code: 3, exitOptions: { jobAction: 'none' } }] },
      undefined,
    ],
  ] as const)('with a failure %s, where the job performs exit options', async (_, exitConditions, reason) => {
    const life = await begin({ onTaskFailure: 'performexitoptionsjobaction' });
    life.exitCodes.set('t', 3);
    await run(
      life,
      taskDefinition(
        't',
        exitConditions === undefined ? {} : { exitConditions: structuredClone(exitConditions) as never },
      ),
    );
    expect((await loadJob(life.services, 'J')).terminateReason).toBe(reason);
  });

  test('with a failure disables its job by its conditions', async () => {
    const life = await begin({ onTaskFailure: 'performexitoptionsjobaction' });
    life.exitCodes.set('t', 3);
    const exitConditions = { default: { jobAction: 'disable' as const } };
    await run(life, taskDefinition('t', { exitConditions }));
    expect((await loadJob(life.services, 'J')).state).toBe('disabled');
  });

  test('with a failure means nothing to a job that does not perform exit options', async () => {
    const life = await begin();
    life.exitCodes.set('t', 3);
    await run(life, taskDefinition('t'));
    expect((await loadJob(life.services, 'J')).state).toBe('active');
  });
});

// What becomes of a node, and of the tasks that wait on it, by how a preparation goes.
import { describe, expect, test } from 'vitest';
import { preparationDefinition, taskDefinition } from '../../helpers/definitions.js';
import {
  accepted,
  exited,
  lost,
  neverStarted,
  notStartable,
  reportOf,
  running,
  say,
  specialOf,
} from '../../helpers/reports.js';
import {
  addJob,
  addTasks,
  createWorld,
  jobNodeOf,
  jobOf,
  nodeOf,
  pass,
  passTime,
  taskOf,
} from '../../helpers/world.js';

const notWaiting = { jobPreparationTask: preparationDefinition({ waitForSuccess: false }) };

function givenPreparing(changes: Parameters<typeof addJob>[1] = {}, nodes = 2) {
  const world = createWorld({ targetDedicatedNodes: nodes });
  addJob(world, { tasks: 1, ...changes });
  const [order] = pass(world).orders;
  if (order === undefined) throw new Error('nothing was ordered');
  const { preparation } = order;
  const [task] = order.tasks;
  return { world, order, preparation, task };
}

describe('a preparation', () => {
  test('that is accepted or running leaves its task preparing', () => {
    const { world, order, preparation, task } = givenPreparing();
    pass(world, { reports: [reportOf(world, 'n1', [say(order, preparation, accepted), say(order, task, accepted)])] });
    expect(jobNodeOf(world, 'n1').preparation).toMatchObject({ state: 'ordered', heard: true });
    pass(world, { reports: [reportOf(world, 'n1', [say(order, preparation, running), say(order, task, accepted)])] });
    expect(jobNodeOf(world, 'n1').preparation).toMatchObject({
      state: 'running',
      startTime: '2025-12-31T23:59:59.000Z',
    });
    expect(taskOf(world, 't1').state).toBe('preparing');
  });

  test('stays on show as what its task did before it ran', () => {
    const { world, order, preparation, task } = givenPreparing();
    const assignedAt = world.now.toISOString();
    passTime(world, 10);
    pass(world, { reports: [reportOf(world, 'n1', [say(order, preparation, exited(0))])] });
    const before = { previousState: 'preparing', previousStateTransitionTime: assignedAt };
    expect(taskOf(world, 't1')).toMatchObject({ state: 'running', ...before });
    passTime(world, 10);
    pass(world, { reports: [reportOf(world, 'n1', [say(order, task, running)])] });
    expect(taskOf(world, 't1')).toMatchObject({ state: 'running', ...before });
  });

  test('that succeeds lets its task run', () => {
    const { world, order, preparation } = givenPreparing();
    pass(world, { reports: [reportOf(world, 'n1', [say(order, preparation, exited(0))])] });
    expect(jobNodeOf(world, 'n1').preparation).toMatchObject({ state: 'completed', result: 'success', exitCode: 0 });
    expect(taskOf(world, 't1')).toMatchObject({ state: 'running', previousState: 'preparing' });
  });

  test.each([
    ['exits with a failure', exited(3), { exitCode: 3 }],
    ['cannot be started', notStartable, { failureInfo: { code: 'CommandProgramNotFound' } }],
  ])('that %s sends its task to another node in the same pass, and tells why', (_, said, shown) => {
    const { world, order, preparation } = givenPreparing();
    const { orders } = pass(world, { reports: [reportOf(world, 'n1', [say(order, preparation, said)])] });
    expect(jobNodeOf(world, 'n1').preparation).toMatchObject({ state: 'completed', result: 'failure', ...shown });
    expect(taskOf(world, 't1')).toMatchObject({ state: 'preparing', assignment: { nodeId: 'n2', attempt: 2 } });
    expect(taskOf(world, 't1').execution.requeueCount).toBe(0);
    expect(orders).toMatchObject([{ nodeId: 'n2', preparation: { taskId: 'prep' }, tasks: [{ taskId: 't1' }] }]);
    expect(nodeOf(world, 'n1').leases).toEqual([]);
  });

  test('that fails everywhere leaves its task active, with the reason on task, job node and in an event', () => {
    const { world, order, preparation } = givenPreparing({}, 1);
    pass(world, { reports: [reportOf(world, 'n1', [say(order, preparation, exited(3))])] });
    expect(taskOf(world, 't1')).toMatchObject({
      state: 'active',
      execution: { failureInfo: { code: 'FailureExitCode' } },
    });
    expect(jobNodeOf(world, 'n1').preparation).toMatchObject({ failureInfo: { code: 'FailureExitCode' } });
    expect(world.events.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['dev.bookend.specialtask.fail', 'dev.bookend.task.requeue']),
    );
    expect(pass(world, { everyJob: true, reask: true }).orders).toEqual([]);
  });

  test('that failed keeps the job off its node, and the node open for other jobs', () => {
    const { world, order, preparation } = givenPreparing({}, 1);
    pass(world, { reports: [reportOf(world, 'n1', [say(order, preparation, exited(3))])] });
    addTasks(world, 'J', [taskDefinition('t2')]);
    addJob(world, { id: 'K' });
    const { orders } = pass(world, { everyJob: true });
    expect(orders.map(({ jobId }) => jobId)).toEqual(['K']);
  });

  test('that vanished runs again with the next task', () => {
    const { world, order, preparation, task } = givenPreparing({}, 1);
    const { orders } = pass(world, {
      reports: [reportOf(world, 'n1', [say(order, preparation, lost), say(order, task, neverStarted)])],
    });
    expect(orders).toMatchObject([{ preparation: { attempt: 2 }, tasks: [{ taskId: 't1', attempt: 2 }] }]);
    expect(orders[0]?.preparation?.runId).not.toBe(preparation?.runId);
    expect(orders[0]?.tasks[0]?.requiresPreparation).toBe(orders[0]?.preparation?.runId);
  });

  test('of an earlier attempt changes nothing when it is told of late', () => {
    const { world, order, preparation, task } = givenPreparing({}, 1);
    pass(world, { reports: [reportOf(world, 'n1', [say(order, preparation, lost), say(order, task, neverStarted)])] });
    const before = structuredClone(jobNodeOf(world, 'n1'));
    pass(world, { reports: [reportOf(world, 'n1', [say(order, preparation, exited(0))])] });
    expect(jobNodeOf(world, 'n1')).toEqual(before);
  });

  test('is not repeated by tasks added later', () => {
    const { world, order, preparation } = givenPreparing({}, 1);
    pass(world, {
      reports: [reportOf(world, 'n1', [say(order, preparation, exited(0)), say(order, order.tasks[0], exited(0))])],
    });
    addTasks(world, 'J', [taskDefinition('t2')]);
    const [next] = pass(world).orders;
    expect(next?.preparation).toBeUndefined();
    expect(next?.tasks[0]?.requiresPreparation).toBe(preparation?.runId);
    expect(taskOf(world, 't2').state).toBe('running');
  });

  test('whose failure is told in one report with the end of the tasks that waited for it is their reason, whatever the order', () => {
    for (const taskFirst of [true, false]) {
      const { world, order, preparation, task } = givenPreparing({}, 1);
      const runs = [say(order, preparation, exited(3)), say(order, task, neverStarted)];
      pass(world, { reports: [reportOf(world, 'n1', taskFirst ? runs.reverse() : runs)] });
      expect(taskOf(world, 't1').execution).toMatchObject({ failureInfo: { code: 'FailureExitCode' } });
      const requeued = world.events.find(({ type }) => type === 'dev.bookend.task.requeue');
      expect(requeued?.data).toMatchObject({ cause: 'preparationFailed' });
    }
  });

  test('of another job than the node has heard of is no reason to prepare twice at once', () => {
    const { world } = givenPreparing({ tasks: 4 }, 1);
    for (let look = 0; look < 3; look += 1) {
      passTime(world, 1);
      expect(pass(world, { everyJob: true }).orders).toEqual([]);
    }
    expect(jobNodeOf(world, 'n1').preparationAttempts).toBe(1);
  });
});

describe('a job that does not wait for its preparation', () => {
  test('has its tasks run beside it', () => {
    const { world, task } = givenPreparing(notWaiting);
    expect(taskOf(world, 't1').state).toBe('running');
    expect(task?.requiresPreparation).toBeUndefined();
  });

  test('goes on after it failed', () => {
    const { world, order, preparation, task } = givenPreparing(notWaiting, 1);
    pass(world, {
      reports: [reportOf(world, 'n1', [say(order, preparation, exited(1)), say(order, task, exited(0))])],
    });
    addTasks(world, 'J', [taskDefinition('t2')]);
    const { orders } = pass(world);
    expect(orders).toMatchObject([{ tasks: [{ taskId: 't2' }] }]);
    expect(orders[0]?.preparation).toBeUndefined();
    expect(jobOf(world).job.openTasks).toBe(1);
  });

  test('prepares once although tasks end before it does', () => {
    const { world, order, task } = givenPreparing({ ...notWaiting, tasks: 2 }, 1);
    pass(world, {
      reports: [reportOf(world, 'n1', [say(order, task, exited(0)), specialOf(world, 'n1', 'preparation', running)])],
    });
    expect(taskOf(world, 't2').state).toBe('running');
    expect(jobNodeOf(world, 'n1')).toMatchObject({ preparationAttempts: 1, preparation: { state: 'running' } });
  });
});

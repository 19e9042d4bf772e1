// What a reboot or a new image of a node means for the jobs that it had to do with.
import { describe, expect, test } from 'vitest';
import { preparationDefinition, taskDefinition } from '../../helpers/definitions.js';
import { exited, lost, reportOf, running, runOf, say, specialOf } from '../../helpers/reports.js';
import {
  addJob,
  addTasks,
  createWorld,
  jobNodeOf,
  jobOf,
  nodeOf,
  pass,
  redelivered,
  taskOf,
  terminate,
  type World,
} from '../../helpers/world.js';

const rebooted = { epoch: 2, imageEpoch: 1, sequence: 9 };
const reimaged = { epoch: 2, imageEpoch: 2, sequence: 1 };

function givenRunning(rerun = true): World {
  const world = createWorld({ targetDedicatedNodes: 1 });
  addJob(world, { jobPreparationTask: preparationDefinition({ rerunOnNodeRebootAfterSuccess: rerun }) });
  const [order] = pass(world).orders;
  if (order === undefined) throw new Error('nothing was ordered');
  pass(world, {
    reports: [reportOf(world, 'n1', [say(order, order.preparation, exited(0)), say(order, order.tasks[0], running)])],
  });
  return world;
}

function givenIdle(rerun = true): World {
  const world = givenRunning(rerun);
  pass(world, { reports: [reportOf(world, 'n1', [runOf(world, 'n1', 't1', exited(0))])] });
  return world;
}

describe('a reboot', () => {
  test.each([
    ['with the next task, and not before', true, 1],
    ['not at all where the definition says so', false, 0],
  ])('has a successful preparation run again %s', (_, rerun, again) => {
    const world = givenIdle(rerun);
    expect(pass(world, { reports: [reportOf(world, 'n1', [], rebooted)] }).orders).toEqual([]);
    addTasks(world, 'J', [taskDefinition('t2')]);
    const [order] = pass(world).orders;
    expect(order).toMatchObject({ epoch: 2, tasks: [{ taskId: 't2' }] });
    expect(order?.preparation === undefined ? 0 : 1).toBe(again);
    const { preparation } = jobNodeOf(world, 'n1');
    expect(order?.tasks[0]?.requiresPreparation).toBe('runId' in preparation ? preparation.runId : '');
  });

  test('sends running tasks back to wait and out again, with the preparation, in one pass', () => {
    const world = givenRunning();
    const { orders } = pass(world, { reports: [reportOf(world, 'n1', [runOf(world, 'n1', 't1', lost)], rebooted)] });
    expect(orders).toMatchObject([{ epoch: 2, preparation: { attempt: 2 }, tasks: [{ taskId: 't1', attempt: 2 }] }]);
    expect(taskOf(world, 't1').execution.requeueCount).toBe(0);
    expect(jobNodeOf(world, 'n1')).toMatchObject({ epoch: 2, imageEpoch: 1, taskStarted: true });
  });

  test('that the report tells without the runs sends them back all the same', () => {
    const world = givenRunning();
    pass(world, { reports: [reportOf(world, 'n1', [], rebooted)] });
    expect(taskOf(world, 't1').assignment?.attempt).toBe(2);
  });

  test('does not take away an exit code that was recorded before it', () => {
    const world = givenRunning();
    pass(world, { reports: [reportOf(world, 'n1', [runOf(world, 'n1', 't1', exited(0))], rebooted)] });
    expect(taskOf(world, 't1')).toMatchObject({ state: 'completed', execution: { exitCode: 0 } });
  });

  test('always has an interrupted preparation run again', () => {
    const world = createWorld({ targetDedicatedNodes: 1 });
    addJob(world, { jobPreparationTask: preparationDefinition({ rerunOnNodeRebootAfterSuccess: false }) });
    pass(world);
    const { orders } = pass(world, { reports: [reportOf(world, 'n1', [], rebooted)] });
    expect(orders).toMatchObject([{ preparation: { attempt: 2 }, tasks: [{ attempt: 2 }] }]);
  });

  test('does not make a node fit whose preparation failed', () => {
    const world = createWorld({ targetDedicatedNodes: 1 });
    addJob(world);
    pass(world);
    pass(world, { reports: [reportOf(world, 'n1', [specialOf(world, 'n1', 'preparation', exited(1))])] });
    expect(pass(world, { reports: [reportOf(world, 'n1', [], rebooted)] }).orders).toEqual([]);
    expect(taskOf(world, 't1').state).toBe('active');
  });

  test('leaves the release owed: the disk still holds what the job did', () => {
    const world = givenIdle();
    pass(world, { reports: [reportOf(world, 'n1', [], rebooted)] });
    terminate(world);
    expect(pass(world, { jobIds: ['j'] }).orders).toMatchObject([{ epoch: 2, release: { attempt: 1 } }]);
  });

  test('leaves the release owed although the job ended before it', () => {
    const world = givenRunning();
    terminate(world);
    pass(world, { jobIds: ['j'] });
    const { orders } = pass(world, { reports: [reportOf(world, 'n1', [], rebooted)] });
    expect(orders).toMatchObject([{ epoch: 2, release: { attempt: 1 } }]);
    expect(jobNodeOf(world, 'n1').preparation).toMatchObject({ state: 'completed', result: 'success' });
  });

  test('leaves the release owed although the preparation was being run again', () => {
    const world = givenIdle();
    pass(world, { reports: [reportOf(world, 'n1', [], rebooted)] });
    addTasks(world, 'J', [taskDefinition('t2')]);
    const [order] = pass(world).orders;
    if (order === undefined) throw new Error('nothing was ordered');
    terminate(world);
    pass(world, { jobIds: ['j'] });
    const { orders } = pass(world, {
      reports: [reportOf(world, 'n1', [say(order, order.preparation, lost), say(order, order.tasks[0], lost)])],
    });
    expect(orders).toMatchObject([{ release: { attempt: 1 } }]);
  });

  test('has a release under way start over', () => {
    const world = givenIdle();
    terminate(world);
    pass(world, { jobIds: ['j'] });
    const { orders } = pass(world, { reports: [reportOf(world, 'n1', [], rebooted)] });
    expect(orders).toMatchObject([{ epoch: 2, release: { attempt: 2 } }]);
  });

  test('is caught up with although the pass that heard of it died after saving the pool', () => {
    const world = givenRunning();
    const report = reportOf(world, 'n1', [], rebooted);
    pass(world, { reports: [report] }, 'afterPool');
    expect(nodeOf(world, 'n1').epoch).toBe(2);
    const { orders } = redelivered(world, { reports: [report] });
    expect(orders).toMatchObject([{ epoch: 2, preparation: { attempt: 2 }, tasks: [{ attempt: 2 }] }]);
  });

  test('leaves what is told of a job that is over', () => {
    const world = givenIdle();
    terminate(world);
    pass(world, { jobIds: ['j'] });
    pass(world, { reports: [reportOf(world, 'n1', [specialOf(world, 'n1', 'release', exited(0))])] });
    const before = structuredClone(jobNodeOf(world, 'n1'));
    pass(world, { reports: [reportOf(world, 'n1', [], reimaged)], jobIds: ['j'] });
    expect(jobNodeOf(world, 'n1')).toEqual(before);
  });
});

describe('a new image', () => {
  test('has every preparation run again with the next task', () => {
    const world = givenIdle(false);
    pass(world, { reports: [reportOf(world, 'n1', [], reimaged)] });
    addTasks(world, 'J', [taskDefinition('t2')]);
    expect(pass(world).orders).toMatchObject([{ preparation: { attempt: 2 } }]);
  });

  test('makes a node fit again whose preparation had failed', () => {
    const world = createWorld({ targetDedicatedNodes: 1 });
    addJob(world);
    pass(world);
    pass(world, { reports: [reportOf(world, 'n1', [specialOf(world, 'n1', 'preparation', exited(1))])] });
    const { orders } = pass(world, { reports: [reportOf(world, 'n1', [], reimaged)] });
    expect(orders).toMatchObject([{ preparation: { attempt: 2 }, tasks: [{ taskId: 't1' }] }]);
  });

  test('leaves nothing to release of an active job', () => {
    const world = givenIdle();
    pass(world, { reports: [reportOf(world, 'n1', [], reimaged)] });
    terminate(world);
    expect(pass(world, { jobIds: ['j'] }).orders).toEqual([]);
    expect(jobOf(world).job.state).toBe('completed');
  });

  test.each([
    ['was owed', false],
    ['was under way', true],
  ])('waives the release of an ending job that %s, and tells why', (_, isUnderWay) => {
    const world = isUnderWay ? givenIdle() : givenRunning();
    terminate(world);
    pass(world, { jobIds: ['j'] });
    pass(world, { reports: [reportOf(world, 'n1', [], reimaged)] });
    expect(jobNodeOf(world, 'n1').release).toMatchObject({ state: 'waived', reason: 'nodeReimaged' });
    expect(jobOf(world).job.state).toBe('completed');
    expect(world.events.find(({ type }) => type === 'dev.bookend.specialtask.waived')?.data).toMatchObject({
      reason: 'nodeReimaged',
    });
  });
});

describe('a report of an earlier epoch', () => {
  test('changes nothing', () => {
    const world = givenRunning();
    const late = reportOf(world, 'n1', [runOf(world, 'n1', 't1', exited(0))]);
    pass(world, { reports: [reportOf(world, 'n1', [], rebooted)] });
    const before = structuredClone({ node: nodeOf(world, 'n1'), job: jobOf(world) });
    pass(world, { reports: [late] });
    expect({ node: nodeOf(world, 'n1'), job: jobOf(world) }).toEqual(before);
  });
});

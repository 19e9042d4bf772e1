// What an ending job does on its nodes: kill, release where it is owed, complete, be forgotten.
import { describe, expect, test } from 'vitest';
import { preparationDefinition } from '../../helpers/definitions.js';
import {
  accepted,
  exited,
  killed,
  lost,
  neverStarted,
  notStartable,
  reportOf,
  running,
  runOf,
  say,
  specialOf,
} from '../../helpers/reports.js';
import {
  addJob,
  createWorld,
  jobNodeOf,
  jobOf,
  pass,
  passTime,
  redelivered,
  startDeletion,
  taskOf,
  terminate,
  type World,
} from '../../helpers/world.js';

type Given = { readonly tasks?: number; readonly nodes?: number; readonly waitForSuccess?: boolean };

/** A job whose first task runs on n1, after a successful preparation. */
function givenRunning({ tasks = 1, nodes = 1, waitForSuccess = true }: Given = {}): World {
  const world = createWorld({ targetDedicatedNodes: nodes });
  addJob(world, { tasks, jobPreparationTask: preparationDefinition({ waitForSuccess }) });
  const { orders } = pass(world);
  for (const order of orders) {
    const runs = [say(order, order.preparation, exited(0)), say(order, order.tasks[0], running)];
    pass(world, { reports: [reportOf(world, order.nodeId, runs)] });
  }
  return world;
}

function hear(world: World, nodeId: string, ...runs: Parameters<typeof reportOf>[2] & object) {
  return pass(world, { reports: [reportOf(world, nodeId, runs)] });
}

describe('a job that is terminated', () => {
  test('kills, then releases, then completes', () => {
    const world = givenRunning();
    terminate(world);
    const kill = pass(world, { jobIds: ['j'] });
    expect(kill.orders).toMatchObject([{ kills: [{ failure: { code: 'TaskEnded' } }], tasks: [] }]);
    expect(kill.orders[0]?.release).toBeUndefined();
    expect(jobNodeOf(world, 'n1').release.state).toBe('none');

    const release = hear(world, 'n1', runOf(world, 'n1', 't1', killed));
    expect(taskOf(world, 't1')).toMatchObject({ state: 'completed', execution: { result: 'failure' } });
    expect(release.orders).toMatchObject([{ release: { taskId: 'release', attempt: 1 }, kills: [] }]);
    expect(jobOf(world).job.state).toBe('terminating');

    hear(world, 'n1', specialOf(world, 'n1', 'release', running));
    expect(jobOf(world).job.state).toBe('terminating');
    passTime(world, 3);
    hear(world, 'n1', specialOf(world, 'n1', 'release', exited(0)));
    expect(jobNodeOf(world, 'n1').release).toMatchObject({ state: 'completed', result: 'success' });
    expect(jobOf(world).job).toMatchObject({
      state: 'completed',
      endTime: world.now.toISOString(),
      terminateReason: 'UserTerminate',
    });
  });

  test.each([
    ['fails', exited(9)],
    ['is killed for its wall clock', { ...killed, ending: 'wallClock' as const }],
    ['cannot be started', notStartable],
  ])('completes although its release %s', (_, said) => {
    const world = givenRunning();
    terminate(world);
    hear(world, 'n1', runOf(world, 'n1', 't1', exited(0)));
    hear(world, 'n1', specialOf(world, 'n1', 'release', said));
    expect(jobNodeOf(world, 'n1').release).toMatchObject({ state: 'completed', result: 'failure' });
    expect(jobOf(world).job.state).toBe('completed');
  });

  test('releases every node that ran something of it, and waits for all of them', () => {
    const world = givenRunning({ tasks: 2, nodes: 2 });
    terminate(world);
    hear(world, 'n1', runOf(world, 'n1', 't1', exited(0)));
    hear(world, 'n1', specialOf(world, 'n1', 'release', exited(0)));
    expect(jobOf(world).job.state).toBe('terminating');
    hear(world, 'n2', runOf(world, 'n2', 't2', killed));
    hear(world, 'n2', specialOf(world, 'n2', 'release', exited(0)));
    expect(jobOf(world).job.state).toBe('completed');
  });

  test('gives a release that vanished another attempt', () => {
    const world = givenRunning();
    terminate(world);
    hear(world, 'n1', runOf(world, 'n1', 't1', exited(0)));
    const first = specialOf(world, 'n1', 'release', lost);
    expect(hear(world, 'n1', first).orders).toMatchObject([{ release: { attempt: 2 } }]);
    expect(specialOf(world, 'n1', 'release', lost).runId).not.toBe(first.runId);
  });

  test('completes at once when no task was ever assigned', () => {
    const world = createWorld();
    addJob(world, { tasks: 0 });
    terminate(world);
    expect(jobOf(world).job).toMatchObject({ state: 'completed', previousState: 'terminating' });
  });

  test('owes no release where no task started', () => {
    const world = createWorld({ targetDedicatedNodes: 1 });
    addJob(world);
    const [order] = pass(world).orders;
    if (order === undefined) throw new Error('no order');
    hear(world, 'n1', say(order, order.preparation, exited(0)), say(order, order.tasks[0], accepted));
    terminate(world);
    pass(world, { jobIds: ['j'] });
    const { orders } = hear(world, 'n1', runOf(world, 'n1', 't1', neverStarted));
    expect(orders).toEqual([]);
    expect(jobOf(world).job.state).toBe('completed');
    expect(taskOf(world, 't1').state).toBe('active');
  });

  test('owes no release where the preparation failed', () => {
    const world = createWorld({ targetDedicatedNodes: 1 });
    addJob(world);
    const [order] = pass(world).orders;
    if (order === undefined) throw new Error('no order');
    hear(world, 'n1', say(order, order.preparation, exited(1)), say(order, order.tasks[0], neverStarted));
    terminate(world);
    expect(pass(world, { jobIds: ['j'] }).orders).toEqual([]);
    expect(jobOf(world).job.state).toBe('completed');
  });

  test('releases a node whose preparation failed if its tasks did not wait for it', () => {
    const world = createWorld({ targetDedicatedNodes: 1 });
    addJob(world, { jobPreparationTask: preparationDefinition({ waitForSuccess: false }) });
    const [order] = pass(world).orders;
    if (order === undefined) throw new Error('no order');
    hear(world, 'n1', say(order, order.preparation, exited(1)), say(order, order.tasks[0], exited(0)));
    terminate(world);
    expect(pass(world, { jobIds: ['j'] }).orders).toMatchObject([{ release: { attempt: 1 } }]);
  });

  test('kills a preparation that runs together with the task that waits, and waives the release', () => {
    const world = createWorld({ targetDedicatedNodes: 1 });
    addJob(world);
    const [order] = pass(world).orders;
    if (order === undefined) throw new Error('no order');
    const { preparation } = order;
    const [task] = order.tasks;
    hear(world, 'n1', say(order, preparation, running), say(order, task, accepted));
    terminate(world);
    const { orders } = pass(world, { jobIds: ['j'] });
    expect(orders[0]?.kills.map(({ runId }) => runId).sort()).toEqual([preparation?.runId, task?.runId].sort());
    hear(world, 'n1', say(order, preparation, killed), say(order, task, neverStarted));
    expect(jobNodeOf(world, 'n1').release).toMatchObject({ state: 'waived', reason: 'preparationInterrupted' });
    expect(jobOf(world).job.state).toBe('completed');
    expect(world.events.map(({ type }) => type)).toContain('dev.bookend.specialtask.waived');
  });

  test('releases after a preparation that succeeded before its kill came', () => {
    const world = createWorld({ targetDedicatedNodes: 1 });
    addJob(world, { jobPreparationTask: preparationDefinition({ waitForSuccess: false }) });
    const [order] = pass(world).orders;
    if (order === undefined) throw new Error('no order');
    const [task] = order.tasks;
    hear(world, 'n1', say(order, order.preparation, running), say(order, task, running));
    terminate(world);
    pass(world, { jobIds: ['j'] });
    const { orders } = hear(world, 'n1', say(order, order.preparation, exited(0)), say(order, task, killed));
    expect(orders).toMatchObject([{ release: { attempt: 1 } }]);
  });

  test('sends a kill again only after its time, or when asked', () => {
    const world = givenRunning();
    terminate(world);
    pass(world, { jobIds: ['j'] });
    passTime(world, 30);
    expect(pass(world, { jobIds: ['j'] }).orders).toEqual([]);
    expect(pass(world, { jobIds: ['j'], reask: true }).orders).toMatchObject([{ kills: [{}] }]);
    passTime(world, 61);
    expect(pass(world, { jobIds: ['j'] }).orders).toMatchObject([{ kills: [{}] }]);
  });

  test('tells a node of a run that it may never have heard of together with the kill, so that it can tell the end', () => {
    const world = createWorld({ targetDedicatedNodes: 1 });
    addJob(world);
    pass(world, {}, 'beforeSending');
    terminate(world);
    pass(world, { jobIds: ['j'] }, 'beforeSending');
    const { orders } = redelivered(world, { jobIds: ['j'] });
    const [order] = orders;
    const { runs, preparation } = jobNodeOf(world, 'n1');
    const runIds = [runs[0]?.runId, 'runId' in preparation ? preparation.runId : ''];
    expect(order?.kills.map(({ runId }) => runId).sort()).toEqual(runIds.sort());
    expect([order?.preparation?.runId, order?.tasks[0]?.runId].sort()).toEqual(runIds.sort());
  });
});

describe('a job that is deleted', () => {
  test('while active releases first, then its nodes forget it and its rows go', () => {
    const world = givenRunning();
    startDeletion(world);
    pass(world, { jobIds: ['j'] });
    hear(world, 'n1', runOf(world, 'n1', 't1', killed));
    const { orders } = hear(world, 'n1', specialOf(world, 'n1', 'release', exited(0)));
    expect(orders).toMatchObject([{ nodeId: 'n1', forget: true, incarnation: 'J-1' }]);
    expect(world.jobs.size).toBe(0);
    expect(world.refs.size).toBe(0);
  });

  test('after it completed releases nothing again', () => {
    const world = givenRunning();
    terminate(world);
    hear(world, 'n1', runOf(world, 'n1', 't1', exited(0)));
    hear(world, 'n1', specialOf(world, 'n1', 'release', exited(0)));
    startDeletion(world);
    const { orders } = pass(world, { jobIds: ['j'] });
    expect(orders).toMatchObject([{ forget: true, tasks: [], kills: [] }]);
    expect(orders[0]?.release).toBeUndefined();
    expect(world.jobs.size).toBe(0);
  });

  test('while terminating waits for the release that is under way', () => {
    const world = givenRunning();
    terminate(world);
    hear(world, 'n1', runOf(world, 'n1', 't1', exited(0)));
    startDeletion(world);
    expect(pass(world, { jobIds: ['j'] }).orders).toEqual([]);
    hear(world, 'n1', specialOf(world, 'n1', 'release', exited(0)));
    expect(world.jobs.size).toBe(0);
  });

  test('in a pool that does not exist is gone at once', () => {
    const world = createWorld({ joined: 0 });
    world.pool = undefined;
    addJob(world);
    startDeletion(world);
    pass(world, { jobIds: ['j'] });
    expect(world.jobs.size).toBe(0);
  });
});

describe('the pool’s reference to a job', () => {
  test('outlives a pass that died before it could save that the job completed', () => {
    const world = givenRunning();
    terminate(world);
    hear(world, 'n1', runOf(world, 'n1', 't1', exited(0)));
    const report = reportOf(world, 'n1', [specialOf(world, 'n1', 'release', exited(0))]);
    pass(world, { reports: [report] }, 'afterPool');
    expect(world.refs.has('j')).toBe(true);
    redelivered(world, { reports: [report] });
    expect(jobOf(world).job.state).toBe('completed');
    pass(world, { everyJob: true });
    expect(world.refs.size).toBe(0);
  });

  test('says whether tasks wait', () => {
    const world = createWorld({ targetDedicatedNodes: 1 });
    addJob(world, { tasks: 2 });
    pass(world);
    expect(world.refs.get('j')?.hasReady).toBe(true);
    for (const id of ['t1', 't2'])
      hear(world, 'n1', specialOf(world, 'n1', 'preparation', exited(0)), runOf(world, 'n1', id, exited(0)));
    expect(world.refs.get('j')?.hasReady).toBe(false);
  });
});

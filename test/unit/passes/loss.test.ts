// Nodes that fall silent, come back, or go with their pool.
import { describe, expect, test } from 'vitest';
import type { JobNode } from '../../../shared/job-nodes/job-node.js';
import { taskDefinition } from '../../helpers/definitions.js';
import { exited, reportOf, running, runOf, say, specialOf } from '../../helpers/reports.js';
import {
  addJob,
  addPool,
  addTasks,
  createWorld,
  jobNodeOf,
  jobOf,
  joinedNode,
  nodeOf,
  pass,
  passTime,
  redelivered,
  startPoolDeletion,
  taskOf,
  terminate,
  type World,
} from '../../helpers/world.js';

const look = { everyJob: true };

function givenRunning(nodes = 1): World {
  const world = createWorld({ targetDedicatedNodes: nodes });
  addJob(world);
  const [order] = pass(world).orders;
  if (order === undefined) throw new Error('nothing was ordered');
  pass(world, {
    reports: [reportOf(world, 'n1', [say(order, order.preparation, exited(0)), say(order, order.tasks[0], running)])],
  });
  return world;
}

/** Passes time as the pool's own wake-ups let it pass. */
function wakeUps(world: World, seconds: number): void {
  const end = world.now.getTime() + seconds * 1000;
  while (world.now.getTime() < end) {
    passTime(world, 10);
    const due = world.pool?.wakeUpAt !== undefined && Date.parse(world.pool.wakeUpAt) <= world.now.getTime();
    if (due) pass(world, look);
  }
}

describe('a node that is silent', () => {
  test.each([
    ['with work, within its bound', 80, 'running'],
    ['with work, past its bound', 200, 'unknown'],
  ])('%s is %s', (_, seconds, state) => {
    const world = givenRunning();
    wakeUps(world, seconds);
    expect(nodeOf(world, 'n1').state).toBe(state);
  });

  test.each([
    ['within its bound', 16 * 60, 'idle'],
    ['past its bound', 36 * 60, 'unknown'],
  ])('without work, %s is %s', (_, seconds, state) => {
    const world = createWorld({ targetDedicatedNodes: 1 });
    pass(world, { reports: [reportOf(world, 'n1')] });
    wakeUps(world, seconds);
    expect(nodeOf(world, 'n1').state).toBe(state);
  });

  test('is given up although orders are repeated to it all the time', () => {
    const world = createWorld({ targetDedicatedNodes: 2 });
    addJob(world, { tasks: 2 });
    pass(world);
    for (let second = 0; second < 200; second += 5) {
      passTime(world, 5);
      pass(world, { reports: [reportOf(world, 'n2')], everyJob: true });
    }
    expect(nodeOf(world, 'n1').state).toBe('unknown');
    expect(nodeOf(world, 'n2').state).toBe('running');
  });

  test('and idle until now gets the whole bound from its first order on', () => {
    const world = createWorld({ targetDedicatedNodes: 1 });
    passTime(world, 600);
    world.pool = { ...joinedPool(world), watchingSince: new Date(0).toISOString() };
    addJob(world);
    pass(world);
    passTime(world, 85);
    pass(world, look);
    expect(nodeOf(world, 'n1').state).toBe('running');
    passTime(world, 10);
    pass(world, look);
    expect(nodeOf(world, 'n1').state).toBe('unknown');
  });

  test('is asked again before it is given up', () => {
    const world = createWorld({ targetDedicatedNodes: 1 });
    addJob(world);
    const { wakeUpAt } = pass(world);
    expect(wakeUpAt?.toISOString()).toBe('2026-01-01T00:01:01.000Z');
    passTime(world, 61);
    expect(pass(world, look).orders).toMatchObject([{ preparation: { attempt: 1 }, tasks: [{ attempt: 1 }] }]);
    expect(nodeOf(world, 'n1').state).toBe('running');
  });

  test('is not to blame for the time in which nobody looked', () => {
    const world = givenRunning();
    passTime(world, 3600);
    pass(world, look);
    expect(nodeOf(world, 'n1').state).toBe('running');
    expect(world.pool?.watchingSince).toBe(world.now.toISOString());
    wakeUps(world, 200);
    expect(nodeOf(world, 'n1').state).toBe('unknown');
  });

  test('has no wake-up of its own once it is given up', () => {
    const world = givenRunning();
    wakeUps(world, 200);
    passTime(world, 600);
    expect(pass(world, look).wakeUpAt).toBeUndefined();
  });

  test('keeps its pool awake although only a preparation of a given-up node is under way', () => {
    const world = createWorld({ targetDedicatedNodes: 2 });
    addJob(world);
    pass(world);
    world.nodes.set('n1', { ...nodeOf(world, 'n1'), state: 'unknown' });
    jobOf(world).ready.clear();
    const { wakeUpAt } = pass(world, { everyJob: true, reports: [reportOf(world, 'n2')] });
    expect(wakeUpAt === undefined || wakeUpAt.getTime() - world.now.getTime() > 600_000).toBe(true);
  });
});

/** n1 says nothing for longer than it may, while others do and the pool keeps looking. */
function loseFirstNode(world: World, ...others: string[]): ReturnType<typeof pass>['orders'] {
  const orders = Array.from({ length: 10 }, () => {
    passTime(world, 10);
    return pass(world, { ...look, reports: others.map((id) => reportOf(world, id)) }).orders;
  });
  expect(nodeOf(world, 'n1').state).toBe('unknown');
  return orders.flat();
}

function joinedPool(world: World) {
  if (world.pool === undefined) throw new Error('there is no pool');
  return world.pool;
}

describe('the tasks of a lost node', () => {
  test('go to another node in the same pass', () => {
    const world = givenRunning(2);
    const orders = loseFirstNode(world, 'n2');
    expect(orders).toMatchObject([{ nodeId: 'n2', tasks: [{ taskId: 't1', attempt: 2 }] }]);
    expect(taskOf(world, 't1').execution.requeueCount).toBe(0);
    expect(nodeOf(world, 'n1')).toMatchObject({ state: 'unknown', leases: [] });
  });

  test('are killed there when it comes back, and nothing else is', () => {
    const world = givenRunning(2);
    const run = runOf(world, 'n1', 't1', running);
    loseFirstNode(world, 'n2');
    const { orders } = pass(world, { reports: [reportOf(world, 'n1', [run])] });
    expect(orders).toMatchObject([{ nodeId: 'n1', kills: [{ runId: run.runId }], tasks: [] }]);
    expect(nodeOf(world, 'n1').state).toBe('idle');
    expect(taskOf(world, 't1').assignment?.nodeId).toBe('n2');
  });

  test('may run there again when it comes back, on the preparation that it has', () => {
    const world = givenRunning();
    loseFirstNode(world);
    expect(taskOf(world, 't1').state).toBe('active');
    const { orders } = pass(world, { reports: [reportOf(world, 'n1')] });
    expect(orders).toMatchObject([{ nodeId: 'n1', tasks: [{ taskId: 't1', attempt: 2 }] }]);
    expect(orders[0]?.preparation).toBeUndefined();
  });

  test('of an ending job leave a waiver, and the job completes', () => {
    const world = givenRunning();
    terminate(world);
    pass(world, { jobIds: ['j'] });
    loseFirstNode(world);
    expect(jobNodeOf(world, 'n1').release).toMatchObject({ state: 'waived', reason: 'nodeLost' });
    expect(jobOf(world).job.state).toBe('completed');
  });

  test('of a job that ends later leave their waiver then', () => {
    const world = givenRunning();
    loseFirstNode(world);
    expect(jobNodeOf(world, 'n1').release.state).toBe('none');
    terminate(world);
    pass(world, { jobIds: ['j'] });
    expect(jobNodeOf(world, 'n1').release).toMatchObject({ state: 'waived', reason: 'nodeLost' });
    expect(jobOf(world).job.state).toBe('completed');
  });

  test('of a job that ended meanwhile are forgotten by it when it comes back, and an event says so', () => {
    const world = givenRunning();
    terminate(world);
    loseFirstNode(world);
    expect(jobOf(world).job.state).toBe('completed');
    passTime(world, 600);
    const { orders } = pass(world, { reports: [reportOf(world, 'n1')] });
    expect(orders.filter(({ forget }) => forget)).toMatchObject([{ jobId: 'J', tasks: [], kills: [] }]);
    expect(orders.some(({ release }) => release !== undefined)).toBe(false);
    expect(world.events.find(({ type }) => type === 'dev.bookend.node.returned')?.data).toMatchObject({
      nodeId: 'n1',
      forgottenJobs: ['J'],
    });
    expect(pass(world).orders).toEqual([]);
    expect(pass(world, { reask: true }).orders).toMatchObject([{ forget: true }]);
    passTime(world, 90);
    pass(world, { reports: [reportOf(world, 'n1')] });
    expect(nodeOf(world, 'n1').forgottenJobs).toBeUndefined();
  });

  test('whose release was under way are not released when it comes back', () => {
    const world = givenRunning();
    terminate(world);
    pass(world, { reports: [reportOf(world, 'n1', [runOf(world, 'n1', 't1', exited(0))])] });
    const release = specialOf(world, 'n1', 'release', running);
    loseFirstNode(world);
    const { orders } = pass(world, { reports: [reportOf(world, 'n1', [release])] });
    expect(orders).toMatchObject([{ kills: [{ runId: release.runId }] }]);
    expect(jobNodeOf(world, 'n1').release.state).toBe('waived');
  });
});

describe('a pool that is deleted', () => {
  function deleted(): World {
    const world = givenRunning(2);
    startPoolDeletion(world);
    const { capacity } = pass(world);
    expect(capacity).toMatchObject({ incarnation: 'pool-1', nodeIds: [] });
    return world;
  }

  test('sends its running tasks back to wait, by a user’s act, and waives their releases', () => {
    const world = deleted();
    expect(world.pool).toBeUndefined();
    expect(world.nodes.size).toBe(0);
    expect(taskOf(world, 't1')).toMatchObject({
      state: 'active',
      execution: { requeueCount: 1, lastRequeueTime: world.now.toISOString() },
    });
    expect(jobNodeOf(world, 'n1').release).toMatchObject({ state: 'waived', reason: 'nodeRemoved' });
    expect(jobOf(world).job.state).toBe('active');
  });

  test('lets its jobs go on when another pool of its id comes', () => {
    const world = deleted();
    addPool(world, {}, 'pool-2');
    world.nodes.set('m1', joinedNode(world, 'm1'));
    const { orders } = pass(world, { reports: [reportOf(world, 'm1')] });
    expect(orders).toMatchObject([{ nodeId: 'm1', preparation: { attempt: 1 }, tasks: [{ attempt: 2 }] }]);
    pass(world, {
      reports: [
        reportOf(world, 'm1', [specialOf(world, 'm1', 'preparation', exited(0)), runOf(world, 'm1', 't1', exited(0))]),
      ],
    });
    expect(taskOf(world, 't1')).toMatchObject({ state: 'completed', execution: { requeueCount: 1 } });
    terminate(world);
    pass(world, { jobIds: ['j'] });
    pass(world, { reports: [reportOf(world, 'm1', [specialOf(world, 'm1', 'release', exited(0))])] });
    expect(jobOf(world).job.state).toBe('completed');
  });

  test('completes jobs that were ending in it', () => {
    const world = givenRunning(1);
    terminate(world);
    pass(world, { jobIds: ['j'] });
    startPoolDeletion(world);
    pass(world);
    expect(jobOf(world).job.state).toBe('completed');
    expect(jobNodeOf(world, 'n1').release).toMatchObject({ state: 'waived', reason: 'nodeRemoved' });
  });

  test.each(['afterPool', 'afterFirstJob', 'beforeSending'] as const)(
    'has its provisioner told and its jobs settled although a pass died %s',
    (crash) => {
      const world = givenRunning(1);
      startPoolDeletion(world);
      pass(world, {}, crash);
      expect(world.pool?.state).toBe('deleting');
      const { capacity } = redelivered(world);
      expect(capacity).toMatchObject({ incarnation: 'pool-1', nodeIds: [] });
      expect(world.pool).toBeUndefined();
      expect(taskOf(world, 't1')).toMatchObject({ state: 'active', execution: { requeueCount: 1 } });
    },
  );

  test('settles every run of a node with many slots before it goes', () => {
    const world = createWorld({ targetDedicatedNodes: 1, taskSlotsPerNode: 256 });
    addJob(world, { tasks: 256 });
    pass(world);
    expect(nodeOf(world, 'n1').leases).toHaveLength(256);
    startPoolDeletion(world);
    pass(world);
    expect([...jobOf(world).tasks.values()].every(({ state }) => state === 'active')).toBe(true);
    expect(jobOf(world).ready.size).toBe(256);
    expect(world.pool).toBeUndefined();
  });
});

describe('a job of the same id in another pool', () => {
  test('is not touched by what a node of this pool tells of the earlier one', () => {
    const world = givenRunning();
    const run = runOf(world, 'n1', 't1', running);
    const { definition } = jobOf(world).job;
    addJob(world, { ...definition, poolId: 'Q', incarnation: 'J-2' });
    addTasks(world, 'J', [taskDefinition('t2')]);
    const other = jobOf(world);
    other.jobNodes.set('q1', { ...newJobNodeOf(world), nodeId: 'q1', poolId: 'Q', taskStarted: true, prepared: true });
    other.job = { ...other.job, state: 'terminating', everAssigned: true };
    const before = structuredClone(other);
    const { orders } = pass(world, { reports: [reportOf(world, 'n1', [run])], everyJob: true });
    expect(other).toEqual(before);
    expect(orders).toMatchObject([{ incarnation: 'J-1', kills: [{ runId: run.runId }] }]);
    expect(nodeOf(world, 'n1').leases).toEqual([]);
  });
});

function newJobNodeOf(world: World): JobNode {
  return {
    jobId: 'J',
    incarnation: jobOf(world).job.incarnation,
    poolId: 'P',
    nodeId: 'n1',
    epoch: 1,
    imageEpoch: 1,
    preparation: { state: 'none' },
    preparationAttempts: 0,
    release: { state: 'none' },
    releaseAttempts: 0,
    runs: [],
    taskStarted: false,
  };
}

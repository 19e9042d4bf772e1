// Jobs that end of their own: their time is over, or all their tasks are completed.
import { describe, expect, test } from 'vitest';
import { exited, lost, reportOf, running, say, specialOf, runOf } from '../../helpers/reports.js';
import type { JobManager } from '../../../shared/jobs/job-manager.js';
import { taskDefinition } from '../../helpers/definitions.js';
import {
  addJob,
  addTasks,
  createWorld,
  decideRound,
  jobOf,
  nodeOf,
  nothingAsked,
  pass,
  passTime,
  type World,
} from '../../helpers/world.js';

const hear = (world: World, ...runs: Parameters<typeof reportOf>[2] & object) =>
  pass(world, { reports: [reportOf(world, 'n1', runs)] });

/** One task of the job runs on the only node. */
function givenRunning(world: World): void {
  const [order] = pass(world, { everyJob: true }).orders;
  if (order === undefined) throw new Error('no order');
  hear(world, say(order, order.preparation, exited(0)), say(order, order.tasks[0], running));
}

const limited = { constraints: { maxWallClockMs: 600_000, maxTaskRetryCount: 0 } };

describe('a job with a time limit', () => {
  test('is terminated by the first look after it, is released, and tells the reason', () => {
    const world = createWorld({ targetDedicatedNodes: 1 });
    addJob(world, limited);
    givenRunning(world);
    passTime(world, 599);
    pass(world, { everyJob: true });
    expect(jobOf(world).job.state).toBe('active');
    passTime(world, 1);
    const { orders } = pass(world, {});
    expect(orders).toMatchObject([{ kills: [{}] }]);
    expect(jobOf(world).job).toMatchObject({ state: 'terminating', terminateReason: 'MaxWallClockTimeExpiry' });
    expect(hear(world, runOf(world, 'n1', 't1', exited(0))).orders).toMatchObject([{ release: {} }]);
    hear(world, specialOf(world, 'n1', 'release', exited(0)));
    expect(jobOf(world).job).toMatchObject({ state: 'completed', terminateReason: 'MaxWallClockTimeExpiry' });
    expect(world.events.map(({ type }) => type)).toContain('dev.bookend.job.terminate.start');
  });

  test('has its pool wake up at that instant, also where there is no node', () => {
    const world = createWorld({ targetDedicatedNodes: 0 });
    addJob(world, limited);
    const { wakeUpAt } = pass(world, { jobIds: ['j'] });
    expect(wakeUpAt?.getTime()).toBe(world.now.getTime() + 600_000);
    world.now = wakeUpAt ?? world.now;
    expect(pass(world, { everyJob: true }).wakeUpAt).toBeUndefined();
    expect(jobOf(world).job.state).toBe('completed');
  });

  test('has its pool wake up in steps where it lies far ahead', () => {
    const world = createWorld({ targetDedicatedNodes: 0 });
    addJob(world, { constraints: { maxWallClockMs: 9e14, maxTaskRetryCount: 0 } });
    const { wakeUpAt } = pass(world, { jobIds: ['j'] });
    expect(wakeUpAt?.getTime()).toBe(world.now.getTime() + 24 * 3600_000);
    expect(jobOf(world).job.state).toBe('active');
  });

  test('has a wake-up sent again that a pass could not send', () => {
    const world = createWorld({ targetDedicatedNodes: 0 });
    addJob(world, { constraints: { maxWallClockMs: 5_000, maxTaskRetryCount: 0 } });
    const beganAt = world.now.toISOString();
    pass(world, { jobIds: ['j'] }, 'beforeSending');
    const again = pass(world, { everyJob: true, reask: true, reaskSince: beganAt });
    expect(again.wakeUpAt?.getTime()).toBe(world.now.getTime() + 5_000);
  });
});

describe('a job with a job manager', () => {
  const manager = (changes: Partial<JobManager> = {}) => ({
    task: taskDefinition('t1', { runExclusive: true }),
    killJobOnCompletion: true,
    allowLowPriorityNode: true,
    ...changes,
  });

  test.each([0, 1])('ends when it exits with %d, and its other tasks are killed', (exitCode) => {
    const world = createWorld({ targetDedicatedNodes: 2 });
    addJob(world, { jobManagerTask: manager(), tasks: 3 });
    const [order] = pass(world).orders;
    if (order === undefined) throw new Error('no order');
    hear(world, say(order, order.preparation, exited(0)), say(order, order.tasks[0], running));
    const { orders } = hear(world, runOf(world, 'n1', 't1', exited(exitCode)));
    expect(jobOf(world).job).toMatchObject({ state: 'terminating', terminateReason: 'JMComplete' });
    expect(orders.find(({ nodeId }) => nodeId === 'n2')?.kills).not.toEqual([]);
  });

  test('ends also when the pass died that heard of the manager’s end', () => {
    const world = createWorld({ targetDedicatedNodes: 1 });
    addJob(world, { jobManagerTask: manager() });
    givenRunning(world);
    const report = reportOf(world, 'n1', [runOf(world, 'n1', 't1', exited(0))]);
    decideRound(world, { ...nothingAsked, reports: [report], jobIds: ['j'] }, 'afterPool');
    const { due } =
      [...decideRound(world, { ...nothingAsked, reports: [report], jobIds: ['j'] }).draft.jobs.values()][0] ?? {};
    expect(due).toEqual({ kind: 'terminate', terminateReason: 'JMComplete' });
  });

  test('goes on where its end is not to end it', () => {
    const world = createWorld({ targetDedicatedNodes: 1 });
    addJob(world, { jobManagerTask: manager({ killJobOnCompletion: false }) });
    givenRunning(world);
    hear(world, runOf(world, 'n1', 't1', exited(0)));
    expect(jobOf(world).job.state).toBe('active');
  });

  test('has it wait again before any other task of its node', () => {
    const world = createWorld({ targetDedicatedNodes: 1, taskSlotsPerNode: 2 });
    addJob(world, { jobManagerTask: manager(), tasks: 0 });
    addTasks(world, 'J', [manager().task, taskDefinition('t2'), taskDefinition('t3')]);
    givenRunning(world);
    const { orders } = hear(world, runOf(world, 'n1', 't1', lost));
    expect(orders.flatMap(({ tasks }) => tasks.map(({ taskId }) => taskId))).toEqual(['t1']);
  });

  test('gives it a node for itself, and nothing of the job runs before it does', () => {
    const world = createWorld({ targetDedicatedNodes: 1, taskSlotsPerNode: 2 });
    addJob(world, { id: 'K', tasks: 1, priority: 5 });
    const [other] = pass(world).orders;
    addJob(world, { jobManagerTask: manager(), tasks: 0 });
    addTasks(world, 'J', [manager().task, taskDefinition('t2')]);
    expect(pass(world, { jobIds: ['j'] }).orders).toEqual([]);
    if (other === undefined) throw new Error('no order');
    const { orders } = hear(world, say(other, other.preparation, exited(0)), say(other, other.tasks[0], exited(0)));
    expect(orders.flatMap(({ tasks }) => tasks.map(({ taskId }) => taskId))).toEqual(['t1']);
    expect(nodeOf(world, 'n1').leases).toMatchObject([{ taskId: 't1', slots: 2 }]);
  });
});

describe('a job that ends when all its tasks are completed', () => {
  const ending = { onAllTasksComplete: 'terminatejob' } as const;

  test('does so with the last of them, and releases', () => {
    const world = createWorld({ targetDedicatedNodes: 1 });
    addJob(world, { ...ending, tasks: 2 });
    givenRunning(world);
    hear(world, runOf(world, 'n1', 't1', exited(0)));
    expect(jobOf(world).job.state).toBe('active');
    expect(hear(world, runOf(world, 'n1', 't2', exited(1))).orders).toMatchObject([{ release: {} }]);
    expect(jobOf(world).job).toMatchObject({ state: 'terminating', terminateReason: 'AllTasksComplete' });
  });

  test('is over at once where it has none', () => {
    const world = createWorld({ targetDedicatedNodes: 1 });
    addJob(world, { ...ending, tasks: 0 });
    pass(world, { jobIds: ['j'] });
    expect(jobOf(world).job).toMatchObject({ state: 'completed', terminateReason: 'AllTasksComplete' });
    expect(world.events.map(({ type }) => type)).toEqual([
      'dev.bookend.job.terminate.start',
      'dev.bookend.job.terminate.complete',
    ]);
  });
});

// A job that is disabled: what becomes of its tasks is the user's choice, and nothing of it is assigned until it is enabled.
import { describe, expect, test } from 'vitest';
import { enter, withDue } from '../../../shared/jobs/job-decisions.js';
import type { DisableTasks } from '../../../shared/jobs/job.js';
import { exited, killed, lost, neverStarted, reportOf, running, runOf, say } from '../../helpers/reports.js';
import { addJob, createWorld, jobNodeOf, jobOf, pass, taskOf, terminate, type World } from '../../helpers/world.js';

const hear = (world: World, ...runs: Parameters<typeof reportOf>[2] & object) =>
  pass(world, { reports: [reportOf(world, 'n1', runs)] });

/** The first task of the job runs on the only node, or still waits for its preparation. */
function given({ tasks = 2, isPreparing = false } = {}): World {
  const world = createWorld({ targetDedicatedNodes: 1 });
  addJob(world, { tasks });
  const [order] = pass(world).orders;
  if (order === undefined) throw new Error('no order');
  const preparation = say(order, order.preparation, isPreparing ? running : exited(0));
  hear(world, preparation, ...(isPreparing ? [] : [say(order, order.tasks[0], running)]));
  return world;
}

function disable(world: World, disableTasks: DisableTasks) {
  const kept = jobOf(world);
  kept.job = { ...enter(kept.job, 'disabling', world.now), disableTasks };
  return pass(world, { jobIds: ['j'] });
}

function enable(world: World) {
  const kept = jobOf(world);
  kept.job = enter(kept.job, 'active', world.now);
  return pass(world, { jobIds: ['j'] });
}

describe('a job that is disabled', () => {
  test('and requeues its tasks kills them, has them wait again with a count, and is disabled then', () => {
    const world = given();
    expect(disable(world, 'requeue').orders).toMatchObject([{ kills: [{}] }]);
    expect(jobOf(world).job.state).toBe('disabling');
    expect(hear(world, runOf(world, 'n1', 't1', killed)).orders).toEqual([]);
    expect(jobOf(world).job).toMatchObject({ state: 'disabled', disableTasks: 'requeue' });
    expect(taskOf(world, 't1')).toMatchObject({ state: 'active', execution: { requeueCount: 1 } });
    expect(world.refs.get('j')?.hasReady).toBe(false);
    expect(enable(world).orders).toMatchObject([{ tasks: [{ taskId: 't1', attempt: 2 }] }]);
  });

  test('counts a task as done that ended by itself before it could be killed', () => {
    const world = given();
    disable(world, 'requeue');
    hear(world, runOf(world, 'n1', 't1', exited(0)));
    expect(taskOf(world, 't1')).toMatchObject({ state: 'completed', execution: { exitCode: 0 } });
  });

  test('has a task wait again that vanished while it was to be killed', () => {
    const world = given();
    disable(world, 'requeue');
    hear(world, runOf(world, 'n1', 't1', lost));
    expect(taskOf(world, 't1').state).toBe('active');
  });

  test('and terminates its tasks has them completed, never to run again', () => {
    const world = given({ tasks: 1 });
    disable(world, 'terminate');
    hear(world, runOf(world, 'n1', 't1', killed));
    expect(taskOf(world, 't1')).toMatchObject({
      state: 'completed',
      execution: { result: 'failure', failureInfo: { code: 'TaskEnded' } },
    });
    expect(enable(world).orders).toEqual([]);
  });

  test.each(['requeue', 'terminate'] as const)(
    'by %s has a task wait again that only waited for its preparation, which runs to its end',
    (disableTasks) => {
      const world = given({ tasks: 1, isPreparing: true });
      const { runs } = jobNodeOf(world, 'n1');
      expect(disable(world, disableTasks).orders).toMatchObject([{ kills: [{ runId: runs[0]?.runId }] }]);
      hear(world, runOf(world, 'n1', 't1', neverStarted));
      expect(taskOf(world, 't1')).toMatchObject({ state: 'active', execution: { requeueCount: 1 } });
      expect(jobOf(world).job.state).toBe('disabled');
      expect(jobNodeOf(world, 'n1').preparation.state).toBe('running');
    },
  );

  test('and waits for its tasks lets the running one end and starts no other', () => {
    const world = given();
    expect(disable(world, 'wait').orders).toEqual([]);
    expect(jobOf(world).job.state).toBe('disabling');
    expect(hear(world, runOf(world, 'n1', 't1', exited(0))).orders).toEqual([]);
    expect(jobOf(world).job.state).toBe('disabled');
    expect(taskOf(world, 't2').state).toBe('active');
  });

  test('and terminated meanwhile ends its tasks for good and releases', () => {
    const world = given();
    disable(world, 'requeue');
    terminate(world);
    pass(world, { jobIds: ['j'] });
    const { orders } = hear(world, runOf(world, 'n1', 't1', killed));
    expect(taskOf(world, 't1').state).toBe('completed');
    expect(orders).toMatchObject([{ release: {} }]);
  });

  test('because a task’s end asked for it says so', () => {
    const world = given();
    const kept = jobOf(world);
    kept.job = withDue(kept.job, { kind: 'disable', disableTasks: 'requeue' });
    expect(pass(world, { jobIds: ['j'] }).orders).toMatchObject([{ kills: [{}] }]);
    expect(jobOf(world).job).toMatchObject({ state: 'disabling', previousState: 'active' });
    expect(jobOf(world).job.due).toBeUndefined();
    expect(world.events.map(({ type }) => type)).toContain('dev.bookend.job.disable.start');
  });
});

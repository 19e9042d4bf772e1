// A pool that is made for one job, and goes with it.
import { describe, expect, test } from 'vitest';
import { enter } from '../../../shared/jobs/job-decisions.js';
import type { AutoPool } from '../../../shared/jobs/job.js';
import { exited, reportOf, say } from '../../helpers/reports.js';
import { poolDefinition } from '../../helpers/definitions.js';
import {
  addJob,
  createWorld,
  jobOf,
  pass,
  startDeletion,
  startPoolDeletion,
  terminate,
  type World,
} from '../../helpers/world.js';

const { id: _, ...specification } = poolDefinition({ targetDedicatedNodes: 1 });
const autoPool: AutoPool = { poolLifetimeOption: 'job', keepAlive: false, pool: specification };

/** The job was added, and nothing else happened. */
function given(changes: Partial<AutoPool> = {}): World {
  const world = createWorld({ targetDedicatedNodes: 0 });
  world.pool = undefined;
  addJob(world, { tasks: 1, autoPool: { ...autoPool, ...changes } });
  const kept = jobOf(world);
  const joinKey = { id: 'k', secret: 's' };
  kept.job = { ...kept.job, autoPoolSeed: { incarnation: 'auto-1', joinKey, orderSecret: 's' } };
  return world;
}

/** Its task has ended on the node that was made. */
function done(world: World): void {
  pass(world, { jobIds: ['j'] });
  const [id = ''] = world.nodes.keys();
  const [order] = pass(world, { reports: [reportOf(world, id)] }).orders;
  if (order === undefined) throw new Error('no order');
  const runs = [say(order, order.preparation, exited(0)), say(order, order.tasks[0], exited(0))];
  pass(world, { reports: [reportOf(world, id, runs)] });
}

function release(world: World): void {
  const [order] = pass(world, { jobIds: ['j'] }).orders;
  if (order === undefined) throw new Error('no order');
  pass(world, { reports: [reportOf(world, order.nodeId, [say(order, order.release, exited(0))])] });
}

describe('the pool of a job that has one to itself', () => {
  test('is made with its nodes, once', () => {
    const world = given();
    expect(pass(world, { jobIds: ['j'] }).capacity?.nodeIds).toHaveLength(1);
    expect(world.pool).toMatchObject({ state: 'active', incarnation: 'auto-1', autoPoolOf: { jobId: 'J' } });
    const { incarnation } = world.pool ?? {};
    pass(world, { everyJob: true, reask: true });
    expect(world.pool?.incarnation).toBe(incarnation);
    expect(world.events.filter(({ type }) => type === 'dev.bookend.pool.create')).toHaveLength(1);
  });

  test('is made once even if the pass dies before the job could note it', () => {
    const world = given();
    pass(world, { jobIds: ['j'] }, 'afterPool');
    const { incarnation } = world.pool ?? {};
    pass(world, { jobIds: ['j'], everyJob: true, reask: true });
    expect(world.pool?.incarnation).toBe(incarnation);
    expect(jobOf(world).job.autoPoolSeed).toBeUndefined();
  });

  test('is made once the pool before it has gone, which is being deleted', () => {
    const world = createWorld({ targetDedicatedNodes: 0 });
    startPoolDeletion(world);
    addJob(world, { tasks: 1, autoPool: { ...autoPool, poolLifetimeOption: 'jobschedule' } });
    const kept = jobOf(world);
    kept.job = {
      ...kept.job,
      autoPoolSeed: { incarnation: 'auto-2', joinKey: { id: 'k', secret: 's' }, orderSecret: 's' },
    };
    pass(world, { jobIds: ['j'] });
    pass(world, { jobIds: ['j'] });
    expect(world.pool).toMatchObject({ state: 'active', incarnation: 'auto-2' });
    expect(jobOf(world).job.autoPoolSeed).toBeUndefined();
  });

  test('is not made again when somebody deletes it', () => {
    const world = given();
    pass(world, { jobIds: ['j'] });
    world.pool = undefined;
    world.nodes.clear();
    pass(world, { everyJob: true, reask: true });
    expect(world.pool).toBeUndefined();
  });

  test('goes once the job has completed, its release done before', () => {
    const world = given();
    done(world);
    terminate(world);
    release(world);
    expect(jobOf(world).job.state).toBe('completed');
    expect([...jobOf(world).jobNodes.values()]).toMatchObject([{ release: { state: 'completed', result: 'success' } }]);
    expect([world.pool, world.nodes.size]).toEqual([undefined, 0]);
    expect(world.events.filter(({ type }) => type.startsWith('dev.bookend.pool.delete'))).toHaveLength(2);
  });

  test('goes also if the pass dies when the job completes', () => {
    const world = given();
    done(world);
    terminate(world);
    const [order] = pass(world, { jobIds: ['j'] }).orders;
    const reports = [reportOf(world, order?.nodeId ?? '', order && [say(order, order.release, exited(0))])];
    pass(world, { reports }, 'afterPool');
    expect(world.pool?.state).toBe('active');
    pass(world, { reports, everyJob: true, reask: true });
    expect([...jobOf(world).jobNodes.values()]).toMatchObject([{ release: { state: 'completed' } }]);
    expect(world.pool).toBeUndefined();
  });

  test('goes with a job that is deleted', () => {
    const world = given();
    done(world);
    startDeletion(world);
    release(world);
    expect(world.jobs.size).toBe(0);
    expect(world.pool).toBeUndefined();
  });

  test('goes with a job that ended before it ran anything', () => {
    const world = given();
    pass(world, { jobIds: ['j'] });
    const kept = jobOf(world);
    kept.job = enter(enter(kept.job, 'terminating', world.now), 'completed', world.now);
    pass(world, { jobIds: ['j'] });
    expect(world.pool).toBeUndefined();
  });

  test('stays where it is to be kept alive, also on second thoughts', () => {
    const world = given();
    done(world);
    const kept = jobOf(world);
    kept.job = { ...kept.job, definition: { ...kept.job.definition, autoPool: { ...autoPool, keepAlive: true } } };
    pass(world, { jobIds: ['j'] });
    terminate(world);
    release(world);
    expect(jobOf(world).job.state).toBe('completed');
    expect(world.pool?.state).toBe('active');
  });
});

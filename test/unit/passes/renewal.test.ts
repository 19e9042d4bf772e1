// Orders whose URLs are good no more: a node asks, and gets them again.
import { describe, expect, test } from 'vitest';
import { accepted, exited, reportOf, runOf, running, specialOf } from '../../helpers/reports.js';
import {
  addJob,
  createWorld,
  deleteTask,
  jobNodeOf,
  pass,
  taskOf,
  terminate,
  type World,
} from '../../helpers/world.js';

const asks = { needsFreshOrder: true } as const;

function givenPrepared(): World {
  const world = createWorld({ targetDedicatedNodes: 1 });
  addJob(world, { tasks: 1 });
  pass(world);
  pass(world, {
    reports: [
      reportOf(world, 'n1', [specialOf(world, 'n1', 'preparation', exited(0)), runOf(world, 'n1', 't1', accepted)]),
    ],
  });
  return world;
}

const tell = (world: World, ...runs: Parameters<typeof reportOf>[2] & object) =>
  pass(world, { reports: [reportOf(world, 'n1', runs)] }).orders;

describe('a node that asks for a fresh order', () => {
  test('of a preparation gets the same run again', () => {
    const world = createWorld({ targetDedicatedNodes: 1 });
    addJob(world, { tasks: 1 });
    const [first] = pass(world).orders;
    const orders = tell(world, specialOf(world, 'n1', 'preparation', { ...accepted, ...asks }));
    expect(orders).toMatchObject([{ preparation: { runId: first?.preparation?.runId, attempt: 1 }, tasks: [] }]);
    expect(jobNodeOf(world, 'n1').preparationAttempts).toBe(1);
  });

  test('of a task gets the same run again, each time it asks, and the task stays as it is', () => {
    const world = givenPrepared();
    const before = taskOf(world, 't1');
    const run = runOf(world, 'n1', 't1', { ...accepted, ...asks });
    for (const _ of [1, 2]) expect(tell(world, run)).toMatchObject([{ tasks: [{ runId: run.runId, taskId: 't1' }] }]);
    expect(taskOf(world, 't1')).toEqual(before);
  });

  test('while it receives files gets it, too', () => {
    const world = givenPrepared();
    const run = runOf(world, 'n1', 't1', { ...running, ...asks });
    expect(tell(world, run)).toMatchObject([{ tasks: [{ runId: run.runId }] }]);
  });

  test('of a release gets the same run again', () => {
    const world = givenPrepared();
    tell(world, runOf(world, 'n1', 't1', exited(0)));
    terminate(world);
    pass(world, { jobIds: ['j'] });
    const release = specialOf(world, 'n1', 'release', { ...accepted, ...asks });
    expect(tell(world, release)).toMatchObject([{ release: { runId: release.runId, attempt: 1 } }]);
  });

  test('gets it again when the pass that heard it died before sending', () => {
    const world = givenPrepared();
    const run = runOf(world, 'n1', 't1', { ...accepted, ...asks });
    const report = reportOf(world, 'n1', [run]);
    pass(world, { reports: [report] }, 'beforeSending');
    expect(pass(world, { reports: [report], everyJob: true, reask: true }).orders).toMatchObject([
      { tasks: [{ runId: run.runId }] },
    ]);
  });

  test('of a task that was deleted, or whose job ends, gets a kill and no order of it', () => {
    for (const end of [(world: World) => deleteTask(world, 't1'), (world: World) => terminate(world)]) {
      const world = givenPrepared();
      const run = runOf(world, 'n1', 't1', { ...accepted, ...asks });
      end(world);
      pass(world, { jobIds: ['j'] });
      expect(tell(world, run).flatMap(({ tasks }) => tasks)).toEqual([]);
    }
  });

  test('of a run that is not its own any more gets none', () => {
    const world = givenPrepared();
    const stranger = { ...runOf(world, 'n1', 't1', { ...accepted, ...asks }), runId: 'another' };
    expect(tell(world, stranger).flatMap(({ tasks }) => tasks)).toEqual([]);
  });
});

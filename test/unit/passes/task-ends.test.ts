// How runs of tasks end, by what their node says of them.
import { describe, expect, test } from 'vitest';
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
} from '../../helpers/reports.js';
import {
  addJob,
  createWorld,
  deleteTask,
  jobNodeOf,
  jobOf,
  nodeOf,
  pass,
  passTime,
  taskOf,
  terminate,
} from '../../helpers/world.js';

const plain = { jobPreparationTask: undefined, jobReleaseTask: undefined };

function givenRunning(slots = 1) {
  const world = createWorld({ targetDedicatedNodes: 1, taskSlotsPerNode: slots });
  addJob(world, { ...plain, tasks: 1 });
  pass(world);
  return world;
}

describe('a task', () => {
  test('shows when its process started', () => {
    const world = givenRunning();
    passTime(world, 10);
    pass(world, { reports: [reportOf(world, 'n1', [runOf(world, 'n1', 't1', running)])] });
    expect(taskOf(world, 't1')).toMatchObject({
      state: 'running',
      execution: { startTime: '2026-01-01T00:00:09.000Z' },
    });
    expect(jobNodeOf(world, 'n1').taskStarted).toBe(true);
  });

  test('that is tried again shows how often, and since when, while it runs', () => {
    const world = givenRunning();
    passTime(world, 10);
    pass(world, { reports: [reportOf(world, 'n1', [runOf(world, 'n1', 't1', running)])] });
    passTime(world, 10);
    const retried = { ...running, retryCount: 2, lastRetryAgoMs: 1000 };
    pass(world, { reports: [reportOf(world, 'n1', [runOf(world, 'n1', 't1', retried)])] });
    const at = '2026-01-01T00:00:19.000Z';
    expect(taskOf(world, 't1')).toMatchObject({
      state: 'running',
      previousState: 'active',
      execution: { startTime: at, retryCount: 2, lastRetryTime: at },
    });
  });

  test.each([
    ['exits 0', exited(0), { result: 'success', exitCode: 0 }],
    ['exits 7', exited(7), { result: 'failure', exitCode: 7, failureInfo: { code: 'FailureExitCode' } }],
    ['cannot be started', notStartable, { result: 'failure', failureInfo: { code: 'CommandProgramNotFound' } }],
  ])('that %s is completed', (_, said, execution) => {
    const world = givenRunning();
    passTime(world, 10);
    pass(world, { reports: [reportOf(world, 'n1', [runOf(world, 'n1', 't1', said)])] });
    expect(taskOf(world, 't1')).toMatchObject({ state: 'completed', assignment: { nodeId: 'n1' }, execution });
    expect(jobOf(world).job).toMatchObject({ state: 'active', openTasks: 0 });
    expect(jobNodeOf(world, 'n1').runs).toEqual([]);
    expect(nodeOf(world, 'n1')).toMatchObject({ state: 'idle', leases: [], totalTasksRun: 1 });
  });

  test.each([
    ['vanished without a result', lost],
    ['was ended before it began', neverStarted],
  ])('that %s waits again and is given out in the same pass', (_, said) => {
    const world = givenRunning();
    const { orders } = pass(world, { reports: [reportOf(world, 'n1', [runOf(world, 'n1', 't1', said)])] });
    expect(orders).toMatchObject([{ tasks: [{ taskId: 't1', attempt: 2 }] }]);
    expect(taskOf(world, 't1')).toMatchObject({ assignment: { attempt: 2 }, execution: { requeueCount: 0 } });
    expect(jobOf(world).job.openTasks).toBe(1);
  });

  test.each([
    ['was killed while it ran', killed, 'completed'],
    ['had ended by itself', exited(0), 'completed'],
    ['vanished while it was being killed', lost, 'completed'],
    ['could not be started', notStartable, 'completed'],
    ['had not begun', neverStarted, 'active'],
    ['was killed before it began', { ...neverStarted, ending: 'killed' as const }, 'active'],
  ])('of a terminated job that %s is %s', (...[, said, state]) => {
    const world = givenRunning();
    pass(world, { reports: [reportOf(world, 'n1', [runOf(world, 'n1', 't1', accepted)])] });
    terminate(world);
    const { orders } = pass(world, { jobIds: ['j'] });
    expect(orders).toMatchObject([{ kills: [{ runId: jobNodeOf(world, 'n1').runs[0]?.runId }] }]);
    pass(world, { reports: [reportOf(world, 'n1', [runOf(world, 'n1', 't1', said)])] });
    expect(taskOf(world, 't1').state).toBe(state);
    expect(jobOf(world).job).toMatchObject({ state: 'completed', openTasks: state === 'completed' ? 0 : 1 });
  });

  test('that was deleted while it ran is killed, and its slot is free once it has ended', () => {
    const world = givenRunning();
    pass(world, { reports: [reportOf(world, 'n1', [runOf(world, 'n1', 't1', running)])] });
    deleteTask(world, 't1');
    const run = runOf(world, 'n1', 't1', killed);
    const { orders } = pass(world, { jobIds: ['j'] });
    expect(orders).toMatchObject([{ kills: [{ runId: run.runId }], tasks: [] }]);
    pass(world, { reports: [reportOf(world, 'n1', [run])] });
    expect(nodeOf(world, 'n1').leases).toEqual([]);
    expect(jobOf(world).job.openTasks).toBe(0);
    expect(jobOf(world).tasks.size).toBe(0);
  });

  test('that was deleted before its order arrived frees its slot all the same', () => {
    const world = givenRunning();
    const runId = jobNodeOf(world, 'n1').runs[0]?.runId;
    deleteTask(world, 't1');
    // The node, which may never have had the order, is told of the run together with its kill: so it can tell its end.
    const { orders } = pass(world, { jobIds: ['j'] });
    expect(orders).toMatchObject([{ kills: [{ runId }], tasks: [{ runId, taskId: 't1' }] }]);
    pass(world, { reports: [reportOf(world, 'n1', [runOf(world, 'n1', 't1', neverStarted)])] });
    expect(nodeOf(world, 'n1').leases).toEqual([]);
    expect(jobNodeOf(world, 'n1').runs).toEqual([]);
  });

  test('told to have ended twice is counted once', () => {
    const world = givenRunning();
    const report = reportOf(world, 'n1', [runOf(world, 'n1', 't1', exited(0))]);
    pass(world, { reports: [report] });
    pass(world, { reports: [report] });
    pass(world, { reports: [{ ...report, sequence: report.sequence + 1 }] });
    expect(nodeOf(world, 'n1')).toMatchObject({ totalTasksRun: 1, totalTasksSucceeded: 1 });
    expect(jobOf(world).job.openTasks).toBe(0);
  });

  test('that ended is counted once although the pass died between pool and job', () => {
    const world = givenRunning();
    const report = reportOf(world, 'n1', [runOf(world, 'n1', 't1', exited(0))]);
    pass(world, { reports: [report] }, 'afterPool');
    pass(world, { reports: [report], everyJob: true, reask: true });
    expect(nodeOf(world, 'n1')).toMatchObject({ totalTasksRun: 1, totalTasksSucceeded: 1 });
    expect(taskOf(world, 't1').state).toBe('completed');
  });
});

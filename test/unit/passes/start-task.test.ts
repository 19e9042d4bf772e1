// The start task: once in every boot, before tasks where the pool wants it so.
import { describe, expect, test } from 'vitest';
import type { StartTaskDefinition } from '../../../shared/pools/pool.js';
import { exited, lost, notStartable, reportOf, running, say } from '../../helpers/reports.js';
import {
  addJob,
  createWorld,
  nodeOf,
  pass,
  passTime,
  terminate,
  type PassResult,
  type SentOrder,
  type World,
} from '../../helpers/world.js';

const startTask: StartTaskDefinition = {
  commandLine: 'begin',
  environmentSettings: [],
  userIdentity: { autoUser: { scope: 'pool', elevationLevel: 'nonadmin' } },
  maxTaskRetryCount: 2,
  waitForSuccess: true,
};

/** A pool of one node that has just joined, while a task waits. */
function given(changes: Partial<StartTaskDefinition> = {}): { readonly world: World; readonly order: SentOrder } {
  const world = createWorld({ targetDedicatedNodes: 1, joined: 0, startTask: { ...startTask, ...changes } });
  addJob(world, { tasks: 1 });
  pass(world);
  const [id = ''] = world.nodes.keys();
  const orders = join(world, id).orders.filter((order) => order.startTask !== undefined);
  return { world, order: orders[0] ?? fail() };
}

const join = (world: World, id: string, epoch = 1): PassResult =>
  pass(world, { reports: [reportOf(world, id, [], { epoch, imageEpoch: 1, sequence: 1 })] });

function fail(): never {
  throw new Error('no order');
}

const hear = (world: World, order: SentOrder, said: Parameters<typeof say>[2]): PassResult =>
  pass(world, { reports: [reportOf(world, order.nodeId, [say(order, order.startTask, said)])] });

const stateOf = (world: World): string => [...world.nodes.values()][0]?.state ?? '';

describe('a node that joins a pool with a start task', () => {
  test('runs it in its own folder before any task', () => {
    const { world, order } = given();
    expect(order).toMatchObject({ jobDirectory: 'startup', startTask: { kind: 'startTask', attempt: 1 }, tasks: [] });
    expect(order.startTask?.definition).toMatchObject({ commandLine: 'begin', constraints: { maxTaskRetryCount: 2 } });
    expect(stateOf(world)).toBe('waitingforstarttask');
    expect(hear(world, order, running).orders).toEqual([]);
    expect(hear(world, order, exited(0)).orders).toMatchObject([{ tasks: [{ taskId: 't1' }] }]);
    expect(stateOf(world)).toBe('running');
  });

  test('gets no task after its failure, until it boots again', () => {
    const { world, order } = given();
    expect(hear(world, order, { ...exited(3), retryCount: 2 }).orders).toEqual([]);
    expect(nodeOf(world, order.nodeId)).toMatchObject({
      state: 'starttaskfailed',
      startTask: { run: { state: 'completed', result: 'failure', exitCode: 3, retryCount: 2 } },
    });
    expect(join(world, order.nodeId, 2).orders).toMatchObject([{ epoch: 2, startTask: { attempt: 1 } }]);
    expect(stateOf(world)).toBe('waitingforstarttask');
  });

  test('fails without an exit code when it cannot be started', () => {
    const { world, order } = given();
    hear(world, order, notStartable);
    const { run } = nodeOf(world, order.nodeId).startTask ?? fail();
    expect(run).toMatchObject({ result: 'failure', failureInfo: { code: 'CommandProgramNotFound' } });
    expect(run).not.toHaveProperty('exitCode');
  });

  test('takes tasks beside it where nobody waits for its success, also after its failure', () => {
    const { world, order } = given({ waitForSuccess: false });
    expect(stateOf(world)).toBe('running');
    hear(world, order, exited(1));
    expect(stateOf(world)).toBe('running');
  });

  test('is ordered to run it again when it vanished without a result', () => {
    const { world, order } = given();
    const [again] = hear(world, order, lost).orders;
    expect(again?.startTask).toMatchObject({ attempt: 2 });
    expect(again?.startTask?.runId).not.toBe(order.startTask?.runId);
    expect(stateOf(world)).toBe('waitingforstarttask');
  });

  test('is asked again when nothing is heard of it, and only then', () => {
    const { world, order } = given();
    expect(pass(world).orders).toEqual([]);
    passTime(world, 61);
    expect(pass(world).orders).toMatchObject([{ startTask: { runId: order.startTask?.runId } }]);
    hear(world, order, running);
    passTime(world, 61);
    expect(pass(world).orders).toEqual([]);
  });

  test('owes the events of a start task', () => {
    const { world, order } = given();
    hear(world, order, running);
    hear(world, order, exited(1));
    const special = world.events.filter(({ data }) => data['taskType'] === 'StartTask').map(({ type }) => type);
    expect(special.map((type) => type.split('.').at(-1))).toEqual(['start', 'complete', 'fail']);
  });
});

test.each([
  ['succeeded', exited(0)],
  ['failed', exited(3)],
])('a job that ended while its node booted is released there once the start task has %s', (_, said) => {
  const { world, order } = given();
  const [work] = hear(world, order, exited(0)).orders;
  if (work === undefined) fail();
  const ended = [say(work, work.preparation, exited(0)), say(work, work.tasks[0], exited(0))];
  pass(world, { reports: [reportOf(world, order.nodeId, ended)] });
  const [again] = join(world, order.nodeId, 2).orders;
  if (again === undefined) fail();
  terminate(world);
  expect(pass(world, { jobIds: ['j'] }).orders).toEqual([]);
  expect(hear(world, again, said).orders).toMatchObject([{ epoch: 2, release: {} }]);
});

test('a job that ended while its node booted is released there when the pool has no start task any more', () => {
  const { world, order } = given();
  const [work] = hear(world, order, exited(0)).orders;
  if (work === undefined) fail();
  const ended = [say(work, work.preparation, exited(0)), say(work, work.tasks[0], exited(0))];
  pass(world, { reports: [reportOf(world, order.nodeId, ended)] });
  join(world, order.nodeId, 2);
  terminate(world);
  pass(world, { jobIds: ['j'] });
  if (world.pool !== undefined) {
    const { startTask: _, ...definition } = world.pool.definition;
    world.pool = { ...world.pool, definition };
  }
  passTime(world, 61);
  expect(pass(world).orders).toMatchObject([{ release: {} }]);
});

test('a node that has joined keeps going when its pool is given a start task, and runs it in its next boot', () => {
  const world = createWorld({ targetDedicatedNodes: 1 });
  if (world.pool !== undefined) world.pool = { ...world.pool, definition: { ...world.pool.definition, startTask } };
  expect(pass(world).orders).toEqual([]);
  expect(stateOf(world)).toBe('idle');
  expect(join(world, 'n1', 2).orders).toMatchObject([{ startTask: {} }]);
});

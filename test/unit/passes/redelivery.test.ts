// Messages that come twice, late or out of order, and passes that died half way.
import { describe, expect, test } from 'vitest';
import { exited, reportOf, running, runOf, say } from '../../helpers/reports.js';
import {
  addJob,
  createWorld,
  jobNodeOf,
  jobOf,
  nodeOf,
  pass,
  passTime,
  redelivered,
  taskOf,
  terminate,
} from '../../helpers/world.js';

describe('a pass that died', () => {
  test('after saving leases leaves no slot taken and no task lost', () => {
    const world = createWorld({ targetDedicatedNodes: 1 });
    addJob(world, { tasks: 2 });
    pass(world, {}, 'afterPool');
    expect(nodeOf(world, 'n1').leases).toHaveLength(1);
    expect(jobOf(world).jobNodes.size).toBe(0);
    const { orders } = redelivered(world);
    expect(orders).toMatchObject([{ preparation: { attempt: 1 }, tasks: [{ taskId: 't1', attempt: 1 }] }]);
    expect(nodeOf(world, 'n1').leases.map(({ taskId }) => taskId)).toEqual(['t1']);
  });

  test('after saving leases leaves none of a job that ended meanwhile', () => {
    const world = createWorld({ targetDedicatedNodes: 1 });
    addJob(world);
    pass(world, {}, 'afterPool');
    terminate(world);
    world.refs.delete('j');
    redelivered(world);
    expect(nodeOf(world, 'n1')).toMatchObject({ state: 'idle', leases: [] });
    expect(taskOf(world, 't1').state).toBe('active');
  });

  test('before sending has the same orders sent by the redelivery, and no second run', () => {
    const world = createWorld();
    addJob(world, { tasks: 3 });
    pass(world, {}, 'beforeSending');
    const saved = structuredClone([...jobOf(world).tasks]);
    const runIds = jobNodeOf(world, 'n1').runs.map(({ runId }) => runId);
    const { orders } = redelivered(world);
    expect(orders[0]?.tasks.map(({ runId }) => runId)).toEqual(runIds);
    expect(orders.map(({ preparation }) => preparation?.attempt)).toEqual([1, 1]);
    expect([...jobOf(world).tasks]).toEqual(saved);
  });

  test('between two jobs gives each of them what it was due', () => {
    const world = createWorld();
    addJob(world, { id: 'A' });
    addJob(world, { id: 'B' });
    pass(world, { everyJob: true }, 'afterFirstJob');
    const { orders } = redelivered(world);
    expect(orders.map(({ jobId, tasks }) => [jobId, tasks.length])).toEqual([
      ['A', 1],
      ['B', 1],
    ]);
    expect([...world.nodes.values()].map(({ leases }) => leases.length)).toEqual([1, 1]);
  });

  test('is decided again as if it had not been, when it saved nothing', () => {
    const world = createWorld();
    addJob(world, { tasks: 2 });
    const other = structuredClone(world);
    expect(redelivered(other).orders).toEqual(pass(world).orders);
  });
});

describe('an order', () => {
  test('is repeated when it was not heard of in time, with the run it had', () => {
    const world = createWorld({ targetDedicatedNodes: 1 });
    addJob(world);
    const [first] = pass(world).orders;
    passTime(world, 61);
    const [again] = pass(world, { everyJob: true, reports: [reportOf(world, 'n1')] }).orders;
    expect([again?.preparation?.runId, again?.tasks[0]?.runId]).toEqual([
      first?.preparation?.runId,
      first?.tasks[0]?.runId,
    ]);
  });

  test('is not repeated once it was heard of', () => {
    const world = createWorld({ targetDedicatedNodes: 1 });
    addJob(world);
    const [order] = pass(world).orders;
    if (order === undefined) throw new Error('no order');
    pass(world, {
      reports: [
        reportOf(world, 'n1', [
          say(order, order.preparation, running),
          say(order, order.tasks[0], { state: 'accepted' }),
        ]),
      ],
    });
    passTime(world, 61);
    expect(pass(world, { everyJob: true, reask: true, reports: [reportOf(world, 'n1')] }).orders).toEqual([]);
  });
});

describe('a pass that lost a race', () => {
  test('sends what its lost attempt had saved, and nothing that was sent before it began', () => {
    const world = createWorld({ targetDedicatedNodes: 2 });
    addJob(world, { tasks: 1 });
    pass(world);
    passTime(world, 5);
    const reaskSince = world.now.toISOString();
    addJob(world, { id: 'other', tasks: 1 });
    pass(world, {}, 'beforeSending');
    const { orders, capacity } = pass(world, { everyJob: true, reask: true, reaskSince });
    expect(orders).toMatchObject([{ jobId: 'other', preparation: { attempt: 1 }, tasks: [{ taskId: 't1' }] }]);
    expect(capacity).toBeUndefined();
  });
});

describe('a report', () => {
  test('with a number already heard changes nothing the second time', () => {
    const world = createWorld({ targetDedicatedNodes: 1 });
    addJob(world, { tasks: 2 });
    const [order] = pass(world).orders;
    if (order === undefined) throw new Error('no order');
    const report = reportOf(world, 'n1', [
      say(order, order.preparation, exited(0)),
      say(order, order.tasks[0], exited(0)),
    ]);
    pass(world, { reports: [report] });
    const before = structuredClone({ job: jobOf(world), node: nodeOf(world, 'n1') });
    expect(pass(world, { reports: [report] }).orders).toEqual([]);
    expect({ job: jobOf(world), node: nodeOf(world, 'n1') }).toEqual(before);
  });

  test('that is older than the newest changes nothing', () => {
    const world = createWorld({ targetDedicatedNodes: 1 });
    addJob(world);
    const [order] = pass(world).orders;
    if (order === undefined) throw new Error('no order');
    const earlier = reportOf(world, 'n1', [say(order, order.preparation, running)]);
    const later = {
      ...reportOf(world, 'n1', [say(order, order.preparation, exited(0))]),
      sequence: earlier.sequence + 1,
    };
    pass(world, { reports: [later] });
    pass(world, { reports: [earlier] });
    expect(jobNodeOf(world, 'n1').preparation).toMatchObject({ state: 'completed', result: 'success' });
  });

  test('is acknowledged only with orders that go out after all of it was saved', () => {
    const world = createWorld({ targetDedicatedNodes: 1, taskSlotsPerNode: 256 });
    addJob(world, { tasks: 300, jobPreparationTask: undefined, jobReleaseTask: undefined });
    pass(world);
    addJob(world, { id: 'K', tasks: 10, jobPreparationTask: undefined, jobReleaseTask: undefined });
    const { runs } = jobNodeOf(world, 'n1');
    const report = reportOf(
      world,
      'n1',
      runs.map(({ taskId }) => runOf(world, 'n1', taskId, exited(0))),
    );
    const known = nodeOf(world, 'n1').sequence;
    const { orders, rounds } = pass(world, { reports: [report] });
    expect(rounds).toBeGreaterThan(2);
    const acknowledged = orders.map((order) => order.acknowledged.sequence);
    expect(acknowledged[0]).toBe(known);
    expect(acknowledged.at(-1)).toBe(report.sequence);
    expect([...jobOf(world).tasks.values()].filter(({ state }) => state === 'completed')).toHaveLength(256);
    expect(nodeOf(world, 'n1').leases).toHaveLength(54);
  });
});

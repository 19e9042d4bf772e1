// Which task goes to which node, and what goes with it.
import { describe, expect, test } from 'vitest';
import { taskDefinition } from '../../helpers/definitions.js';
import { exited, reportOf, runOf, say } from '../../helpers/reports.js';
import {
  addJob,
  addTasks,
  createWorld,
  deleteTask,
  jobNodeOf,
  jobOf,
  nodeOf,
  pass,
  passTime,
  startPoolDeletion,
  taskOf,
  terminate,
  type PassResult,
} from '../../helpers/world.js';

const taskIds = ({ orders }: PassResult): Record<string, readonly string[]> =>
  Object.fromEntries(orders.map((order) => [order.nodeId, order.tasks.map(({ taskId }) => taskId)]));

const unprepared = { jobPreparationTask: undefined, jobReleaseTask: undefined };

describe('tasks that wait', () => {
  test.each<[given: string, fill: 'spread' | 'pack', slots: number, tasks: number, then: Record<string, string[]>]>([
    ['as many tasks as nodes', 'spread', 1, 2, { n1: ['t1'], n2: ['t2'] }],
    ['more tasks than slots', 'spread', 1, 5, { n1: ['t1'], n2: ['t2'] }],
    ['fewer tasks than nodes', 'spread', 1, 1, { n1: ['t1'] }],
    ['two slots a node, to be spread', 'spread', 2, 3, { n1: ['t1', 't3'], n2: ['t2'] }],
    ['two slots a node, to be packed', 'pack', 2, 3, { n1: ['t1', 't2'], n2: ['t3'] }],
    ['all in one node, to be packed', 'pack', 4, 3, { n1: ['t1', 't2', 't3'] }],
  ])('with %s (%s, %i slots) are assigned in the order of their adding', (_, fill, slots, tasks, then) => {
    const world = createWorld({ nodeFillType: fill, taskSlotsPerNode: slots });
    addJob(world, { tasks, ...unprepared });
    expect(taskIds(pass(world))).toEqual(then);
  });

  test('never take more slots than a node has', () => {
    const world = createWorld({ taskSlotsPerNode: 4, targetDedicatedNodes: 1 });
    addJob(world, { tasks: 0, ...unprepared });
    const sizes = { a: 3, b: 2, c: 1, d: 1 };
    addTasks(
      world,
      'J',
      Object.entries(sizes).map(([id, requiredSlots]) => taskDefinition(id, { requiredSlots })),
    );
    expect(taskIds(pass(world))).toEqual({ n1: ['a', 'c'] });
    pass(world, { reports: [reportOf(world, 'n1', [runOf(world, 'n1', 'a', exited(0))])] });
    expect(nodeOf(world, 'n1').leases.map(({ taskId }) => taskId)).toEqual(['c', 'b', 'd']);
  });

  test('of the job with the higher priority go first, then those of the older job', () => {
    const world = createWorld({ targetDedicatedNodes: 4 });
    addJob(world, { id: 'young', priority: 0, ...unprepared });
    jobOf(world, 'young').job = { ...jobOf(world, 'young').job, creationTime: '2026-06-01T00:00:00.000Z' };
    addJob(world, { id: 'old', priority: 0, ...unprepared });
    addJob(world, { id: 'urgent', priority: 5, tasks: 2, ...unprepared });
    const { orders } = pass(world, { everyJob: true });
    expect(orders.map(({ nodeId, jobId }) => `${nodeId} ${jobId}`)).toEqual([
      'n1 urgent',
      'n2 urgent',
      'n3 old',
      'n4 young',
    ]);
  });

  test('are run at most maxParallelTasks at a time, and the others as these end', () => {
    const world = createWorld({ targetDedicatedNodes: 4 });
    addJob(world, { tasks: 4, maxParallelTasks: 2, ...unprepared });
    expect(taskIds(pass(world))).toEqual({ n1: ['t1'], n2: ['t2'] });
    expect(pass(world, { everyJob: true }).orders).toEqual([]);
    const ended = reportOf(world, 'n1', [runOf(world, 'n1', 't1', exited(0))]);
    expect(taskIds(pass(world, { reports: [ended] }))).toEqual({ n1: ['t3'] });
  });

  test('bounded in one job leave the slots to the other jobs', () => {
    const world = createWorld({ targetDedicatedNodes: 4 });
    addJob(world, { id: 'bounded', tasks: 4, priority: 9, maxParallelTasks: 1, ...unprepared });
    addJob(world, { id: 'free', tasks: 4, ...unprepared });
    const { orders } = pass(world, { everyJob: true });
    expect(orders.map(({ jobId }) => jobId)).toEqual(['bounded', 'free', 'free', 'free']);
  });

  test('run on the node that they would rather have, unless it has no room', () => {
    const world = createWorld({ targetDedicatedNodes: 3 });
    addJob(world, { tasks: 0, ...unprepared });
    addTasks(
      world,
      'J',
      ['a', 'b', 'c'].map((id) => taskDefinition(id, { affinityId: 'TVM:n3' })),
    );
    expect(taskIds(pass(world))).toEqual({ n3: ['a'], n1: ['b'], n2: ['c'] });
  });

  test('want more slots than any node has: they wait, and hold up nobody', () => {
    const world = createWorld({ targetDedicatedNodes: 1, taskSlotsPerNode: 2 });
    addJob(world, { tasks: 0, ...unprepared });
    const sizes = { large1: 3, large2: 3, large3: 3, small: 1 };
    addTasks(
      world,
      'J',
      Object.entries(sizes).map(([id, requiredSlots]) => taskDefinition(id, { requiredSlots })),
    );
    expect(taskIds(pass(world))).toEqual({ n1: ['small'] });
  });

  test('with the id of a deleted task are runs of their own', () => {
    const world = createWorld({ targetDedicatedNodes: 1 });
    addJob(world, { tasks: 1, ...unprepared });
    const [first] = pass(world).orders;
    pass(world, { reports: [reportOf(world, 'n1', [runOf(world, 'n1', 't1', exited(0))])] });
    deleteTask(world, 't1');
    addTasks(world, 'J', [taskDefinition('t1')]);
    const [second] = pass(world).orders;
    expect(second?.tasks[0]?.runId).not.toBe(first?.tasks[0]?.runId);
  });

  test('prefer a prepared node among equally loaded ones', () => {
    const world = createWorld();
    addJob(world, { tasks: 2 });
    const [first, second] = pass(world).orders;
    if (first === undefined || second === undefined) throw new Error('no orders');
    pass(world, {
      reports: [
        reportOf(world, 'n2', [say(second, second.preparation, exited(0)), say(second, second.tasks[0], exited(0))]),
      ],
    });
    pass(world, { reports: [reportOf(world, 'n1', [say(first, first.preparation, exited(1))])] });
    expect(taskOf(world, 't1').assignment?.nodeId).toBe('n2');
  });

  test.each<[state: string, act: (world: ReturnType<typeof createWorld>) => void]>([
    ['terminating', (world) => ((jobOf(world).job = { ...jobOf(world).job, everAssigned: true }), terminate(world))],
    ['completed', (world) => terminate(world)],
  ])('are not assigned once their job is %s', (state, act) => {
    const world = createWorld();
    addJob(world, { tasks: 2 });
    act(world);
    const { orders } = pass(world, { everyJob: true });
    expect(orders).toEqual([]);
    expect([...jobOf(world).tasks.values()].map((task) => task.state)).toEqual(['active', 'active']);
  });

  test('of a pool that is going wait for another of its id', () => {
    const world = createWorld();
    addJob(world, { tasks: 2 });
    startPoolDeletion(world);
    expect(pass(world, { everyJob: true }).orders).toEqual([]);
    expect(world.pool).toBeUndefined();
    expect(jobOf(world).job.state).toBe('active');
  });

  test('of a job in another pool are none of this pool’s business', () => {
    const world = createWorld();
    addJob(world, { tasks: 2, poolId: 'Q' });
    expect(pass(world, { jobIds: ['j'] }).orders).toEqual([]);
  });

  test('find their pool whatever the letter case of its id', () => {
    const world = createWorld();
    addJob(world, { tasks: 1, poolId: 'p' });
    expect(taskIds(pass(world, { jobIds: ['j'] }))).toEqual({ n1: ['t1'] });
  });
});

describe('an assignment', () => {
  test('brings the preparation with the first task only', () => {
    const world = createWorld({ targetDedicatedNodes: 1, taskSlotsPerNode: 2 });
    addJob(world, { tasks: 1 });
    const [first] = pass(world).orders;
    expect(first?.preparation?.taskId).toBe('prep');
    addTasks(world, 'J', [taskDefinition('t2')]);
    const [second] = pass(world).orders;
    expect(second?.preparation).toBeUndefined();
    expect(second?.tasks).toMatchObject([{ taskId: 't2', requiresPreparation: first?.preparation?.runId }]);
  });

  test('leaves an idle node without preparation and release', () => {
    const world = createWorld();
    addJob(world, { tasks: 1 });
    expect(pass(world).orders.map(({ nodeId }) => nodeId)).toEqual(['n1']);
    expect([...jobOf(world).jobNodes.keys()]).toEqual(['n1']);
  });

  test('shows the task preparing while its preparation is to succeed first, and takes its slots', () => {
    const world = createWorld({ targetDedicatedNodes: 1 });
    addJob(world);
    pass(world);
    expect(taskOf(world, 't1')).toMatchObject({ state: 'preparing', assignment: { nodeId: 'n1', attempt: 1 } });
    expect(nodeOf(world, 'n1')).toMatchObject({ state: 'running', leases: [{ taskId: 't1', slots: 1 }] });
    expect(jobOf(world).ready.size).toBe(0);
    expect(jobOf(world).job.everAssigned).toBe(true);
  });

  test('puts the job’s settings below the task’s own', () => {
    const world = createWorld({ targetDedicatedNodes: 1 });
    const commonEnvironmentSettings = [
      { name: 'A', value: 'job' },
      { name: 'B', value: 'job' },
    ];
    addJob(world, { tasks: 0, commonEnvironmentSettings });
    addTasks(world, 'J', [taskDefinition('t1', { environmentSettings: [{ name: 'B', value: 'task' }] })]);
    const [order] = pass(world).orders;
    expect(order?.preparation?.definition.environmentSettings).toEqual(commonEnvironmentSettings);
    expect(order?.tasks[0]?.definition.environmentSettings).toEqual([
      { name: 'A', value: 'job' },
      { name: 'B', value: 'task' },
    ]);
  });

  test('is not made twice by looking twice', () => {
    const world = createWorld();
    addJob(world, { tasks: 5 });
    pass(world);
    const before = structuredClone([...jobOf(world).tasks]);
    passTime(world, 1);
    expect(pass(world, { everyJob: true }).orders).toEqual([]);
    expect([...jobOf(world).tasks]).toEqual(before);
  });

  test('gives every run an id of its own', () => {
    const world = createWorld({ taskSlotsPerNode: 4 });
    addJob(world, { tasks: 8 });
    const { orders } = pass(world);
    const ids = orders.flatMap(({ preparation, tasks }) => [preparation, ...tasks].map((run) => run?.runId));
    expect(new Set(ids).size).toBe(10);
    expect(jobNodeOf(world, 'n1').runs.map(({ runId }) => runId)).toEqual(orders[0]?.tasks.map(({ runId }) => runId));
  });
});

// Nodes join a pool, and the pool says what it wants.
import { describe, expect, test } from 'vitest';
import { addJob, addPool, createWorld, nodeOf, pass, passTime } from '../../helpers/world.js';
import { reportOf } from '../../helpers/reports.js';

describe('a pool that was just added', () => {
  test('gets a row for each wanted node, and its provisioner is told their ids', () => {
    const world = createWorld({ targetDedicatedNodes: 3, joined: 0 });
    const { capacity } = pass(world);
    expect([...world.nodes.values()].map(({ state, epoch }) => ({ state, epoch }))).toEqual(
      Array.from({ length: 3 }, () => ({ state: 'creating', epoch: 0 })),
    );
    expect(capacity).toEqual({
      poolId: 'P',
      incarnation: 'pool-1',
      nodeIds: [...world.nodes.keys()].sort(),
      taskSlotsPerNode: 1,
      isEnding: false,
    });
    expect(world.pool?.allocationState).toBe('resizing');
  });

  test('is not told of twice unless asked again', () => {
    const world = createWorld({ joined: 0 });
    pass(world);
    expect(pass(world).capacity).toBeUndefined();
    expect(pass(world, { reask: true }).capacity?.nodeIds).toHaveLength(2);
    expect(world.nodes.size).toBe(2);
  });

  test('is steady once every node has joined', () => {
    const world = createWorld({ joined: 0 });
    pass(world);
    const [first, second] = [...world.nodes.keys()];
    pass(world, { reports: [reportOf(world, first ?? '')] });
    expect(world.pool?.allocationState).toBe('resizing');
    pass(world, { reports: [reportOf(world, second ?? '')] });
    expect(world.pool?.allocationState).toBe('steady');
  });

  test('gives its nodes other ids than an earlier pool of the same id', () => {
    const world = createWorld({ joined: 0 });
    pass(world);
    const earlier = [...world.nodes.keys()];
    world.nodes.clear();
    addPool(world, {}, 'pool-2');
    pass(world);
    expect([...world.nodes.keys()].filter((id) => earlier.includes(id))).toEqual([]);
  });
});

describe('a node', () => {
  test('is idle from its first report on', () => {
    const world = createWorld({ targetDedicatedNodes: 1, joined: 0 });
    pass(world);
    const [id = ''] = world.nodes.keys();
    passTime(world, 5);
    pass(world, { reports: [reportOf(world, id, [], { epoch: 1, imageEpoch: 1, sequence: 1, bootedAgoMs: 2000 })] });
    expect(nodeOf(world, id)).toMatchObject({
      state: 'idle',
      epoch: 1,
      lastSeen: world.now.toISOString(),
      lastBootTime: '2026-01-01T00:00:03.000Z',
    });
  });

  test('that is starting holds up its pool and takes no task until its first report', () => {
    const world = createWorld({ targetDedicatedNodes: 1, joined: 0 });
    addJob(world);
    pass(world);
    const [id = ''] = world.nodes.keys();
    world.nodes.set(id, { ...nodeOf(world, id), state: 'starting' });
    expect(pass(world, { jobIds: ['j'], everyJob: true }).orders).toEqual([]);
    expect([nodeOf(world, id).state, world.pool?.allocationState]).toEqual(['starting', 'resizing']);
    expect(pass(world, { reports: [reportOf(world, id)] }).orders).toMatchObject([{ tasks: [{ taskId: 't1' }] }]);
    expect([nodeOf(world, id).state, world.pool?.allocationState]).toEqual(['running', 'steady']);
  });

  test('that the pool does not want is not taken in', () => {
    const world = createWorld();
    const stranger = { ...reportOf(world, 'n1'), nodeId: 'stranger' };
    const { orders } = pass(world, { reports: [stranger] });
    expect(orders).toEqual([]);
    expect(world.nodes.has('stranger')).toBe(false);
  });

  test('that joins while tasks wait gets one in the same pass', () => {
    const world = createWorld({ targetDedicatedNodes: 1, joined: 0 });
    addJob(world);
    pass(world);
    const [id = ''] = world.nodes.keys();
    const { orders } = pass(world, { reports: [reportOf(world, id)] });
    expect(orders.map(({ tasks }) => tasks.map(({ taskId }) => taskId))).toEqual([['t1']]);
    expect(nodeOf(world, id).state).toBe('running');
  });

  test('is shown to have changed its state once per change, not on every look in between', () => {
    const world = createWorld({ targetDedicatedNodes: 1 });
    addJob(world, { tasks: 2, jobPreparationTask: undefined, jobReleaseTask: undefined });
    const [order] = pass(world).orders;
    const run = order?.tasks[0];
    const changes = (): number => world.events.filter(({ type }) => type === 'dev.bookend.node.state.changed').length;
    const before = changes();
    passTime(world, 1);
    const ended = {
      ...{ runId: run?.runId ?? '', kind: 'task' as const, jobId: 'J', incarnation: 'J-1', taskId: 't1', attempt: 1 },
      ...{ state: 'ended' as const, ending: 'exited' as const, exitCode: 0, retryCount: 0, startedAgoMs: 1 },
    };
    pass(world, { reports: [reportOf(world, 'n1', [ended])] });
    expect(nodeOf(world, 'n1').leases.map(({ taskId }) => taskId)).toEqual(['t2']);
    expect(changes()).toBe(before);
  });

  test('whose journal is older than what is known of it is told its epoch, so that it can begin a later one', () => {
    const world = createWorld({ targetDedicatedNodes: 1 });
    world.nodes.set('n1', { ...nodeOf(world, 'n1'), epoch: 4, imageEpoch: 4 });
    const { orders } = pass(world, { reports: [reportOf(world, 'n1', [], { epoch: 1, imageEpoch: 1 })] });
    expect(orders).toMatchObject([{ nodeId: 'n1', epoch: 4, tasks: [], kills: [], forget: false }]);
    expect(nodeOf(world, 'n1')).toMatchObject({ epoch: 4, sequence: 1 });
  });
});

describe('a machine that is no node of its pool', () => {
  const stray = (world: ReturnType<typeof createWorld>, poolIncarnation: string) =>
    pass(world, { reports: [{ ...reportOf(world, 'n1'), nodeId: 'stray', poolIncarnation }] });

  test('has its provisioner told again what the pool wants, when it joined this pool', () => {
    const world = createWorld({ targetDedicatedNodes: 1 });
    expect(stray(world, 'pool-1').capacity?.nodeIds).toEqual(['n1']);
    expect(world.nodes.has('stray')).toBe(false);
  });

  test('has its provisioner told that its pool is gone, when there is another of that id', () => {
    const world = createWorld({ targetDedicatedNodes: 1 });
    const farewells: unknown[] = [];
    world.observe = (draft) => farewells.push(...draft.farewells.values());
    expect(stray(world, 'an-earlier-pool').capacity).toBeUndefined();
    expect(farewells).toEqual([
      { poolId: 'P', incarnation: 'an-earlier-pool', nodeIds: [], taskSlotsPerNode: 1, isEnding: true },
    ]);
  });
});

describe('a node that came by itself', () => {
  test('counts towards no target, and no provisioner is asked for it', () => {
    const world = createWorld({ targetDedicatedNodes: 1 });
    world.nodes.set('own', { ...nodeOf(world, 'n1'), id: 'own', isSelfProvided: true });
    expect(pass(world, { reask: true }).capacity?.nodeIds).toEqual(['n1']);
    expect([...world.nodes.keys()]).toEqual(['n1', 'own']);
  });
});

test('a node for which somebody spoke with other keys is told something that only the holder of its keys can read', () => {
  const world = createWorld({ targetDedicatedNodes: 1 });
  const node = nodeOf(world, 'n1');
  expect(pass(world, { strangers: ['n1'] }).orders).toEqual([]);
  const key = { kty: 'EC', crv: 'P-256', x: '', y: '' } as const;
  world.nodes.set('n1', { ...node, membership: { keyId: 'k', encrypt: key, sign: key, orderKey: 'o' } });
  expect(pass(world, { strangers: ['n1'] }).orders).toMatchObject([{ nodeId: 'n1', tasks: [], kills: [] }]);
});

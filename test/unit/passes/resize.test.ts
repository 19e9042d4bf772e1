// The number of nodes of a pool, from the request to the steady pool.
import { describe, expect, test } from 'vitest';
import type { Resize } from '../../../shared/pools/pool.js';
import { exited, killed, reportOf, running, runOf, say } from '../../helpers/reports.js';
import { addJob, createWorld, nodeOf, pass, passTime, type PassResult, type World } from '../../helpers/world.js';

function resize(world: World, targetDedicatedNodes: number, changes: Partial<Resize> = {}): PassResult {
  const { pool } = world;
  if (pool === undefined) throw new Error('no pool');
  const at = world.now.toISOString();
  world.pool = {
    ...pool,
    definition: { ...pool.definition, targetDedicatedNodes },
    allocationState: 'resizing',
    allocationStateTransitionTime: at,
    resize: { at, timeoutMs: 15 * 60_000, option: 'requeue', ...changes },
  };
  return pass(world);
}

/** Two nodes, of which `n1` runs a task. */
function given(): World {
  const world = createWorld();
  addJob(world, { tasks: 1 });
  const [order] = pass(world).orders;
  if (order === undefined) throw new Error('no order');
  const runs = [say(order, order.preparation, exited(0)), say(order, order.tasks[0], running)];
  pass(world, { reports: [reportOf(world, order.nodeId, runs)] });
  return world;
}

const codes = ({ pool }: World): readonly string[] => (pool?.resizeErrors ?? []).map(({ code }) => code);

describe('a pool that is made larger', () => {
  test('gets node rows, and is steady once they have joined', () => {
    const world = createWorld();
    expect(resize(world, 4).capacity?.nodeIds).toHaveLength(4);
    expect(world.pool?.allocationState).toBe('resizing');
    const fresh = [...world.nodes.values()].filter(({ state }) => state === 'creating').map(({ id }) => id);
    pass(world, { reports: fresh.map((id) => reportOf(world, id)) });
    expect(world.pool).toMatchObject({ allocationState: 'steady' });
    expect(world.pool?.resize).toBeUndefined();
  });

  test('is steady when its time is over, and says that it timed out; who comes late is welcome', () => {
    const world = createWorld();
    expect(resize(world, 3).wakeUpAt?.getTime()).toBeLessThanOrEqual(world.now.getTime() + 15 * 60_000 + 1_000);
    passTime(world, 15 * 60 + 1);
    pass(world);
    expect(world.pool?.allocationState).toBe('steady');
    expect(codes(world)).toEqual(['AllocationTimedout']);
    const [late = ''] = [...world.nodes.values()].filter(({ state }) => state === 'creating').map(({ id }) => id);
    pass(world, { reports: [reportOf(world, late)] });
    expect(nodeOf(world, late).state).toBe('idle');
  });

  test('says nothing of a node that is leaving by then, although it never joined', () => {
    const world = createWorld();
    resize(world, 3);
    const [fresh] = [...world.nodes.values()].filter(({ state }) => state === 'creating');
    if (fresh === undefined) throw new Error('no node was added');
    // As left by a pass that died before the provisioner was told.
    const at = world.now.toISOString();
    const request = { kind: 'leave', option: 'requeue', at, poweredAt: at, toldAt: at } as const;
    world.nodes.set(fresh.id, { ...fresh, state: 'leavingpool', request });
    passTime(world, 15 * 60 + 1);
    pass(world);
    expect(world.pool).toMatchObject({ allocationState: 'steady' });
    expect(codes(world)).toEqual([]);
    expect([...world.nodes.keys()]).toEqual(['n1', 'n2']);
  });

  test('and stopped lets go of the nodes that have not joined', () => {
    const world = createWorld();
    resize(world, 5);
    if (world.pool !== undefined) world.pool = { ...world.pool, allocationState: 'stopping' };
    expect(pass(world).capacity?.nodeIds).toEqual(['n1', 'n2']);
    expect(world.pool).toMatchObject({ allocationState: 'steady' });
    expect(codes(world)).toEqual(['ResizeStopped']);
    expect([...world.nodes.keys()]).toEqual(['n1', 'n2']);
  });
});

describe('a pool that is made smaller', () => {
  test('lets the idle node go and keeps the busy one', () => {
    const world = given();
    expect(resize(world, 1).capacity?.nodeIds).toEqual(['n1']);
    expect([...world.nodes.keys()]).toEqual(['n1']);
    expect(world.pool?.allocationState).toBe('steady');
  });

  test('to nothing is emptied, and can be filled again', () => {
    const world = given();
    resize(world, 0);
    expect([...world.nodes.values()].map(({ state }) => state)).toEqual(['leavingpool']);
    const { capacity } = pass(world, { reports: [reportOf(world, 'n1', [runOf(world, 'n1', 't1', killed)])] });
    expect(capacity).toMatchObject({ nodeIds: [], isEnding: false });
    expect(world.nodes.size).toBe(0);
    expect(resize(world, 2).capacity?.nodeIds).toHaveLength(2);
  });

  test('keeps a node whose task does not end in time, and says so', () => {
    const world = given();
    resize(world, 0, { option: 'taskcompletion' });
    passTime(world, 14 * 60);
    pass(world, { reports: [reportOf(world, 'n1')] });
    passTime(world, 61);
    pass(world);
    expect(nodeOf(world, 'n1')).toMatchObject({ state: 'running' });
    expect(nodeOf(world, 'n1').request).toBeUndefined();
    expect(world.pool).toMatchObject({ allocationState: 'steady' });
    expect(codes(world)).toEqual(['RemoveNodesFailed']);
  });

  test('does not wait longer for a release than its time', () => {
    const world = given();
    resize(world, 0, { option: 'taskcompletion' });
    const ended = reportOf(world, 'n1', [runOf(world, 'n1', 't1', exited(0))]);
    expect(pass(world, { reports: [ended] }).orders).toMatchObject([{ release: {} }]);
    passTime(world, 15 * 60 + 1);
    pass(world);
    expect(world.nodes.size).toBe(0);
    expect(world.events.find(({ type }) => type === 'dev.bookend.specialtask.waived')?.data).toMatchObject({
      reason: 'nodeRemoved',
    });
  });
});

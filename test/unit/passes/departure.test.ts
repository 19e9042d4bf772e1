// Nodes that a user wants rebooted, reimaged, removed or without tasks: what becomes of their tasks and releases, and when their provisioner is told.
import { describe, expect, test } from 'vitest';
import type { DeallocationOption, Node, NodeRequest } from '../../../shared/nodes/node.js';
import { withRequest } from '../../../shared/nodes/node-decisions.js';
import { exited, killed, reportOf, running, runOf, say } from '../../helpers/reports.js';
import {
  addJob,
  createWorld,
  jobNodeOf,
  jobOf,
  nodeOf,
  pass,
  passTime,
  taskOf,
  terminate,
  type PassResult,
  type World,
} from '../../helpers/world.js';

const hear = (world: World, ...runs: Parameters<typeof reportOf>[2] & object): PassResult =>
  pass(world, { reports: [reportOf(world, 'n1', runs)] });

/** The only node is prepared and runs the first of two tasks. */
function given(): World {
  const world = createWorld({ targetDedicatedNodes: 1 });
  addJob(world, { tasks: 2 });
  const [order] = pass(world).orders;
  if (order === undefined) throw new Error('no order');
  hear(world, say(order, order.preparation, exited(0)), say(order, order.tasks[0], running));
  return world;
}

function ask(world: World, kind: NodeRequest['kind'], option: DeallocationOption): PassResult {
  const node = nodeOf(world, 'n1');
  world.nodes.set('n1', withRequest(node, kind, option, world.now.toISOString()));
  return pass(world);
}

/** As the verb does it: the pool wants one node fewer and is resized. */
function remove(world: World, option: DeallocationOption): PassResult {
  const { pool } = world;
  if (pool === undefined) throw new Error('no pool');
  const at = world.now.toISOString();
  world.pool = {
    ...pool,
    definition: { ...pool.definition, targetDedicatedNodes: 0 },
    allocationState: 'resizing',
    resize: { at, timeoutMs: 15 * 60_000, option, nodeIds: ['n1'] },
  };
  return pass(world);
}

const rebooted = (world: World, changes: Partial<Node> = {}): PassResult => {
  const { epoch, imageEpoch } = { ...nodeOf(world, 'n1'), ...changes };
  const told = { epoch: epoch + 1, imageEpoch, sequence: 1 };
  return pass(world, { reports: [reportOf(world, 'n1', [], told)] });
};

describe('a node that is rebooted', () => {
  test('by requeue ends its task, which waits again with a count, and its provisioner is told then', () => {
    const world = given();
    expect(ask(world, 'reboot', 'requeue')).toMatchObject({ orders: [{ kills: [{}] }] });
    expect(nodeOf(world, 'n1')).toMatchObject({ state: 'rebooting' });
    expect(pass(world).capacity).toBeUndefined();
    const { capacity } = hear(world, runOf(world, 'n1', 't1', killed));
    expect(capacity).toMatchObject({ nodeIds: ['n1'], power: { n1: { boots: 1, images: 0 } } });
    expect(taskOf(world, 't1')).toMatchObject({ state: 'active', execution: { requeueCount: 1 } });
    expect(nodeOf(world, 'n1')).toMatchObject({ state: 'rebooting', leases: [] });
  });

  test('by terminate ends its task for good', () => {
    const world = given();
    ask(world, 'reboot', 'terminate');
    hear(world, runOf(world, 'n1', 't1', killed));
    expect(taskOf(world, 't1')).toMatchObject({
      state: 'completed',
      execution: { result: 'failure', failureInfo: { code: 'TaskEnded' } },
    });
  });

  test('by task completion waits for the end of its task and gets no other', () => {
    const world = given();
    expect(ask(world, 'reboot', 'taskcompletion').orders).toEqual([]);
    const { orders, capacity } = hear(world, runOf(world, 'n1', 't1', exited(0)));
    expect(orders).toEqual([]);
    expect(capacity?.power).toEqual({ n1: { boots: 1, images: 0 } });
    expect(taskOf(world, 't2').state).toBe('active');
  });

  test('by retained data waits until the retention of what ended there is over', () => {
    const world = given();
    ask(world, 'reboot', 'retaineddata');
    const retained = hear(world, runOf(world, 'n1', 't1', exited(0)));
    expect(retained.capacity).toBeUndefined();
    expect(retained.wakeUpAt?.getTime()).toBeLessThan(world.now.getTime() + 5_000);
    passTime(world, 5);
    expect(pass(world, { everyJob: true }).capacity?.power).toEqual({ n1: { boots: 1, images: 0 } });
  });

  test('is idle again with its next epoch, and gets tasks after another preparation', () => {
    const world = given();
    ask(world, 'reboot', 'requeue');
    hear(world, runOf(world, 'n1', 't1', killed));
    const { orders } = rebooted(world);
    expect(orders).toMatchObject([{ epoch: 2, preparation: {}, tasks: [{ taskId: 't1' }] }]);
    expect(nodeOf(world, 'n1').request).toBeUndefined();
    expect(nodeOf(world, 'n1').state).toBe('running');
  });

  test('and starting is what it is to be with its next epoch, and on its way again when its last words come late', () => {
    const world = given();
    ask(world, 'reboot', 'requeue');
    hear(world, runOf(world, 'n1', 't1', killed));
    const starting = () => world.nodes.set('n1', { ...nodeOf(world, 'n1'), state: 'starting' });
    starting();
    expect(hear(world).orders).toEqual([]);
    expect(nodeOf(world, 'n1').state).toBe('rebooting');
    starting();
    expect(pass(world, { everyJob: true, reask: true }).orders).toEqual([]);
    expect(rebooted(world).orders).toMatchObject([{ epoch: 2, tasks: [{ taskId: 't1' }] }]);
    expect(nodeOf(world, 'n1').state).toBe('running');
  });

  test('is asked for again when nothing is heard of the boot, and in the end given up', () => {
    const world = given();
    ask(world, 'reboot', 'requeue');
    hear(world, runOf(world, 'n1', 't1', killed));
    passTime(world, 90);
    expect(pass(world).capacity?.power).toEqual({ n1: { boots: 1, images: 0 } });
    expect(pass(world).capacity).toBeUndefined();
    for (let minute = 1; minute <= 18; minute += 1) {
      passTime(world, 62);
      pass(world, { everyJob: true });
    }
    expect(nodeOf(world, 'n1').state).toBe('unknown');
  });

  test('while its job ends keeps the job waiting, and releases when it is back', () => {
    const world = given();
    ask(world, 'reboot', 'taskcompletion');
    hear(world, runOf(world, 'n1', 't1', exited(0)));
    terminate(world);
    pass(world, { jobIds: ['j'] });
    expect(jobOf(world).job.state).toBe('terminating');
    expect(rebooted(world).orders).toMatchObject([{ epoch: 2, release: {} }]);
  });
});

describe('a node that is reimaged', () => {
  test('is back with its next image only, and an active job hears that nothing of it is left', () => {
    const world = given();
    ask(world, 'reimage', 'taskcompletion');
    expect(hear(world, runOf(world, 'n1', 't1', exited(0))).capacity?.power).toEqual({ n1: { boots: 0, images: 1 } });
    rebooted(world);
    expect(nodeOf(world, 'n1').state).toBe('reimaging');
    rebooted(world, { imageEpoch: 3 });
    expect(nodeOf(world, 'n1')).toMatchObject({ state: 'running', imageEpoch: 3 });
    expect(world.events.find(({ type }) => type === 'dev.bookend.specialtask.waived')?.data).toMatchObject({
      reason: 'nodeReimaged',
    });
  });
});

describe('a node that is removed', () => {
  test.each(['taskcompletion', 'retaineddata'] as const)(
    'by %s releases its job after its last task, then goes, and the job owes nothing there any more',
    (option) => {
      const world = given();
      expect(remove(world, option).orders).toEqual([]);
      expect(nodeOf(world, 'n1').state).toBe('leavingpool');
      hear(world, runOf(world, 'n1', 't1', exited(0)));
      passTime(world, 5);
      const [order] = [...pass(world).orders, ...pass(world, { reask: true, everyJob: true }).orders];
      expect(order?.release).toBeDefined();
      expect(jobOf(world).job.state).toBe('active');
      if (order === undefined) return;
      const { capacity } = hear(world, say(order, order.release, exited(0)));
      expect(capacity).toMatchObject({ nodeIds: [], isEnding: false });
      expect(world.nodes.size).toBe(0);
      expect(world.pool).toMatchObject({ allocationState: 'steady' });
      terminate(world);
      pass(world, { jobIds: ['j'] });
      expect(jobOf(world).job.state).toBe('completed');
      expect(jobNodeOf(world, 'n1').release).toMatchObject({ state: 'completed', result: 'success' });
    },
  );

  test.each(['requeue', 'terminate'] as const)('by %s goes as soon as its task has ended, with a waiver', (option) => {
    const world = given();
    expect(remove(world, option).orders).toMatchObject([{ kills: [{}] }]);
    hear(world, runOf(world, 'n1', 't1', killed));
    expect(world.nodes.size).toBe(0);
    expect(taskOf(world, 't1').state).toBe(option === 'requeue' ? 'active' : 'completed');
    expect(jobNodeOf(world, 'n1').release).toMatchObject({ state: 'waived', reason: 'nodeRemoved' });
  });

  test('while its job ends stays for the release', () => {
    const world = given();
    terminate(world);
    pass(world, { jobIds: ['j'] });
    remove(world, 'requeue');
    const [order] = hear(world, runOf(world, 'n1', 't1', killed)).orders;
    expect(order?.release).toBeDefined();
    expect(world.nodes.size).toBe(1);
    if (order !== undefined) hear(world, say(order, order.release, exited(0)));
    expect(world.nodes.size).toBe(0);
    expect(jobOf(world).job.state).toBe('completed');
  });

  test('is not forgotten before its provisioner was told, even if a pass dies in between', () => {
    const world = given();
    remove(world, 'requeue');
    const report = reportOf(world, 'n1', [runOf(world, 'n1', 't1', killed)]);
    pass(world, { reports: [report] }, 'beforeSending');
    expect(world.nodes.size).toBe(1);
    const { capacity } = pass(world, { reports: [report], everyJob: true, reask: true });
    expect(capacity?.nodeIds).toEqual([]);
    expect(world.nodes.size).toBe(0);
  });
});

describe('a node whose scheduling is disabled', () => {
  test.each([
    ['requeue', 'active'],
    ['terminate', 'completed'],
  ] as const)('by %s ends its task, and is offline then', (option, state) => {
    const world = given();
    expect(ask(world, 'disableScheduling', option).orders).toMatchObject([{ kills: [{}] }]);
    expect(nodeOf(world, 'n1').state).toBe('running');
    hear(world, runOf(world, 'n1', 't1', killed));
    expect(taskOf(world, 't1').state).toBe(state);
    expect(nodeOf(world, 'n1')).toMatchObject({ state: 'offline', schedulingState: 'disabled' });
  });

  test('by task completion runs its task to the end and gets no other', () => {
    const world = given();
    expect(ask(world, 'disableScheduling', 'taskcompletion').orders).toEqual([]);
    expect(hear(world, runOf(world, 'n1', 't1', exited(0))).orders).toEqual([]);
    expect(nodeOf(world, 'n1').state).toBe('offline');
  });

  test('still releases the jobs that end', () => {
    const world = given();
    ask(world, 'disableScheduling', 'taskcompletion');
    hear(world, runOf(world, 'n1', 't1', exited(0)));
    terminate(world);
    expect(pass(world, { jobIds: ['j'] }).orders).toMatchObject([{ release: {} }]);
  });
});

test('a machine that left the pool and joins again under its old id is another node to every job', () => {
  const world = given();
  remove(world, 'requeue');
  hear(world, runOf(world, 'n1', 't1', killed));
  expect(world.nodes.size).toBe(0);
  passTime(world, 60);
  const at = world.now.toISOString();
  const fresh = { ...createWorld().nodes.get('n1'), allocationTime: at, state: 'creating', epoch: 0 } as Node;
  world.nodes.set('n1', { ...fresh, imageEpoch: 0, sequence: 0 });
  const { orders } = pass(world, { reports: [reportOf(world, 'n1')] });
  expect(orders).toMatchObject([{ epoch: 1, preparation: { attempt: 2 }, tasks: [{ taskId: 't1' }] }]);
  expect(jobNodeOf(world, 'n1')).toMatchObject({ nodeSince: at, release: { state: 'none' }, taskStarted: false });
});

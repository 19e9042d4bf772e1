// The node's session: messages that cannot be orders, sessions that are lost, a bus that does not answer.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { messageTypes } from '../../../shared/nodes/node-messages.js';
import {
  createNodeOnMachine,
  orderWith,
  runWith,
  sendOrder,
  type NodeOnMachine,
} from '../../helpers/agent-on-machine.js';
import { eventually } from '../../helpers/eventually.js';

let node: NodeOnMachine;
beforeEach(async () => {
  node = await createNodeOnMachine();
});
afterEach(async () => {
  await node.remove();
});

describe('a message that is no order for this node', () => {
  const task = runWith('/bin/true');
  test.each<[string, unknown]>([
    ['is no object', 'order'],
    ['lacks what an order has', { ...orderWith({}), epoch: 'first' }],
    ['is addressed to another node', orderWith({ nodeId: 'node2' })],
    ['is addressed to another pool', orderWith({ poolId: 'pool2' })],
    ['names a folder outside of the root', orderWith({ jobDirectory: '../elsewhere' })],
    ['names a task that is no folder', orderWith({ tasks: [{ ...task, taskId: '..' }] })],
  ])('%s: it is put aside with the reason, and the next order is run', async (_, order) => {
    await node.start();
    await sendOrder(node.bus, order);
    await node.sendOrder(orderWith({ tasks: [task] }));
    expect(await node.ended(task.runId)).toMatchObject({ exitCode: 0 });
    expect(node.bus.deadLettered).toHaveLength(1);
    expect(node.bus.deadLettered[0]?.reason).not.toContain('elsewhere/');
    expect(node.bus.unsettled('node-orders', 'pool1/node1')).toBe(0);
  });

  test('is of an unknown type: it is put aside', async () => {
    await node.start();
    const body = { specversion: '1.0', id: '1', source: '/test', type: messageTypes.capacity, data: {} } as const;
    await node.bus.send('node-orders', [{ messageId: '1', sessionId: 'pool1/node1', body }]);
    await eventually('its dead letter', () => node.bus.deadLettered.length === 1);
  });
});

describe('an order of another epoch', () => {
  test('that is over is refused, and a report tells the present one', async () => {
    await (await node.start()).shutdown();
    await node.start();
    await eventually('a report of epoch 2', () => node.reports().at(-1)?.epoch === 2);
    const told = node.reports().length;
    const task = runWith('/bin/true');
    await node.sendOrder(orderWith({ epoch: 1, tasks: [task] }));
    await eventually('a report', () => node.reports().length > told);
    expect(node.reports().at(-1)).toMatchObject({ epoch: 2, runs: [] });
  });

  test('that this node never had means a lost journal: the epoch is raised above it', async () => {
    await node.start();
    await node.sendOrder(orderWith({ epoch: 7 }));
    await eventually('a report of epoch 8', () => node.reports().at(-1)?.epoch === 8);
    expect(node.reports().at(-1)).toMatchObject({ imageEpoch: 8 });
    const task = runWith('/bin/true');
    await node.sendOrder(orderWith({ epoch: 8, tasks: [task] }));
    await node.ended(task.runId);
  });
});

describe('trouble with the bus', () => {
  test('a lost session is taken again, followed by a report', async () => {
    await node.start();
    await eventually('the first report', () => node.reports().length === 1);
    node.bus.loseSessions();
    await eventually('another report', () => node.reports().length === 2);
    const task = runWith('/bin/true');
    await node.sendOrder(orderWith({ tasks: [task] }));
    await node.ended(task.runId);
  });

  test('a report that is refused goes out, newest state only, when the bus answers again', async () => {
    await node.start();
    await eventually('the first report', () => node.reports().length === 1);
    const task = runWith('/bin/true');
    await node.sendOrder(orderWith({ tasks: [task] }));
    node.bus.setReachable(false);
    await eventually('the end of the task', () => node.read('workitems/job1/job-1/task1/stdout.txt').then(() => true));
    node.bus.setReachable(true);
    expect(await node.ended(task.runId)).toMatchObject({ exitCode: 0 });
  });

  test('an acknowledged end is not reported again, an unacknowledged one is', async () => {
    await node.start();
    const [first, second] = [runWith('/bin/true', { taskId: 'first' }), runWith('/bin/true', { taskId: 'second' })];
    await node.sendOrder(orderWith({ tasks: [first] }));
    await node.ended(first.runId);
    const { sequence } = node.reports().at(-1) ?? { sequence: 0 };
    await node.sendOrder(orderWith({ tasks: [second], acknowledged: { epoch: 1, sequence } }));
    await node.ended(second.runId);
    expect(
      node
        .reports()
        .at(-1)
        ?.runs.map((run) => run.runId),
    ).toEqual([second.runId]);
    node.bus.loseSessions();
    const told = node.reports().length;
    await eventually('another report', () => node.reports().length > told);
    expect(
      node
        .reports()
        .at(-1)
        ?.runs.map((run) => run.runId),
    ).toEqual([second.runId]);
  });
});

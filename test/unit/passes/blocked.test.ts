// A job whose preparation has failed on every node is not silent.
import { describe, expect, test } from 'vitest';
import { toBlockedReason } from '../../../shared/jobs/blocked-job.js';
import { preparationDefinition } from '../../helpers/definitions.js';
import { exited, reportOf, say, specialOf } from '../../helpers/reports.js';
import { addJob, createWorld, joinedNode, jobOf, nodeOf, pass, taskOf, type World } from '../../helpers/world.js';

const stuck = ({ events }: World) => events.filter(({ type }) => type === 'dev.bookend.job.stuck');

/** Two nodes, on which the preparation fails one after the other. */
function givenBarred(world = createWorld({ targetDedicatedNodes: 2 })): World {
  addJob(world, { tasks: 3 });
  const { orders } = pass(world);
  for (const order of orders) {
    expect(jobOf(world).job.blocked).toBeUndefined();
    pass(world, { reports: [reportOf(world, order.nodeId, [say(order, order.preparation, exited(3))])] });
  }
  return world;
}

describe('a job whose preparation failed on every node', () => {
  test('says so on its head and by one event, with the failures by node', () => {
    const world = givenBarred();
    const nodes = ['n1', 'n2'].map((nodeId) => ({ nodeId, code: 'FailureExitCode' }));
    expect(jobOf(world).job).toMatchObject({ state: 'active', blocked: { nodes, nodeCount: 2 } });
    expect(stuck(world)).toMatchObject([{ subject: '/jobs/J', data: { failedNodes: nodes, pendingTasks: 3 } }]);
    expect(toBlockedReason('P', { since: '', nodes, nodeCount: 2 })).toMatchObject({
      code: 'JobPreparationTaskFailed',
      details: [{ name: 'n1', value: 'FailureExitCode' }, {}],
    });
    pass(world, { everyJob: true });
    expect(stuck(world)).toHaveLength(1);
  });

  test('goes on when a node joins', () => {
    const world = givenBarred();
    world.nodes.set('n3', { ...joinedNode(world, 'n3'), id: 'n3' });
    expect(pass(world, {}).orders).toMatchObject([{ nodeId: 'n3', tasks: [{ taskId: 't1' }] }]);
    expect(jobOf(world).job.blocked).toBeUndefined();
  });

  test('goes on when one of them gets a new image, and is told of anew should it fail there too', () => {
    const world = givenBarred();
    const { orders } = pass(world, { reports: [reportOf(world, 'n1', [], { epoch: 2, imageEpoch: 2, sequence: 1 })] });
    expect(jobOf(world).job.blocked).toBeUndefined();
    expect(orders).toMatchObject([{ nodeId: 'n1', preparation: {} }]);
    world.now = new Date(world.now.getTime() + 1000);
    pass(world, { reports: [reportOf(world, 'n1', [specialOf(world, 'n1', 'preparation', exited(3))])] });
    expect(stuck(world)).toHaveLength(2);
    expect(taskOf(world, 't1').state).toBe('active');
  });

  test('is not blocked while another node may still come back to run it', () => {
    const world = createWorld({ targetDedicatedNodes: 3, joined: 2 });
    world.nodes.set('n3', { ...joinedNode(world, 'n3'), state: 'creating', epoch: 0 });
    givenBarred(world);
    expect(jobOf(world).job.blocked).toBeUndefined();
    const faults = [{ code: 'DiskFull', message: 'no room' }];
    world.nodes.set('n3', { ...nodeOf(world, 'n3'), state: 'unusable', faults });
    pass(world, {});
    expect(jobOf(world).job.blocked).toMatchObject({ nodeCount: 2 });
  });
});

test('a job that does not wait for its preparation is never blocked', () => {
  const world = createWorld({ targetDedicatedNodes: 1 });
  addJob(world, { tasks: 2, jobPreparationTask: preparationDefinition({ waitForSuccess: false }) });
  const [order] = pass(world).orders;
  if (order === undefined) throw new Error('no order');
  pass(world, { reports: [reportOf(world, 'n1', [say(order, order.preparation, exited(3))])] });
  expect(jobOf(world).job.blocked).toBeUndefined();
});

// A node reports a start half a second after it. What goes away before that may have started all the same, and is held to it.
import { expect, test } from 'vitest';
import { exited, reportOf, say } from '../../helpers/reports.js';
import { addJob, createWorld, jobNodeOf, pass, startPoolDeletion, taskOf, type World } from '../../helpers/world.js';

/** One task whose preparation has succeeded, or is still under way; its own start was not reported. */
function givenOrdered(preparation: 'succeeded' | 'under way'): World {
  const world = createWorld({ targetDedicatedNodes: 1 });
  addJob(world);
  const [order] = pass(world).orders;
  if (order === undefined) throw new Error('nothing was ordered');
  if (preparation === 'succeeded')
    pass(world, { reports: [reportOf(world, 'n1', [say(order, order.preparation, exited(0))])] });
  return world;
}

test('a pool deleted between a preparation and the report of the start leaves a waiver', () => {
  const world = givenOrdered('succeeded');
  startPoolDeletion(world);
  pass(world);
  expect(jobNodeOf(world, 'n1').release).toMatchObject({ state: 'waived', reason: 'nodeRemoved' });
  expect(taskOf(world, 't1')).toMatchObject({ state: 'active' });
});

test('a pool deleted during a preparation leaves one too: it may have succeeded, and the task begun, before anybody was told', () => {
  const world = givenOrdered('under way');
  startPoolDeletion(world);
  pass(world);
  expect(jobNodeOf(world, 'n1').release).toMatchObject({ state: 'waived', reason: 'nodeRemoved' });
});

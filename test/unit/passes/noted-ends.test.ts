// What follows from the end of a task is saved with that end, also where the pass takes several transactions and dies between them.
import { expect, test } from 'vitest';
import type { Job } from '../../../shared/jobs/job.js';
import { saveJob } from '../../../shared/passes/save-pass.js';
import { fromDocument } from '../../../shared/tables/document.js';
import type { Write } from '../../../shared/tables/table.js';
import { taskDefinition } from '../../helpers/definitions.js';
import { createServices } from '../../helpers/memory-services.js';
import { exited, reportOf, say } from '../../helpers/reports.js';
import {
  addJob,
  addTasks,
  createWorld,
  decideRound,
  jobOf,
  nothingAsked,
  pass,
  redelivered,
} from '../../helpers/world.js';

const manager = { task: taskDefinition('t1'), killJobOnCompletion: true, allowLowPriorityNode: true };

test('a job ends with its manager although the pass died after the transaction that saved the manager’s end', async () => {
  const world = createWorld({ targetDedicatedNodes: 2, taskSlotsPerNode: 60 });
  addJob(world, { tasks: 0, jobManagerTask: manager });
  addTasks(
    world,
    'J',
    Array.from({ length: 120 }, (_, index) => taskDefinition(`t${index + 1}`)),
  );
  const { orders } = pass(world, { jobIds: ['j'] });
  const reports = ['n1', 'n2'].map((nodeId) => {
    const given = orders.filter((order) => order.nodeId === nodeId);
    const runs = given.flatMap((order) => order.tasks.map((task) => say(order, task, exited(0))));
    const preparations = given.flatMap((order) =>
      order.preparation === undefined ? [] : [say(order, order.preparation, exited(0))],
    );
    return reportOf(world, nodeId, [...preparations, ...runs]);
  });
  const heads: Job[] = [];
  const table = {
    ...createServices().table,
    write(_: string, writes: readonly Write[]) {
      const [head] = writes;
      if (head !== undefined && 'values' in head) heads.push(fromDocument<Job>('job', head.values));
      return Promise.resolve(writes.map((__, index) => `etag ${index}`));
    },
  };
  const { draft } = decideRound(world, { ...nothingAsked, reports, jobIds: ['j'] }, 'afterPool');
  for (const jobDraft of draft.jobs.values()) await saveJob({ ...createServices(), table }, jobDraft, new Map());
  expect(heads.map(({ state, due }) => [state, due])).toEqual([
    ['active', { kind: 'terminate', terminateReason: 'JMComplete' }],
    ['terminating', undefined],
  ]);

  const kept = jobOf(world);
  kept.job = heads[0] ?? kept.job;
  redelivered(world);
  expect(jobOf(world).job).toMatchObject({ state: 'terminating', terminateReason: 'JMComplete' });
});

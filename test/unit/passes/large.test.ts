// Large pools and long definitions: every transaction stays within a table's limits, by rounds, and the counts stay right.
import { beforeEach, describe, expect, test } from 'vitest';
import type { Draft } from '../../../shared/passes/draft.js';
import { savePool, saveJob } from '../../../shared/passes/save-pass.js';
import { sizeOf } from '../../../shared/tables/document.js';
import { maxWritesPerTransaction, type Write } from '../../../shared/tables/table.js';
import { taskDefinition } from '../../helpers/definitions.js';
import { exited, lost, reportOf, runOf, say } from '../../helpers/reports.js';
import { createServices } from '../../helpers/memory-services.js';
import { addJob, addTasks, createWorld, jobNodeOf, jobOf, nodeOf, pass, type World } from '../../helpers/world.js';

const plain = { jobPreparationTask: undefined, jobReleaseTask: undefined };
const mebibyte = 1024 * 1024;

let transactions: (readonly Write[])[] = [];
let rounds: { tasks: number; openTasks: number[] }[] = [];
beforeEach(() => {
  transactions = [];
  rounds = [];
});

/** Records the transactions that saving makes of every round. */
function watched(changes: Parameters<typeof createWorld>[0]): World {
  const world = createWorld(changes);
  world.observe = (draft) => void record(draft);
  return world;
}

// Nothing in here really waits: the writes are all handed over before the first promise settles.
function record(draft: Draft): void {
  const heads: number[] = [];
  const table = {
    ...createServices().table,
    write(partition: string, writes: readonly Write[]) {
      transactions.push(writes);
      const [head] = writes;
      if (partition.startsWith('job:') && head !== undefined && 'values' in head)
        heads.push((JSON.parse(String(head.values['job'])) as { openTasks: number }).openTasks);
      return Promise.resolve(writes.map((_, index) => `etag ${index}`));
    },
  };
  const services = { ...createServices(), table };
  pending.push(
    savePool(services, draft, new Map()),
    ...[...draft.jobs.values()].map((jobDraft) => saveJob(services, jobDraft, new Map())),
  );
  rounds.push({ tasks: [...draft.jobs.values()].reduce((sum, { tasks }) => sum + tasks.size, 0), openTasks: heads });
}
const pending: Promise<void>[] = [];

async function expectWithinLimits(): Promise<void> {
  await Promise.all(pending.splice(0));
  expect(transactions.length).toBeGreaterThan(0);
  for (const writes of transactions) {
    expect(writes.length).toBeLessThanOrEqual(maxWritesPerTransaction);
    expect(new Set(writes.map(({ row }) => row)).size).toBe(writes.length);
    const bytes = writes.reduce((sum, write) => sum + ('values' in write ? sizeOf(write.values) : 300), 0);
    expect(bytes).toBeLessThanOrEqual(4 * mebibyte);
  }
}

describe('a hundred nodes with one slot', () => {
  test('are given a task each in one pass, and their ends are heard in one pass', async () => {
    const world = watched({ targetDedicatedNodes: 100 });
    addJob(world, { tasks: 300 });
    const { orders } = pass(world);
    expect(orders).toHaveLength(100);
    await expectWithinLimits();
    const reports = orders.map((order) =>
      reportOf(world, order.nodeId, [say(order, order.preparation, exited(0)), say(order, order.tasks[0], exited(0))]),
    );
    expect(pass(world, { reports }).orders).toHaveLength(100);
    await expectWithinLimits();
    expect(jobOf(world).job.openTasks).toBe(200);
    expect(rounds.at(-1)?.openTasks.at(-1)).toBe(200);
  });
});

describe('one node with 256 slots', () => {
  test('is filled in rounds, and emptied in rounds', async () => {
    const world = watched({ targetDedicatedNodes: 1, taskSlotsPerNode: 256 });
    addJob(world, { tasks: 300, ...plain });
    const { orders } = pass(world);
    expect(orders.flatMap(({ tasks }) => tasks)).toHaveLength(256);
    expect(rounds.length).toBeGreaterThan(5);
    const taskIds = jobNodeOf(world, 'n1').runs.map(({ taskId }) => taskId);
    const runs = taskIds.map((id) => runOf(world, 'n1', id, exited(0)));
    pass(world, { reports: [reportOf(world, 'n1', runs)] });
    await expectWithinLimits();
    expect(nodeOf(world, 'n1')).toMatchObject({ totalTasksRun: 256 });
    expect(jobOf(world).job.openTasks).toBe(44);
  });

  test('that loses everything has all of it wait again', async () => {
    const world = watched({ targetDedicatedNodes: 1, taskSlotsPerNode: 256 });
    addJob(world, { tasks: 256, ...plain });
    pass(world);
    const runs = jobNodeOf(world, 'n1').runs.map(({ taskId }) => runOf(world, 'n1', taskId, lost));
    pass(world, { reports: [reportOf(world, 'n1', runs, { epoch: 2 })] });
    await expectWithinLimits();
    expect(jobNodeOf(world, 'n1').runs.every(({ attempt }) => attempt === 2)).toBe(true);
    expect(jobNodeOf(world, 'n1').runs).toHaveLength(256);
    expect(jobOf(world).job.openTasks).toBe(256);
  });
});

describe('tasks with the longest definitions', () => {
  test('that wait again are saved in transactions that fit', async () => {
    const world = watched({ targetDedicatedNodes: 1, taskSlotsPerNode: 12 });
    addJob(world, { tasks: 0, ...plain });
    const commandLine = 'x'.repeat(390_000);
    addTasks(
      world,
      'J',
      Array.from({ length: 12 }, (_, index) => taskDefinition(`t${index}`, { commandLine })),
    );
    pass(world);
    const runs = jobNodeOf(world, 'n1').runs.map(({ taskId }) => runOf(world, 'n1', taskId, lost));
    pass(world, { reports: [reportOf(world, 'n1', runs)] });
    await expectWithinLimits();
    expect(jobNodeOf(world, 'n1').runs.every(({ attempt }) => attempt === 2)).toBe(true);
  });
});

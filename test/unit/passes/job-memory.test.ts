// What is remembered of jobs is bounded, and is what a reading would have given.
import { describe, expect, test } from 'vitest';
import { toReady } from '../../../shared/jobs/job-rows.js';
import { createJobMemory } from '../../../shared/passes/job-memory.js';
import { afterSaving, toKnownJob, toSeenJob, type KnownJob } from '../../../shared/passes/known-job.js';
import type { JobDraft } from '../../../shared/passes/draft.js';
import type { Entity } from '../../../shared/tables/table.js';
import type { ReadyTask } from '../../../shared/tasks/task.js';
import { taskDefinition } from '../../helpers/definitions.js';
import { createManualClock } from '../../helpers/manual-clock.js';
import { addJob, createWorld, jobOf } from '../../helpers/world.js';

const ready = (order: number, requiredSlots = 1): ReadyTask => ({
  taskId: `t${order}`,
  order,
  definition: { ...taskDefinition(`t${order}`), requiredSlots },
  attempts: 0,
  activeSince: '2026-01-01T00:00:00.000Z',
  requeueCount: 0,
});
const row = (task: ReadyTask): Entity => ({
  partition: 'job:j',
  row: `ready:${String(task.order).padStart(12, '0')}`,
  values: toReady(task),
  etag: 'e',
});
const known = (tasks: readonly ReadyTask[], hasMore: boolean, key = 'j'): KnownJob =>
  toKnownJob(key, tasks.map(row), 1, hasMore);
const ordersIn = (tasks: readonly ReadyTask[] = []): readonly number[] => tasks.map(({ order }) => order);

/** The draft of a pass that took these tasks away, and had those wait again. */
function draftOf(job: KnownJob, taken: readonly number[], requeued: readonly ReadyTask[]): JobDraft {
  const world = createWorld();
  addJob(world, { tasks: 0 });
  const seen = { key: job.key, job: jobOf(world).job, jobNodes: [], ready: job.ready, moreReady: job.hasMore };
  const waiting = new Map(job.ready.filter(({ order }) => !taken.includes(order)).map((each) => [each.order, each]));
  for (const each of requeued) waiting.set(each.order, each);
  return {
    ...{ key: job.key, seen, job: seen.job, jobNodes: new Map(), ready: waiting, tasks: new Map() },
    readyOwner: new Map([...taken, ...ordersIn(requeued)].map((order) => [order, 'n1'])),
    ...{ events: [], roomOf: new Map(), requeued: new Set(), satisfied: new Map(), due: undefined, purge: false },
  };
}

describe('of a job is seen', () => {
  test('as much as fills the slots, and whether there is more', () => {
    const seen = toSeenJob(known([ready(1), ready(2), ready(3)], true), { all: 2, perNode: 1 });
    expect(ordersIn(seen?.ready)).toEqual([1, 2]);
    expect(seen?.moreReady).toBe(true);
  });

  test('nothing when too little is known to tell what a reading would show', () => {
    const tasks = [ready(1), ready(2)];
    expect(toSeenJob(known(tasks, true), { all: 2, perNode: 1 })).toBeUndefined();
    expect(toSeenJob(known(tasks, false), { all: 2, perNode: 1 })?.moreReady).toBe(false);
  });

  test('nothing when nodes have another number of slots by now', () => {
    const tasks = [ready(1), ready(2, 2)];
    expect(ordersIn(toSeenJob(known(tasks, false), { all: 9, perNode: 1 })?.ready)).toEqual([1]);
    expect(toSeenJob(known(tasks, false), { all: 9, perNode: 2 })).toBeUndefined();
  });
});

describe('after saving', () => {
  test('tasks that were given to nodes wait no more, and those that were taken back wait in their place', () => {
    const before = known([ready(2), ready(3), ready(5)], false);
    const after = afterSaving(before, draftOf(before, [3], [ready(1), ready(4)]), new Map());
    expect(ordersIn(after.ready)).toEqual([1, 2, 4, 5]);
  });

  test('nothing is known behind the last task that was read', () => {
    const before = known([ready(2), ready(3)], true);
    const after = afterSaving(before, draftOf(before, [2], [ready(1), ready(9)]), new Map());
    expect(ordersIn(after.ready)).toEqual([1, 3]);
    expect(after.hasMore).toBe(true);
  });
});

describe('a memory', () => {
  test('knows a job for a minute, of the pool over which the pass was', () => {
    const clock = createManualClock('2026-01-01T00:00:00.000Z');
    const memory = createJobMemory(clock);
    const job = known([ready(1)], false);
    memory.keep('P', job);
    expect(memory.recall('P', 'j')).toBe(job);
    expect(memory.recall('Q', 'j')).toBeUndefined();
    clock.advance(61_000);
    expect(memory.recall('P', 'j')).toBeUndefined();
  });

  test('does not keep a job for a minute once others were found to change it', () => {
    const clock = createManualClock('2026-01-01T00:00:00.000Z');
    const memory = createJobMemory(clock);
    memory.distrust('j');
    memory.keep('P', known([], false));
    expect(memory.recall('P', 'j')).toBeUndefined();
    clock.advance(61_000);
    memory.keep('P', known([], false));
    expect(memory.recall('P', 'j')).toBeDefined();
  });

  test('forgets the oldest where it would grow beyond its bound, and what is larger than that at once', () => {
    const memory = createJobMemory({ monotonicMs: () => 0 });
    const many = (count: number) => Array.from({ length: count }, (_, index) => ready(index + 1));
    memory.keep('P', known(many(3_000), false, 'a'));
    memory.keep('P', known(many(3_000), false, 'b'));
    expect(memory.recall('P', 'a')).toBeUndefined();
    expect(memory.recall('P', 'b')).toBeDefined();
    memory.keep('P', known(many(6_000), false, 'c'));
    expect(memory.recall('P', 'c')).toBeUndefined();
  });

  test('forgets the oldest where it would take too many bytes, and does not keep a job that takes them alone', () => {
    const memory = createJobMemory({ monotonicMs: () => 0 });
    const long = { name: 'V', value: 'v'.repeat(1024 * 1024) };
    const large = (order: number): ReadyTask => {
      const task = ready(order);
      return { ...task, definition: { ...task.definition, environmentSettings: [long] } };
    };
    const many = (count: number) => Array.from({ length: count }, (_, index) => large(index + 1));
    memory.keep('P', known(many(12), false, 'a'));
    memory.keep('P', known(many(12), false, 'b'));
    memory.keep('P', known(many(12), false, 'c'));
    expect(['a', 'b', 'c'].map((key) => memory.recall('P', key) !== undefined)).toEqual([false, true, true]);
    memory.keep('P', known(many(33), false, 'd'));
    expect(['b', 'c', 'd'].map((key) => memory.recall('P', key) !== undefined)).toEqual([true, true, false]);
    // What was forgotten no longer counts.
    memory.forget('b');
    memory.keep('P', known(many(12), false, 'a'));
    expect(['a', 'c'].map((key) => memory.recall('P', key) !== undefined)).toEqual([true, true]);
  });

  test('lets go of what is too old when it keeps another job', () => {
    let nowMs = 0;
    const memory = createJobMemory({ monotonicMs: () => nowMs });
    memory.keep('P', known([ready(1)], false, 'a'));
    nowMs = 30_000;
    memory.keep('P', known([ready(1)], false, 'b'));
    nowMs = 61_000;
    memory.keep('P', known([ready(1)], false, 'c'));
    // No clock goes back: only so it shows that the job is gone, and not just too old to be told of.
    nowMs = 0;
    expect(['a', 'b', 'c'].map((key) => memory.recall('P', key) !== undefined)).toEqual([false, true, true]);
  });
});

// Folders of ended runs are kept for their retention time, on a clock that the test moves, whatever happens to the agent meanwhile.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createNodeOnMachine, orderWith, runWith, shell, type NodeOnMachine } from '../../helpers/agent-on-machine.js';
import { eventually } from '../../helpers/eventually.js';
import { createSteppedClock, type SteppedClock } from '../../helpers/stepped-clock.js';

const hourMs = 3600_000;
const dayMs = 24 * hourMs;
const job = 'workitems/job1/job-1';
let node: NodeOnMachine;
let clock: SteppedClock;
beforeEach(async () => {
  node = await createNodeOnMachine();
  clock = createSteppedClock();
});
afterEach(() => node.remove());

const stands = (path: string): boolean => existsSync(join(node.identity.rootDirectory, path));
const gone = (path: string): Promise<true> => eventually(`${path} gone`, () => (stands(path) ? undefined : true));
/** A run of its own, to its end: by then whatever was due before it has been begun. */
async function settle(): Promise<void> {
  const taskId = `settle${clock.monotonicMs()}`;
  await node.sendOrder(orderWith({ tasks: [runWith('true', { taskId, runId: taskId })] }));
  await node.ended(taskId);
}

describe('the folder of a run', () => {
  test('is kept for its retention time, by default seven days, and removed after it', async () => {
    await node.start({ clock });
    const short = runWith('true', { taskId: 'short', constraints: { retentionMs: hourMs } });
    const week = runWith('true', { taskId: 'week' });
    await node.sendOrder(orderWith({ tasks: [short, week] }));
    await Promise.all([node.ended(short.runId), node.ended(week.runId)]);
    clock.advance(hourMs - 60_000);
    await settle();
    expect(stands(`${job}/short/stdout.txt`)).toBe(true);
    clock.advance(2 * 60_000);
    await gone(`${job}/short`);
    clock.advance(6 * dayMs);
    await settle();
    expect(stands(`${job}/week/stdout.txt`)).toBe(true);
    clock.advance(dayMs);
    await gone(`${job}/week`);
  });

  test('goes after its time although the agent was started anew in between', async () => {
    const before = await node.start({ clock });
    const task = runWith('true', { constraints: { retentionMs: hourMs } });
    await node.sendOrder(orderWith({ tasks: [task] }));
    await node.ended(task.runId);
    await before.detach();
    clock.advance(hourMs + 1);
    expect(stands(`${job}/task1/stdout.txt`)).toBe(true);
    await node.start({ clock });
    await gone(`${job}/task1`);
  });

  test('of a release goes as well, that of a preparation not while its job has work on the node', async () => {
    await node.start({ clock });
    const constraints = { retentionMs: 1000 };
    const preparation = runWith('true', { kind: 'preparation', taskId: 'jobpreparation', constraints });
    const task = runWith(shell('until test -e $AZ_BATCH_NODE_SHARED_DIR/go; do sleep 0.05; done'), {
      requiresPreparation: preparation.runId,
    });
    await node.sendOrder(orderWith({ preparation, tasks: [task] }));
    await eventually('the start of the task', () => node.run(task.runId)?.state === 'running');
    clock.advance(dayMs);
    await settle();
    expect(stands(`${job}/jobpreparation/wd`)).toBe(true);
    const release = runWith(shell('touch $AZ_BATCH_NODE_SHARED_DIR/go'), {
      ...{ kind: 'release', taskId: 'jobrelease', constraints },
    });
    // A release waits for the job's tasks, so somebody else lets this one go.
    await node.sendOrder(orderWith({ release, kills: [{ runId: task.runId, failure: killed }] }));
    await node.ended(release.runId);
    // Nobody told where its output is to be kept, so that it is waited for, for a day.
    clock.advance(hourMs);
    await settle();
    expect(stands(`${job}/jobrelease/stdout.txt`)).toBe(true);
    for (const folder of ['jobpreparation', 'jobrelease'])
      await eventually(`${folder} gone`, () => {
        clock.advance(hourMs);
        return !stands(`${job}/${folder}`);
      });
  });

  test('is counted from the end of the newest run in it', async () => {
    await node.start({ clock });
    const again = (attempt: number) =>
      runWith('true', { runId: `run${attempt}`, attempt, constraints: { retentionMs: hourMs } });
    await node.sendOrder(orderWith({ tasks: [again(1)] }));
    await node.ended('run1');
    clock.advance(hourMs / 2);
    await node.sendOrder(orderWith({ tasks: [again(2)] }));
    await node.ended('run2');
    clock.advance(hourMs / 2 + 1000);
    await settle();
    expect(stands(`${job}/task1/stdout.1.0.txt`)).toBe(true);
    clock.advance(hourMs / 2);
    await gone(`${job}/task1`);
  });

  test('goes with its job, however long it was to be kept', async () => {
    await node.start({ clock });
    const task = runWith('true');
    await node.sendOrder(orderWith({ tasks: [task] }));
    await node.ended(task.runId);
    await node.sendOrder(orderWith({ forget: true }));
    await gone(job);
  });
});

const killed = { category: 'usererror', code: 'TaskEnded', message: 'ended' } as const;

test('no more than ten earlier outputs are kept beside the present one, the newest', async () => {
  await node.start({ clock });
  const task = runWith(shell('echo x >> tries; wc -l < tries; test $(wc -l < tries) -eq 13'), {
    constraints: { maxTaskRetryCount: -1 },
  });
  await node.sendOrder(orderWith({ tasks: [task] }));
  await eventually('the last retry', () => {
    // Retries that follow one another are delayed more and more.
    clock.advance(10_000);
    return node.run(task.runId)?.state === 'ended';
  });
  expect(await node.read(`${job}/task1/stdout.txt`)).toBe('13\n');
  expect(await node.read(`${job}/task1/stdout.1.11.txt`)).toBe('12\n');
  expect(await node.read(`${job}/task1/stdout.1.2.txt`)).toBe('3\n');
  expect(stands(`${job}/task1/stdout.1.1.txt`)).toBe(false);
  expect(stands(`${job}/task1/stderr.1.1.txt`)).toBe(false);
});

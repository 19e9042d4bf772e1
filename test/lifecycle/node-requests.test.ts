// What can be asked of a node, through REST on the running stack: to go, to boot, to have a new image, to take no tasks; and what becomes of
// its tasks and releases then.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startSharedStack, type SharedStack } from '../e2e/shared-stack.js';
import { eventually } from '../helpers/eventually.js';
import { sh } from './attempts-stack.js';
import { createPoolsWorld, type PoolsWorld } from './pools-world.js';

let stack: SharedStack;
let world: PoolsWorld;
beforeAll(async () => {
  stack = await startSharedStack('node requests');
  world = createPoolsWorld(stack);
});
afterAll(() => stack.stop());

const appendTo = (mark: string, what = '$AZ_BATCH_NODE_ID'): string =>
  `/bin/sh -c 'echo ${what} >> ${world.path(mark)}'`;
const lines = (mark: string): readonly string[] => world.read(mark).split('\n').filter(Boolean);
const runs = (mark: string): Promise<unknown> => eventually(`a run of ${mark}`, () => world.isSet(`${mark}.runs`));
const refusal = (answer: Promise<unknown>): Promise<unknown> =>
  answer.then(
    () => 'accepted',
    (error: { code?: string }) => error.code,
  );

describe.concurrent('a node that is removed', () => {
  test.each(['taskcompletion', 'retaineddata'] as const)(
    'by %s ends its task and releases its job before it goes',
    async (nodeDeallocationOption) => {
      const id = `leave-${nodeDeallocationOption}`;
      const [nodeId = ''] = await world.addPool(id, 1);
      const constraints = { retentionTime: 'PT2S' };
      await world.addJob(id, id, { task: world.waitFor(id), release: appendTo(`${id}.released`), constraints });
      await runs(id);
      await stack.client().pool.removeNodes(id, { nodeList: [nodeId], nodeDeallocationOption });
      await world.nodeReached(id, nodeId, 'leavingpool');
      expect(world.isSet(`${id}.released`)).toBe(false);
      world.set(id);
      const { allocationStateTransitionTime, targetDedicatedNodes } = await world.steady(id, 0);
      expect(targetDedicatedNodes).toBe(0);
      const { executionInfo } = await world.taskReached(id, 't', 'completed');
      expect(executionInfo).toMatchObject({ exitCode: 0 });
      expect(lines(`${id}.released`)).toEqual([nodeId]);
      expect((await stack.client().job.get(id)).state).toBe('active');
      const keptMs = (allocationStateTransitionTime?.getTime() ?? 0) - (executionInfo?.endTime?.getTime() ?? 0);
      if (nodeDeallocationOption === 'retaineddata') expect(keptMs).toBeGreaterThanOrEqual(2_000);
      const [status] = await stack.client().job.listPreparationAndReleaseTaskStatus(id);
      expect(status).toMatchObject({ nodeId, jobReleaseTaskExecutionInfo: { result: 'success' } });
    },
  );

  test('by requeue goes at once: its task runs elsewhere, its release is waived', async () => {
    const client = stack.client();
    const nodes = await world.addPool('leave-requeue', 2);
    await world.addJob('leave-requeue', 'leave-requeue', {
      task: world.waitFor('requeue'),
      release: appendTo('requeue.released'),
    });
    await runs('requeue');
    const [first = ''] = lines('requeue.runs');
    await client.pool.removeNodes('leave-requeue', { nodeList: [first] });
    await world.steady('leave-requeue', 1);
    const other = nodes.find((id) => id !== first);
    await eventually('the second run', () => lines('requeue.runs').length === 2);
    expect(lines('requeue.runs')).toEqual([first, other]);
    world.set('requeue');
    expect((await world.taskReached('leave-requeue', 't', 'completed')).executionInfo).toMatchObject({
      requeueCount: 1,
      exitCode: 0,
    });
    await client.job.terminate('leave-requeue');
    await eventually('the end', async () => (await client.job.get('leave-requeue')).state === 'completed');
    expect(lines('requeue.released')).toEqual([other]);
    const rows = await stack.jobNodes({ jobId: 'leave-requeue' } as Parameters<SharedStack['jobNodes']>[0]);
    expect(rows.find(({ nodeId }) => nodeId === first)?.release).toMatchObject({ reason: 'nodeRemoved' });
  });

  test('by terminate ends its task for good', async () => {
    const [nodeId = ''] = await world.addPool('leave-terminate', 1);
    await world.addJob('leave-terminate', 'leave-terminate', { task: world.waitFor('terminate') });
    await runs('terminate');
    await stack
      .client()
      .pool.removeNodes('leave-terminate', { nodeList: [nodeId], nodeDeallocationOption: 'terminate' });
    await world.steady('leave-terminate', 0);
    expect((await world.taskReached('leave-terminate', 't', 'completed')).executionInfo).toMatchObject({
      result: 'failure',
      failureInfo: { code: 'TaskEnded' },
    });
  });
});

/** A release that is under way until its mark is set. */
const heldRelease = (id: string): string =>
  sh(
    `echo begun >> ${world.path(id)}.releasing; until test -e ${world.path(id)}; do sleep 0.05; done; ` +
      `echo $AZ_BATCH_NODE_ID >> ${world.path(id)}.released`,
  );

test.concurrent(
  'a node that is removed while a job of its ends stays for the release, whatever the option',
  async () => {
    const client = stack.client();
    const options = ['requeue', 'terminate', 'taskcompletion', 'retaineddata'] as const;
    await Promise.all(
      options.map(async (nodeDeallocationOption) => {
        const id = `ends-${nodeDeallocationOption}`;
        const [nodeId = ''] = await world.addPool(id, 1);
        await world.addJob(id, id, { release: heldRelease(id), constraints: { retentionTime: 'PT1S' } });
        await world.taskReached(id, 't', 'completed');
        await client.job.terminate(id);
        await eventually('the release', () => world.isSet(`${id}.releasing`));
        await client.pool.removeNodes(id, { nodeList: [nodeId], nodeDeallocationOption });
        await world.nodeReached(id, nodeId, 'leavingpool');
      }),
    );
    // A node that was removed after them is gone: whatever takes a node away has had its turn.
    const [last = ''] = await world.addPool('ends-later', 1);
    await client.pool.removeNodes('ends-later', { nodeList: [last] });
    await world.steady('ends-later', 0);
    await Promise.all(
      options.map(async (option) => {
        const id = `ends-${option}`;
        expect([(await world.nodesOf(id))[0]?.state, (await client.job.get(id)).state]).toEqual([
          'leavingpool',
          'terminating',
        ]);
        world.set(id);
        await world.steady(id, 0);
        await eventually('the end of the job', async () => (await client.job.get(id)).state === 'completed');
        expect([lines(`${id}.releasing`), lines(`${id}.released`)]).toEqual([['begun'], [expect.any(String)]]);
        const [status] = await client.job.listPreparationAndReleaseTaskStatus(id);
        expect(status?.jobReleaseTaskExecutionInfo).toMatchObject({ exitCode: 0, result: 'success' });
      }),
    );
  },
);

describe.concurrent('a node that is rebooted', () => {
  test.each([
    ['requeue', { state: 'completed', executionInfo: { exitCode: 0, requeueCount: 1 } }, 2],
    ['terminate', { state: 'completed', executionInfo: { result: 'failure', failureInfo: { code: 'TaskEnded' } } }, 1],
    ['taskcompletion', { state: 'completed', executionInfo: { exitCode: 0, requeueCount: 0 } }, 1],
  ] as const)('by %s deals with its task first, and begins a new boot with its files', async (option, end, count) => {
    const client = stack.client();
    const id = `reboot-${option}`;
    const [nodeId = ''] = await world.addPool(id, 1);
    const before = await client.computeNode.get(id, nodeId);
    const preparation = `/bin/sh -c 'echo p >> $AZ_BATCH_NODE_SHARED_DIR/prepared'`;
    await world.addJob(id, id, { task: world.waitFor(id), preparation });
    await runs(id);
    await client.computeNode.reboot(id, nodeId, { computeNodeRebootOptions: {}, nodeRebootOption: option });
    if (option === 'taskcompletion') {
      expect((await client.computeNode.get(id, nodeId)).state).toBe('rebooting');
      expect(await refusal(client.computeNode.reboot(id, nodeId))).toBe('NodeBeingRebooted');
      world.set(id);
    }
    if (option === 'requeue') {
      await eventually('the second run', () => lines(`${id}.runs`).length === 2, 60_000);
      world.set(id);
    }
    expect(await world.taskReached(id, 't', 'completed')).toMatchObject(end);
    const after = await world.nodeReached(id, nodeId, 'idle');
    expect(after.lastBootTime?.getTime()).toBeGreaterThan(before.lastBootTime?.getTime() ?? 0);
    expect(lines(`${id}.runs`)).toHaveLength(count);
    // The folder outlives the boot; the preparation ran once in each boot that had a task.
    expect((await stack.readNodeFile(id, nodeId, 'shared/prepared')).trim().split('\n')).toHaveLength(count);
  });
});

describe.concurrent('a node that boots', () => {
  test('by retaineddata does so when its task and the retention of what ended there are over', async () => {
    const client = stack.client();
    const [nodeId = ''] = await world.addPool('retained', 1);
    const before = await client.computeNode.get('retained', nodeId);
    const constraints = { retentionTime: 'PT5S' };
    await world.addJob('retained', 'retained', { task: world.waitFor('retained'), constraints });
    await runs('retained');
    await client.computeNode.reboot('retained', nodeId, { nodeRebootOption: 'retaineddata' });
    world.set('retained');
    const { executionInfo } = await world.taskReached('retained', 't', 'completed');
    expect(executionInfo).toMatchObject({ exitCode: 0, requeueCount: 0 });
    const after = await world.nodeReached('retained', nodeId, 'idle');
    expect(after.lastBootTime?.getTime()).toBeGreaterThan(before.lastBootTime?.getTime() ?? Infinity);
    const keptMs = (after.lastBootTime?.getTime() ?? 0) - (executionInfo?.endTime?.getTime() ?? Infinity);
    expect(keptMs).toBeGreaterThanOrEqual(5_000);
    expect(lines('retained.runs')).toEqual([nodeId]);
  });

  test('is starting from when its agent joins until its first report, also in the first boot of all', async () => {
    const [nodeId = ''] = await world.addPool('starting', 1);
    const changes = async (): Promise<readonly string[]> =>
      (await stack.poolEvents('starting')).flatMap(({ type, data }) =>
        type === 'dev.bookend.node.state.changed' ? [`${String(data['previousState'])} ${String(data['state'])}`] : [],
      );
    expect(await changes()).toEqual(['creating starting', 'starting idle']);
    await stack.client().computeNode.reboot('starting', nodeId);
    await eventually('the end of the boot', async () => (await changes()).length > 4);
    expect((await changes()).slice(2)).toEqual(['idle rebooting', 'rebooting starting', 'starting idle']);
    expect((await stack.client().computeNode.get('starting', nodeId)).state).toBe('idle');
  });

  test('while its job ends keeps the job waiting, and releases it once it is ready', async () => {
    const client = stack.client();
    // Every boot but the first is held up.
    const booted = world.path('boots');
    const [nodeId = ''] = await world.addPool('boots', 1, {
      startTask: {
        commandLine: sh(`test -e ${booted}.once || exec touch ${booted}.once; echo boot >> ${booted}.held;
          until test -e ${booted}; do sleep 0.05; done`),
      },
    });
    await world.addJob('boots', 'boots', { release: appendTo('boots.released') });
    await world.taskReached('boots', 't', 'completed');
    await client.computeNode.reboot('boots', nodeId);
    await client.job.terminate('boots');
    await eventually('the boot', () => world.isSet('boots.held'));
    expect((await world.nodeReached('boots', nodeId, 'waitingforstarttask')).state).toBe('waitingforstarttask');
    expect((await client.job.get('boots')).state).toBe('terminating');
    expect(world.isSet('boots.released')).toBe(false);
    world.set('boots');
    await eventually('the end of the job', async () => (await client.job.get('boots')).state === 'completed');
    expect(lines('boots.released')).toEqual([nodeId]);
    const [status] = await client.job.listPreparationAndReleaseTaskStatus('boots');
    expect(status?.jobReleaseTaskExecutionInfo).toMatchObject({ exitCode: 0, result: 'success' });
  });
});

test.concurrent('a node that is reimaged has an empty root, and is no longer barred', async () => {
  const client = stack.client();
  const [nodeId = ''] = await world.addPool('reimage', 1);
  await world.addJob('reimage', 'reimage', {
    preparation: `/bin/sh -c ': > $AZ_BATCH_NODE_SHARED_DIR/left; test -e ${world.path('repaired')}'`,
  });
  const failed = async (): Promise<boolean> =>
    (await client.job.listPreparationAndReleaseTaskStatus('reimage'))[0]?.jobPreparationTaskExecutionInfo?.result ===
    'failure';
  await eventually('the failed preparation', failed);
  world.set('repaired');
  await client.computeNode.reboot('reimage', nodeId);
  await world.nodeReached('reimage', nodeId, 'idle');
  expect((await client.task.get('reimage', 't')).state).toBe('active');
  await world.addJob('other', 'reimage', { task: `/bin/sh -c 'test -e $AZ_BATCH_NODE_SHARED_DIR/left'` });
  expect((await world.taskReached('other', 't', 'completed')).executionInfo?.exitCode).toBe(0);
  await client.job.terminate('other');
  await world.nodeReached('reimage', nodeId, 'idle');
  await client.computeNode.reimage('reimage', nodeId);
  await world.taskReached('reimage', 't', 'completed');
  const files = await stack.listNodeFiles('reimage', nodeId);
  expect(files).not.toContain('workitems/other');
});

test.concurrent('a node whose scheduling is disabled runs nothing until it is enabled', async () => {
  const client = stack.client();
  const [nodeId = ''] = await world.addPool('disabled', 1);
  await world.addJob('disabled', 'disabled', { task: world.waitFor('disabled') });
  await runs('disabled');
  await client.computeNode.disableScheduling('disabled', nodeId);
  expect(await world.nodeReached('disabled', nodeId, 'offline')).toMatchObject({
    schedulingState: 'disabled',
    runningTasksCount: 0,
  });
  expect(await client.task.get('disabled', 't')).toMatchObject({ state: 'active', executionInfo: { requeueCount: 1 } });
  expect(await refusal(client.computeNode.disableScheduling('disabled', nodeId))).toBe(
    'NodeAlreadyInTargetSchedulingState',
  );
  world.set('disabled');
  await client.computeNode.enableScheduling('disabled', nodeId);
  await world.taskReached('disabled', 't', 'completed');
  expect(await client.computeNode.get('disabled', nodeId)).toMatchObject({
    schedulingState: 'enabled',
    totalTasksRun: 1,
    totalTasksSucceeded: 1,
    recentTasks: [{ jobId: 'disabled', taskId: 't', taskState: 'completed', executionInfo: { exitCode: 0 } }],
  });
});

describe.concurrent('a node whose scheduling is disabled', () => {
  test.each([
    ['terminate', 'ends its task for good', { result: 'failure', failureInfo: { code: 'TaskEnded' } }],
    ['taskcompletion', 'runs its task to the end', { result: 'success', exitCode: 0 }],
  ] as const)('by %s %s, and gets no other', async (option, _, end) => {
    const client = stack.client();
    const id = `offline-${option}`;
    const [nodeId = ''] = await world.addPool(id, 1);
    await world.addJob(id, id, { task: world.waitFor(id) });
    await runs(id);
    await client.task.add(id, { id: 'next', commandLine: appendTo(`${id}.next`) });
    await client.computeNode.disableScheduling(id, nodeId, { nodeDisableSchedulingOption: option });
    if (option === 'taskcompletion') {
      expect((await client.computeNode.get(id, nodeId)).state).toBe('running');
      world.set(id);
    }
    expect((await world.taskReached(id, 't', 'completed')).executionInfo).toMatchObject({ requeueCount: 0, ...end });
    await world.nodeReached(id, nodeId, 'offline');
    expect(lines(`${id}.runs`)).toEqual([nodeId]);
    expect([(await client.task.get(id, 'next')).state, world.isSet(`${id}.next`)]).toEqual(['active', false]);
    await client.computeNode.enableScheduling(id, nodeId);
    await world.taskReached(id, 'next', 'completed');
    expect(lines(`${id}.next`)).toEqual([nodeId]);
  });
});

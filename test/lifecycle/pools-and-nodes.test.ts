// Rules of pools and nodes, through REST on the running stack: start tasks, resizes, removals, boots, images, scheduling, auto pools.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BatchServiceModels } from '@azure/batch';
import { startSharedStack, type SharedStack } from '../e2e/shared-stack.js';
import { eventually } from '../helpers/eventually.js';
import { createPoolsWorld, type PoolsWorld } from './pools-world.js';
import { send } from './tasks-play.js';

let stack: SharedStack;
let world: PoolsWorld;
beforeAll(async () => {
  stack = await startSharedStack('pools and nodes');
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

describe.concurrent('a start task', () => {
  test('runs in its own folder before any task, and again in every boot', async () => {
    const [nodeId = ''] = await world.addPool('start', 1, {
      startTask: {
        commandLine: `/bin/sh -c 'env; echo start >> ${world.path('start')}'`,
        environmentSettings: [{ name: 'GREETING', value: 'hello' }],
      },
    });
    await world.addJob('start', 'start', { task: appendTo('start', 'task') });
    await world.taskReached('start', 't', 'completed');
    expect(lines('start')).toEqual(['start', 'task']);
    const output = await stack.readNodeFile('start', nodeId, 'startup/stdout.txt');
    expect(output).toContain('GREETING=hello\n');
    expect(output).toMatch(/AZ_BATCH_TASK_DIR=.*\/root\/startup\n/);
    expect(output).not.toMatch(/AZ_BATCH_(JOB|TASK)_ID=/);
    expect(await stack.client().computeNode.get('start', nodeId)).toMatchObject({
      startTask: { commandLine: expect.stringContaining('env') as string, waitForSuccess: true, maxTaskRetryCount: 0 },
      startTaskInfo: { state: 'completed', exitCode: 0, result: 'success', retryCount: 0 },
    });
    await stack.client().computeNode.reboot('start', nodeId);
    await world.nodeReached('start', nodeId, 'idle');
    expect(lines('start')).toEqual(['start', 'task', 'start']);
  });

  test('that fails after its retries keeps its node from tasks, until a better one succeeds in another boot', async () => {
    const client = stack.client();
    const startTask = { commandLine: `/bin/sh -c 'echo x >> ${world.path('tries')}; exit 3'`, maxTaskRetryCount: 2 };
    const [nodeId = ''] = await world.addPool('failing', 1, { startTask });
    await world.addJob('failing', 'failing');
    expect(await client.computeNode.get('failing', nodeId)).toMatchObject({
      state: 'starttaskfailed',
      startTaskInfo: {
        state: 'completed',
        exitCode: 3,
        result: 'failure',
        retryCount: 2,
        failureInfo: { category: 'usererror', code: 'FailureExitCode' },
      },
    });
    expect(lines('tries')).toHaveLength(3);
    expect((await client.task.get('failing', 't')).state).toBe('active');
    const filter = "state eq 'starttaskfailed' and startTaskInfo/exitCode eq 3";
    expect(await client.computeNode.list('failing', { computeNodeListOptions: { filter } })).toHaveLength(1);
    await client.pool.patch('failing', { startTask: { commandLine: 'true' } });
    await client.computeNode.reboot('failing', nodeId);
    await world.taskReached('failing', 't', 'completed');
  });

  test('that nobody waits for runs beside tasks', async () => {
    const startTask = { commandLine: world.waitFor('beside'), waitForSuccess: false };
    const [nodeId = ''] = await world.addPool('beside', 1, { startTask });
    await runs('beside');
    await world.addJob('beside', 'beside');
    await world.taskReached('beside', 't', 'completed');
    expect((await stack.client().computeNode.get('beside', nodeId)).startTaskInfo?.state).toBe('running');
    world.set('beside');
  });
});

describe.concurrent('a pool that is resized', () => {
  test('gets and loses nodes, is emptied, and filled again', async () => {
    const client = stack.client();
    await world.addPool('sizes', 1);
    await client.pool.resize('sizes', { targetDedicatedNodes: 2 });
    await world.steady('sizes', 2);
    await client.pool.resize('sizes', { targetDedicatedNodes: 0 });
    await world.steady('sizes', 0);
    expect([...(await world.nodesOf('sizes'))]).toEqual([]);
    await client.pool.resize('sizes', { targetDedicatedNodes: 1 });
    expect(await world.steady('sizes', 1)).toMatchObject({ targetDedicatedNodes: 1 });
  });

  test('refuses another resize meanwhile, keeps its busy node when that is stopped, and says so', async () => {
    const client = stack.client();
    await world.addPool('stopped', 1);
    await world.addJob('stopped', 'stopped', { task: world.waitFor('stopped') });
    await runs('stopped');
    await client.pool.resize('stopped', { targetDedicatedNodes: 0, nodeDeallocationOption: 'taskcompletion' });
    await eventually('the node leaving', async () => (await world.nodesOf('stopped'))[0]?.state === 'leavingpool');
    expect(await refusal(client.pool.resize('stopped', { targetDedicatedNodes: 3 }))).toBe('PoolBeingResized');
    await client.pool.stopResize('stopped');
    const { resizeErrors } = await world.steady('stopped', 1);
    expect(resizeErrors?.map(({ code }) => code)).toEqual(['ResizeStopped']);
    expect((await world.nodesOf('stopped'))[0]?.state).toBe('running');
    world.set('stopped');
    await world.taskReached('stopped', 't', 'completed');
  });
});

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

test.concurrent(
  'a pool is changed by patch and by update, counted by state, and refuses what is not supported',
  async () => {
    const client = stack.client();
    await world.addPool('changed', 1);
    await client.pool.patch('changed', { metadata: [{ name: 'a', value: 'b' }] });
    await client.pool.patch('changed', { startTask: { commandLine: 'true' } });
    expect(await client.pool.get('changed')).toMatchObject({
      metadata: [{ name: 'a', value: 'b' }],
      startTask: { commandLine: 'true' },
    });
    await client.pool.updateProperties('changed', {
      metadata: [],
      certificateReferences: [],
      applicationPackageReferences: [],
    });
    const updated = await client.pool.get('changed');
    expect([updated.metadata, updated.startTask]).toEqual([undefined, undefined]);
    const counts = await client.account.listPoolNodeCounts({
      accountListPoolNodeCountsOptions: { filter: "poolId eq 'changed'" },
    });
    expect([...counts]).toMatchObject([{ poolId: 'changed', dedicated: { idle: 1, running: 0, total: 1 } }]);
    expect((await client.pool.exists('changed')).body).toBe(true);
    expect((await client.pool.exists('nowhere')).body).toBe(false);
    await client.pool.deleteMethod('changed');
    expect(await refusal(client.pool.patch('changed', { metadata: [] }))).toMatch(/PoolBeingDeleted|PoolNotFound/);
    await eventually('the pool gone', () => stack.isAbsent(client.pool.get('changed')));
  },
);

test.concurrent.each<[given: string, property: string, more: object]>([
  [
    'containers',
    'containerConfiguration',
    { virtualMachineConfiguration: virtualMachine({ containerConfiguration: { type: 'dockerCompatible' } }) },
  ],
  [
    'certificates',
    'certificateReferences',
    { certificateReferences: [{ thumbprint: 'f', thumbprintAlgorithm: 'sha1' }] },
  ],
  ['mounts', 'mountConfiguration', { mountConfiguration: [{ nfsMountConfiguration: { source: 's' } }] }],
  ['autoscale', 'enableAutoScale', { enableAutoScale: true, autoScaleFormula: '$TargetDedicated=1' }],
  ['low-priority nodes', 'targetLowPriorityNodes', { targetLowPriorityNodes: 1 }],
  ['user accounts', 'userAccounts', { userAccounts: [{ name: 'u', password: 'p' }] }],
])('a pool with %s is refused by name', async (_, property, more) => {
  const answer = await send(stack.client(), 'POST', '/pools', { id: 'refused', vmSize: 's', ...more });
  expect(answer).toMatchObject({ status: 400, body: { code: 'UnsupportedProperty' } });
  expect(answer.body['values']).toContainEqual({ key: 'PropertyName', value: property });
});

function virtualMachine(more: object): object {
  return { imageReference: { publisher: 'p', offer: 'o', sku: 's' }, nodeAgentSKUId: 'a', ...more };
}

test.concurrent('what has no meaning outside a cloud of virtual machines is kept and shown', async () => {
  const shown = {
    vmSize: 'standard_d2_v3',
    networkConfiguration: { subnetId: '/subnets/s' },
    virtualMachineConfiguration: virtualMachine({ dataDisks: [{ lun: 0, diskSizeGB: 10 }] }),
    enableInterNodeCommunication: true,
  };
  await send(stack.client(), 'POST', '/pools', { id: 'echo', ...shown });
  expect((await send(stack.client(), 'GET', '/pools/echo')).body).toMatchObject(shown);
});

describe.concurrent('a pool that is made for a job', () => {
  const specification = (keepAlive: boolean): BatchServiceModels.PoolInformation => ({
    autoPoolSpecification: {
      autoPoolIdPrefix: 'auto',
      poolLifetimeOption: 'job',
      keepAlive,
      pool: { vmSize: 'small', targetDedicatedNodes: 1 },
    },
  });

  test.each([
    ['goes with the job that completed, its release done before', false],
    ['stays where it is to be kept alive', true],
  ] as const)('%s', async (_, keepAlive) => {
    const client = stack.client();
    const id = `auto-${keepAlive}`;
    await client.job.add({
      id,
      poolInfo: specification(keepAlive),
      jobPreparationTask: { commandLine: 'true' },
      jobReleaseTask: { commandLine: appendTo(`${id}.released`) },
    });
    await client.task.add(id, { id: 't', commandLine: 'true' });
    await world.taskReached(id, 't', 'completed');
    const { executionInfo, poolInfo } = await client.job.get(id);
    const poolId = executionInfo?.poolId ?? '';
    expect(poolId).toMatch(/^auto.{36}$/);
    expect(poolInfo?.autoPoolSpecification).toMatchObject({ keepAlive, pool: { targetDedicatedNodes: 1 } });
    await client.job.terminate(id);
    await eventually('the end of the job', async () => (await client.job.get(id)).state === 'completed');
    expect(lines(`${id}.released`)).toHaveLength(1);
    if (keepAlive) expect((await client.pool.get(poolId)).state).toBe('active');
    else await eventually('the pool gone', () => stack.isAbsent(client.pool.get(poolId)));
  });

  test('goes with a job that is deleted', async () => {
    const client = stack.client();
    await client.job.add({ id: 'auto-deleted', poolInfo: specification(false) });
    const { executionInfo } = await client.job.get('auto-deleted');
    const poolId = executionInfo?.poolId ?? '';
    await world.steady(poolId, 1);
    await client.job.deleteMethod('auto-deleted');
    await eventually('the pool gone', () => stack.isAbsent(client.pool.get(poolId)));
    expect(await stack.isAbsent(client.job.get('auto-deleted'))).toBe(true);
  });

  test('cannot outlive a job that is of no schedule', async () => {
    const autoPoolSpecification = { poolLifetimeOption: 'jobSchedule', pool: { vmSize: 's' } };
    const answer = await send(stack.client(), 'POST', '/jobs', { id: 'none', poolInfo: { autoPoolSpecification } });
    expect(answer).toMatchObject({ status: 400, body: { code: 'InvalidPropertyValue' } });
    expect(answer.body['values']).toContainEqual({ key: 'PropertyName', value: 'poolLifetimeOption' });
  });
});

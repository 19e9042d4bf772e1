// Rules of pools and nodes, through REST on the running stack: start tasks, resizes, changes, auto pools.
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

  test('that cannot be started keeps its node from tasks and has failed without an exit code', async () => {
    const client = stack.client();
    const [nodeId = ''] = await world.addPool('unstartable', 1, {
      startTask: { commandLine: '/no/such/program', maxTaskRetryCount: 2 },
    });
    await world.addJob('unstartable', 'unstartable', { task: appendTo('unstartable') });
    const { state, startTaskInfo } = await client.computeNode.get('unstartable', nodeId);
    expect(state).toBe('starttaskfailed');
    expect(startTaskInfo).toMatchObject({
      state: 'completed',
      result: 'failure',
      retryCount: 0,
      failureInfo: { category: 'usererror', code: 'CommandProgramNotFound' },
    });
    expect(startTaskInfo).not.toHaveProperty('exitCode');
    expect((await client.task.get('unstartable', 't')).state).toBe('active');
    expect(world.isSet('unstartable')).toBe(false);
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

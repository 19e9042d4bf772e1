// Which task gets which node and when, what a task finds in its environment, and how a job that waits is explained.
import type { BatchServiceModels } from '@azure/batch';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { nodesReached } from '../e2e/marked-job.js';
import { startSharedStack, type SharedStack } from '../e2e/shared-stack.js';
import { eventually } from '../helpers/eventually.js';
import { createPlay, send, statesOf, taskReached, type Play } from './tasks-play.js';

type Pool = Partial<BatchServiceModels.PoolAddParameter>;

let stack: SharedStack;
const nodeIds: Record<string, readonly string[]> = {};
const client = () => stack.client();

const pools: Record<string, Pool> = {
  narrow: { targetDedicatedNodes: 1 },
  wide: { targetDedicatedNodes: 1, taskSlotsPerNode: 4 },
  spread: { targetDedicatedNodes: 2, taskSlotsPerNode: 2, taskSchedulingPolicy: { nodeFillType: 'spread' } },
  pack: { targetDedicatedNodes: 2, taskSlotsPerNode: 2, taskSchedulingPolicy: { nodeFillType: 'pack' } },
};

beforeAll(async () => {
  stack = await startSharedStack('scheduling');
  for (const [id, pool] of Object.entries(pools)) await client().pool.add({ id, vmSize: 'small', ...pool });
  for (const [id, { targetDedicatedNodes = 0 }] of Object.entries(pools))
    nodeIds[id] = await nodesReached(client, id, targetDedicatedNodes);
});
afterAll(() => stack.stop());

async function begin(
  poolId: string,
  jobId: string,
  more: Partial<BatchServiceModels.JobAddParameter> = {},
): Promise<Play> {
  await client().job.add({ id: jobId, poolInfo: { poolId }, ...more });
  return createPlay(stack.directory, jobId);
}

const nodeOf = async (jobId: string, taskId: string): Promise<string | undefined> =>
  (await client().task.get(jobId, taskId)).nodeInfo?.nodeId;

describe.concurrent('tasks that wait', () => {
  test('run by the priority of their jobs, within a job in the order of their adding', async () => {
    const first = await begin('narrow', 'first');
    await client().task.add('first', first.held('blocker'));
    await first.begun('blocker');
    const low = await begin('narrow', 'low', { priority: -5 });
    await client().job.add({ id: 'high', poolInfo: { poolId: 'narrow' }, priority: 5 });
    await client().task.addCollection('low', [low.task('low1'), low.task('low2')]);
    await client().task.addCollection('high', [low.task('high1'), low.task('high2')]);
    const explained = await send(client(), 'GET', '/jobs/low/explain');
    expect(explained.body).toMatchObject({
      state: 'active',
      waitsFor: [{ code: 'slotsBusy', taskCount: 2, taskIds: ['low1', 'low2'], slotsByJob: { first: 1 } }],
      nodeCounts: { full: 1 },
    });
    expect(explained.body['summary']).toContain("every slot is taken (1 by job 'first')");
    first.letGo('blocker');
    await taskReached(client(), 'low', 'low2', 'completed');
    expect(low.order()).toEqual(['high1', 'high2', 'low1', 'low2']);
  });

  test('run at most maxParallelTasks at a time', async () => {
    const play = await begin('wide', 'bounded', { maxParallelTasks: 1 });
    const ids = ['a', 'b', 'c'];
    await client().task.addCollection(
      'bounded',
      ids.map((id) => play.held(id)),
    );
    for (const id of ids) {
      await play.begun(id);
      expect(Object.values(await statesOf(client(), 'bounded')).filter((state) => state === 'running')).toHaveLength(1);
      play.letGo(id);
    }
    await taskReached(client(), 'bounded', 'c', 'completed');
    expect(play.order()).toEqual(['a', '-a', 'b', '-b', 'c', '-c']);
  });

  test('take their slots, and wait for good for more than any node has without holding up others', async () => {
    const play = await begin('wide', 'slots');
    await client().task.addCollection('slots', [
      play.held('never', { requiredSlots: 5 }),
      play.held('large', { requiredSlots: 3 }),
      play.task('medium', { requiredSlots: 2 }),
    ]);
    await play.begun('large');
    await eventually('the wait', async () => {
      const { body } = await send(client(), 'GET', '/jobs/slots/explain');
      const codes = (body['waitsFor'] as { code: string }[]).map(({ code }) => code);
      return codes.includes('slotsTooFew') && codes.includes('slotsBusy');
    });
    expect(await statesOf(client(), 'slots')).toEqual({ never: 'active', large: 'running', medium: 'active' });
    play.letGo('large');
    await taskReached(client(), 'slots', 'medium', 'completed');
    expect(play.order()).toEqual(['large', '-large', 'medium']);
    await client().job.terminate('slots');
  });

  test.each([
    ['spread', 2],
    ['pack', 1],
  ])('are %s over as many nodes as that takes', async (fill, count) => {
    const play = await begin(fill, `fill-${fill}`);
    await client().task.addCollection(play.jobId, [play.held('a'), play.held('b')]);
    await play.begun('a', 'b');
    const nodes = new Set([await nodeOf(play.jobId, 'a'), await nodeOf(play.jobId, 'b')]);
    play.letGo('a');
    play.letGo('b');
    expect(nodes.size).toBe(count);
    await taskReached(client(), play.jobId, 'b', 'completed');
  });
});

test('a task runs on the node it has an affinity to while that has room, and elsewhere otherwise', async () => {
  const [, second = ''] = nodeIds['spread'] ?? [];
  const play = await begin('spread', 'affinity');
  const affinityInfo = { affinityId: `TVM:${second}` };
  await client().task.addCollection(
    'affinity',
    ['a', 'b', 'c'].map((id) => play.held(id, { affinityInfo })),
  );
  await play.begun('a', 'b', 'c');
  const nodes = await Promise.all(['a', 'b', 'c'].map((id) => nodeOf('affinity', id)));
  for (const id of ['a', 'b', 'c']) play.letGo(id);
  expect(nodes.map((id) => id === second)).toEqual([true, true, false]);
  await taskReached(client(), 'affinity', 'c', 'completed');
});

describe.concurrent('the environment of a task', () => {
  const common = [
    { name: 'SHARED', value: 'job' },
    { name: 'OWN', value: 'job' },
    { name: 'AZ_BATCH_JOB_ID', value: 'forged' },
  ];
  const own = [{ name: 'OWN', value: 'task' }, { name: 'EMPTY' }, { name: 'AZ_BATCH_TASK_ID', value: 'forged' }];

  test("holds the user's settings, its own before the job's, and the service's before both", async () => {
    await begin('wide', 'environment', {
      commonEnvironmentSettings: common,
      jobPreparationTask: { commandLine: 'env', environmentSettings: own },
      jobReleaseTask: { commandLine: 'env', environmentSettings: own },
    });
    await client().task.add('environment', { id: 't', commandLine: 'env', environmentSettings: own });
    await taskReached(client(), 'environment', 't', 'completed');
    await client().job.terminate('environment');
    const [nodeId = ''] = nodeIds['wide'] ?? [];
    const folder = 'workitems/environment/job-1';
    const read = async (taskId: string): Promise<Record<string, string>> => {
      const text = await stack.readNodeFile('wide', nodeId, `${folder}/${taskId}/stdout.txt`);
      return Object.fromEntries(
        text
          .trim()
          .split('\n')
          .map((line) => line.split(/=(.*)/s).slice(0, 2)),
      );
    };
    await eventually('the end of the job', async () => (await client().job.get('environment')).state === 'completed');
    const [preparation, task, release] = await Promise.all(['jobpreparation', 't', 'jobrelease'].map(read));
    const root = task?.['AZ_BATCH_NODE_ROOT_DIR'] ?? '';
    const expected = (taskId: string) => ({
      ...{ SHARED: 'job', OWN: 'task', EMPTY: '' },
      AZ_BATCH_ACCOUNT_NAME: expect.stringMatching(/^[a-z0-9]+$/) as string,
      AZ_BATCH_ACCOUNT_URL: expect.stringMatching(/^https?:\/\//) as string,
      AZ_BATCH_POOL_ID: 'wide',
      AZ_BATCH_NODE_ID: nodeId,
      AZ_BATCH_NODE_IS_DEDICATED: 'true',
      AZ_BATCH_NODE_ROOT_DIR: root,
      AZ_BATCH_NODE_SHARED_DIR: `${root}/shared`,
      AZ_BATCH_NODE_STARTUP_DIR: `${root}/startup`,
      AZ_BATCH_NODE_MOUNTS_DIR: `${root}/fsmounts`,
      AZ_BATCH_JOB_ID: 'environment',
      AZ_BATCH_TASK_ID: taskId,
      AZ_BATCH_TASK_DIR: `${root}/${folder}/${taskId}`,
      AZ_BATCH_TASK_WORKING_DIR: `${root}/${folder}/${taskId}/wd`,
      AZ_BATCH_CERTIFICATES_DIR: `${root}/${folder}/${taskId}/certs`,
      AZ_BATCH_TASK_RESERVED_EPHEMERAL_DISK_SPACE_BYTES: expect.stringMatching(/^\d+$/) as string,
      HOME: `${root}/${folder}/${taskId}/wd`,
      PWD: `${root}/${folder}/${taskId}/wd`,
    });
    const preparationDirectories = {
      AZ_BATCH_JOB_PREP_DIR: `${root}/${folder}/jobpreparation`,
      AZ_BATCH_JOB_PREP_WORKING_DIR: `${root}/${folder}/jobpreparation/wd`,
    };
    expect(root).not.toBe('');
    expect(preparation).toMatchObject(expected('jobpreparation'));
    expect(Object.keys(preparation ?? {}).filter((name) => name.startsWith('AZ_BATCH_JOB_PREP'))).toEqual([]);
    expect(task).toMatchObject({ ...expected('t'), ...preparationDirectories });
    expect(release).toMatchObject({ ...expected('jobrelease'), ...preparationDirectories });
  });

  test('holds nothing else but two marks by which its processes are found', async () => {
    await begin('wide', 'clean-environment');
    await client().task.add('clean-environment', { id: 't', commandLine: 'env' });
    await taskReached(client(), 'clean-environment', 't', 'completed');
    const [nodeId = ''] = nodeIds['wide'] ?? [];
    const text = await stack.readNodeFile('wide', nodeId, 'workitems/clean-environment/job-1/t/stdout.txt');
    const names = text
      .trim()
      .split('\n')
      .map((line) => line.split('=')[0] ?? '');
    expect(
      names.filter((name) => !/^(AZ_BATCH_\w+|BOOKEND_RUN_ID|BOOKEND_JOB|HOME|PATH|PWD|USER|SHLVL|_)$/.test(name)),
    ).toEqual([]);
  });
});

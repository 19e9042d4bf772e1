// Every operation of the unmodified @azure/batch client, once in earnest: what works works, what is refused is refused as documented.
// The tests are one story and run in their order. Runs the compiled programs (`npm test` builds first).
import { buffer } from 'node:stream/consumers';
import type { BatchServiceClient, BatchServiceModels } from '@azure/batch';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { OperationDefinition } from '../../../shared/rest/operation-definition.js';
import type { RestStack } from '../../e2e/rest-stack.js';
import { eventually } from '../../helpers/eventually.js';
import { useStack } from '../endpoint.js';
import oddNames from '../odd-names.json' with { type: 'json' };
import refusedOperations from '../refused-operations.json' with { type: 'json' };
import { watchOutcomes, type Outcomes } from './operation-outcomes.js';

const poolId = 'js-pool';
const jobId = 'js-job';
const writeOddFiles =
  '/bin/sh -c \'printenv NAMES | while IFS= read -r n; do mkdir -p "$(dirname "$n")"; printf %s "$n" > "$n"; done\'';
const fleetOf = (): Promise<BatchServiceModels.ComputeNodeListResponse> => client.computeNode.list(poolId);

let stack: RestStack;
let client: BatchServiceClient;
let outcomes: Outcomes;
/** Two of them. */
let nodeIds: readonly string[];

beforeAll(async () => {
  stack = await useStack();
  // A client of its own: what the raw requests of other tests meet is not counted.
  client = await stack.connectWith({});
  outcomes = watchOutcomes(client);
  const added = await client.pool.add({
    id: poolId,
    vmSize: 'STANDARD_D2_v3',
    virtualMachineConfiguration: {
      imageReference: { publisher: 'canonical', offer: 'ubuntuserver', sku: '18.04-lts', version: 'latest' },
      nodeAgentSKUId: 'batch.node.ubuntu 18.04',
    },
    targetDedicatedNodes: 2,
    taskSlotsPerNode: 8,
    taskSchedulingPolicy: { nodeFillType: anyCase('Spread') },
  });
  expect(added._response.status).toBe(201);
  nodeIds = await eventually(
    'two idle nodes',
    async () => {
      const idle = (await fleetOf()).filter(({ state }) => state === 'idle');
      return idle.length === 2 && idle.flatMap(({ id }) => (id === undefined ? [] : [id]));
    },
    60_000,
    200,
  );
}, 150_000);
afterAll(() => stack.stop());

const nodeReached = (nodeId: string, state: string): Promise<unknown> =>
  eventually(
    `${nodeId} ${state}`,
    async () => (await client.computeNode.get(poolId, nodeId)).state === state,
    60_000,
    100,
  );
const taskReached = (taskId: string, state: string): Promise<unknown> =>
  eventually(`${taskId} ${state}`, async () => (await client.task.get(jobId, taskId)).state === state, 60_000, 100);
const poolSteady = (): Promise<unknown> =>
  eventually('a steady pool', async () => (await client.pool.get(poolId)).allocationState === 'steady', 60_000, 100);

async function download(answer: Promise<{ readableStreamBody?: NodeJS.ReadableStream }>): Promise<string> {
  const { readableStreamBody } = await answer;
  if (!readableStreamBody) throw new Error('There is no content.');
  return (await buffer(readableStreamBody)).toString('utf8');
}

/** The client passes on what it is given; only its types know lower case alone. */
const anyCase = <T extends string>(value: string): T => value as T;

/** All pages of a list, by the client's own iteration. */
async function allOf<T>(
  first: Promise<T[] & { odatanextLink?: string }>,
  next: (link: string) => Promise<T[] & { odatanextLink?: string }>,
): Promise<T[][]> {
  const pages = [await first];
  for (let link = pages[0]?.odatanextLink; link !== undefined; link = pages.at(-1)?.odatanextLink)
    pages.push(await next(link));
  return pages.map((page) => [...page]);
}

/** As a page links to the next one, where no list of ours is that long. */
const linkTo = (path: string): string => `${stack.batchUrl}${path}?api-version=2022-10-01.16.0`;

describe('pools', () => {
  test('are found, listed by pages, and change', async () => {
    expect((await client.pool.exists(poolId)).body).toBe(true);
    expect((await client.pool.exists('js-none')).body).toBe(false);
    for (const id of ['js-list-1', 'js-list-2', 'js-list-3', 'js-list-4'])
      await client.pool.add({ id, vmSize: 'small', targetDedicatedNodes: 0 });
    const filter = "startswith(id,'JS-LIST')";
    const pages = await allOf(
      client.pool.list({ poolListOptions: { maxResults: 3, filter, select: 'id, state' } }),
      (link) => client.pool.listNext(link),
    );
    expect(pages.map((page) => page.map(({ id }) => id))).toEqual([
      ['js-list-1', 'js-list-2', 'js-list-3'],
      ['js-list-4'],
    ]);
    const before = await client.pool.get('js-list-1');
    await client.pool.patch(
      'js-list-1',
      { metadata: [{ name: 'a', value: 'ä' }] },
      { poolPatchOptions: { ifMatch: before.eTag ?? '' } },
    );
    const stale = client.pool.patch(
      'js-list-1',
      { metadata: [] },
      { poolPatchOptions: { ifMatch: before.eTag ?? '' } },
    );
    expect(await stack.refusalOf(stale)).toEqual({ statusCode: 412, code: 'ConditionNotMet' });
    await client.pool.updateProperties('js-list-1', {
      certificateReferences: [],
      applicationPackageReferences: [],
      metadata: [{ name: 'b', value: 'c' }],
    });
    expect((await client.pool.get('js-list-1')).metadata).toEqual([{ name: 'b', value: 'c' }]);
    const counts = await client.account.listPoolNodeCounts({
      accountListPoolNodeCountsOptions: { filter: `poolId eq '${poolId}'` },
    });
    expect(counts.map(({ poolId: id, dedicated }) => [id, dedicated?.total])).toEqual([[poolId, 2]]);
    const [, second] = await allOf(
      client.account.listPoolNodeCounts({ accountListPoolNodeCountsOptions: { maxResults: 2 } }),
      (link) => client.account.listPoolNodeCountsNext(link),
    );
    expect(second).not.toEqual([]);
  });
});

describe('jobs', () => {
  test('are added with every enum in the case that the caller likes, and change', async () => {
    await client.job.add({
      id: 'js-states',
      poolInfo: { poolId: 'js-none' },
      priority: -7,
      onAllTasksComplete: anyCase('noAction'),
      onTaskFailure: anyCase('performExitOptionsJobAction'),
      constraints: { maxWallClockTime: 'P3Y6M4DT12H30M5S', maxTaskRetryCount: 3 },
    });
    const added = await client.job.get('js-states');
    expect(added).toMatchObject({
      priority: -7,
      onAllTasksComplete: 'noaction',
      onTaskFailure: 'performexitoptionsjobaction',
      constraints: { maxWallClockTime: 'P1279DT12H30M5S', maxTaskRetryCount: 3 },
    });
    await client.job.patch('js-states', { priority: 5, constraints: { maxWallClockTime: 'P1D' } });
    expect(await client.job.get('js-states')).toMatchObject({
      priority: 5,
      constraints: { maxWallClockTime: 'P1D', maxTaskRetryCount: 0 },
    });
    await client.job.update('js-states', { poolInfo: { poolId: 'js-none' } });
    expect(await client.job.get('js-states')).toMatchObject({ priority: 0 });
    const late = client.job.patch('js-states', { priority: 1 }, { jobPatchOptions: { ifMatch: added.eTag ?? '' } });
    expect(await stack.refusalOf(late)).toEqual({ statusCode: 412, code: 'ConditionNotMet' });
    await client.job.disable('js-states', anyCase('Requeue'));
    await eventually('disabled', async () => (await client.job.get('js-states')).state === 'disabled');
    await client.job.enable('js-states');
    await eventually('active', async () => (await client.job.get('js-states')).state === 'active');
    await client.job.terminate('js-states', { terminateReason: 'enough: ä "quoted"' });
    await eventually('completed', async () => (await client.job.get('js-states')).state === 'completed');
    expect((await client.job.get('js-states')).executionInfo?.terminateReason).toBe('enough: ä "quoted"');
  });

  test('are listed by pages of three', async () => {
    const ids = ['js-list-a', 'js-list-b', 'js-list-c', 'js-list-d'];
    for (const id of ids) await client.job.add({ id, poolInfo: { poolId: 'js-none' } });
    const filter = "startswith(id,'js-list-') and state eq 'ACTIVE'";
    const pages = await allOf(client.job.list({ jobListOptions: { maxResults: 3, filter } }), (link) =>
      client.job.listNext(link),
    );
    expect(pages.flat().map(({ id }) => id)).toEqual(ids);
    expect(pages[0]).toHaveLength(3);
    for (const id of ids) expect((await client.job.deleteMethod(id))._response.status).toBe(202);
  });
});

describe('job schedules', () => {
  const specification = { poolInfo: { poolId: 'js-nowhere' } };

  test('are added with a first job, listed by pages, change, pause and end', async () => {
    const ids = ['js-schedule-1', 'js-schedule-2', 'js-schedule-3', 'js-schedule-4'];
    const jobSpecification: BatchServiceModels.JobSpecification = {
      ...specification,
      onAllTasksComplete: anyCase('noAction'),
    };
    for (const id of ids)
      await client.jobSchedule.add({ id, schedule: { recurrenceInterval: 'P1D' }, jobSpecification });
    const first = await client.jobSchedule.get('js-schedule-1');
    const { creationTime, executionInfo, eTag = '' } = first;
    expect(executionInfo?.recentJob?.id).toBe('js-schedule-1:job-1');
    expect((executionInfo?.nextRunTime?.getTime() ?? 0) - (creationTime?.getTime() ?? 0)).toBe(24 * 3600_000);
    const pages = await allOf(
      client.jobSchedule.list({ jobScheduleListOptions: { maxResults: 3, filter: "startswith(id,'js-schedule')" } }),
      (link) => client.jobSchedule.listNext(link),
    );
    expect(pages.map((page) => page.map(({ id }) => id))).toEqual([ids.slice(0, 3), ids.slice(3)]);
    await client.jobSchedule.patch(
      'js-schedule-1',
      { metadata: [{ name: 'a', value: 'b' }] },
      { jobSchedulePatchOptions: { ifMatch: eTag } },
    );
    const stale = client.jobSchedule.update(
      'js-schedule-1',
      { schedule: {}, jobSpecification },
      { jobScheduleUpdateOptions: { ifMatch: eTag } },
    );
    await expect(stale).rejects.toMatchObject({ statusCode: 412, code: 'ConditionNotMet' });
    expect((await client.jobSchedule.disable('js-schedule-1'))._response.status).toBe(204);
    await client.jobSchedule.update('js-schedule-1', {
      schedule: { recurrenceInterval: 'PT1H', startWindow: 'PT5M' },
      jobSpecification: { ...jobSpecification, priority: 5 },
    });
    expect(await client.jobSchedule.get('js-schedule-1')).toMatchObject({
      state: 'disabled',
      schedule: { recurrenceInterval: 'PT1H', startWindow: 'PT5M' },
      jobSpecification: { priority: 5 },
    });
    expect((await client.jobSchedule.enable('js-schedule-1'))._response.status).toBe(204);
    const [[job] = []] = await allOf(
      client.job.listFromJobSchedule('js-schedule-1', {
        jobListFromJobScheduleOptions: { maxResults: 1, filter: "state eq 'active'" },
      }),
      (link) => client.job.listFromJobScheduleNext(link),
    );
    expect(job).toMatchObject({ id: 'js-schedule-1:job-1', state: 'active', priority: 0 });
    expect((await client.job.get('js-schedule-1:job-1')).url).toMatch(/\/jobs\/js-schedule-1%3Ajob-1$/);
    await expect(client.jobSchedule.add({ id: 'js-schedule-1', schedule: {}, jobSpecification })).rejects.toMatchObject(
      {
        statusCode: 409,
        code: 'JobScheduleExists',
      },
    );
    await expect(client.job.add({ id: 'js-schedule-1', ...specification })).rejects.toMatchObject({
      statusCode: 409,
      code: 'JobScheduleWithSameIdExists',
    });
    expect((await client.jobSchedule.terminate('js-schedule-1'))._response.status).toBe(202);
    await eventually(
      'a completed schedule',
      async () => (await client.jobSchedule.get('js-schedule-1')).state === 'completed',
      60_000,
      100,
    );
    expect(await client.job.get('js-schedule-1:job-1')).toMatchObject({
      state: 'completed',
      executionInfo: { terminateReason: 'TerminateJobSchedule' },
    });
    for (const id of ids) expect((await client.jobSchedule.deleteMethod(id))._response.status).toBe(202);
    await eventually('no schedule', async () => !(await client.jobSchedule.exists('js-schedule-1')).body, 60_000, 100);
  });
});

describe('a job with preparation and release', () => {
  test('prepares each node that gets a task, and no other', async () => {
    await client.job.add({
      id: jobId,
      poolInfo: { poolId },
      jobPreparationTask: { commandLine: "/bin/sh -c 'echo prepared > $AZ_BATCH_NODE_SHARED_DIR/js.txt'" },
      jobReleaseTask: { commandLine: "/bin/sh -c 'rm $AZ_BATCH_NODE_SHARED_DIR/js.txt'" },
    });
    expect(await client.job.listPreparationAndReleaseTaskStatus(jobId)).toHaveLength(0);
    await client.task.add(jobId, {
      id: 'Odd',
      commandLine: writeOddFiles,
      environmentSettings: [{ name: 'NAMES', value: oddNames.join('\n') }],
      constraints: { retentionTime: 'PT36H', maxTaskRetryCount: 1 },
    });
    await taskReached('Odd', 'completed');
    const task = await client.task.get(jobId, 'odd');
    expect(task).toMatchObject({
      executionInfo: { exitCode: 0, result: 'success' },
      constraints: { retentionTime: 'P1DT12H', maxTaskRetryCount: 1 },
    });
    const pages = await allOf(
      client.job.listPreparationAndReleaseTaskStatus(jobId, {
        jobListPreparationAndReleaseTaskStatusOptions: {
          filter: `nodeId eq '${task.nodeInfo?.nodeId}'`,
          maxResults: 3,
        },
      }),
      (link) => client.job.listPreparationAndReleaseTaskStatusNext(link),
    );
    expect(pages.flat()).toMatchObject([
      { poolId, nodeId: task.nodeInfo?.nodeId, jobPreparationTaskExecutionInfo: { exitCode: 0, result: 'success' } },
    ]);
  });

  test('takes a hundred tasks of which some exist already', async () => {
    await client.task.addCollection(
      jobId,
      [1, 50, 100].map((number) => ({ id: `t${number}`, commandLine: 'true' })),
    );
    const tasks = Array.from({ length: 100 }, (_, index) => ({ id: `T${index + 1}`, commandLine: 'true' }));
    const { value = [] } = await client.task.addCollection(jobId, tasks);
    const refused = value.filter(({ status }) => status === 'clienterror');
    expect(refused.map(({ taskId, error }) => [taskId, error?.code])).toEqual(
      ['T1', 'T50', 'T100'].map((id) => [id, 'TaskExists']),
    );
    expect(value.filter(({ status }) => status === 'success')).toHaveLength(97);
    const pages = await allOf(
      client.task.list(jobId, { taskListOptions: { maxResults: 40, filter: "startswith(id,'t')", select: 'id' } }),
      (link) => client.task.listNext(link),
    );
    expect(pages.map((page) => page.length)).toEqual([40, 40, 20]);
    await eventually(
      'all tasks counted as completed',
      async () => (await client.job.getTaskCounts(jobId)).taskCounts.succeeded === 101,
      60_000,
      200,
    );
  });

  test('has tasks that change, end by order, run again and go', async () => {
    await client.task.add(jobId, { id: 'Long', commandLine: 'sleep 600' });
    await client.task.update(jobId, 'Long', { constraints: { maxTaskRetryCount: 0, retentionTime: 'PT1H' } });
    expect((await client.task.get(jobId, 'Long')).constraints).toMatchObject({ retentionTime: 'PT1H' });
    await taskReached('Long', 'running');
    expect((await client.task.terminate(jobId, 'Long'))._response.status).toBe(204);
    await taskReached('Long', 'completed');
    expect((await client.task.reactivate(jobId, 'Long'))._response.status).toBe(204);
    await taskReached('Long', 'running');
    await client.task.terminate(jobId, 'Long');
    await taskReached('Long', 'completed');
    expect((await client.task.listSubtasks(jobId, 'Long')).value).toEqual([]);
    expect((await client.task.deleteMethod(jobId, 'Long'))._response.status).toBe(200);
    expect(await stack.refusalOf(client.task.get(jobId, 'Long'))).toEqual({ statusCode: 404, code: 'TaskNotFound' });
  });
});

describe('files', () => {
  test('of any name are listed, by pages of three, read and described, of a task and of its node', async () => {
    const { nodeInfo } = await client.task.get(jobId, 'Odd');
    const nodeId = nodeInfo?.nodeId ?? '';
    const root = nodeInfo?.taskRootDirectory ?? '';
    const ofTask = await allOf(
      client.file.listFromTask(jobId, 'Odd', { recursive: true, fileListFromTaskOptions: { maxResults: 3 } }),
      (link) => client.file.listFromTaskNext(link, { recursive: true }),
    );
    expect(ofTask.slice(0, -1).every((page) => page.length === 3)).toBe(true);
    const names = ofTask.flat().map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(oddNames.map((name) => `wd/${name}`)));
    const filter = `startswith(name,'${root}')`;
    const ofNode = await allOf(
      client.file.listFromComputeNode(poolId, nodeId, {
        recursive: true,
        fileListFromComputeNodeOptions: { maxResults: 3, filter },
      }),
      (link) => client.file.listFromComputeNodeNext(link, { recursive: true }),
    );
    expect(ofNode.flat().map(({ name }) => name)).toEqual(
      expect.arrayContaining(oddNames.map((name) => `${root}/wd/${name}`)),
    );
    for (const name of oddNames) {
      expect(await download(client.file.getFromTask(jobId, 'Odd', `wd/${name}`))).toBe(name);
      expect(await download(client.file.getFromComputeNode(poolId, nodeId, `${root}/wd/${name}`))).toBe(name);
      const { contentLength, ocpBatchFileUrl } = await client.file.getPropertiesFromTask(jobId, 'Odd', `wd/${name}`);
      expect(contentLength).toBe(Buffer.byteLength(name));
      const shown = decodeURIComponent(ocpBatchFileUrl ?? '').slice(stack.batchUrl.length);
      expect((await stack.send('GET', shown)).text).toBe(name);
      const ofNodeFile = await client.file.getPropertiesFromComputeNode(poolId, nodeId, `${root}/wd/${name}`);
      expect(ofNodeFile.contentLength).toBe(Buffer.byteLength(name));
    }
  }, 120_000);

  test('of any name are deleted, from a task and from its node; a full folder only with all it holds', async () => {
    const { nodeInfo } = await client.task.get(jobId, 'Odd');
    const [nodeId = '', root = ''] = [nodeInfo?.nodeId, nodeInfo?.taskRootDirectory];
    const [first = '', ...others] = oddNames;
    const gone = { statusCode: 404, code: 'FileNotFound' };
    expect((await client.file.deleteFromTask(jobId, 'Odd', `wd/${first}`))._response.status).toBe(200);
    expect(await stack.refusalOf(client.file.deleteFromTask(jobId, 'Odd', `wd/${first}`))).toEqual(gone);
    for (const name of others.slice(1))
      expect((await client.file.deleteFromComputeNode(poolId, nodeId, `${root}/wd/${name}`))._response.status).toBe(
        200,
      );
    expect(await stack.refusalOf(client.file.deleteFromTask(jobId, 'Odd', 'wd'))).toEqual({
      statusCode: 409,
      code: 'OperationInvalidForCurrentState',
    });
    await client.file.deleteFromTask(jobId, 'Odd', 'wd', { recursive: true });
    const left = await client.file.listFromTask(jobId, 'Odd', { recursive: true });
    expect(left.filter(({ name }) => name?.startsWith('wd'))).toEqual([]);
    expect(await stack.refusalOf(client.file.deleteFromComputeNode(poolId, nodeId, '../../x'))).toEqual(gone);
  });
});

describe('nodes', () => {
  test('are listed by pages, taken out of scheduling and back', async () => {
    const [first = ''] = nodeIds;
    const pages = await allOf(client.computeNode.list(poolId, { computeNodeListOptions: { maxResults: 1 } }), (link) =>
      client.computeNode.listNext(link),
    );
    expect(pages.flat().map(({ id }) => id)).toEqual([...nodeIds].sort());
    expect((await client.computeNode.disableScheduling(poolId, first))._response.status).toBe(200);
    expect((await client.computeNode.get(poolId, first)).schedulingState).toBe('disabled');
    expect(await stack.refusalOf(client.computeNode.disableScheduling(poolId, first))).toEqual({
      statusCode: 409,
      code: 'NodeAlreadyInTargetSchedulingState',
    });
    expect((await client.computeNode.enableScheduling(poolId, first))._response.status).toBe(200);
    await nodeReached(first, 'idle');
  });

  test('have no extensions', async () => {
    const [first = ''] = nodeIds;
    expect([...(await client.computeNodeExtension.list(poolId, first))]).toEqual([]);
    const next = linkTo(`/pools/${poolId}/nodes/${first}/extensions`);
    expect([...(await client.computeNodeExtension.listNext(next))]).toEqual([]);
    const get = client.computeNodeExtension.get(poolId, first, 'e');
    expect(await stack.refusalOf(get)).toEqual({ statusCode: 404, code: 'ResourceNotFound' });
  });

  test('are rebooted and reimaged', async () => {
    const [first = '', second = ''] = nodeIds;
    const { lastBootTime } = await client.computeNode.get(poolId, first);
    expect((await client.computeNode.reboot(poolId, first))._response.status).toBe(202);
    expect(
      (await client.computeNode.reimage(poolId, second, { nodeReimageOption: anyCase('TaskCompletion') }))._response
        .status,
    ).toBe(202);
    await eventually(
      'another boot',
      async () => {
        const { state, lastBootTime: now } = await client.computeNode.get(poolId, first);
        return state === 'idle' && now?.getTime() !== lastBootTime?.getTime();
      },
      60_000,
      100,
    );
    await nodeReached(second, 'idle');
  });
});

test('the job ends, each node that it ran on is released, and every client sees that', async () => {
  await client.job.terminate(jobId);
  await eventually('the end of the job', async () => (await client.job.get(jobId)).state === 'completed', 60_000, 100);
  const status = [...(await client.job.listPreparationAndReleaseTaskStatus(jobId))];
  expect(status.length).toBeGreaterThan(0);
  const files = await client.file.listFromComputeNode(poolId, nodeIds[0] ?? '', { recursive: true });
  expect(files.map(({ name }) => name)).not.toContain('shared/js.txt');
  await client.job.deleteMethod(jobId);
  await eventually(
    'no job',
    async () => (await stack.refusalOf(client.job.get(jobId))).code === 'JobNotFound',
    60_000,
    100,
  );
});

describe('a pool', () => {
  test('is resized, which can be stopped, loses a node, and goes', async () => {
    const [first = '', second = ''] = nodeIds;
    await client.job.add({ id: 'js-busy', poolInfo: { poolId } });
    await client.task.addCollection(
      'js-busy',
      [1, 2].map((number) => ({ id: `busy${number}`, commandLine: 'sleep 600' })),
    );
    await nodeReached(first, 'running');
    await nodeReached(second, 'running');
    await client.pool.resize(poolId, { targetDedicatedNodes: 0, nodeDeallocationOption: 'taskcompletion' });
    expect(await stack.refusalOf(client.pool.resize(poolId, { targetDedicatedNodes: 1 }))).toEqual({
      statusCode: 409,
      code: 'PoolBeingResized',
    });
    await client.pool.stopResize(poolId);
    await poolSteady();
    expect((await client.pool.get(poolId)).currentDedicatedNodes).toBe(2);
    await client.pool.removeNodes(poolId, { nodeList: [first], nodeDeallocationOption: 'terminate' });
    await poolSteady();
    expect((await fleetOf()).map(({ id }) => id)).toEqual([second]);
    await client.job.deleteMethod('js-busy');
    for (const id of ['js-list-1', 'js-list-2', 'js-list-3', 'js-list-4', poolId])
      expect((await client.pool.deleteMethod(id))._response.status).toBe(202);
    await eventually('no pool', async () => !(await client.pool.exists(poolId)).body, 60_000, 100);
  });
});

describe('the account', () => {
  test('has images that pools can name, by filters and pages of three', async () => {
    const all = [...(await client.account.listSupportedImages())];
    expect(all[0]).toMatchObject({
      osType: 'linux',
      verificationType: 'verified',
      imageReference: { version: 'latest' },
    });
    const filter = "osType eq 'linux' and nodeAgentSKUId ne 'batch.node.debian 11'";
    const options = { accountListSupportedImagesOptions: { filter, maxResults: 3 } };
    const first = await client.account.listSupportedImages(options);
    expect(first).toHaveLength(3);
    const second = await client.account.listSupportedImagesNext(first.odatanextLink ?? '');
    expect([...first, ...second]).toHaveLength(all.length - 1);
  });

  test('has the applications that its deployment declares, and no certificates', async () => {
    const pages = await allOf(client.application.list({ applicationListOptions: { maxResults: 3 } }), (link) =>
      client.application.listNext(link),
    );
    expect(pages.map((page) => page.map(({ id }) => id))).toEqual([['four', 'one', 'three'], ['two']]);
    expect(await client.application.get('ONE')).toMatchObject({ displayName: 'Tool one', versions: ['1.0', '2.0'] });
    const none = client.application.get('a');
    expect(await stack.refusalOf(none)).toEqual({ statusCode: 404, code: 'ApplicationNotFound' });
    expect([...(await client.certificate.list())]).toEqual([]);
    expect([...(await client.certificate.listNext(linkTo('/certificates')))]).toEqual([]);
  });
});

// Last, as it speaks of all that was called before.
test('no operation of the client was forgotten: each one worked, or is refused with its code', async () => {
  const { pool, computeNode: node } = client;
  await Promise.allSettled([
    pool.enableAutoScale('p', { autoScaleFormula: '$TargetDedicated=1' }),
    pool.disableAutoScale('p'),
    pool.evaluateAutoScale('p', '$TargetDedicated=1'),
    pool.listUsageMetrics(),
    pool.listUsageMetricsNext(linkTo('/poolusagemetrics')),
    pool.getAllLifetimeStatistics(),
    client.job.getAllLifetimeStatistics(),
    client.job.listFromJobScheduleNext(linkTo('/jobschedules/s/jobs')),
    client.certificate.add({ thumbprint: 'a1', thumbprintAlgorithm: 'sha1', data: 'YQ==' }),
    client.certificate.get('sha1', 'a1'),
    client.certificate.deleteMethod('sha1', 'a1'),
    client.certificate.cancelDeletion('sha1', 'a1'),
    node.addUser('p', 'n', { name: 'u' }),
    node.updateUser('p', 'n', 'u', {}),
    node.deleteUser('p', 'n', 'u'),
    node.getRemoteDesktop('p', 'n'),
    node.getRemoteLoginSettings('p', 'n'),
    node.uploadBatchServiceLogs('p', 'n', { containerUrl: 'https://c', startTime: new Date('2026-01-01') }),
  ]);
  const seen = [...outcomes].map(([name, met]) => [
    name,
    met.has('ok') ? 'ok' : [...met].sort().join(' ') || 'never called',
  ]);
  const notOk = Object.fromEntries(seen.filter(([, met]) => met !== 'ok')) as Record<string, string>;
  // A download that is refused comes to this client without its body, a HEAD has none: only the status is left.
  for (const [name, met] of Object.entries(notOk)) if (met === '400') notOk[name] = 'NotImplemented';
  expect(notOk).toEqual(refusedOperations);
});

test('no operation of Batch that is served was forgotten', () => {
  // No node has extensions, so there is none that could be shown.
  const isMeant = ({ name, isExtension }: OperationDefinition): boolean =>
    isExtension !== true && name !== 'get-node-extension';
  expect(stack.unexercised(isMeant)).toEqual([]);
});

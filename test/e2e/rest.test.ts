// The REST operations of the whole stack, by the unmodified @azure/batch client and by raw requests that it signs:
// statuses, headers, bodies, refusals, pages, filters. No nodes here; what nodes do is rest-nodes.test.ts.
// Runs the compiled programs (`npm test` builds first).
import { fileURLToPath } from 'node:url';
import type { BatchServiceModels } from '@azure/batch';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listFunctions } from '../../local/functions-host/index.js';
import { allOperations } from '../../shared/api/all-operations.js';
import { describeApi } from '../../shared/api/describe-api.js';
import { eventually } from '../helpers/eventually.js';
import { startRestStack, version, type Refusal, type RestStack } from './rest-stack.js';

let stack: RestStack;
beforeAll(async () => {
  stack = await startRestStack();
});
afterAll(() => stack.stop());

const unlimited = 'P10675199DT2H48M5.4775807S';
const guid = /^[0-9a-f-]{36}$/;

/** A pool without nodes, so that what is added stays as it is. */
async function addPool(id: string): Promise<void> {
  await stack.client.pool.add({ id, vmSize: 'small', targetDedicatedNodes: 0 });
}

async function addJob(id: string, more: object = {}): Promise<void> {
  const answer = await stack.send('POST', '/jobs', { id, poolInfo: { poolId: 'nowhere' }, ...more });
  expect(answer).toMatchObject({ status: 201, text: '' });
}

async function addTasks(jobId: string, count: number): Promise<void> {
  const tasks = Array.from({ length: count }, (_, index) => ({
    id: `task${String(index + 1).padStart(3, '0')}`,
    commandLine: 'true',
  }));
  await stack.client.task.addCollection(jobId, tasks);
}

const refusal = async (answer: Promise<unknown>): Promise<Refusal> => stack.refusalOf(answer);

test('the app registers exactly these functions', async () => {
  const functions = await listFunctions({ appDir: fileURLToPath(new URL('../../', import.meta.url)) });
  const described = functions.map(({ name, bindings }) => {
    const [trigger = {}] = bindings.filter(({ direction }) => direction === 'in') as Record<string, unknown>[];
    return [
      name,
      trigger['type'],
      ...['methods', 'route', 'authLevel', 'queueName', 'isSessionsEnabled', 'cardinality', 'schedule'].flatMap(
        (option) => (trigger[option] === undefined ? [] : [String(trigger[option])]),
      ),
    ].join(' ');
  });
  const operations = allOperations.map(({ name, verb, route }) => `${name} httpTrigger ${verb} ${route} anonymous`);
  const beside = [
    'catch-all httpTrigger GET,HEAD,POST,PUT,PATCH,DELETE,OPTIONS {*path} anonymous',
    'get-api-description httpTrigger GET openapi.json anonymous',
    'health httpTrigger GET health anonymous',
    'keep-dead-letters-of-job-events serviceBusTrigger job-events/$DeadLetterQueue',
    'keep-dead-letters-of-node-orders serviceBusTrigger node-orders/$DeadLetterQueue',
    'keep-dead-letters-of-pool-capacity serviceBusTrigger pool-capacity/$DeadLetterQueue',
    'react-to-job-events serviceBusTrigger job-events true many',
    'sweep timerTrigger 0 5-55/5 * * * *',
    'sweep-every-pool timerTrigger 0 0 * * * *',
  ];
  expect(described.sort()).toEqual([...operations, ...beside].sort());
});

describe('pools', () => {
  test('are added, shown, found to exist, listed and deleted', async () => {
    const { client } = stack;
    const added = await client.pool.add({
      id: 'Pools-1',
      vmSize: 'standard_d2_v3',
      virtualMachineConfiguration: {
        imageReference: { publisher: 'canonical', offer: 'ubuntuserver', sku: '18.04-lts' },
        nodeAgentSKUId: 'batch.node.ubuntu 18.04',
      },
      targetDedicatedNodes: 0,
      taskSchedulingPolicy: { nodeFillType: 'pack' },
    });
    expect(added._response.status).toBe(201);
    expect(added._response.headers.get('etag')).toMatch(/^0x[0-9A-F]{15}$/);
    expect(added._response.headers.get('dataserviceversion')).toBe('3.0');
    expect(added._response.headers.get('request-id')).toMatch(guid);
    expect(added._response.headers.get('location')).toBe(`${stack.batchUrl}/pools/Pools-1`);
    expect(added._response.headers.get('dataserviceid')).toBe(`${stack.batchUrl}/pools/Pools-1`);

    const shown = await client.pool.get('pools-1');
    expect(shown).toMatchObject({
      id: 'Pools-1',
      state: 'active',
      url: `${stack.batchUrl}/pools/Pools-1`,
      targetDedicatedNodes: 0,
      currentDedicatedNodes: 0,
      taskSlotsPerNode: 1,
      taskSchedulingPolicy: { nodeFillType: 'pack' },
      resizeTimeout: 'PT15M',
      virtualMachineConfiguration: { imageReference: { version: 'latest' } },
      eTag: shown._response.headers.get('etag'),
    });
    expect((await client.pool.exists('Pools-1')).body).toBe(true);
    expect((await client.pool.exists('nowhere')).body).toBe(false);
    expect(
      (await client.pool.list({ poolListOptions: { filter: "id eq 'POOLS-1'", select: 'id' } })).map((pool) => ({
        ...pool,
      })),
    ).toEqual([{ id: 'Pools-1' }]);

    expect(await refusal(client.pool.add({ id: 'pools-1', vmSize: 'small' }))).toMatchObject({
      statusCode: 409,
      code: 'PoolExists',
    });
    const deleted = await client.pool.deleteMethod('Pools-1');
    expect(deleted._response.status).toBe(202);
    expect(deleted._response.headers.get('etag')).toBeUndefined();
    await eventually('the end of the pool', async () => !(await client.pool.exists('Pools-1')).body);
  });

  test('are not found under ids that do not exist', async () => {
    expect(await refusal(stack.client.pool.get('nowhere'))).toMatchObject({ statusCode: 404, code: 'PoolNotFound' });
    expect(await refusal(stack.client.computeNode.list('nowhere'))).toMatchObject({
      statusCode: 404,
      code: 'PoolNotFound',
    });
    await addPool('Pools-2');
    expect([...(await stack.client.computeNode.list('Pools-2'))]).toEqual([]);
    expect(await refusal(stack.client.computeNode.get('Pools-2', 'n'))).toMatchObject({
      statusCode: 404,
      code: 'NodeNotFound',
    });
    expect(await refusal(stack.client.file.listFromComputeNode('Pools-2', 'n'))).toMatchObject({
      statusCode: 404,
      code: 'NodeNotFound',
    });
  });
});

describe('jobs', () => {
  test('are added and shown with every default', async () => {
    await stack.client.job.add({
      id: 'Jobs-1',
      poolInfo: { poolId: 'nowhere' },
      jobPreparationTask: { commandLine: 'prepare' },
      jobReleaseTask: { commandLine: 'release' },
    });
    const { body } = await stack.send('GET', '/jobs/JOBS-1');
    const userIdentity = { autoUser: { scope: 'pool', elevationLevel: 'nonadmin' } };
    expect(body).toMatchObject({
      'odata.metadata': `${stack.batchUrl}/$metadata#jobs/@Element`,
      id: 'Jobs-1',
      url: `${stack.batchUrl}/jobs/Jobs-1`,
      state: 'active',
      priority: 0,
      maxParallelTasks: -1,
      usesTaskDependencies: false,
      allowTaskPreemption: false,
      constraints: { maxWallClockTime: unlimited, maxTaskRetryCount: 0 },
      jobPreparationTask: {
        id: 'jobpreparation',
        constraints: { maxWallClockTime: unlimited, retentionTime: 'P7D', maxTaskRetryCount: 0 },
        userIdentity,
        waitForSuccess: true,
        rerunOnNodeRebootAfterSuccess: true,
      },
      jobReleaseTask: { id: 'jobrelease', maxWallClockTime: 'PT15M', retentionTime: 'P7D', userIdentity },
      poolInfo: { poolId: 'nowhere' },
      executionInfo: { poolId: 'nowhere' },
      onAllTasksComplete: 'noaction',
      onTaskFailure: 'noaction',
    });
    expect(Object.keys(body)).not.toContain('previousState');
  });

  test('are refused when there is one of that id, in any letter case', async () => {
    await addJob('Jobs-2');
    const twice = stack.client.job.add({ id: 'jobs-2', poolInfo: { poolId: 'P' } });
    expect(await refusal(twice)).toMatchObject({ statusCode: 409, code: 'JobExists' });
  });

  test('that never ran complete when they are terminated, and tell the reason', async () => {
    await addJob('Jobs-3');
    const answer = await stack.client.job.terminate('Jobs-3');
    expect(answer._response.status).toBe(202);
    expect(answer._response.headers.get('dataserviceid')).toBe(`${stack.batchUrl}/jobs/Jobs-3/terminate`);
    const job = await stack.client.job.get('Jobs-3');
    expect(job).toMatchObject({ state: 'completed', executionInfo: { terminateReason: 'UserTerminate' } });
    expect(await refusal(stack.client.job.terminate('Jobs-3'))).toMatchObject({
      statusCode: 409,
      code: 'JobCompleted',
    });
    expect(await refusal(stack.client.task.add('Jobs-3', { id: 't', commandLine: 'c' }))).toMatchObject({
      statusCode: 409,
      code: 'JobCompleted',
    });
    expect((await stack.client.job.deleteMethod('Jobs-3'))._response.status).toBe(202);
    await eventually(
      'the end of the job',
      async () => (await refusal(stack.client.job.get('Jobs-3'))).code === 'JobNotFound',
    );
  });

  test('keep the reason that was given', async () => {
    await addJob('Jobs-4');
    await stack.client.job.terminate('Jobs-4', { terminateReason: 'enough' });
    expect((await stack.client.job.get('Jobs-4')).executionInfo?.terminateReason).toBe('enough');
  });

  test('have a preparation and release status only with a preparation', async () => {
    await addJob('Jobs-5');
    await addJob('Jobs-6', { jobPreparationTask: { commandLine: 'p' } });
    const list = async (id: string): Promise<unknown[]> => [
      ...(await stack.client.job.listPreparationAndReleaseTaskStatus(id)),
    ];
    expect(await refusal(list('Jobs-5'))).toMatchObject({ statusCode: 409, code: 'JobPreparationTaskNotSpecified' });
    expect(await list('Jobs-6')).toEqual([]);
    expect(await refusal(list('nowhere'))).toMatchObject({ statusCode: 404, code: 'JobNotFound' });
  });

  test('are listed by pages, filters and selections', async () => {
    for (const id of ['List-a', 'List-b', 'List-c', 'List-d']) await addJob(id, { displayName: id });
    await stack.client.job.terminate('List-b');
    const list = async (query: string): Promise<unknown[]> => (await stack.sendAll(`/jobs?${query}`)).flat();
    const filter = (expression: string): string => `$select=id&$filter=${encodeURIComponent(expression)}`;
    const ids = (...names: string[]): unknown[] => names.map((id) => ({ id }));
    expect(await list(filter("startswith(id,'list-')"))).toEqual(ids('List-a', 'List-b', 'List-c', 'List-d'));
    expect(await list(filter("startswith(id, 'List') and state eq 'Completed'"))).toEqual(ids('List-b'));
    expect(
      await list(filter("startswith(id,'List') and state ne 'completed' and executionInfo/poolId eq 'NOWHERE'")),
    ).toEqual(ids('List-a', 'List-c', 'List-d'));
    expect(await list(filter("id eq 'List-d' or id eq 'list-a' or id eq 'none'"))).toEqual(ids('List-a', 'List-d'));
    expect(await list(filter("startswith(id,'List') and creationTime lt DateTime'2020-01-01T00:00:00Z'"))).toEqual([]);
    expect(
      await list('maxresults=2&$select=id%2C%20displayName&$filter=' + encodeURIComponent("startswith(id,'List')")),
    ).toEqual(['List-a', 'List-b', 'List-c', 'List-d'].map((id) => ({ id, displayName: id })));
  });

  test('answer to conditions', async () => {
    await addJob('Jobs-7');
    const job = await stack.client.job.get('Jobs-7');
    const etag = job.eTag ?? '';
    const read = (headers: Record<string, string>) => stack.send('GET', '/jobs/Jobs-7', undefined, headers);
    expect(await read({ 'if-match': etag })).toMatchObject({ status: 200 });
    expect(await read({ 'if-match': `"${etag}"` })).toMatchObject({ status: 200 });
    expect(await read({ 'if-none-match': etag })).toMatchObject({ status: 304, text: '' });
    expect(await read({ 'if-modified-since': new Date(Date.parse('2035-01-01')).toUTCString() })).toMatchObject({
      status: 304,
    });
    expect(await read({ 'if-unmodified-since': new Date(Date.parse('2020-01-01')).toUTCString() })).toMatchObject({
      status: 304,
    });
    const terminate = stack.client.job.terminate('Jobs-7', { jobTerminateOptions: { ifMatch: '0x1' } });
    expect(await refusal(terminate)).toMatchObject({ statusCode: 412, code: 'ConditionNotMet' });
    const remove = stack.client.job.deleteMethod('Jobs-7', { jobDeleteMethodOptions: { ifNoneMatch: etag } });
    expect(await refusal(remove)).toMatchObject({ statusCode: 412, code: 'ConditionNotMet' });
    expect((await stack.client.job.get('Jobs-7')).state).toBe('active');
  });
});

describe('tasks', () => {
  test('are added, shown, listed by pages and deleted', async () => {
    await addJob('Tasks-1', { constraints: { maxTaskRetryCount: 2 } });
    const added = await stack.client.task.add('Tasks-1', {
      id: 'One',
      commandLine: 'echo',
      environmentSettings: [{ name: 'A', value: 'ä' }],
    });
    expect(added._response.status).toBe(201);
    expect(added._response.headers.get('location')).toBe(`${stack.batchUrl}/jobs/Tasks-1/tasks/One`);
    const shown = await stack.client.task.get('tasks-1', 'one');
    expect(shown).toMatchObject({
      id: 'One',
      state: 'active',
      commandLine: 'echo',
      environmentSettings: [{ name: 'A', value: 'ä' }],
      constraints: { maxWallClockTime: unlimited, retentionTime: 'P7D', maxTaskRetryCount: 2 },
      requiredSlots: 1,
      executionInfo: { retryCount: 0, requeueCount: 0 },
      eTag: added._response.headers.get('etag'),
    });
    expect(await refusal(stack.client.task.add('Tasks-1', { id: 'ONE', commandLine: 'c' }))).toMatchObject({
      statusCode: 409,
      code: 'TaskExists',
    });

    await addTasks('Tasks-1', 8);
    const { client } = stack;
    let page: BatchServiceModels.TaskListResponse = await client.task.list('Tasks-1', {
      taskListOptions: { maxResults: 3 },
    });
    const pages = [page.map(({ id }) => id)];
    while (page.odatanextLink !== undefined) {
      page = await client.task.listNext(page.odatanextLink);
      pages.push(page.map(({ id }) => id));
    }
    const ids = ['One', ...Array.from({ length: 8 }, (_, index) => `task00${index + 1}`)];
    expect(pages).toEqual([ids.slice(0, 3), ids.slice(3, 6), ids.slice(6)]);

    expect((await client.task.deleteMethod('Tasks-1', 'One'))._response.status).toBe(200);
    expect(await refusal(client.task.get('Tasks-1', 'One'))).toMatchObject({ statusCode: 404, code: 'TaskNotFound' });
    expect(await refusal(client.task.get('nowhere', 'One'))).toMatchObject({ statusCode: 404, code: 'JobNotFound' });
    expect(await refusal(client.task.list('nowhere'))).toMatchObject({ statusCode: 404, code: 'JobNotFound' });
  });

  test('of a collection are added or refused one by one', async () => {
    await addJob('Tasks-2', { jobPreparationTask: { commandLine: 'p' }, jobReleaseTask: { commandLine: 'r' } });
    await addTasks('Tasks-2', 1);
    const value = [
      { id: 'task001', commandLine: 'c' },
      { id: 'fresh', commandLine: 'c' },
      { id: 'Fresh', commandLine: 'c' },
      { id: 'JobPreparation', commandLine: 'c' },
      { id: 'jobrelease', commandLine: 'c' },
      { id: 'mute' },
      { id: 'needy', commandLine: 'c', containerSettings: { imageName: 'i' } },
    ];
    const answer = await stack.send('POST', '/jobs/Tasks-2/addtaskcollection', { value });
    expect(answer).toMatchObject({
      status: 200,
      body: { 'odata.metadata': `${stack.batchUrl}/$metadata#taskaddresult` },
    });
    const results = answer.body['value'] as { taskId: string; status: string; error?: { code: string } }[];
    expect(Object.fromEntries(results.map(({ taskId, status, error }) => [taskId, [status, error?.code]]))).toEqual({
      task001: ['clienterror', 'TaskExists'],
      fresh: ['success', undefined],
      Fresh: ['clienterror', 'TaskExists'],
      JobPreparation: ['clienterror', 'TaskIdSameAsJobPreparationTask'],
      jobrelease: ['clienterror', 'TaskIdSameAsJobReleaseTask'],
      mute: ['clienterror', 'MissingRequiredProperty'],
      needy: ['clienterror', 'UnsupportedProperty'],
    });
    expect((await stack.client.task.list('Tasks-2')).map(({ id }) => id)).toEqual(['fresh', 'task001']);
    expect(await refusal(stack.client.task.add('Tasks-2', { id: 'jobpreparation', commandLine: 'c' }))).toMatchObject({
      statusCode: 409,
      code: 'TaskIdSameAsJobPreparationTask',
    });
  });

  test('come a hundred at once', async () => {
    await addJob('Tasks-3');
    await addTasks('Tasks-3', 100);
    expect(await stack.client.task.list('Tasks-3')).toHaveLength(100);
    const more = await stack.send('POST', '/jobs/Tasks-3/addtaskcollection', {
      value: Array.from({ length: 101 }, (_, index) => ({ id: `m${index}`, commandLine: 'c' })),
    });
    expect(more).toMatchObject({ status: 400, body: { code: 'InvalidPropertyValue' } });
  });

  test('are polled by their ids, filtered and selected from', async () => {
    await addJob('Tasks-4');
    await addTasks('Tasks-4', 20);
    const ids = ['task020', 'task001', 'task007', 'none'];
    const filter = ids.map((id) => `id eq '${id}'`).join(' or ');
    const polled = await stack.client.task.list('Tasks-4', { taskListOptions: { filter, select: 'id,state' } });
    expect(polled.map((task) => ({ ...task }))).toEqual(
      ['task001', 'task007', 'task020'].map((id) => ({ id, state: 'active' })),
    );
    const paged = await stack.sendAll(
      `/jobs/Tasks-4/tasks?maxresults=3&$select=id&$filter=${encodeURIComponent("id ge 'TASK015' and state eq 'active'")}`,
    );
    expect(paged.flat()).toEqual(
      ['task015', 'task016', 'task017', 'task018', 'task019', 'task020'].map((id) => ({ id })),
    );
    expect(Math.max(...paged.map((page) => page.length))).toBeLessThanOrEqual(3);
  });

  test('have no files before they were on a node', async () => {
    await addJob('Tasks-5');
    await addTasks('Tasks-5', 1);
    expect(await refusal(stack.client.file.listFromTask('Tasks-5', 'task001'))).toMatchObject({
      statusCode: 409,
      code: 'TaskFilesUnavailable',
    });
    expect(await stack.send('HEAD', '/jobs/Tasks-5/tasks/task001/files/stdout.txt')).toMatchObject({
      status: 409,
      text: '',
    });
    expect(await stack.send('GET', '/jobs/Tasks-5/tasks/none/files/wd%2Fx.txt')).toMatchObject({
      status: 404,
      body: { code: 'TaskNotFound' },
    });
  });
});

describe('a refusal', () => {
  test.each<[string, string, string, unknown, number, string, string | undefined]>([
    ['a body that is no JSON', 'POST', '/jobs', '{"id":', 400, 'InvalidRequestBody', undefined],
    ['a body that is a list', 'POST', '/jobs', [], 400, 'InvalidRequestBody', undefined],
    ['no body', 'POST', '/jobs', undefined, 400, 'InvalidRequestBody', undefined],
    ['a missing property', 'POST', '/jobs', { id: 'R' }, 400, 'MissingRequiredProperty', 'poolInfo'],
    [
      'a wrong type',
      'POST',
      '/pools',
      { id: 'R', vmSize: 's', targetDedicatedNodes: 'two' },
      400,
      'InvalidPropertyValue',
      'targetDedicatedNodes',
    ],
    [
      'a value out of range',
      'POST',
      '/jobs',
      { id: 'R', poolInfo: { poolId: 'P' }, priority: 5000 },
      400,
      'InvalidPropertyValue',
      'priority',
    ],
    [
      'an unknown property',
      'POST',
      '/jobs',
      { id: 'R', poolInfo: { poolId: 'P' }, colour: 1 },
      400,
      'UnsupportedProperty',
      'colour',
    ],
    [
      'what is not supported yet',
      'POST',
      '/pools',
      { id: 'R', vmSize: 's', mountConfiguration: [{ nfsMountConfiguration: { source: 's' } }] },
      400,
      'UnsupportedProperty',
      'mountConfiguration',
    ],
    [
      'a release alone',
      'POST',
      '/jobs',
      { id: 'R', poolInfo: { poolId: 'P' }, jobReleaseTask: { commandLine: 'c' } },
      400,
      'InvalidPropertyValue',
      'jobReleaseTask',
    ],
    [
      'a way to disable that Batch does not have',
      'POST',
      '/jobs/J/disable',
      { disableTasks: 'pause' },
      400,
      'InvalidPropertyValue',
      'disableTasks',
    ],
    [
      'an operation that is not supported yet, without body',
      'POST',
      '/pools/P/disableautoscale',
      undefined,
      400,
      'NotImplemented',
      undefined,
    ],
    ['a verb that the path does not have', 'PUT', '/jobs', {}, 405, 'UnsupportedHttpVerb', undefined],
    ['a path that nothing has', 'GET', '/nothing/at/all', undefined, 404, 'ResourceNotFound', undefined],
    [
      'a page that is too large',
      'GET',
      '/jobs?maxresults=1001',
      undefined,
      400,
      'OutOfRangeQueryParameterValue',
      undefined,
    ],
    [
      'a token that was never given',
      'GET',
      '/jobs?$skiptoken=1Zm9v',
      undefined,
      400,
      'InvalidQueryParameterValue',
      undefined,
    ],
    ['a token that is garbage', 'GET', '/jobs?$skiptoken=%00', undefined, 400, 'InvalidUri', undefined],
    [
      'a filter that is none',
      'GET',
      '/jobs?$filter=id%20is%20J',
      undefined,
      400,
      'InvalidQueryParameterValue',
      undefined,
    ],
    ['a selection of nothing', 'GET', '/jobs?$select=colour', undefined, 400, 'InvalidQueryParameterValue', undefined],
    ['a query parameter of nothing', 'GET', '/jobs?colour=red', undefined, 400, 'UnsupportedQueryParameter', undefined],
    ['an id that cannot exist', 'GET', '/jobs/a%2Fb', undefined, 400, 'InvalidUri', undefined],
  ])('for %s has its status and code', async (_, method, target, body, status, code, propertyName) => {
    const answer = await stack.send(method, target, body);
    expect(answer).toMatchObject({
      status,
      body: {
        code,
        message: {
          lang: 'en-US',
          value: expect.stringMatching(/\nRequestId:[0-9a-f-]{36}\nTime:\d{4}-.*Z$/) as string,
        },
        'odata.metadata': expect.stringContaining('errors/@Element') as string,
      },
    });
    expect(answer.headers['content-type']).toBe('application/json;odata=minimalmetadata');
    if (propertyName !== undefined) {
      expect(answer.body['values']).toContainEqual({ key: 'PropertyName', value: propertyName });
    }
  });

  test('names the operation that is not supported', async () => {
    const { body } = await stack.send('POST', '/pools/P/enableautoscale', { autoScaleFormula: '$TargetDedicated=1' });
    expect(body).toMatchObject({
      code: 'NotImplemented',
      message: { value: expect.stringContaining("'enable-auto-scale'") as string },
    });
  });

  test('for a HEAD has no body', async () => {
    expect(await stack.send('HEAD', '/jobs/J')).toMatchObject({ status: 405, text: '' });
  });

  test('meets a wrong key, a wrong account and no key at all', async () => {
    const wrongKey = await stack.connectWith({ key: Buffer.from('wrong'.repeat(6)).toString('base64') });
    expect(await refusal(wrongKey.job.list())).toMatchObject({ statusCode: 403, code: 'AuthenticationFailed' });
    const wrongAccount = await stack.connectWith({ account: 'somebody' });
    expect(await refusal(wrongAccount.pool.get('P'))).toMatchObject({ statusCode: 403, code: 'AuthenticationFailed' });
    for (const target of ['/jobs', '/nothing', '/pools/P/resize']) {
      const unsigned = await stack.ask(`${target}?${version}`);
      expect([unsigned.status, await unsigned.json()]).toMatchObject([400, { code: 'MissingRequiredHeader' }]);
    }
    const versionless = await stack.ask('/jobs');
    expect([versionless.status, await versionless.json()]).toMatchObject([
      400,
      { code: 'MissingRequiredQueryParameter' },
    ]);
  });
});

test('health is told to everyone, and nothing else with it', async () => {
  const answer = await stack.ask('/health');
  expect([answer.status, await answer.text()]).toEqual([200, '']);
});

test('the description of the API is told to everyone', async () => {
  const answer = await stack.ask('/openapi.json');
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/json']);
  expect(await answer.json()).toEqual(JSON.parse(JSON.stringify(describeApi())));
});

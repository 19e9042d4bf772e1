// The REST operations that need nodes: files of nodes and tasks, preparation and release status, by the unmodified @azure/batch client.
// Runs the compiled programs (`npm test` builds first).
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../helpers/eventually.js';
import { joinTokenOf } from '../helpers/join-token.js';
import { startRestStack, version, type RawAnswer, type RestStack } from './rest-stack.js';

const poolId = 'Nodes';
const jobId = 'NodeJob';
let stack: RestStack;
let nodeId: string;

beforeAll(async () => {
  stack = await startRestStack();
  const { client } = stack;
  await client.pool.add({ id: poolId, vmSize: 'small', targetDedicatedNodes: 1 });
  await client.job.add({
    id: jobId,
    poolInfo: { poolId },
    jobPreparationTask: { commandLine: "/bin/sh -c 'echo prepared > $AZ_BATCH_NODE_SHARED_DIR/it.txt'" },
    jobReleaseTask: { commandLine: "/bin/sh -c 'exit 3'" },
  });
  await client.task.add(jobId, {
    id: 'Writer',
    commandLine: '/bin/sh -c \'echo 0123456789; mkdir sub; echo deep > "sub/out put.txt"; exit 7\'',
  });
  await eventually(
    'the end of the task',
    async () => (await client.task.get(jobId, 'Writer')).state === 'completed',
    60_000,
  );
  nodeId = (await client.computeNode.list(poolId))[0]?.id ?? '';
}, 150_000);
afterAll(() => stack.stop());

async function download(answer: Promise<{ readableStreamBody?: NodeJS.ReadableStream }>): Promise<string> {
  const { readableStreamBody } = await answer;
  if (!readableStreamBody) throw new Error('There is no content.');
  return (await buffer(readableStreamBody)).toString('utf8');
}

const names = (page: readonly { name?: string }[]): (string | undefined)[] => page.map(({ name }) => name);

describe('a task that ended', () => {
  test('tells its result and where it ran', async () => {
    expect(await stack.client.task.get(jobId, 'writer')).toMatchObject({
      state: 'completed',
      previousState: 'running',
      executionInfo: {
        exitCode: 7,
        result: 'failure',
        failureInfo: { category: 'usererror', code: 'FailureExitCode' },
        retryCount: 0,
        requeueCount: 0,
      },
      nodeInfo: {
        poolId,
        nodeId,
        affinityId: `TVM:${nodeId}`,
        nodeUrl: `${stack.batchUrl}/pools/${poolId}/nodes/${nodeId}`,
        taskRootDirectory: `workitems/${jobId}/job-1/Writer`,
      },
    });
  });

  test('is found by its exit code and result', async () => {
    const list = async (filter: string): Promise<number> =>
      (await stack.client.task.list(jobId, { taskListOptions: { filter } })).length;
    expect(await list("executionInfo/exitCode gt 6 and executionInfo/result eq 'failure'")).toBe(1);
    expect(await list('executionInfo/exitCode eq 0')).toBe(0);
  });
});

describe('the files of a task', () => {
  test('are listed below its folder', async () => {
    const { client } = stack;
    expect(names(await client.file.listFromTask(jobId, 'writer'))).toEqual(['certs', 'stderr.txt', 'stdout.txt', 'wd']);
    const all = await client.file.listFromTask(jobId, 'Writer', { recursive: true });
    expect(names(all)).toEqual(['certs', 'stderr.txt', 'stdout.txt', 'wd', 'wd/sub', 'wd/sub/out put.txt']);
    const stdout = all.find(({ name }) => name === 'stdout.txt');
    expect(stdout).toMatchObject({
      url: `${stack.batchUrl}/jobs/${jobId}/tasks/Writer/files/stdout.txt`,
      isDirectory: false,
      properties: { contentLength: 11, contentType: 'text/plain' },
    });
    expect(all.find(({ name }) => name === 'wd')?.properties).toBeUndefined();
  });

  test('are listed by pages and by the start of their names', async () => {
    const pages = await stack.sendAll(`/jobs/${jobId}/tasks/Writer/files?recursive=true&maxresults=2`);
    expect(pages.map((page) => page.length)).toEqual([2, 2, 2]);
    const filter = encodeURIComponent("startswith(name,'wd/')");
    const [found] = await stack.sendAll(`/jobs/${jobId}/tasks/Writer/files?recursive=true&$filter=${filter}`);
    expect(names(found as { name: string }[])).toEqual(['wd/sub', 'wd/sub/out put.txt']);
  });

  test('are read whole and in part, always with status 200', async () => {
    const { client } = stack;
    expect(await download(client.file.getFromTask(jobId, 'Writer', 'stdout.txt'))).toBe('0123456789\n');
    expect(await download(client.file.getFromTask(jobId, 'Writer', 'wd/sub/out put.txt'))).toBe('deep\n');
    const part = { fileGetFromTaskOptions: { ocpRange: 'bytes=2-4' } };
    expect(await download(client.file.getFromTask(jobId, 'Writer', 'stdout.txt', part))).toBe('234');
    const read = (range: string): Promise<RawAnswer> =>
      stack.send('GET', `/jobs/${jobId}/tasks/Writer/files/stdout.txt`, undefined, { 'ocp-range': range });
    expect(await read('bytes=8-')).toMatchObject({ status: 200, text: '89\n' });
    expect(await read('bytes=999-')).toMatchObject({ status: 416, body: { code: 'InvalidRange' } });
    expect(await read('lines=1-2')).toMatchObject({ status: 416, body: { code: 'InvalidRange' } });
  });

  test('have properties and conditions', async () => {
    const target = `/jobs/${jobId}/tasks/Writer/files/stdout.txt`;
    const head = await stack.send('HEAD', target);
    expect(head).toMatchObject({
      status: 200,
      text: '',
      headers: { 'content-length': '11', 'content-type': 'text/plain', 'ocp-batch-file-isdirectory': 'false' },
    });
    expect(head.headers['ocp-batch-file-mode']).toMatch(/^0o100\d{3}$/);
    expect(decodeURIComponent(head.headers['ocp-batch-file-url'] ?? '')).toBe(`${stack.batchUrl}${target}`);
    const since = { 'if-modified-since': head.headers['last-modified'] ?? '' };
    expect(await stack.send('GET', target, undefined, since)).toMatchObject({ status: 304 });
    expect(await stack.send('HEAD', `${target}.not`)).toMatchObject({ status: 404, text: '' });
  });

  test.each(['..%2F..%2F..%2F..%2Fetc%2Fpasswd', '..%5Cjobpreparation%5Cstdout.txt', 'none.txt', 'wd'])(
    'are not found outside of it, or where there is none: %s',
    async (path) => {
      const answer = await stack.send('GET', `/jobs/${jobId}/tasks/Writer/files/${path}`);
      expect(answer).toMatchObject({ status: 404, body: { code: 'FileNotFound' } });
    },
  );
});

describe('the files of a node', () => {
  test('hold what the preparation wrote, by either slash', async () => {
    const { client } = stack;
    expect(await download(client.file.getFromComputeNode(poolId, nodeId, 'shared/it.txt'))).toBe('prepared\n');
    expect(await download(client.file.getFromComputeNode(poolId, nodeId, 'shared\\it.txt'))).toBe('prepared\n');
    const files = names(await client.file.listFromComputeNode(poolId, nodeId, { recursive: true }));
    expect(files).toEqual(
      expect.arrayContaining(['shared', 'shared/it.txt', `workitems/${jobId}/job-1/Writer/stdout.txt`]),
    );
    expect(names(await client.file.listFromComputeNode(poolId, nodeId))).toEqual(
      expect.arrayContaining(['shared', 'workitems']),
    );
  });

  test('are reached by the URL that a resource shows', async () => {
    const task = await stack.client.task.get(jobId, 'Writer');
    const shown = (task.nodeInfo?.taskRootDirectoryUrl ?? '').slice(stack.batchUrl.length);
    expect(await stack.send('GET', `${shown}/stdout.txt`)).toMatchObject({ status: 200, text: '0123456789\n' });
  });
});

test('a node that works is shown with what it did', async () => {
  expect(await stack.client.computeNode.get(poolId, nodeId)).toMatchObject({
    id: nodeId,
    url: `${stack.batchUrl}/pools/${poolId}/nodes/${nodeId}`,
    state: 'idle',
    schedulingState: 'enabled',
    vmSize: 'small',
    runningTaskSlotsCount: 0,
    runningTasksCount: 0,
    isDedicated: true,
  });
  expect(await stack.client.pool.get(poolId)).toMatchObject({ currentDedicatedNodes: 1, allocationState: 'steady' });
});

test('content that is too large for a message comes all the same', async () => {
  const { client } = stack;
  await client.task.add(jobId, {
    id: 'Hoarder',
    commandLine:
      "/bin/sh -c 'head -c 1000000 /dev/zero > big.bin; for n in $(seq 2000); do : > $n-a-name-that-makes-the-list-of-names-long.txt; done'",
  });
  await eventually('the end of the task', async () => (await client.task.get(jobId, 'Hoarder')).state === 'completed');
  const big = await stack.send('HEAD', `/jobs/${jobId}/tasks/Hoarder/files/wd%2Fbig.bin`);
  expect(big.headers).toMatchObject({ 'content-length': '1000000', 'content-type': 'application/octet-stream' });
  expect(await download(client.file.getFromTask(jobId, 'Hoarder', 'wd/big.bin'))).toHaveLength(1_000_000);
});

test('a file of 300 MB is described, read in ranges, and refused as a whole', async () => {
  const { client } = stack;
  await client.task.add(jobId, { id: 'Giant', commandLine: "/bin/sh -c 'truncate -s 300M giant.bin'" });
  await eventually('the end of the task', async () => (await client.task.get(jobId, 'Giant')).state === 'completed');
  const path = 'wd/giant.bin';
  expect((await client.file.getPropertiesFromTask(jobId, 'Giant', path)).contentLength).toBe(314_572_800);
  const range = (ocpRange: string): Promise<string> =>
    download(client.file.getFromTask(jobId, 'Giant', path, { fileGetFromTaskOptions: { ocpRange } }));
  expect(await range('bytes=314572790-')).toHaveLength(10);
  expect(await range('bytes=100000000-100999999')).toHaveLength(1_000_000);
  const whole = await stack.send('GET', `/jobs/${jobId}/tasks/Giant/files/wd%2Fgiant.bin`);
  expect(whole).toMatchObject({
    status: 416,
    body: { code: 'InvalidRange', values: [{ key: 'Reason', value: expect.stringContaining('67108864') as string }] },
  });
  await expect(range('bytes=0-67108864')).rejects.toMatchObject({ statusCode: 416 });
});

// The agent uploads the bare list where node-messages.ts promises the whole answer; the controller refuses it as unusable.
test('a list that is too large for a message comes all the same', async () => {
  const pages = await stack.sendAll(`/jobs/${jobId}/tasks/Hoarder/files?recursive=true&maxresults=1000`);
  expect(pages.map((page) => page.length)).toEqual([1000, 1000, 5]);
});

// Last, as it ends the job.
test('the preparation and release status shows each end of the job as it comes', async () => {
  const { client } = stack;
  const list = async (filter?: string): Promise<unknown[]> => [
    ...(await client.job.listPreparationAndReleaseTaskStatus(jobId, {
      jobListPreparationAndReleaseTaskStatusOptions: { ...(filter !== undefined && { filter }) },
    })),
  ];
  const nodeUrl = `${stack.batchUrl}/pools/${poolId}/nodes/${nodeId}`;
  const directory = `workitems/${jobId}/job-1`;
  const prepared = {
    poolId,
    nodeId,
    nodeUrl,
    jobPreparationTaskExecutionInfo: {
      state: 'completed',
      exitCode: 0,
      result: 'success',
      retryCount: 0,
      taskRootDirectory: `${directory}/jobpreparation`,
      taskRootDirectoryUrl: `${nodeUrl}/files/${directory}/jobpreparation`,
    },
  };
  const before = await list(`nodeId eq '${nodeId}'`);
  expect(before).toMatchObject([prepared]);
  expect(before[0]).not.toHaveProperty('jobReleaseTaskExecutionInfo');
  expect(await list("nodeId eq 'another'")).toEqual([]);

  expect((await client.job.terminate(jobId))._response.status).toBe(202);
  await eventually('the end of the job', async () => (await client.job.get(jobId)).state === 'completed', 60_000);
  expect(await list('jobReleaseTaskExecutionInfo/exitCode eq 3')).toMatchObject([
    {
      ...prepared,
      jobReleaseTaskExecutionInfo: {
        state: 'completed',
        exitCode: 3,
        result: 'failure',
        failureInfo: { category: 'usererror', code: 'FailureExitCode' },
        taskRootDirectory: `${directory}/jobrelease`,
      },
    },
  ]);
  const [selected] = await stack.sendAll(`/jobs/${jobId}/jobpreparationandreleasetaskstatus?$select=nodeId`);
  expect(selected).toEqual([{ nodeId }]);
});

test('what Bookend adds to Batch answers as described', async () => {
  expect((await stack.send('GET', `/jobs/${jobId}/explain`)).body).toMatchObject({ jobId, nodeCounts: {} });
  const [attempts] = await stack.sendAll(`/jobs/${jobId}/jobpreparationandreleasetaskattempts`);
  expect(attempts).toMatchObject([{ nodeId, jobPreparationTaskAttempts: [{ result: 'success' }] }]);
  const [[shown]] = (await stack.sendAll(`/pools/${poolId}/joinkeys`)) as [[{ key: string }]];
  expect((await stack.send('POST', `/pools/${poolId}/joinkeys/rotate`)).body['value']).toHaveLength(2);
  const token = await joinTokenOf({ poolId, nodeId: 'Stranger' }, shown.key);
  const joined = await stack.ask(`/pools/${poolId}/nodes/Stranger/join?${version}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
  });
  expect(await joined.json()).toMatchObject({ poolId, nodeId: 'Stranger' });
  expect(stack.unexercised(({ isExtension }) => isExtension === true)).toEqual([]);
});

// What other clients put on the wire, the .NET one above all, and what is easily misread: written by hand, signed as documented.
// Runs the compiled programs (`npm test` builds first).
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RestStack } from '../../e2e/rest-stack.js';
import { eventually } from '../../helpers/eventually.js';
import { useStack } from '../endpoint.js';
import { sendRaw, type RawRequest, type RawResponse } from '../raw-request.js';

const version = 'api-version=2022-10-01.16.0';
const poolId = 'raw-pool';
const jobId = 'raw-job';
let stack: RestStack;
let nodeId: string;

beforeAll(async () => {
  stack = await useStack();
  const { client } = stack;
  await client.pool.add({ id: poolId, vmSize: 'small', targetDedicatedNodes: 1, taskSlotsPerNode: 8 });
  await client.job.add({ id: jobId, poolInfo: { poolId }, jobPreparationTask: { commandLine: 'true' } });
  const tasks = Array.from({ length: 40 }, (_, index) => ({ id: `task${index + 1}`, commandLine: 'true' }));
  await client.task.addCollection(jobId, tasks);
  await client.task.add(jobId, {
    id: 'Writer',
    commandLine:
      "/bin/sh -c 'mkdir -p $AZ_BATCH_NODE_SHARED_DIR/sub; printf content > $AZ_BATCH_NODE_SHARED_DIR/sub/it.txt'",
  });
  await eventually(
    'all tasks completed',
    async () => (await client.job.getTaskCounts(jobId)).taskCounts.succeeded === 41,
    60_000,
    100,
  );
  nodeId = (await client.computeNode.list(poolId))[0]?.id ?? '';
}, 120_000);
afterAll(() => stack.stop());

/** `api-version` is added to the target. */
const ask = (asked: RawRequest): Promise<RawResponse> =>
  sendRaw(stack.endpoint, { ...asked, target: `${asked.target}${asked.target.includes('?') ? '&' : '?'}${version}` });
const get = (target: string, headers: Record<string, string> = {}): Promise<RawResponse> => ask({ target, headers });
const idsOf = ({ json }: RawResponse): unknown[] => (json['value'] as { id: string }[]).map(({ id }) => id);

describe('the .NET client', () => {
  test('reads a file by its backslashes, properties first', async () => {
    for (const separator of ['%5C', '%5c', '%2F', '%2f', '/']) {
      const target = `/pools/${poolId}/nodes/${nodeId}/files/shared${separator}sub${separator}it.txt`;
      expect(await ask({ method: 'HEAD', target })).toMatchObject({
        status: 200,
        text: '',
        headers: { 'content-length': '7', 'ocp-batch-file-isdirectory': 'false' },
      });
      expect(await get(target)).toMatchObject({ status: 200, text: 'content' });
    }
  });

  test('selects with a blank after the comma', async () => {
    const { json } = await get(`/pools/${poolId}/nodes?$select=id%2C%20state`);
    expect(json['value']).toEqual([{ id: nodeId, state: 'idle' }]);
  });

  test('polls many tasks by one long filter', async () => {
    const ids = Array.from({ length: 40 }, (_, index) => `task${index + 1}`);
    const filter = encodeURIComponent(ids.map((id) => `id eq '${id}'`).join(' or '));
    expect(filter.length).toBeGreaterThan(800);
    const answer = await get(`/jobs/${jobId}/tasks?$select=id%2Cstate&$filter=${filter}`);
    expect(answer.json['value']).toEqual([...ids].sort().map((id) => ({ id, state: 'completed' })));
    const found = await get(`/jobs?$filter=${encodeURIComponent(`id eq '${jobId.toUpperCase()}'`)}`);
    expect(idsOf(found)).toEqual([jobId]);
  });

  test('sends actions without body, with and without a content type', async () => {
    await stack.client.job.add({ id: 'raw-actions', poolInfo: { poolId: 'raw-none' } });
    const json = { 'content-type': 'application/json; odata=minimalmetadata' };
    const node = `/pools/${poolId}/nodes/${nodeId}`;
    const actions: readonly (readonly [string, number, Record<string, string>?])[] = [
      [`${node}/disablescheduling`, 200, json],
      [`${node}/enablescheduling`, 200],
      [`${node}/disablescheduling`, 200],
      [`${node}/enablescheduling`, 200, json],
      ['/jobs/raw-actions/terminate', 202, json],
    ];
    for (const [target, status, headers = {}] of actions) {
      const answer = await ask({ method: 'POST', target, headers });
      expect([target, answer.status, answer.text]).toEqual([target, status, '']);
    }
    expect((await stack.client.job.get('raw-actions')).executionInfo?.terminateReason).toBe('UserTerminate');
  });

  test('asks for its request id to come back', async () => {
    const id = '2b5bb7a4-0f6f-4c3c-9f0b-6f9d6c0d7b3e';
    const given = { 'client-request-id': id, 'return-client-request-id': 'true' };
    expect((await get(`/jobs/${jobId}`, given)).headers).toMatchObject({ 'client-request-id': id });
    const refused = await get('/jobs/raw-none', given);
    expect([refused.status, refused.headers['client-request-id']]).toEqual([404, id]);
    const quiet = await get(`/jobs/${jobId}`, { ...given, 'return-client-request-id': 'false' });
    expect(quiet.headers).not.toHaveProperty('client-request-id');
  });
});

describe('what is said in several ways', () => {
  test('names of query parameters are read in any letter case', async () => {
    const answer = await sendRaw(stack.endpoint, {
      target: `/jobs?API-Version=2022-10-01.16.0&$Select=id&$FILTER=${encodeURIComponent(`id eq '${jobId}'`)}&MaxResults=3&timeOut=30`,
    });
    expect(answer.json['value']).toEqual([{ id: jobId }]);
  });

  test('ids in paths are read in any letter case and any encoding', async () => {
    for (const id of [jobId, jobId.toUpperCase(), 'raw%2Djob', '%72aw-job'])
      expect((await get(`/jobs/${id}?$select=id`)).json).toMatchObject({ id: jobId });
    for (const id of ['raw%20job', 'raw%2Fjob', 'r%C3%A4w', 'x'.repeat(65), 'raw-job:job-1'])
      expect([id, await get(`/jobs/${id}`)]).toMatchObject([id, { status: id.includes('%') ? 400 : 404 }]);
  });

  test('the id of a job of a schedule is read with its colon as it is and encoded', async () => {
    const { client } = stack;
    await client.jobSchedule.add({
      id: 'raw-schedule',
      schedule: { recurrenceInterval: 'P1D' },
      jobSpecification: { poolInfo: { poolId: 'raw-none' } },
    });
    for (const id of ['raw-schedule:job-1', 'raw-schedule%3Ajob-1', 'RAW-SCHEDULE%3aJOB-1']) {
      expect((await get(`/jobs/${id}?$select=id,url`)).json).toMatchObject({
        id: 'raw-schedule:job-1',
        url: `${stack.batchUrl}/jobs/raw-schedule%3Ajob-1`,
      });
      const filter = encodeURIComponent(`id eq '${decodeURIComponent(id)}'`);
      expect(idsOf(await get(`/jobs?$filter=${filter}`))).toEqual(['raw-schedule:job-1']);
    }
    await client.task.add('raw-schedule:job-1', { id: 't', commandLine: 'true' });
    expect((await get('/jobs/raw-schedule:job-1/tasks/t')).json).toMatchObject({
      url: `${stack.batchUrl}/jobs/raw-schedule%3Ajob-1/tasks/t`,
    });
    // Only a schedule can give its jobs such an id.
    const body = JSON.stringify({ id: 'raw-schedule:job-2', poolInfo: { poolId: 'raw-none' } });
    expect(await ask({ method: 'POST', target: '/jobs', body, headers: asJson })).toMatchObject({
      status: 400,
      json: { code: 'InvalidPropertyValue' },
    });
    await client.jobSchedule.deleteMethod('raw-schedule');
  });

  test('enums of bodies are read in any letter case, and shown in lower case', async () => {
    const body = {
      id: 'raw-enums',
      vmSize: 's',
      targetDedicatedNodes: 0,
      taskSchedulingPolicy: { nodeFillType: 'PACK' },
      targetNodeCommunicationMode: 'Simplified',
    };
    expect((await ask({ method: 'POST', target: '/pools', body: JSON.stringify(body), headers: asJson })).status).toBe(
      201,
    );
    expect((await get('/pools/raw-enums')).json).toMatchObject({
      taskSchedulingPolicy: { nodeFillType: 'pack' },
      targetNodeCommunicationMode: 'simplified',
    });
    const filter = encodeURIComponent("state eq 'Active' and allocationState ne 'Stopping' and id eq 'raw-enums'");
    expect(idsOf(await get(`/pools?$filter=${filter}`))).toEqual(['raw-enums']);
  });

  test('instants in filters come in either form', async () => {
    for (const instant of [
      "DateTime'2020-01-01T00:00:00Z'",
      "datetime'2020-01-01T00:00:00.1234567Z'",
      "DateTime'Wed, 01 Jan 2020 00:00:00 GMT'",
    ]) {
      const filter = encodeURIComponent(`creationTime gt ${instant} and id eq '${jobId}'`);
      expect([instant, idsOf(await get(`/jobs?$filter=${filter}`))]).toEqual([instant, [jobId]]);
    }
  });

  test('whole numbers of 64 bits are shown as text', async () => {
    const { json } = await get(`/jobs/${jobId}/tasks/Writer/files?recursive=true`);
    const files = json['value'] as { name: string; properties?: { contentLength: unknown } }[];
    expect(files.find(({ name }) => name === 'stdout.txt')?.properties?.contentLength).toBe('0');
  });
});

describe('pages', () => {
  test.each([
    ['/pools?', 2],
    ['/jobs?', 2],
    [`/jobs/${jobId}/tasks?$select=id&`, 41],
    [`/jobs/${jobId}/tasks?$filter=${encodeURIComponent("state eq 'completed' or startswith(id,'none')")}&`, 41],
    [`/pools/${poolId}/nodes?`, 1],
    [`/jobs/${jobId}/jobpreparationandreleasetaskstatus?`, 1],
    [`/jobs/${jobId}/tasks/Writer/files?recursive=true&`, 4],
    ['/nodecounts?', 1],
  ])('of three lead through the whole list: %s', async (target, least) => {
    const seen: unknown[] = [];
    const targets: string[] = [];
    let next: string | undefined = `${target}maxresults=3`;
    while (next !== undefined) {
      const page: RawResponse =
        next === `${target}maxresults=3` ? await get(next) : await sendRaw(stack.endpoint, { target: next });
      expect(page.status).toBe(200);
      const value = page.json['value'] as unknown[];
      expect(value.length).toBeLessThanOrEqual(3);
      seen.push(...value);
      const link = page.json['odata.nextLink'] as string | undefined;
      if (link !== undefined) {
        expect(link.startsWith(`${stack.batchUrl}/`)).toBe(true);
        expect(link).toContain(version);
        // A link that leads in a circle would never end.
        expect(targets).not.toContain(link);
        targets.push(link);
      }
      next = link?.slice(stack.batchUrl.length);
    }
    expect(seen.length).toBeGreaterThanOrEqual(least);
    expect(new Set(seen.map((each) => JSON.stringify(each))).size).toBe(seen.length);
  });

  test.each(['maxresults=0', 'maxresults=1001', 'maxresults=-1', 'maxresults=three', 'timeout=soon', '$skiptoken=x'])(
    'cannot be asked for as %s',
    async (query) => {
      const answer = await get(`/jobs?${query}`);
      expect([query, answer.status, answer.json['code']]).toEqual([
        query,
        400,
        expect.stringMatching(/^(OutOfRange|Invalid)QueryParameterValue$/),
      ]);
    },
  );
});

describe('parts of a file', () => {
  test.each([
    ['bytes=0-2', 200, 'con'],
    ['bytes=3-', 200, 'tent'],
    ['bytes=3-999', 200, 'tent'],
    ['bytes=6-6', 200, 't'],
    ['bytes=7-', 416, undefined],
    ['bytes=4-2', 416, undefined],
    ['bytes=-3', 416, undefined],
    ['bytes=0-1,3-4', 416, undefined],
  ])('%s', async (range, status, content) => {
    const target = `/pools/${poolId}/nodes/${nodeId}/files/shared%2Fsub%2Fit.txt`;
    const answer = await get(target, { 'ocp-range': range });
    expect(answer.status).toBe(status);
    if (content === undefined) expect(answer.json['code']).toBe('InvalidRange');
    else expect(answer.text).toBe(content);
  });
});

describe('who asks', () => {
  test('is not believed at another time, under another name, or with another key', async () => {
    const target = `/jobs/${jobId}?${version}`;
    for (const minutes of [-16, 16]) {
      const at = new Date(Date.now() + minutes * 60_000);
      expect(await sendRaw(stack.endpoint, { target, at })).toMatchObject({
        status: 403,
        json: { code: 'AuthenticationFailed' },
      });
    }
    for (const changed of [{ account: 'somebody' }, { key: 'd3Jvbmc=' }])
      expect(await sendRaw({ ...stack.endpoint, ...changed }, { target })).toMatchObject({
        status: 403,
        json: { code: 'AuthenticationFailed' },
      });
    const date = { date: new Date().toUTCString(), 'ocp-date': new Date().toUTCString() };
    expect(await sendRaw(stack.endpoint, { target, headers: date })).toMatchObject({ status: 200 });
  });
});

const asJson = { 'content-type': 'application/json; odata=minimalmetadata; charset=utf-8' };

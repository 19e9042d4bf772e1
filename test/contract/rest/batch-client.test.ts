// The wrapper as the unmodified @azure/batch client meets it, over a socket: signatures, paging links, headers, errors, files.
// The handlers are the test's own, so that nothing but the wrapper is looked at.
import { buffer } from 'node:stream/consumers';
import batch from '@azure/batch';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { BatchError } from '../../../shared/errors.js';
import {
  toFileContentAnswer,
  toFilePropertiesAnswer,
  parseFileRange,
} from '../../../shared/nodes/node-file-resource.js';
import { requireConditions } from '../../../shared/rest/conditions.js';
import { toValidators } from '../../../shared/rest/etag.js';
import { createOperation, type HandleOperation, type OperationOptions } from '../../../shared/rest/operation.js';
import { systemClock } from '../../../shared/clock.js';
import { startOperationServer, type OperationServer, type Route } from '../../helpers/operation-server.js';
import { createRestServices } from '../../unit/rest/rest-services.js';
import { account } from '../../unit/rest/signed-request.js';

const lastModified = '2026-01-01T00:00:00.500Z';
const validators = toValidators(lastModified);
const ids = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
const content = new TextEncoder().encode('0123456789');
const file = {
  name: 'wd/out put.txt',
  isDirectory: false,
  sizeBytes: content.length,
  lastModified,
  fileMode: '0o100644',
};
const filesUrl = 'http://h/pools/p/nodes/n/files';

const operation = createOperation(() => ({ ...createRestServices(), clock: systemClock }));
const routes: readonly Route[] = [
  route('GET', /^\/jobs$/, { query: ['maxresults', '$filter', '$select'] }, async ({ page, query }) => {
    const rest = ids.filter((id) => id > (page.continuation ?? ''));
    const items = rest.slice(0, page.limit).map((id) => ({ id, displayName: query('$filter') }));
    const last = items.at(-1)?.id;
    const more = rest.length > items.length && last !== undefined;
    return { status: 200, metadata: 'jobs', list: { items, ...(more && { continuation: last }) } };
  }),
  route('POST', /^\/jobs$/, { body: 'required' }, async ({ json, baseUrl }) => {
    const { id } = z.object({ id: z.string() }).parse(json);
    return { status: 201, location: `${baseUrl}/jobs/${encodeURIComponent(id)}`, dataServiceId: true, ...validators };
  }),
  route('GET', /^\/jobs\/(?<jobId>[^/]+)$/, { query: ['$select'], conditional: true }, async (request) => {
    if (request.param('jobId') === 'none')
      throw new BatchError('JobNotFound', "There is no job 'none'.", { JobId: 'none' });
    const json = { id: request.param('jobId'), eTag: validators.etag, lastModified };
    return { status: 200, metadata: 'jobs/@Element', json, ...validators };
  }),
  route('DELETE', /^\/jobs\/(?<jobId>[^/]+)$/, { conditional: true }, async ({ conditions }) => {
    requireConditions(conditions, validators);
    return { status: 202 };
  }),
  route('POST', /^\/jobs\/(?<jobId>[^/]+)\/terminate$/, { body: 'optional', conditional: true }, async ({ json }) => ({
    status: 202,
    headers: { 'x-body': JSON.stringify(json ?? null) },
    dataServiceId: true,
    ...validators,
  })),
  route('HEAD', /^\/pools\/(?<poolId>[^/]+)$/, { conditional: true }, async (request) => {
    if (request.param('poolId') === 'none') throw new BatchError('PoolNotFound', 'There is no such pool.');
    return { status: 200, ...validators };
  }),
  route('GET', /^\/pools\/p\/nodes\/n\/files\/(?<filePath>[^/]+)$/, { conditional: true }, async (request) => {
    if (request.param('filePath') !== file.name) throw new BatchError('FileNotFound', 'There is no such file.');
    const { from, to = content.length - 1 } = parseFileRange(request.header('ocp-range'));
    return toFileContentAnswer(file, content.slice(from, to + 1), { filesUrl });
  }),
  route('HEAD', /^\/pools\/p\/nodes\/n\/files\/(?<filePath>[^/]+)$/, { conditional: true }, async () =>
    toFilePropertiesAnswer(file, { filesUrl }),
  ),
];

let server: OperationServer;
let url: string;

beforeAll(async () => {
  server = await startOperationServer(routes);
  url = server.url;
});

afterAll(() => server.close());

const connect = (key = account.keys[0] ?? ''): InstanceType<typeof batch.BatchServiceClient> =>
  new batch.BatchServiceClient(new batch.BatchSharedKeyCredentials(account.name, key), url, { noRetryPolicy: true });

const failureOf = async (attempt: Promise<unknown>): Promise<Record<string, unknown>> =>
  attempt.then(
    () => ({}),
    (error: unknown) =>
      z.object({ statusCode: z.number(), code: z.string().optional(), body: z.unknown() }).parse(error),
  );

describe('the JavaScript client', () => {
  it('walks a list by its links, three a page, without losing its filter', async () => {
    const client = connect();
    let page = await client.job.list({ jobListOptions: { maxResults: 3, filter: "id ne 'it''s + x'" } });
    const seen = [...page];
    for (let pages = 0; page.odatanextLink !== undefined && pages < 10; pages += 1) {
      page = await client.job.listNext(page.odatanextLink);
      expect(page.length).toBeLessThanOrEqual(3);
      seen.push(...page);
    }
    expect(seen.map(({ id }) => id)).toEqual(ids);
    expect(new Set(seen.map(({ displayName }) => displayName))).toEqual(new Set(["id ne 'it''s + x'"]));
  });

  it('adds a job and reads the headers of the answer', async () => {
    const added = await connect().job.add({ id: 'ä', poolInfo: { poolId: 'p' } });
    expect(added).toMatchObject({ eTag: validators.etag, dataServiceId: `${url}/jobs/%C3%A4` });
    expect(added.lastModified).toEqual(new Date('2026-01-01T00:00:00Z'));
    expect(added.requestId).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('gets a job of an id that needs encoding', async () => {
    expect(await connect().job.get('schedule:job-1')).toMatchObject({ id: 'schedule:job-1', eTag: validators.etag });
  });

  it('sees code and message of a refusal', async () => {
    const failure = await failureOf(connect().job.get('none'));
    expect(failure).toMatchObject({
      statusCode: 404,
      code: 'JobNotFound',
      body: {
        code: 'JobNotFound',
        message: { lang: 'en-US', value: expect.stringMatching(/^There is no job 'none'\.\nRequestId:.*\nTime:/) },
        values: [{ key: 'JobId', value: 'none' }],
      },
    });
  });

  it('is refused with another key', async () => {
    const failure = await failureOf(connect('bm90IHRoZSBrZXk=').job.list());
    expect(failure).toMatchObject({ statusCode: 403, code: 'AuthenticationFailed' });
  });

  it('terminates with and without a body', async () => {
    const without = await connect().job.terminate('j');
    expect(without._response.headers.get('x-body')).toBe('null');
    const reason = await connect().job.terminate('j', { terminateReason: 'enough' });
    expect(reason._response.headers.get('x-body')).toBe('{"terminateReason":"enough"}');
    expect(reason.dataServiceId).toBe(`${url}/jobs/j/terminate`);
  });

  it('deletes only what it knows', async () => {
    const remove = (ifMatch: string) => connect().job.deleteMethod('j', { jobDeleteMethodOptions: { ifMatch } });
    expect((await remove(`"${validators.etag}"`))._response.status).toBe(202);
    expect((await remove(validators.etag ?? ''))._response.status).toBe(202);
    expect(await failureOf(remove('0x1'))).toMatchObject({ statusCode: 412, code: 'ConditionNotMet' });
  });

  it('is told 304 for what it knows already', async () => {
    const failure = await failureOf(connect().job.get('j', { jobGetOptions: { ifNoneMatch: validators.etag ?? '' } }));
    expect(failure.statusCode).toBe(304);
  });

  it('asks whether a pool exists', async () => {
    expect((await connect().pool.exists('p')).body).toBe(true);
    expect((await connect().pool.exists('none')).body).toBe(false);
  });

  it('reads a file, a part of it, and its properties', async () => {
    const text = async (range?: string): Promise<string> => {
      const options = range === undefined ? {} : { fileGetFromComputeNodeOptions: { ocpRange: range } };
      const download = await connect().file.getFromComputeNode('p', 'n', file.name, options);
      expect(download._response.status).toBe(200);
      const stream = download.readableStreamBody;
      if (stream === undefined) throw new Error('The download has no stream.');
      return (await buffer(stream)).toString();
    };
    expect(await text()).toBe('0123456789');
    expect(await text('bytes=2-4')).toBe('234');
    expect(await text('bytes=7-')).toBe('789');
    const properties = await connect().file.getPropertiesFromComputeNode('p', 'n', file.name);
    expect(properties).toMatchObject({
      contentLength: 10,
      contentType: 'text/plain',
      ocpBatchFileIsdirectory: false,
      ocpBatchFileMode: '0o100644',
      lastModified: new Date('2026-01-01T00:00:00Z'),
    });
  });
});

function route(method: string, path: RegExp, options: OperationOptions, handle: HandleOperation): Route {
  return [method, path, operation(`${method} ${path.source}`, options, handle)];
}

// The wrapper of every operation, driven with requests that the real client's code signed.
import { createHash } from 'node:crypto';
import functions, { type HttpResponseInit } from '@azure/functions';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { BatchError } from '../../../shared/errors.js';
import { BusUnavailable } from '../../../shared/queues/bus.js';
import { errorCatalogue } from '../../../shared/rest/error-catalogue.js';
import {
  createOperation,
  type OperationAnswer,
  type OperationOptions,
  type OperationRequest,
} from '../../../shared/rest/operation.js';
import { TableConflict, TableUnavailable } from '../../../shared/tables/table.js';
import type { Services } from '../../../shared/services.js';
import { TooLate } from '../../../shared/rest/within-time.js';
import { eventually } from '../../helpers/eventually.js';
import { createRestServices, type RestServices } from './rest-services.js';
import { baseUrl, rawRequest, signedAt, signedRequest, version, type RequestParts } from './signed-request.js';

const context = new functions.InvocationContext({ functionName: 'test' });
const done: OperationAnswer = { status: 200, json: {} };
const md5Of = (text: string): string => createHash('md5').update(text).digest('base64');

type Given = {
  readonly options?: OperationOptions;
  readonly handle?: (request: OperationRequest, services: Services) => OperationAnswer | Promise<OperationAnswer>;
  readonly services?: RestServices;
};

async function call(parts: RequestParts, given: Given = {}): Promise<HttpResponseInit> {
  const { options = {}, handle = () => done, services = createRestServices() } = given;
  const operation = createOperation(() => services);
  return operation('test-operation', options, async (request, bounded) => handle(request, bounded))(
    await signedRequest(parts),
    context,
  );
}

const seenBy = async (parts: RequestParts, options: OperationOptions = {}): Promise<OperationRequest> => {
  let seen: OperationRequest | undefined;
  const response = await call(parts, { options, handle: (request) => ((seen = request), done) });
  if (seen === undefined) throw new Error(`The handler was not reached: ${JSON.stringify(response)}`);
  return seen;
};

const errorSchema = z.strictObject({
  'odata.metadata': z.string(),
  code: z.string(),
  message: z.strictObject({ lang: z.literal('en-US'), value: z.string() }),
  values: z
    .array(z.strictObject({ key: z.string(), value: z.string() }))
    .min(1)
    .optional(),
});
const bodyOf = (response: HttpResponseInit): unknown => JSON.parse(z.string().parse(response.body));
const errorOf = (response: HttpResponseInit) => {
  const { code, values = [] } = errorSchema.parse(bodyOf(response));
  return { status: response.status, code, values: Object.fromEntries(values.map(({ key, value }) => [key, value])) };
};
const headersOf = (response: HttpResponseInit): Record<string, string> =>
  z.record(z.string(), z.string()).parse(response.headers);

describe('what a handler sees', () => {
  it('is the request with ids decoded once and query names in any letter case', async () => {
    const seen = await seenBy(
      {
        target: `/jobs/a%3Ajob-1/tasks/t?${version}&$Select=id%2Cstate&timeOut=30`,
        params: { jobId: 'a:job-1', taskId: 't' },
      },
      { query: ['$select'] },
    );
    expect(seen).toMatchObject({
      operation: 'test-operation',
      method: 'GET',
      params: { jobId: 'a:job-1', taskId: 't' },
      json: undefined,
      baseUrl,
      url: `${baseUrl}/jobs/a%3Ajob-1/tasks/t`,
      apiVersion: '2022-10-01.16.0',
      conditions: {},
      page: { limit: 1000 },
    });
    expect(seen.param('taskId')).toBe('t');
    expect(seen.query('$SELECT')).toBe('id,state');
    expect(seen.query('$filter')).toBeUndefined();
    expect(seen.flag('force')).toBe(false);
  });

  it('is the parsed body, bounded and in UTF-8', async () => {
    const seen = await seenBy({ method: 'POST', target: `/jobs?${version}`, body: '{"id":"ä"}' }, { body: 'required' });
    expect(seen.json).toEqual({ id: 'ä' });
  });

  it('names the client’s host from the forwarded headers', async () => {
    const headers = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'batch.example.org, inner' };
    expect((await seenBy({ target: `/jobs?${version}`, headers })).baseUrl).toBe('https://batch.example.org');
    const strange = { 'x-forwarded-proto': 'javascript', 'x-forwarded-host': 'a"b/c' };
    expect((await seenBy({ target: `/jobs?${version}`, headers: strange })).baseUrl).toBe(baseUrl);
  });

  it('is the page that was asked for', async () => {
    const options = { query: ['maxresults'] };
    const first = await call(
      { target: `/jobs?${version}&maxresults=3` },
      { options, handle: () => ({ status: 200, list: { items: [1], continuation: 'job/ä' }, metadata: 'jobs' }) },
    );
    const link = new URL(z.object({ 'odata.nextLink': z.string() }).parse(bodyOf(first))['odata.nextLink']);
    const seen = await seenBy({ target: link.pathname + link.search }, options);
    expect(seen.page).toEqual({ limit: 3, continuation: 'job/ä' });
  });
});

describe('what is refused before the handler', () => {
  it('asks for the api-version even before authentication', async () => {
    const operation = createOperation(() => createRestServices())('test-operation', {}, async () => done);
    const unsigned = (target: string) => operation(rawRequest({ target }, {}), context);
    expect(errorOf(await unsigned('/jobs'))).toEqual({
      status: 400,
      code: 'MissingRequiredQueryParameter',
      values: { QueryParameterName: 'api-version' },
    });
    expect(errorOf(await unsigned('/jobs?api-version='))).toMatchObject({ code: 'MissingRequiredQueryParameter' });
    expect(errorOf(await unsigned(`/jobs?${version}`))).toMatchObject({ code: 'MissingRequiredHeader' });
  });

  it.each(['2022-10-01.16.0', '2019-08-01.10.0', '2024-07-01.20.0', '2025-06-01'])(
    'knows api-version %s',
    async (known) => {
      expect((await seenBy({ target: `/jobs?api-version=${known}` })).apiVersion).toBe(known);
    },
  );

  it.each(['latest', '2010-01-01', '2099-01-01', '2022-10-01.16', '2022-10-01.16.0x', '1'])(
    'does not know api-version %s',
    async (unknown) => {
      const response = await call({ target: `/jobs?api-version=${unknown}` });
      expect(errorOf(response)).toMatchObject({ status: 400, code: 'UnsupportedRequestVersion' });
    },
  );

  it('is a request with a wrong key, whatever else is wrong with it', async () => {
    const response = await call({ target: `/jobs?${version}&maxresults=0&x=y`, key: 'bm90IHRoZSBrZXk=' });
    expect(errorOf(response)).toMatchObject({ status: 403, code: 'AuthenticationFailed' });
  });

  type Refusal = [string, RequestParts, OperationOptions, number, string, Record<string, string>];
  const post = { method: 'POST', target: `/jobs?${version}` } as const;
  const large = `{"id":"${'x'.repeat(1024 * 1024)}"}`;
  const refusals: Refusal[] = [
    [
      'a query parameter that the operation lacks',
      { target: `/jobs/j?${version}&$expand=stats` },
      {},
      400,
      'UnsupportedQueryParameter',
      { QueryParameterName: '$expand' },
    ],
    [
      'a query parameter that is given twice, differently',
      { target: `/jobs/j?${version}&$select=id&$Select=state` },
      { query: ['$select'] },
      400,
      'InvalidQueryParameterValue',
      { QueryParameterName: '$Select' },
    ],
    [
      'a skip token where nothing is paged',
      { target: `/jobs/j?${version}&$skiptoken=1YQ` },
      {},
      400,
      'UnsupportedQueryParameter',
      { QueryParameterName: '$skiptoken' },
    ],
    [
      'an unknown ocp- header',
      { target: `/jobs/j?${version}`, headers: { 'ocp-magic': '1' } },
      {},
      400,
      'UnsupportedHeader',
      { HeaderName: 'ocp-magic' },
    ],
    [
      'a condition where none is honoured',
      { target: `/jobs/j?${version}`, headers: { 'if-match': '*' } },
      {},
      400,
      'UnsupportedHeader',
      { HeaderName: 'if-match' },
    ],
    [
      'a condition with a bad date',
      { target: `/jobs/j?${version}`, headers: { 'if-modified-since': 'now' } },
      { conditional: true },
      400,
      'InvalidHeaderValue',
      { HeaderName: 'If-Modified-Since' },
    ],
    [
      'a timeout that is no number',
      { target: `/jobs?${version}&timeout=soon` },
      {},
      400,
      'InvalidQueryParameterValue',
      { QueryParameterName: 'timeout' },
    ],
    [
      'a page of 0',
      { target: `/jobs?${version}&maxresults=0` },
      { query: ['maxresults'] },
      400,
      'OutOfRangeQueryParameterValue',
      { QueryParameterName: 'maxresults' },
    ],
    [
      'a page of 1001',
      { target: `/jobs?${version}&maxresults=1001` },
      { query: ['maxresults'] },
      400,
      'OutOfRangeQueryParameterValue',
      { QueryParameterName: 'maxresults' },
    ],
    [
      'a page of ten',
      { target: `/jobs?${version}&maxresults=ten` },
      { query: ['maxresults'] },
      400,
      'InvalidQueryParameterValue',
      { QueryParameterName: 'maxresults' },
    ],
    [
      'a foreign skip token',
      { target: `/jobs?${version}&$skiptoken=%2B%2F` },
      { query: ['maxresults'] },
      400,
      'InvalidQueryParameterValue',
      { QueryParameterName: '$skiptoken' },
    ],
    ['broken percent-encoding in the path', { target: `/jobs/%ZZ?${version}` }, {}, 400, 'InvalidUri', {}],
    ['broken percent-encoding in the query', { target: `/jobs?${version}&$filter=%E0%A4` }, {}, 400, 'InvalidUri', {}],
    ['a control character in the path', { target: `/jobs/a%00b?${version}` }, {}, 400, 'InvalidUri', {}],
    ['no body where one is required', post, { body: 'required' }, 400, 'InvalidRequestBody', {}],
    ['a body where none is expected', { ...post, body: '{}' }, {}, 400, 'InvalidRequestBody', {}],
    ['a body that is not JSON', { ...post, body: '{' }, { body: 'required' }, 400, 'InvalidRequestBody', {}],
    ['a body that is a list', { ...post, body: '[]' }, { body: 'required' }, 400, 'InvalidRequestBody', {}],
    ['a body that is null', { ...post, body: 'null' }, { body: 'optional' }, 400, 'InvalidRequestBody', {}],
    [
      'a body of another type',
      { ...post, body: '{}', headers: { 'Content-Type': 'text/plain' } },
      { body: 'required' },
      400,
      'InvalidHeaderValue',
      { HeaderName: 'Content-Type' },
    ],
    [
      'a digest that is none',
      { ...post, body: '{}', headers: { 'Content-MD5': 'AAAA' } },
      { body: 'required' },
      400,
      'InvalidMd5',
      { HeaderName: 'Content-MD5', HeaderValue: 'AAAA' },
    ],
    [
      'another body than the one that was sent',
      { ...post, body: '{"a":2}', headers: { 'Content-MD5': md5Of('{"a":1}') } },
      { body: 'required' },
      400,
      'Md5Mismatch',
      { UserSpecifiedMd5: md5Of('{"a":1}'), ServerCalculatedMd5: md5Of('{"a":2}') },
    ],
    [
      'no body where one was sent',
      { ...post, headers: { 'Content-MD5': md5Of('{"a":1}') } },
      { body: 'optional' },
      400,
      'Md5Mismatch',
      {},
    ],
    [
      'a body over 1 MiB',
      { ...post, body: large },
      { body: 'required' },
      413,
      'RequestBodyTooLarge',
      { MaxLimit: '1048576' },
    ],
  ];
  it.each(refusals)('is %s', async (_, parts, options, status, code, values) => {
    let isReached = false;
    const response = await call(parts, { options, handle: () => ((isReached = true), done) });
    const { values: told, ...error } = errorOf(response);
    expect(error).toEqual({ status, code });
    expect(told).toMatchObject(values);
    expect(isReached).toBe(false);
  });

  it.each([
    ['a body', '{"ü":1}', { body: 'required' }],
    ['no body', undefined, {}],
  ] as const)('is not one with the right digest of %s', async (_, body, options) => {
    const headers = {
      ...(body !== undefined && { 'Content-Type': 'application/json' }),
      'Content-MD5': md5Of(body ?? ''),
    };
    const response = await call({ ...post, headers, ...(body !== undefined && { body }) }, { options });
    expect(response.status).toBe(200);
  });

  it('is not a larger body where the operation allows for it, up to 4 MiB', async () => {
    const options = { body: 'required', largestBodyBytes: 64 * 1024 * 1024 } as const;
    expect((await call({ ...post, body: large }, { options })).status).toBe(200);
    const response = await call({ ...post, body: `{"id":"${'x'.repeat(4 * 1024 * 1024)}"}` }, { options });
    expect(errorOf(response)).toMatchObject({ status: 413, values: { MaxLimit: '4194304' } });
  });

  it('is a body declared small that came large', async () => {
    const request = await signedRequest({ ...post, body: large, headers: { 'content-length': '2' } });
    const operation = createOperation(() => createRestServices())(
      'test-operation',
      { body: 'required' },
      async () => done,
    );
    expect(errorOf(await operation(request, context)).status).toBe(413);
  });

  it('is nothing for an operation that refuses by itself whatever it is asked', async () => {
    const options = { query: 'any', body: 'ignored', conditional: true } as const;
    const parts = {
      ...post,
      target: `/jobs/j/whatever?${version}&x=y`,
      body: 'not JSON',
      headers: { 'ocp-magic': '1' },
    };
    expect((await call(parts, { options })).status).toBe(200);
  });

  it('answers any query and any body with one of Batch’s errors or the handler’s answer', async () => {
    const anyQuery = fc.string().map((text) => encodeURI(text).replaceAll('#', ''));
    await fc.assert(
      fc.asyncProperty(anyQuery, fc.string({ unit: 'grapheme' }), async (query, body) => {
        const parts = { method: 'POST', target: `/jobs?${version}&${query}`, body } as const;
        const response = await call(parts, { options: { body: 'optional', query: ['maxresults', '$filter'] } });
        expect(response.status).toBeLessThan(500);
        if (response.status !== 200) errorOf(response);
      }),
      { numRuns: 200 },
    );
  });
});

describe('how an answer looks', () => {
  it('is one thing with metadata, entity tag and modification time', async () => {
    const response = await call(
      { target: `/jobs/j?${version}` },
      {
        handle: () => ({
          status: 200,
          metadata: 'jobs/@Element',
          json: { id: 'j' },
          etag: '0x8DE',
          lastModified: '2026-01-01T00:00:00.999Z',
        }),
      },
    );
    expect(bodyOf(response)).toEqual({ 'odata.metadata': `${baseUrl}/$metadata#jobs/@Element`, id: 'j' });
    expect(headersOf(response)).toEqual({
      'request-id': '00000000-0000-4000-8000-000000000001',
      DataServiceVersion: '3.0',
      'Content-Type': 'application/json;odata=minimalmetadata',
      ETag: '0x8DE',
      'Last-Modified': 'Thu, 01 Jan 2026 00:00:00 GMT',
    });
  });

  it('is an empty body for a write, which tells what it acted on', async () => {
    const created = await call(
      { method: 'POST', target: `/jobs?${version}`, body: '{}' },
      {
        options: { body: 'required' },
        handle: ({ baseUrl: base }) => ({ status: 201, location: `${base}/jobs/j`, dataServiceId: true, etag: '0x1' }),
      },
    );
    expect(created.status).toBe(201);
    expect(created.body).toBeUndefined();
    expect(headersOf(created)).toMatchObject({
      Location: `${baseUrl}/jobs/j`,
      DataServiceId: `${baseUrl}/jobs/j`,
      ETag: '0x1',
    });
    const acted = await call(
      { method: 'POST', target: `/jobs/a%3Ab/terminate?${version}` },
      { options: { body: 'optional' }, handle: () => ({ status: 202, dataServiceId: true }) },
    );
    expect(headersOf(acted)['DataServiceId']).toBe(`${baseUrl}/jobs/a%3Ab/terminate`);
    expect(headersOf(acted)['Content-Type']).toBeUndefined();
  });

  it('is a list whose link leads on with everything that the page was asked with', async () => {
    const options = { query: ['maxresults', '$filter', '$select'] };
    const filter = `$filter=id%20eq%20%27X%27`;
    const response = await call(
      { target: `/jobs?${filter}&${version}&maxresults=1&$select=id%2Cstate` },
      { options, handle: () => ({ status: 200, metadata: 'jobs', list: { items: [{ id: 'a' }], continuation: 'a' } }) },
    );
    const body = z.object({ value: z.array(z.unknown()), 'odata.nextLink': z.string() }).parse(bodyOf(response));
    expect(body.value).toEqual([{ id: 'a' }]);
    const link = body['odata.nextLink'];
    expect(link.startsWith(`${baseUrl}/jobs?${filter}&${version}&maxresults=1&$select=id%2Cstate&$skiptoken=`)).toBe(
      true,
    );
    expect(/\$skiptoken=([A-Za-z0-9_-]+)$/.test(link)).toBe(true);
    const next = new URL(link);
    const last = await call(
      { target: next.pathname + next.search },
      { options, handle: ({ page }) => ({ status: 200, list: { items: [page.continuation] }, metadata: 'jobs' }) },
    );
    expect(bodyOf(last)).toEqual({ 'odata.metadata': `${baseUrl}/$metadata#jobs`, value: ['a'] });
  });

  it('replaces the skip token in the next link', async () => {
    const options = { query: ['maxresults'] };
    const answer = (continuation: string) => () => ({ status: 200, list: { items: [], continuation } });
    const linkOf = (response: HttpResponseInit): URL =>
      new URL(z.object({ 'odata.nextLink': z.string() }).parse(bodyOf(response))['odata.nextLink']);
    const first = linkOf(await call({ target: `/jobs?${version}` }, { options, handle: answer('a') }));
    const second = linkOf(await call({ target: first.pathname + first.search }, { options, handle: answer('b') }));
    expect(second.searchParams.getAll('$skiptoken')).toHaveLength(1);
    expect(second.search).not.toBe(first.search);
  });

  it('is bytes of their own type', async () => {
    const handle = (): OperationAnswer => ({
      status: 200,
      bytes: { content: Uint8Array.of(1, 2, 255), contentType: 'text/plain' },
      headers: { 'ocp-batch-file-isdirectory': 'false' },
    });
    const response = await call({ target: `/x?${version}` }, { handle });
    expect(response.body).toEqual(Uint8Array.of(1, 2, 255));
    expect(headersOf(response)).toMatchObject({ 'Content-Type': 'text/plain', 'ocp-batch-file-isdirectory': 'false' });
  });

  it('has no body for HEAD and for 204', async () => {
    const head = await call(
      { method: 'HEAD', target: `/pools/p?${version}` },
      { handle: () => ({ ...done, etag: '0x1' }) },
    );
    expect(head).toMatchObject({ status: 200, headers: { ETag: '0x1' } });
    expect(head.body).toBeUndefined();
    const empty = await call(
      { method: 'POST', target: `/x?${version}` },
      { handle: () => ({ status: 204, json: {} }) },
    );
    expect(empty.body).toBeUndefined();
  });

  it('repeats the client’s request id only when asked to', async () => {
    const id = '11111111-1111-4111-8111-111111111111';
    const asked = { 'client-request-id': id, 'return-client-request-id': 'true' };
    const target = `/jobs?${version}`;
    expect(headersOf(await call({ target, headers: asked }))['client-request-id']).toBe(id);
    const unasked = { ...asked, 'return-client-request-id': 'false' };
    expect(headersOf(await call({ target, headers: unasked }))['client-request-id']).toBeUndefined();
    const refused = await call({ target: `${target}&x=y`, headers: asked });
    expect(headersOf(refused)['client-request-id']).toBe(id);
  });
});

describe('conditions on a read', () => {
  const handle = (): OperationAnswer => ({ ...done, etag: '0x8DE', lastModified: '2026-01-01T00:00:00.500Z' });
  const read = (headers: Record<string, string>) =>
    call({ target: `/jobs/j?${version}`, headers }, { options: { conditional: true }, handle });

  it('answers 304 without a body while the caller has the newest state', async () => {
    for (const headers of [{ 'if-none-match': '"0x8DE"' }, { 'if-modified-since': signedAt.toUTCString() }]) {
      const response = await read(headers);
      expect(response.status).toBe(304);
      expect(response.body).toBeUndefined();
      expect(headersOf(response)['request-id']).toBeDefined();
    }
  });

  it('answers the resource otherwise', async () => {
    expect((await read({ 'if-none-match': '0x1' })).status).toBe(200);
    expect((await read({ 'if-match': '0x8DE' })).status).toBe(200);
  });

  it('answers 412 with a body on a write', async () => {
    const response = await call(
      { method: 'DELETE', target: `/jobs/j?${version}`, headers: { 'if-match': '0x1' } },
      {
        options: { conditional: true },
        handle: () => {
          throw new BatchError('ConditionNotMet', 'Header If-Match does not hold.');
        },
      },
    );
    expect(errorOf(response)).toEqual({ status: 412, code: 'ConditionNotMet', values: {} });
  });
});

describe('what a handler throws', () => {
  const failing = (error: unknown, services = createRestServices()) =>
    call({ target: `/jobs/j?${version}` }, { services, handle: () => Promise.reject(error) });

  it('is told in Batch’s form when it is a refusal', async () => {
    const response = await failing(new BatchError('JobNotFound', "There is no job 'j'.", { JobId: 'j' }));
    expect(response.status).toBe(404);
    expect(headersOf(response)).toMatchObject({
      'Content-Type': 'application/json;odata=minimalmetadata',
      DataServiceVersion: '3.0',
    });
    expect(bodyOf(response)).toEqual({
      'odata.metadata': `${baseUrl}/$metadata#Microsoft.Azure.Batch.Protocol.Entities.Container.errors/@Element`,
      code: 'JobNotFound',
      message: {
        lang: 'en-US',
        value: `There is no job 'j'.\nRequestId:00000000-0000-4000-8000-000000000001\nTime:2026-01-01T00:00:00.0000000Z`,
      },
      values: [{ key: 'JobId', value: 'j' }],
    });
  });

  it.each([
    new TableConflict('changed', 'row changed'),
    new TableUnavailable('throttled'),
    new BusUnavailable('broker gone'),
  ])('asks to come again when storage or bus is out: $name', async (error) => {
    const response = await failing(error);
    expect(errorOf(response)).toEqual({ status: 503, code: 'ServerBusy', values: {} });
    expect(Number(headersOf(response)['Retry-After'])).toBeGreaterThan(0);
    expect(JSON.stringify(response)).not.toContain(error.message);
  });

  it('is a 500 that tells nothing and a log line that tells all when it is a bug', async () => {
    const services = createRestServices();
    const error = new Error('secret detail');
    const response = await failing(error, services);
    expect(errorOf(response)).toEqual({ status: 500, code: 'InternalError', values: {} });
    expect(JSON.stringify(response)).not.toContain('secret');
    expect(services.lines).toMatchObject([{ level: 'error', message: 'operation failed', fields: { error } }]);
  });

  it.each([
    ['', 30],
    ['&timeout=7', 7],
    ['&timeout=0', 30],
    ['&timeout=90', 30],
  ])('is a time-out when it has not ended within its time: %s', async (timeout, seconds) => {
    const services = createRestServices();
    let isReached: () => void = () => undefined;
    const reached = new Promise<void>((resolve) => (isReached = resolve));
    const answered = call(
      { target: `/jobs?${version}${timeout}` },
      { services, handle: () => (isReached(), new Promise<OperationAnswer>(() => undefined)) },
    );
    await reached;
    services.clock.advance(seconds * 1000 - 1);
    expect(services.lines).toEqual([]);
    services.clock.advance(1);
    expect(errorOf(await answered)).toEqual({ status: 500, code: 'OperationTimedOut', values: {} });
    expect(services.clock.pending()).toBe(0);
  });

  it('writes and sends nothing any more once its time is over: whoever asked may have gone on', async () => {
    const made = createRestServices();
    const done: string[] = [];
    const services = {
      ...made,
      table: { ...made.table, write: () => Promise.resolve((done.push('written'), [])) },
      bus: { ...made.bus, send: () => Promise.resolve(void done.push('sent')) },
    };
    let proceed: () => void = () => undefined;
    let isReached: () => void = () => undefined;
    const reached = new Promise<void>((resolve) => (isReached = resolve));
    const outcomes: Promise<unknown>[] = [];
    const answered = call(
      { target: `/jobs?${version}` },
      {
        services,
        async handle(_, { table, bus }) {
          await table.write('p', []);
          await bus.send('job-events', []);
          isReached();
          await new Promise<void>((resolve) => (proceed = resolve));
          outcomes.push(table.write('p', []), bus.send('job-events', []));
          await Promise.all(outcomes);
          return { status: 200 };
        },
      },
    );
    await reached;
    services.clock.advance(30_000);
    expect(errorOf(await answered)).toMatchObject({ code: 'OperationTimedOut' });
    proceed();
    await eventually('both attempts', () => outcomes.length === 2);
    for (const outcome of outcomes) await expect(outcome).rejects.toBeInstanceOf(TooLate);
    expect(done).toEqual(['written', 'sent']);
  });

  it('leaves no timer behind', async () => {
    const services = createRestServices();
    await call({ target: `/jobs?${version}` }, { services });
    expect(services.clock.pending()).toBe(0);
  });

  it('has no body for HEAD', async () => {
    const response = await call(
      { method: 'HEAD', target: `/pools/p?${version}` },
      { handle: () => Promise.reject(new BatchError('PoolNotFound', 'There is no such pool.')) },
    );
    expect(response.status).toBe(404);
    expect(response.body).toBeUndefined();
  });

  it('is answered even when the services cannot be made', async () => {
    const operation = createOperation(() => {
      throw new Error('The settings cannot be used. BatchAccountKey: missing');
    })('test-operation', {}, async () => done);
    const logged: unknown[] = [];
    const quiet = new functions.InvocationContext({ logHandler: (_, ...args) => void logged.push(...args) });
    const response = await operation(await signedRequest({ target: `/jobs?${version}` }), quiet);
    expect(errorOf(response)).toMatchObject({ status: 500, code: 'InternalError' });
    expect(JSON.stringify(response)).not.toContain('BatchAccountKey');
    expect(logged).toContain('services could not be made');
  });
});

describe('the log', () => {
  it('has one line per operation, without query values', async () => {
    const services = createRestServices();
    await call(
      { target: `/jobs?${version}&$filter=secret` },
      { services, options: { query: ['$filter'] }, handle: () => (services.clock.advance(12), done) },
    );
    await call({ target: `/jobs?${version}&x=secret` }, { services });
    expect(services.lines).toEqual([
      {
        level: 'info',
        message: 'operation answered',
        fields: { operation: 'test-operation', status: 200, requestId: expect.any(String), durationMs: 12 },
      },
      {
        level: 'info',
        message: 'operation refused',
        fields: {
          operation: 'test-operation',
          status: 400,
          requestId: expect.any(String),
          durationMs: 0,
          code: 'UnsupportedQueryParameter',
        },
      },
    ]);
    expect(JSON.stringify(services.lines)).not.toContain('secret');
  });
});

describe('the catalogue', () => {
  it('gives every code a text of its own and a status that clients do not mistake', () => {
    for (const { status, text } of Object.values(errorCatalogue)) {
      expect([400, 403, 404, 405, 408, 409, 411, 412, 413, 414, 416, 429, 431, 500, 503]).toContain(status);
      expect(text).toMatch(/^[A-Z].*\.$/);
    }
  });
});

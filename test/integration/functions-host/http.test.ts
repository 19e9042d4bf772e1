import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { listFunctions, startFunctionsHost, type FunctionsHost } from '../../../local/functions-host/index.js';
import { closeGate, createLogCollector, createRecord, eventually, fixtureApp, masterKey, sendRaw } from './fixture.js';

const shownSchema = z.object({
  function: z.string(),
  method: z.string(),
  url: z.string(),
  params: z.record(z.string(), z.string()),
  query: z.record(z.string(), z.string()),
  headers: z.record(z.string(), z.string()),
  body: z.string(),
  hasTriggerMetadata: z.boolean(),
});

const record = createRecord();
const collector = createLogCollector();
const only = [
  ...['files-read', 'files-list', 'files-special', 'versioned', 'everything-else', 'keyed', 'switched-off', 'fails'],
  ...[
    'answers-nothing',
    'answers-no-response',
    'answers-bytes',
    'answers-head',
    'answers-cookies',
    'waits',
    'logs',
    'hooked',
  ],
];
let host: FunctionsHost;

async function start(): Promise<FunctionsHost> {
  return startFunctionsHost({
    appDir: fixtureApp,
    masterKey,
    only,
    log: collector.log,
    settings: { ...record.settings, 'AzureWebJobs.switched-off.Disabled': 'true' },
    httpLimits: { maxBodySizeBytes: 1_000, headersTimeoutMs: 300, requestTimeoutMs: 600 },
    stopGraceMs: 500,
  });
}

beforeAll(async () => {
  host = await start();
});
afterEach(() => {
  record.clear();
  collector.lines.length = 0;
});
afterAll(async () => {
  await host.stop();
  record.remove();
});

async function show(path: string, init: RequestInit = {}) {
  const response = await fetch(`${host.url}${path}`, init);
  return { response, shown: shownSchema.parse(await response.json()) };
}

function bodyOf(answer: string): unknown {
  return JSON.parse(Buffer.from(answer.slice(answer.indexOf('\r\n\r\n')), 'latin1').toString('utf8'));
}

describe('a request', () => {
  test('reaches its function with the raw URL and parameters decoded once', async () => {
    const { response, shown } = await show(
      '/nodes/n%3A1/files/wd%2Fout%20put%5Cx.txt?$filter=a%20eq%20%27b%27&x=1&x=2&empty=',
    );
    expect(response.status).toBe(200);
    expect(response.headers.get('x-function')).toBe('files-read');
    expect(shown).toMatchObject({
      method: 'GET',
      url: `${host.url}/nodes/n%3A1/files/wd%2Fout%20put%5Cx.txt?$filter=a%20eq%20%27b%27&x=1&x=2&empty=`,
      params: { node: 'n:1', file: 'wd/out put\\x.txt' },
      query: { $filter: "a eq 'b'", x: '1,2', empty: '' },
      body: '',
      hasTriggerMetadata: false,
    });
  });

  test('keeps its headers, Content-Length too, as they were received', async () => {
    const head = [
      'authorization: SharedKey a:b+/=',
      'Ocp-Date: Thu, 01 Jan 2026 00:00:00 GMT',
      'x-odd: \xe4',
      'content-type: application/json; odata=minimalmetadata',
    ];
    const without = await sendRaw(
      host.port,
      `DELETE /nodes/n/files/f HTTP/1.1\r\nHost: batch.local:99\r\n${head.join('\r\n')}\r\nConnection: close\r\n\r\n`,
    );
    const shown = shownSchema.parse(bodyOf(without));
    expect(shown.url).toBe('http://batch.local:99/nodes/n/files/f');
    expect(shown.headers).toMatchObject({
      authorization: 'SharedKey a:b+/=',
      'ocp-date': 'Thu, 01 Jan 2026 00:00:00 GMT',
      'x-odd': '\xe4',
      'content-type': 'application/json; odata=minimalmetadata',
    });
    expect(shown.headers).not.toHaveProperty('content-length');
    const zero = await sendRaw(
      host.port,
      'DELETE /nodes/n/files/f HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
    );
    expect(shownSchema.parse(bodyOf(zero)).headers['content-length']).toBe('0');
  });

  test('brings its body, in whatever pieces it comes', async () => {
    const { shown } = await show('/nodes/n/files/f', { method: 'PUT', body: 'ä'.repeat(400) });
    expect(shown).toMatchObject({ method: 'PUT', body: 'ä'.repeat(400) });
    expect(shown.headers['content-length']).toBe('800');
    const chunked = await sendRaw(
      host.port,
      'POST /nodes/n/files/f HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n',
    );
    expect(chunked).toContain('"body":"abcde"');
  });

  test.each([
    ['/nodes/n/files/special', 'files-special', { node: 'n' }],
    ['/nodes/n/files/other', 'files-read', { node: 'n', file: 'other' }],
    ['/nodes/n/files', 'files-list', { node: 'n' }],
    ['/v1.25/', 'versioned', { major: '1', minor: '25' }],
    ['/v1.25/x', 'versioned', { major: '1', minor: '25', optional: 'x' }],
    ['/else/a%2Fb/c', 'everything-else', { rest: 'a/b/c' }],
    ['/else', 'everything-else', {}],
  ])('for %s goes to %s', async (path, name, params) => {
    const { shown } = await show(path);
    expect(shown).toMatchObject({ function: name, params });
  });

  test.each([
    ['GET', '/nothing/here', 404],
    ['HEAD', '/nodes/n/files', 404],
    ['POST', '/nodes/n/files', 404],
    ['GET', '/switched-off', 404],
    ['PATCH', '/else/x', 404],
    ['GET', '/admin/other', 401],
  ])('%s %s that no function answers gets a status without a body', async (method, path, status) => {
    const response = await fetch(`${host.url}${path}`, { method });
    expect([response.status, response.headers.get('content-length'), await response.text()]).toEqual([status, '0', '']);
  });

  test('whose target or Host header is no URL is refused', async () => {
    for (const [target, hostHeader] of [
      ['/a', 'h/x'],
      ['*', 'h'],
      ['/a#b', 'h'],
    ]) {
      const answer = await sendRaw(
        host.port,
        `OPTIONS ${target} HTTP/1.1\r\nHost: ${hostHeader}\r\nConnection: close\r\n\r\n`,
      );
      expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    }
  });

  test('that needs a key is answered with the key only', async () => {
    const status = async (path: string, headers: Record<string, string> = {}) =>
      (await fetch(`${host.url}${path}`, { headers })).status;
    expect(await status('/keyed')).toBe(401);
    expect(await status('/keyed', { 'x-functions-key': 'wrong' })).toBe(401);
    expect(await status('/keyed', { 'x-functions-key': masterKey })).toBe(200);
    expect(await status(`/keyed?code=${masterKey}`)).toBe(200);
  });
});

describe('an answer', () => {
  test('is 500 without a body when the function throws, and the reason is logged', async () => {
    const response = await fetch(`${host.url}/fails`);
    expect([response.status, await response.text()]).toEqual([500, '']);
    const line = collector.lines.find(({ message }) => message === 'function failed');
    expect(line).toMatchObject({ level: 'error', fields: { functionName: 'fails' } });
    expect(String(line?.fields['error'])).toContain('this text stays in the log');
  });

  test('is 204 when the function returns nothing, and 500 when it returns no response', async () => {
    expect((await fetch(`${host.url}/answers-nothing`)).status).toBe(204);
    expect((await fetch(`${host.url}/answers-no-response`)).status).toBe(500);
  });

  test('carries status, headers and bytes unchanged', async () => {
    const response = await fetch(`${host.url}/answers-bytes`);
    expect([response.status, response.headers.get('content-type'), response.headers.get('etag')]).toEqual([
      206,
      'application/x-odd',
      '0x8D',
    ]);
    expect([...new Uint8Array(await response.arrayBuffer())]).toEqual([0, 255, 10]);
  });

  test('to HEAD has the length of the body it leaves out', async () => {
    const raw = (path: string) => sendRaw(host.port, `HEAD ${path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`);
    const measured = await raw('/answers-bytes');
    expect(measured).toMatch(/\r\ncontent-length: 3\r\n/i);
    expect(measured.endsWith('\r\n\r\n')).toBe(true);
    expect(await raw('/answers-head')).toMatch(/\r\ncontent-length: 12345\r\n/i);
  });

  test('carries cookies', async () => {
    const response = await fetch(`${host.url}/answers-cookies`);
    expect(response.headers.getSetCookie()).toEqual(['a=1; path=/; httponly', 'b=2']);
  });
});

describe('hooks and logs', () => {
  test('run around the function and may change what goes in and comes out', async () => {
    const response = await fetch(`${host.url}/hooked`);
    expect(await response.json()).toEqual({ replaced: true, before: 'hooked', swallowed: false });
  });

  test('of the app are lines of the host log with function and invocation', async () => {
    await fetch(`${host.url}/logs`);
    const lines = collector.lines.filter(({ fields }) => fields['functionName'] === 'logs');
    expect(lines.map(({ level, message }) => [level, message])).toEqual([
      ['info', 'informed well'],
      ['warn', 'warned, says the hook'],
      ['error', 'failed'],
      ['debug', 'detailed'],
      ['debug', 'function succeeded'],
    ]);
    expect(new Set(lines.map(({ fields }) => fields['invocationId'])).size).toBe(1);
  });
});

describe('limits', () => {
  test('a body over the bound is refused with 413 and the connection stays usable', async () => {
    const declared = await fetch(`${host.url}/nodes/n/files/f`, { method: 'PUT', body: 'x'.repeat(1_001) });
    expect(declared.status).toBe(413);
    const chunk = `3e9\r\n${'x'.repeat(1_001)}\r\n`;
    const answers = await sendRaw(
      host.port,
      `POST /nodes/n/files/f HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}${chunk}0\r\n\r\n` +
        'GET /v1.1 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n',
    );
    expect(answers.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 413', 'HTTP/1.1 200']);
  });

  test('a client that does not finish its request is cut off, and others are answered meanwhile', async () => {
    const slowHead = sendRaw(host.port, 'GET /v1.1 HTTP/1.1\r\nHost: h\r\nX-Slow');
    const slowBody = sendRaw(host.port, 'POST /nodes/n/files/f HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nhalf');
    expect((await show('/v1.1')).response.status).toBe(200);
    expect(await slowHead).toMatch(/^HTTP\/1\.1 408 /);
    expect(await slowBody).toMatch(/^(HTTP\/1\.1 408 |$)/);
    expect((await show('/v1.1')).response.status).toBe(200);
  });

  test('a client that goes away leaves nothing behind', async () => {
    const socket = connect(host.port, '127.0.0.1');
    socket.write('POST /nodes/n/files/f HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nhalf');
    await new Promise((resolve) => socket.once('connect', resolve));
    socket.resetAndDestroy();
    expect((await show('/v1.1')).response.status).toBe(200);
    expect(collector.lines.filter(({ level }) => level === 'error')).toEqual([]);
  });

  test('only maxConcurrentRequests run at once, and beyond maxOutstandingRequests the answer is 429', async () => {
    const gate = closeGate();
    const entered = () => record.seen().filter(({ event }) => event === 'entered').length;
    const requests = [1, 2, 3, 4].map(() => fetch(`${host.url}/waits`));
    const refused = await Promise.race(requests);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1']);
    await eventually('two requests run', () => entered() === 2);
    gate.open();
    const statuses = (await Promise.all(requests)).map(({ status }) => status);
    expect(statuses.sort()).toEqual([200, 200, 200, 429]);
    expect(entered()).toBe(3);
    expect((await fetch(`${host.url}/waits`)).status).toBe(200);
  });
});

describe('admin calls', () => {
  const run = (name: string, key?: string, body = '{}') =>
    fetch(`${host.url}/admin/functions/${name}`, {
      method: 'POST',
      body,
      headers: key === undefined ? {} : { 'x-functions-key': key },
    });

  test('tell that the host is up', async () => {
    expect((await fetch(`${host.url}/admin/host/ping`)).status).toBe(200);
  });

  test('need the master key', async () => {
    expect((await run('waits')).status).toBe(401);
    expect((await run('waits', 'wrong')).status).toBe(401);
    expect((await run('waits', '')).status).toBe(401);
  });

  test('do not know HTTP functions or unknown names, and want JSON', async () => {
    expect((await run('waits', masterKey)).status).toBe(404);
    expect((await run('nobody', masterKey)).status).toBe(404);
    expect((await run('waits', masterKey, '{')).status).toBe(400);
  });
});

describe('the host', () => {
  test('lists the functions of an app with their bindings', async () => {
    const functions = await listFunctions({ appDir: fixtureApp });
    expect(functions.map(({ name }) => name)).toEqual([...functions.map(({ name }) => name)].sort());
    expect(functions.find(({ name }) => name === 'batch-in-session')?.bindings).toEqual([
      expect.objectContaining({
        type: 'serviceBusTrigger',
        direction: 'in',
        queueName: 'batch-in-session',
        connection: 'Bus',
        cardinality: 'many',
        isSessionsEnabled: true,
        name: expect.stringMatching(/^serviceBusTrigger[0-9a-f]{10}$/),
      }),
    ]);
    expect(host.functions.map(({ name }) => name)).toEqual([...only].sort());
  });

  test('refuses an unknown function, a taken port and a missing setting, leaving nothing behind', async () => {
    const refused = (options: Partial<Parameters<typeof startFunctionsHost>[0]>) =>
      startFunctionsHost({ appDir: fixtureApp, masterKey, log: collector.log, ...options });
    await expect(refused({ only: ['nobody'] })).rejects.toThrow("no function named 'nobody'");
    await expect(refused({ only: ['logs'], port: host.port, settings: record.settings })).rejects.toThrow('EADDRINUSE');
    await expect(refused({ only: ['single'], settings: record.settings })).rejects.toThrow(
      "Setting 'Bus', the connection of function 'single'",
    );
    await expect(refused({ appDir: `${fixtureApp}/functions` })).rejects.toThrow();
  });

  test('lets requests in flight finish when it stops, gives up those that do not, and starts again', async () => {
    const gate = closeGate();
    const finished = fetch(`${host.url}/waits`);
    await eventually('the request runs', () => record.seen().some(({ event }) => event === 'entered'));
    const stopping = host.stop();
    await expect(fetch(`${host.url}/v1.1`)).rejects.toThrow();
    gate.open();
    await stopping;
    expect((await finished).status).toBe(200);
    expect(record.seen().at(-1)).toMatchObject({ hook: 'appTerminate', started: 'yes' });
    await expect(fetch(`${host.url}/v1.1`)).rejects.toThrow();

    host = await start();
    closeGate();
    const stuck = fetch(`${host.url}/waits`);
    await eventually('the request runs', () => record.seen().filter(({ event }) => event === 'entered').length === 2);
    await host.stop();
    expect((await stuck).status).toBe(500);
    expect(process.env['SEEN_FILE']).toBeUndefined();
    host = await start();
    expect((await show('/v1.1')).response.status).toBe(200);
  });
});

// What hostile and broken clients may do to the host over raw sockets: they are refused in Batch's form, and others are answered meanwhile.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { answerForm } from '../../../local/batch-answers.js';
import { startFunctionsHost, type FunctionsHost, type HttpLimits } from '../../../local/functions-host/index.js';
import { silentLog } from '../../../shared/log.js';
import { eventually } from '../../helpers/eventually.js';
import { closeGate, createRecord, fixtureApp, masterKey } from './fixture.js';

const record = createRecord();
const hosts: FunctionsHost[] = [];
let host: FunctionsHost;

async function start(httpLimits: Partial<HttpLimits>): Promise<FunctionsHost> {
  const started = await startFunctionsHost({
    appDir: fixtureApp,
    masterKey,
    only: ['files-read', 'versioned', 'fails', 'waits'],
    log: silentLog,
    settings: record.settings,
    httpLimits,
    answerForm,
    stopGraceMs: 500,
  });
  hosts.push(started);
  return started;
}

const patient = { headersTimeoutMs: 60_000, requestTimeoutMs: 60_000 };

beforeAll(async () => {
  host = await start({ maxBodySizeBytes: 1_000, headersTimeoutMs: 300, requestTimeoutMs: 600 });
});
afterAll(async () => {
  for (const each of hosts) await each.stop();
  record.remove();
});

const errorSchema = z.object({ code: z.string(), message: z.object({ lang: z.literal('en-US'), value: z.string() }) });

type Raw = { readonly status: number; readonly phrase: string; readonly head: string; readonly body: string };

/** The answers that stand in what came over a connection, one behind the other. */
function answersIn(received: string): Raw[] {
  const found = /^HTTP\/1\.1 (\d{3}) ([^\r]*)\r\n([^]*?)\r\n\r\n([^]*)$/.exec(received);
  if (found === null) return [];
  const [, status, phrase = '', head = '', rest = ''] = found;
  const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
  return [{ status: Number(status), phrase, head, body: rest.slice(0, length) }, ...answersIn(rest.slice(length))];
}

/** A connection that keeps what it receives. A reset is an end like any other: it is what came before that counts. */
function open(
  port = host.port,
  localAddress = '127.0.0.1',
): { socket: Socket; received(): string; ended: Promise<string> } {
  const socket = connect({ port, host: '127.0.0.1', localAddress });
  let received = '';
  socket.setEncoding('latin1');
  socket.on('data', (chunk: string) => (received += chunk));
  socket.on('error', () => undefined);
  const ended = new Promise<string>((resolve) => socket.once('close', () => resolve(received)));
  return { socket, received: () => received, ended };
}

async function answersTo(text: string, port?: number): Promise<Raw[]> {
  const { socket, ended } = open(port);
  socket.write(text, 'latin1');
  return answersIn(await ended);
}

const codesOf = (answers: readonly Raw[]): (string | number)[] =>
  answers.map(({ status, body }) => (status < 400 ? status : errorSchema.parse(JSON.parse(body)).code));

const isServed = async (port = host.port): Promise<boolean> =>
  (await fetch(`http://127.0.0.1:${port}/v1.1`)).status === 200;

const post = 'POST /nodes/n/files/f HTTP/1.1\r\nHost: h\r\n';
const last = 'GET /v9.9 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n';

describe('a request that is no good', () => {
  test.each([
    [
      'a header of 64 KB',
      `GET /v1.1 HTTP/1.1\r\nHost: h\r\nX: ${'x'.repeat(65_536)}\r\n\r\n`,
      431,
      'RequestHeadersTooLarge',
    ],
    [
      'a URL of 30,000 characters',
      `GET /v1.1?x=${'x'.repeat(30_000)} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`,
      414,
      'RequestUrlTooLong',
    ],
    ['a NUL in its URL', 'GET /v1.1?\0 HTTP/1.1\r\nHost: h\r\n\r\n', 400, 'InvalidInput'],
    ['a NUL in a header', 'GET /v1.1 HTTP/1.1\r\nHost: h\r\nX: a\0b\r\n\r\n', 400, 'InvalidInput'],
    ['no HTTP in it', 'hello\r\n\r\n', 400, 'InvalidInput'],
    ['two lengths', `${post}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab`, 400, 'InvalidInput'],
    [
      'a length and pieces',
      `${post}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      400,
      'InvalidInput',
    ],
    ['a piece of no length', `${post}Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n`, 400, 'InvalidInput'],
    ['a Host that is none', 'GET /v1.1 HTTP/1.1\r\nHost: a/b\r\nConnection: close\r\n\r\n', 400, 'InvalidUri'],
    ['another expectation', `${post}Expect: magic\r\nConnection: close\r\n\r\n`, 400, 'InvalidHeaderValue'],
    ['the verb CONNECT', 'CONNECT example.org:443 HTTP/1.1\r\nHost: h\r\n\r\n', 400, 'InvalidHttpVerb'],
    ['the verb TRACE', 'TRACE /v1.1 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n', 400, 'InvalidHttpVerb'],
    ['the verb PROPFIND', 'PROPFIND /v1.1 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n', 400, 'InvalidHttpVerb'],
    [
      'a body beyond the bound',
      `${post}Content-Length: 1001\r\nConnection: close\r\n\r\n${'x'.repeat(1_001)}`,
      413,
      'RequestBodyTooLarge',
    ],
    ['a function that fails', 'GET /fails HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n', 500, 'InternalError'],
  ])('because of %s is refused in Batch’s form, and the next one is served', async (_, text, status, code) => {
    const [answer, ...more] = await answersTo(text);
    expect(more).toEqual([]);
    expect(answer).toMatchObject({ status });
    const error = errorSchema.parse(JSON.parse(answer?.body ?? ''));
    expect(error.code).toBe(code);
    expect(error.message.value).toMatch(/\nRequestId:[0-9a-f-]{36}\nTime:\d{4}-/);
    expect(answer?.phrase).toBe(error.message.value.split('\n')[0]);
    expect(answer?.head).toMatch(/content-type: application\/json;odata=minimalmetadata/i);
    expect(await isServed()).toBe(true);
  });

  test('of 10,000 characters, or with percent-encoding that is none, is for the app to judge', async () => {
    for (const query of [`x=${'x'.repeat(10_000)}`, 'x=%zz', 'x=%00', 'x=%ff']) {
      const [answer] = await answersTo(`GET /v1.1?${query} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`);
      expect(answer?.status).toBe(200);
    }
  });

  test('to HEAD is refused without a body', async () => {
    const answer = await fetch(`${host.url}/nothing`, { method: 'HEAD' });
    expect([answer.status, await answer.text()]).toEqual([400, '']);
  });
});

describe('a request that does not end', () => {
  test.each([
    ['its request line', 'GET /v1.1'],
    ['its headers', 'GET /v1.1 HTTP/1.1\r\nHost: h\r\nX-Slow: '],
    ['its body', `${post}Content-Length: 1000\r\n\r\nhalf`],
    ['the pieces of its body', `${post}Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n`],
  ])('but trickles in %s is refused, and others are served meanwhile', async (_, text) => {
    const { socket, received, ended } = open();
    socket.write(text);
    let dripped = 0;
    while (socket.readyState !== 'closed' && received() === '') {
      expect(await isServed()).toBe(true);
      // Never to its end.
      if (socket.writable && dripped < 150) socket.write(text.includes('chunked') ? '1\r\nx\r\n' : 'x');
      dripped += 1;
    }
    expect(dripped).toBeGreaterThan(0);
    expect(codesOf(answersIn(await ended))).toEqual(['RequestTimedOut']);
  });

  test('is refused on a connection that was used before', async () => {
    const { socket, received, ended } = open();
    socket.write('GET /v1.1 HTTP/1.1\r\nHost: h\r\n\r\n');
    await eventually('the first answer', () => received().includes('\r\n\r\n'));
    socket.write('GET /v1.2 HTTP/1.1\r\nHost');
    expect(codesOf(answersIn(await ended))).toEqual([200, 'RequestTimedOut']);
  });

  test('takes no place from others, however many there are', async () => {
    const { port } = await start(patient);
    // host.json of the fixture lets three requests in.
    const slow = Array.from({ length: 40 }, () => open(port));
    for (const { socket } of slow) socket.write(`${post}Content-Length: 100\r\n\r\nhalf`);
    await Promise.all(slow.map(({ socket }) => once(socket, 'connect')));
    for (let time = 0; time < 5; time += 1) expect(await isServed(port)).toBe(true);
    for (const { socket } of slow) socket.destroy();
  });

  test('is held only while there is room for its bytes', async () => {
    const { port } = await start({ ...patient, maxBodySizeBytes: 1_000, maxHeldBodyBytes: 2_000 });
    const slow = [open(port), open(port)];
    for (const { socket } of slow) socket.write(`${post}Content-Length: 1000\r\n\r\n${'x'.repeat(900)}`);
    const request = `${post}Content-Length: 500\r\nConnection: close\r\n\r\n${'x'.repeat(500)}`;
    await eventually('no room', async () => codesOf(await answersTo(request, port))[0] === 'TooManyRequests');
    expect(await isServed(port)).toBe(true);
    for (const { socket } of slow) socket.destroy();
    await eventually('room again', async () => codesOf(await answersTo(request, port))[0] === 200);
  });
});

describe('a request whose length is a lie', () => {
  test('and is shorter than it says never reaches a function', async () => {
    const { socket, ended } = open();
    socket.write(`${post}Content-Length: 100\r\n\r\nshort`);
    socket.end();
    expect(answersIn(await ended).map(({ status }) => status)).not.toContain(200);
    expect(await isServed()).toBe(true);
  });

  test('and is longer than it says is served, and the rest refused after that', async () => {
    expect(codesOf(await answersTo(`${post}Content-Length: 2\r\n\r\nab and more that is no request\r\n\r\n`))).toEqual([
      200,
      'InvalidInput',
    ]);
  });

  test('of 100 MB in pieces is refused and not kept, while others are served', async () => {
    const { port } = await start({ ...patient, maxBodySizeBytes: 1_000 });
    const { socket, received } = open(port);
    socket.write(`${post}Transfer-Encoding: chunked\r\n\r\n`);
    const piece = Buffer.from(`100000\r\n${'x'.repeat(0x100000)}\r\n`);
    let sent = 0;
    for (; sent < 100 && socket.writable; sent += 1) {
      if (!socket.write(piece))
        await eventually('room in the socket', () => !socket.writableNeedDrain || socket.closed);
      if (sent % 10 === 0) expect(await isServed(port)).toBe(true);
    }
    await eventually('the refusal', () => received().includes('\r\n\r\n'));
    expect(codesOf(answersIn(received()))).toEqual(['RequestBodyTooLarge']);
    expect(sent).toBe(100);
    socket.destroy();
    expect(await isServed(port)).toBe(true);
  });
});

describe('Expect: 100-continue', () => {
  test('is answered before the body where the body may come', async () => {
    const { socket, received, ended } = open();
    socket.write(`${post}Content-Length: 4\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n`);
    await eventually('100 Continue', () => received().startsWith('HTTP/1.1 100 Continue\r\n\r\n'));
    socket.write('body');
    const [, answer = ''] = (await ended).split('100 Continue\r\n\r\n');
    expect(answersIn(answer)).toMatchObject([{ status: 200, body: expect.stringContaining('"body":"body"') }]);
  });

  test.each([
    ['is too large', `${post}Content-Length: 5000000\r\nExpect: 100-continue\r\n`, 'RequestBodyTooLarge'],
    [
      'is for nobody',
      'POST /nothing HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-continue\r\n',
      'InvalidHttpVerb',
    ],
  ])('is no reason to send a body that %s', async (_, head, code) => {
    expect(codesOf(await answersTo(`${head}Connection: close\r\n\r\n`))).toEqual([code]);
  });
});

describe('connections', () => {
  test('that are silent make way for new ones', async () => {
    const { port } = await start({ ...patient, maxConnections: 10 });
    const silent: ReturnType<typeof open>[] = [];
    for (let count = 0; count < 30; count += 1) {
      const opened = open(port);
      await once(opened.socket, 'connect');
      silent.push(opened);
    }
    expect(await isServed(port)).toBe(true);
    const isOpen = ({ socket }: (typeof silent)[number]): boolean => !socket.closed;
    await eventually('the oldest are closed', () => silent.filter(isOpen).length <= 10);
    expect(silent.slice(0, 20).filter(isOpen)).toEqual([]);
    for (const { socket } of silent) socket.destroy();
  });

  test('carry several requests at once, and answers come in their order', async () => {
    const get = (minor: number): string => `GET /v1.${minor} HTTP/1.1\r\nHost: h\r\n\r\n`;
    const answers = await answersTo(`${get(1)}${get(2)}${last}`);
    expect(answers.map(({ body }) => /"minor":"(\d)"/.exec(body)?.[1])).toEqual(['1', '2', '9']);
  });

  test('that break within pipelined requests get the answers that are owed, then the refusal', async () => {
    const get = 'GET /v1.1 HTTP/1.1\r\nHost: h\r\n\r\n';
    expect(codesOf(await answersTo(`${get}${get}nonsense\r\n\r\n${get}`))).toEqual([200, 200, 'InvalidInput']);
  });

  test('that carry many requests have one of them in the host at a time, and take no place from others', async () => {
    // host.json of the fixture lets three requests in, and two of them run.
    const { port } = await start(patient);
    record.clear();
    const gate = closeGate();
    const { socket, ended } = open(port);
    socket.write(`${'GET /waits HTTP/1.1\r\nHost: h\r\n\r\n'.repeat(20)}${last}`);
    await eventually('the first one runs', () => record.seen().length > 0);
    for (let time = 0; time < 3; time += 1) expect(await isServed(port)).toBe(true);
    expect(record.seen().map(({ event }) => event)).toEqual(['entered']);
    gate.open();
    expect(codesOf(answersIn(await ended))).toEqual(Array.from({ length: 21 }, () => 200));
    // One after the other.
    const events = Array.from({ length: 20 }, () => ['entered', 'left']).flat();
    expect(record.seen().flatMap(({ event }) => event ?? [])).toEqual(events);
  });

  test('that carry more requests than may wait are told so in the place of these', async () => {
    const { port } = await start({ ...patient, maxPipelinedRequests: 4 });
    const gate = closeGate();
    const { socket, ended } = open(port);
    record.clear();
    socket.write('GET /waits HTTP/1.1\r\nHost: h\r\n\r\n'.repeat(8));
    await eventually('the first one runs', () => record.seen().length > 0);
    gate.open();
    socket.end();
    const served = Array.from({ length: 5 }, () => 200);
    expect(codesOf(answersIn(await ended))).toEqual([...served, ...Array.from({ length: 3 }, () => 'TooManyRequests')]);
    expect(await isServed(port)).toBe(true);
  });

  test('whose client leaves while its requests wait keep nothing', async () => {
    const { port } = await start(patient);
    for (let round = 0; round < 3; round += 1) {
      record.clear();
      const gate = closeGate();
      const { socket } = open(port);
      socket.write('GET /waits HTTP/1.1\r\nHost: h\r\n\r\n'.repeat(20));
      await eventually('the first one runs', () => record.seen().length > 0);
      socket.destroy();
      // The host has heard of that when it has heard of what came after.
      expect(await isServed(port)).toBe(true);
      gate.open();
      await eventually('it has ended', () => record.seen().some(({ event }) => event === 'left'));
      expect(await isServed(port)).toBe(true);
      // Those behind it never began.
      expect(record.seen().map(({ event }) => event)).toEqual(['entered', 'left']);
    }
  });

  test('of one address make way in a full host for those of another', async () => {
    const { port } = await start(patient);
    record.clear();
    const gate = closeGate();
    const get = 'GET /waits HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n';
    const crowd = Array.from({ length: 3 }, () => open(port, '127.0.0.2'));
    for (const { socket } of crowd) socket.write(get);
    await eventually('two run', () => record.seen().length === 2);
    const fromOther = answersTo(last, port);
    // The one that waited is told at once.
    const told = await Promise.race(crowd.map(({ ended }) => ended));
    expect(codesOf(answersIn(told))).toEqual(['TooManyRequests']);
    gate.open();
    expect(codesOf(await fromOther)).toEqual([200]);
    const all = await Promise.all(crowd.map(async ({ ended }) => codesOf(answersIn(await ended))[0]));
    expect(all.filter((code) => code === 200).length).toBe(2);
  });

  test('make way only for another address while theirs has more of them', async () => {
    const { port } = await start({ ...patient, maxConnections: 4 });
    const one = open(port, '127.0.0.2');
    await once(one.socket, 'connect');
    const crowd: ReturnType<typeof open>[] = [];
    for (let count = 0; count < 12; count += 1) {
      const opened = open(port, '127.0.0.3');
      await once(opened.socket, 'connect');
      crowd.push(opened);
    }
    await eventually(
      'the oldest of the crowd are closed',
      () => crowd.filter((each) => !each.socket.closed).length <= 3,
    );
    expect(await isServed(port)).toBe(true);
    expect(one.socket.closed).toBe(false);
    one.socket.write(last);
    expect(codesOf(answersIn(await one.ended))).toEqual([200]);
    for (const { socket } of crowd) socket.destroy();
  });
});

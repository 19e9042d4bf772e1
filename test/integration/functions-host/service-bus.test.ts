// Service Bus triggers through the real client and the embedded broker.
import { ServiceBusClient, type ServiceBusMessage } from '@azure/service-bus';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { settle } from '../../../local/functions-host/service-bus/settle.js';
import { startFunctionsHost, type FunctionsHost } from '../../../local/functions-host/index.js';
import { startServiceBus } from '../../../local/service-bus/index.js';
import { systemClock } from '../../../shared/clock.js';
import { silentLog } from '../../../shared/log.js';
import {
  closeGate,
  createLogCollector,
  createRecord,
  eventually,
  fixtureApp,
  masterKey,
  type Seen,
} from './fixture.js';

const queue = (Name: string, RequiresSession: boolean) => ({
  Name,
  Properties: { LockDuration: 'PT1M', MaxDeliveryCount: 3, RequiresSession },
});
const config = {
  UserConfig: {
    Namespaces: [
      {
        Name: 'test',
        Queues: [
          ...['single', 'batch', 'plain'].map((name) => queue(name, false)),
          ...['in-session', 'batch-in-session'].map((name) => queue(name, true)),
        ],
      },
    ],
  },
};
const keyOptions = { keyName: 'RootManageSharedAccessKey', key: 'a-key-for-tests' };
const start = (port: number) => startServiceBus({ port, config, ...keyOptions });

const record = createRecord();
const collector = createLogCollector();
let broker: Awaited<ReturnType<typeof start>>;
let client: ServiceBusClient;
let host: FunctionsHost | undefined;

beforeEach(async () => {
  broker = await start(0);
  client = connect();
  record.clear();
  collector.lines.length = 0;
});
afterEach(async () => {
  await host?.stop();
  await client.close();
  await broker.stop();
});
afterAll(() => record.remove());

function connect(): ServiceBusClient {
  return new ServiceBusClient(broker.connectionString, {
    retryOptions: { maxRetries: 20, retryDelayInMs: 50, maxRetryDelayInMs: 200 },
  });
}

async function run(...only: string[]): Promise<void> {
  host = await startFunctionsHost({
    appDir: fixtureApp,
    only,
    masterKey,
    log: collector.log,
    settings: { ...record.settings, Bus: broker.connectionString },
    stopGraceMs: 500,
  });
}

// Over a connection of its own: one that was cut may take a minute to notice.
async function send(queueName: string, ...messages: ServiceBusMessage[]): Promise<void> {
  const own = connect();
  await own.createSender(queueName).sendMessages(messages);
  await own.close();
}

const seenBy = (name: string, event = 'entered'): Seen[] =>
  record.seen().filter((entry) => entry.function === name && entry.event === event);
const bodiesOf = (entries: readonly Seen[]): unknown[] => entries.map(({ body }) => body);
const batchesOf = (entries: readonly Seen[]): unknown[][] =>
  entries.map(({ bodies }) => (Array.isArray(bodies) ? bodies : []));
const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index);

function counts(queueName: string) {
  const found = broker.control.counts()[queueName];
  if (found === undefined) throw new Error(`There is no queue ${queueName}`);
  return found;
}

/** Waits until nothing of a queue is left but what is scheduled, and says how many are in its dead-letter queue. */
async function settled(queueName: string): Promise<number> {
  return eventually(`everything in ${queueName} is settled`, () => {
    const { active, locked, deadLettered } = counts(queueName);
    return active === 0 && locked === 0 ? deadLettered : undefined;
  });
}

describe('a single-message function', () => {
  test('gets a message with its metadata and completes it by returning', async () => {
    await run('single');
    await send('single', {
      ...{ body: { n: 1 }, messageId: 'id-1', correlationId: '42', subject: 'about', contentType: 'application/json' },
      applicationProperties: { Tenant: 'x', count: 3 },
    });
    const [seen] = await eventually('it was handled', () =>
      seenBy('single', 'left').length === 1 ? seenBy('single') : undefined,
    );
    expect(seen?.body).toEqual({ n: 1 });
    expect(seen?.['metadata']).toMatchObject({
      ...{ messageId: 'id-1', correlationId: 42, subject: 'about', label: 'about', contentType: 'application/json' },
      ...{ deliveryCount: 1, sequenceNumber: expect.any(Number), lockToken: expect.stringMatching(/^[0-9a-f-]{36}$/) },
      ...{ enqueuedTimeUtc: expect.stringMatching(/^\d{4}-.*Z$/), expiresAtUtc: expect.any(String) },
      ...{ applicationProperties: { tenant: 'x', count: 3 }, userProperties: { tenant: 'x', count: 3 } },
    });
    expect(await settled('single')).toBe(0);
  });

  test.each([
    ['text that is no JSON', Buffer.from('plain'), 'plain'],
    ['a number', Buffer.from('9007199254740993'), 9007199254740992],
    ['an empty body', Buffer.alloc(0), ''],
  ])('gets %s as Azure would give it', async (_name, body, expected) => {
    await run('single');
    await send('single', { body });
    await eventually('it was handled', () => seenBy('single', 'left').length === 1);
    expect(bodiesOf(seenBy('single'))).toEqual([expected]);
  });

  test('that throws gets the message again at once until the queue gives up and dead-letters it', async () => {
    await run('single', 'dead');
    await send('single', { body: { fails: true }, messageId: 'poison' });
    const [dead] = await eventually('it was dead-lettered', () =>
      seenBy('dead').length === 1 ? seenBy('dead') : undefined,
    );
    expect(dead?.['metadata']).toMatchObject({
      messageId: 'poison',
      deadLetterSource: 'single',
      applicationProperties: { deadLetterReason: 'MaxDeliveryCountExceeded' },
    });
    const metadata = seenBy('single').map((entry) => entry['metadata']);
    expect(metadata).toMatchObject([{ deliveryCount: 1 }, { deliveryCount: 2 }, { deliveryCount: 3 }]);
  });

  test('runs for up to maxConcurrentCalls messages at once', async () => {
    const gate = closeGate();
    await run('single');
    await send('single', ...range(1, 6).map((n) => ({ body: { n, waits: true } })));
    await eventually('four run', () => seenBy('single').length === 4);
    expect(counts('single')).toMatchObject({ active: 2, locked: 4 });
    gate.open();
    await eventually('all have run', () => seenBy('single', 'left').length === 6);
    expect(await settled('single')).toBe(0);
  });

  test('keeps its outcomes apart: among many at once each failing message comes again, and no other', async () => {
    await run('single', 'dead');
    await send('single', ...range(1, 60).map((n) => ({ body: { n, fails: n % 2 === 0 } })));
    await eventually('all poison was dead-lettered', () => seenBy('dead', 'left').length === 30);
    await eventually('all is settled', () => counts('single').deadLettered === 0);
    expect(await settled('single')).toBe(0);
    const timesSeen = new Map<unknown, number>();
    for (const { body } of seenBy('single')) {
      const { n } = Object(body);
      timesSeen.set(n, (timesSeen.get(n) ?? 0) + 1);
    }
    expect(range(1, 60).map((n) => timesSeen.get(n))).toEqual(range(1, 60).map((n) => (n % 2 === 0 ? 3 : 1)));
  });

  test('can be run by hand', async () => {
    await run('single');
    const answer = await fetch(`${host?.url}/admin/functions/single`, {
      method: 'POST',
      headers: { 'x-functions-key': masterKey, 'content-type': 'application/json' },
      body: JSON.stringify({ input: '{"n":7}' }),
    });
    expect(answer.status).toBe(202);
    await eventually('it was handled', () => seenBy('single', 'left').length === 1);
    expect(bodiesOf(seenBy('single'))).toEqual([{ n: 7 }]);
  });
});

describe('a batch function', () => {
  test('gets what is there in one batch, and completes all of it by returning', async () => {
    await send(
      'batch',
      ...range(1, 7).map((n) => ({ body: { n }, messageId: `id-${n}`, applicationProperties: { n } })),
    );
    await run('batch');
    await eventually('it was handled', () => seenBy('batch', 'left').length === 1);
    expect(await settled('batch')).toBe(0);
    const [seen] = seenBy('batch');
    expect(seen?.['bodies']).toEqual(range(1, 7).map((n) => ({ n })));
    expect(seen?.['metadata']).toMatchObject({
      messageIdArray: range(1, 7).map((n) => `id-${n}`),
      deliveryCountArray: range(1, 7).map(() => 1),
      sessionIdArray: [],
      sequenceNumberArray: expect.arrayContaining([{ low: expect.any(Number), high: 0, unsigned: false }]),
      applicationPropertiesArray: range(1, 7).map((n) => ({ n })),
      lockTokenArray: expect.any(Array),
    });
  });

  test('runs one batch of at most maxMessageBatchSize at a time', async () => {
    const gate = closeGate();
    await send('batch', ...range(1, 25).map((n) => ({ body: { n, waits: true } })));
    await run('batch');
    await eventually('the first batch runs', () => seenBy('batch').length === 1);
    expect(counts('batch')).toMatchObject({ active: 15, locked: 10 });
    gate.open();
    await eventually('all have run', () => batchesOf(seenBy('batch', 'left')).flat().length === 25);
    expect(batchesOf(seenBy('batch')).every((bodies) => bodies.length <= 10)).toBe(true);
    const order = record.seen().flatMap((entry) => (entry.function === 'batch' ? [entry.event] : []));
    expect(order.filter((_event, index) => index % 2 === 0).every((event) => event === 'entered')).toBe(true);
    expect(await settled('batch')).toBe(0);
  });

  test('that throws gets the whole batch again', async () => {
    await send('batch', { body: { n: 1 } }, { body: { n: 2, fails: true } }, { body: { n: 3 } });
    await run('batch');
    await eventually('all was dead-lettered', () => counts('batch').deadLettered === 3);
    expect(batchesOf(seenBy('batch')).map((bodies) => bodies.length)).toEqual([3, 3, 3]);
    expect(seenBy('batch').at(-1)?.['metadata']).toMatchObject({ deliveryCountArray: [3, 3, 3] });
  });
});

describe('a session function', () => {
  const inSession = (session: string, n: number, more: object = {}): ServiceBusMessage => ({
    body: { session, n, ...more },
    sessionId: session,
  });

  test('gets the messages of a session in order, failed ones again before the next, and sessions side by side', async () => {
    const gate = closeGate();
    await send('in-session', inSession('a', 1, { waits: true }), inSession('a', 2), inSession('b', 1, { waits: true }));
    await run('in-session');
    await eventually('two sessions run', () => seenBy('in-session').length === 2);
    await send('in-session', inSession('c', 1), inSession('a', 3), inSession('b', 2));
    gate.open();
    await eventually('all have run', () => seenBy('in-session', 'left').length === 6);
    expect(await settled('in-session')).toBe(0);
    const ofSession = (session: string) =>
      bodiesOf(seenBy('in-session')).flatMap((body) => (Object(body).session === session ? [Object(body).n] : []));
    expect([ofSession('a'), ofSession('b'), ofSession('c')]).toEqual([[1, 2, 3], [1, 2], [1]]);
    expect(seenBy('in-session')[0]?.['metadata']).toMatchObject({ sessionId: 'a' });
  });

  test('runs for at most maxConcurrentSessions sessions at once', async () => {
    const gate = closeGate();
    await send('in-session', ...['a', 'b', 'c'].map((session) => inSession(session, 1, { waits: true })));
    await run('in-session');
    await eventually('two sessions run', () => seenBy('in-session').length === 2);
    expect(counts('in-session')).toMatchObject({ locked: 2 });
    gate.open();
    await eventually('all have run', () => seenBy('in-session', 'left').length === 3);
    expect(await settled('in-session')).toBe(0);
  });

  test('with batches runs one session at a time, each batch of one session', async () => {
    const gate = closeGate();
    await send(
      'batch-in-session',
      ...range(1, 12).map((n) => inSession('a', n, { waits: true })),
      inSession('b', 1),
      inSession('b', 2),
    );
    await run('batch-in-session');
    await eventually('a session runs', () => seenBy('batch-in-session').length === 1);
    expect(batchesOf(seenBy('batch-in-session'))[0]).toHaveLength(10);
    gate.open();
    await eventually('all have run', () => batchesOf(seenBy('batch-in-session', 'left')).flat().length === 14);
    const sessions = batchesOf(seenBy('batch-in-session')).map((bodies) => [
      ...new Set(bodies.map((body) => Object(body).session)),
    ]);
    expect(sessions).toEqual([['a'], ['a'], ['b']]);
    expect(seenBy('batch-in-session')[1]?.['metadata']).toMatchObject({ sessionIdArray: ['a', 'a'] });
    expect(await settled('batch-in-session')).toBe(0);
  });

  test('takes up sessions as they come, also long after the last one idled', async () => {
    await run('in-session', 'batch-in-session');
    for (const round of range(1, 3)) {
      await send('in-session', inSession('a', round), inSession(`only-${round}`, round));
      await send('batch-in-session', inSession('a', round));
      await eventually(
        'the round was handled',
        () => seenBy('in-session', 'left').length === 2 * round && seenBy('batch-in-session', 'left').length === round,
      );
    }
    expect(await settled('in-session')).toBe(0);
  });
});

describe('what is lost comes back', () => {
  const all = ['single', 'batch', 'in-session', 'batch-in-session'];
  const sendToAll = async (n: number) => {
    for (const name of all) {
      await send(name, { body: { n }, ...(name.endsWith('in-session') && { sessionId: `s${n}` }) });
    }
  };
  const handled = (n: number) =>
    eventually(`message ${n} was handled by all`, () =>
      all.every((name) =>
        seenBy(name, 'left').some((entry) =>
          [entry.body, ...[entry['bodies'] ?? []].flat()].some((body) => Object(body).n === n),
        ),
      ),
    );

  test('when all connections are cut or all links detached, again and again', async () => {
    await run(...all);
    for (const round of range(1, 3)) {
      await sendToAll(round * 2);
      await handled(round * 2);
      broker.control.dropAllConnections();
      await sendToAll(round * 2 + 1);
      await handled(round * 2 + 1);
      broker.control.detachAllLinks();
    }
    const warnings = collector.lines.filter(({ message }) => message === 'queue was lost; trying again');
    expect(warnings.length).toBeGreaterThan(0);
  });

  test('when connections are cut while they are being opened', async () => {
    await run(...all);
    for (const round of range(1, 4)) {
      for (let cut = 0; cut < 4; cut += 1) {
        await eventually('somebody connects', () => broker.control.connectionCount() > 0);
        broker.control.dropAllConnections();
      }
      await sendToAll(round);
      await handled(round);
    }
  });

  test('when the broker is gone for a while, with one line for the loss and one for the return', async () => {
    await run(...all);
    await sendToAll(1);
    await handled(1);
    const { port } = broker;
    collector.lines.length = 0;
    await broker.stop();
    const lost = (name: string) =>
      collector.lines.filter(
        ({ message, fields }) => message === 'queue was lost; trying again' && fields['functionName'] === name,
      );
    await eventually('every function has noticed', () => all.every((name) => lost(name).length === 1));
    broker = await start(port);
    await client.close();
    client = connect();
    await sendToAll(2);
    await handled(2);
    for (const name of all) {
      expect(lost(name)).toHaveLength(1);
      const back = collector.lines.filter(
        ({ message, fields }) => message === 'queue was reached again' && fields['functionName'] === name,
      );
      expect(back).toHaveLength(1);
    }
  });
});

describe('a stopping host', () => {
  test('finishes what it holds and takes no more', async () => {
    const gate = closeGate();
    await run('single', 'batch');
    await send('single', { body: { n: 1, waits: true } });
    await send('batch', { body: { n: 1, waits: true } });
    await eventually('both run', () => seenBy('single').length === 1 && seenBy('batch').length === 1);
    const stopping = host?.stop();
    await send('single', { body: { n: 2 } });
    await send('batch', { body: { n: 2 } });
    gate.open();
    await stopping;
    expect([bodiesOf(seenBy('single', 'left')), batchesOf(seenBy('batch', 'left'))]).toEqual([
      [{ n: 1, waits: true }],
      [[{ n: 1, waits: true }]],
    ]);
    for (const name of ['single', 'batch']) expect(counts(name)).toMatchObject({ active: 1, locked: 0 });
    await run('single', 'batch');
    await settled('single');
    await settled('batch');
  });

  test('gives back at once what does not finish in time', async () => {
    closeGate();
    await run('single', 'batch', 'in-session');
    await send('single', { body: { n: 1, waits: true } });
    await send('batch', { body: { n: 1, waits: true } });
    await send('in-session', { body: { n: 1, waits: true }, sessionId: 'a' });
    await eventually('all run', () => ['single', 'batch', 'in-session'].every((name) => seenBy(name).length === 1));
    await host?.stop();
    for (const name of ['single', 'batch', 'in-session']) {
      expect(counts(name)).toMatchObject({ active: 1, locked: 0 });
    }
    closeGate().open();
    await run('single', 'batch', 'in-session');
    for (const name of ['single', 'batch', 'in-session']) await settled(name);
    expect(seenBy('single').at(-1)?.['metadata']).toMatchObject({ deliveryCount: 2 });
  });
});

test('settling one kind after the other keeps neighbours apart, which the client itself does not', async () => {
  const receiver = client.createReceiver('plain');
  await send('plain', { body: 1 }, { body: 2 });
  const [first, second] = await receiver.receiveMessages(2, { maxWaitTimeInMs: 5_000 });
  if (first === undefined || second === undefined) throw new Error('Two messages were sent');
  const context = { clock: systemClock, log: silentLog };
  const settler = { receiver, lost: new AbortController().signal };
  await settle(settler, [first], 'complete', context);
  await settle(settler, [second], 'abandon', context);
  const [again] = await receiver.receiveMessages(1, { maxWaitTimeInMs: 5_000 });
  expect(again).toMatchObject({ body: 2, deliveryCount: 1 });
  if (again !== undefined) await settle(settler, [again], 'complete', context);
  await receiver.close();
  expect(await settled('plain')).toBe(0);
});

// What goes wrong: addresses, connections, restarts, and peers that do not keep to the protocol.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { startServiceBus } from '../../../local/service-bus/index.js';
import { encodeValue } from '../../../local/service-bus/amqp/writer.js';
import { createManualClock } from '../../helpers/manual-clock.js';
import { eventually } from '../../helpers/eventually.js';
import { atEnd, config, key, keyName, openBus, quickRetries } from './bus-fixture.js';
import {
  amqpHeader,
  boolean,
  conditionOf,
  connectRaw,
  described,
  isHandle,
  isRejected,
  isSender,
  openRaw,
  rejectionOf,
  signToken,
  uint,
} from './raw-peer.js';

const text = (value: string) => ({ type: 'string', value }) as const;
const nothing = { type: 'null' } as const;

describe('addresses', () => {
  test('an entity that does not exist is not found, at once', async () => {
    const { client } = await openBus();
    const missing = { code: 'MessagingEntityNotFound' };
    await expect(client.createSender('nowhere').sendMessages({ body: 'x' })).rejects.toMatchObject(missing);
    await expect(client.createReceiver('nowhere').receiveMessages(1)).rejects.toMatchObject(missing);
    await expect(client.createReceiver('nowhere').peekMessages(1)).rejects.toMatchObject(missing);
  });

  test('names are compared without regard to case', async () => {
    const { bus, client } = await openBus();
    await client.createSender('PLAIN').sendMessages({ body: 'x' });
    expect(bus.control.counts()['plain']?.active).toBe(1);
  });

  test('a queue is used as it is meant', async () => {
    const { client } = await openBus();
    await expect(client.createReceiver('sessions').receiveMessages(1)).rejects.toThrow(/requires sessions/);
    await expect(client.acceptSession('plain', 's')).rejects.toThrow();
    await expect(client.createSender('sessions').sendMessages({ body: 'x' })).rejects.toThrow(/requires sessions/);
    await expect(client.createSender('plain/$DeadLetterQueue').sendMessages({ body: 'x' })).rejects.toThrow(
      /dead-letter/,
    );
  });
});

describe('connections', () => {
  test('a sender and a subscriber go on after their connection was cut, and after their links were detached', async () => {
    const { bus, connect } = await openBus();
    const client = connect(quickRetries);
    const handled: unknown[] = [];
    client.createReceiver('plain').subscribe({
      processMessage: ({ body }) => (handled.push(body), Promise.resolve()),
      processError: () => Promise.resolve(),
    });
    const sender = client.createSender('plain');
    await sender.sendMessages({ body: 'before' });
    await eventually('the first', () => handled.length === 1);
    expect(bus.control.dropAllConnections()).toBe(1);
    await sender.sendMessages({ body: 'after the cut' });
    await eventually('the second', () => handled.includes('after the cut'));
    expect(bus.control.detachAllLinks()).toBeGreaterThan(0);
    await sender.sendMessages({ body: 'after the detach' });
    await eventually('the third', () => handled.includes('after the detach'));
  });

  test('a sender and a receiver go on with a restarted broker, and nothing acknowledged is lost', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'bookend-bus-'));
    atEnd(() => Promise.resolve(rmSync(dataDir, { recursive: true })));
    const { bus, connect } = await openBus({ dataDir });
    const client = connect(quickRetries);
    const sender = client.createSender('plain');
    const receiver = client.createReceiver('plain');
    await sender.sendMessages([{ body: 'done' }, { body: 'locked' }, { body: 'waiting' }]);
    const [done] = await receiver.receiveMessages(2);
    await receiver.completeMessage(done!);
    const session = await client.acceptSession('sessions', 's');
    await session.setSessionState('kept');
    await bus.stop();
    const again = await startServiceBus({ port: bus.port, config, keyName, key, dataDir });
    atEnd(() => again.stop());
    expect(again.connectionString).toBe(bus.connectionString);
    await sender.sendMessages({ body: 'new' });
    const bodies: unknown[] = [];
    while (bodies.length < 3) {
      for (const message of await receiver.receiveMessages(3, { maxWaitTimeInMs: 5_000 })) {
        bodies.push(message.body);
        await receiver.completeMessage(message);
      }
    }
    expect(bodies).toEqual(['locked', 'waiting', 'new']);
    const reaccepted = await client.acceptSession('sessions', 's');
    expect(await reaccepted.getSessionState()).toBe('kept');
    expect(again.control.counts()['plain']).toMatchObject({ active: 0, locked: 0, deadLettered: 0 });
  });

  test('a second broker on the same port or data does not start, and leaves the first one its data', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'bookend-bus-'));
    atEnd(() => Promise.resolve(rmSync(dataDir, { recursive: true })));
    const { bus, client } = await openBus({ dataDir });
    await expect(startServiceBus({ port: bus.port, config, keyName, key })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
    await expect(startServiceBus({ config, keyName, key, dataDir })).rejects.toThrow(/in use by process/);
    await client.createSender('plain').sendMessages({ body: 'x' });
    await client.close();
    await bus.stop();
    const again = await startServiceBus({ config, keyName, key, dataDir });
    atEnd(() => again.stop());
    expect(again.control.counts()['plain']?.active).toBe(1);
  });

  test('both sides keep a silent connection alive, and a dead one is closed', async () => {
    const wireClock = createManualClock(new Date().toISOString());
    const { bus } = await openBus({ wireClock });
    const peer = await connectRaw(bus.port);
    peer.write(amqpHeader);
    peer.frame(0x10, [text('raw'), nothing, nothing, nothing, uint(10_000)]);
    await peer.hears(0x10);
    let frames = 0;
    peer.socket.on('data', (chunk) => (frames += chunk.length / 8));
    wireClock.advance(6_000);
    await eventually('a heartbeat', () => frames > 0);
    wireClock.advance(480_000);
    expect(conditionOf(await peer.hears(0x18))).toBe('amqp:connection:forced');
    await peer.ended;
  });

  test('a peer that never says anything is let go', async () => {
    const wireClock = createManualClock(new Date().toISOString());
    const { bus } = await openBus({ wireClock });
    const peer = await connectRaw(bus.port);
    await eventually('the connection', () => bus.control.connectionCount() === 1);
    wireClock.advance(60_000);
    await peer.ended;
  });
});

describe('a peer that breaks the rules', () => {
  const openFrame = Buffer.from([0, 0, 0, 16, 2, 0, 0, 0, 0, 0x53, 0x10, 0xc0, 0x04, 0x01, 0xa1, 0x01]);

  test.each([
    ['a frame that is too large', Buffer.from([0x7f, 0xff, 0xff, 0xff, 2, 0, 0, 0]), 'amqp:connection:framing-error'],
    ['a frame that is too small', Buffer.from([0, 0, 0, 1, 2, 0, 0, 0]), 'amqp:connection:framing-error'],
    ['an unknown performative', Buffer.from([0, 0, 0, 12, 2, 0, 0, 0, 0, 0x53, 0x7f, 0x45]), 'amqp:decode-error'],
    ['a list that ends too soon', openFrame, 'amqp:decode-error'],
    [
      'a field of the wrong type',
      Buffer.from([0, 0, 0, 14, 2, 0, 0, 0, 0, 0x53, 0x12, 0xc0, 2, 1, 0x41, 0]),
      'amqp:decode-error',
    ],
    [
      'bytes that mean nothing',
      Buffer.concat([Buffer.from([0, 0, 1, 0, 2, 0, 0, 0]), Buffer.alloc(248, 0xab)]),
      'amqp:decode-error',
    ],
    [
      'a frame on a channel without a session',
      Buffer.from([0, 0, 0, 17, 2, 0, 0, 9, 0, 0x53, 0x16, 0xc0, 4, 2, 0x43, 0x41, 0]),
      'amqp:not-allowed',
    ],
  ])('by %s loses its connection with the reason, and nobody else does', async (_, bytes, condition) => {
    const { bus, client } = await openBus();
    await client.createSender('plain').sendMessages({ body: 'before' });
    const peer = await openRaw(bus.port);
    peer.write(bytes);
    // Some of the above announce more than they hold; the rest completes them.
    peer.write(Buffer.alloc(0));
    expect(conditionOf(await peer.hears(0x18))).toBe(condition);
    await peer.ended;
    await client.createSender('plain').sendMessages({ body: 'after' });
    expect(bus.control.counts()['plain']?.active).toBe(2);
  });

  test('by speaking another protocol is turned away', async () => {
    const { bus } = await openBus();
    const peer = await connectRaw(bus.port);
    peer.write(Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'));
    await peer.ended;
  });

  test('by random frames never brings the broker down', async () => {
    const { bus, client } = await openBus();
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.integer({ min: 0x10, max: 0x19 }), fc.uint8Array({ maxLength: 40 })), { maxLength: 5 }),
        async (frames) => {
          const peer = await openRaw(bus.port);
          for (const [descriptor, garbage] of frames) {
            const body = Buffer.concat([Buffer.from([0, 0x53, descriptor]), Buffer.from(garbage)]);
            const head = Buffer.alloc(8);
            head.writeUInt32BE(8 + body.length, 0);
            head[4] = 2;
            peer.write(Buffer.concat([head, body]));
          }
          peer.socket.end();
          await peer.ended;
        },
      ),
      { numRuns: 100 },
    );
    await client.createSender('plain').sendMessages({ body: 'still here' });
    expect(bus.control.counts()['plain']?.active).toBe(1);
  });

  test('by a handle nobody attached loses its session only', async () => {
    const { bus } = await openBus();
    const peer = await openRaw(bus.port);
    peer.frame(0x11, [nothing, uint(0), uint(10), uint(10)], { channel: 3 });
    await peer.hears(0x11, 3);
    peer.frame(0x14, [uint(5), uint(0)], { channel: 3 });
    expect(conditionOf(await peer.hears(0x17, 3))).toBe('amqp:session:unattached-handle');
    peer.frame(0x17, [], { channel: 3 });
    peer.frame(0x17, []);
    expect(conditionOf(await peer.hears(0x17, 0))).toBeUndefined();
    peer.socket.destroy();
  });

  test('that ended a session may still answer what crossed its end, without harm to the others', async () => {
    const { bus } = await openBus();
    const peer = await openRaw(bus.port);
    peer.frame(0x11, [nothing, uint(0), uint(10), uint(10)], { channel: 3 });
    await peer.hears(0x11, 3);
    peer.frame(0x17, [], { channel: 3 });
    await peer.hears(0x17, 3);
    peer.frame(0x16, [uint(0), boolean(true)], { channel: 3 });
    peer.frame(0x17, []);
    expect(conditionOf(await peer.hears(0x17, 0))).toBeUndefined();
    peer.socket.destroy();
  });

  test('by asking for a transaction is told that there are none', async () => {
    const { bus } = await openBus();
    const peer = await openRaw(bus.port);
    peer.frame(0x12, [text('tx'), uint(0), boolean(false), nothing, nothing, nothing, described(0x30, [])]);
    expect(conditionOf(await peer.hears(0x16))).toBe('amqp:not-implemented');
    peer.socket.destroy();
  });

  test('by naming a transaction sends and settles nothing', async () => {
    const { bus, client } = await openBus();
    await client.createSender('plain').sendMessages({ body: 'kept' });
    const peer = await openRaw(bus.port);
    await peer.putToken('plain', signToken('plain', Math.floor(Date.now() / 1000) + 100));
    const target = described(0x29, [text('plain')]);
    peer.frame(0x12, [text('in'), uint(7), boolean(false), nothing, nothing, nothing, target]);
    const inTransaction = described(0x34, [{ type: 'binary', value: Buffer.from('t1') }, described(0x24, [])]);
    const tag = { type: 'binary', value: Buffer.from('t') } as const;
    const start = [uint(7), uint(50), tag, uint(0), boolean(false), boolean(false), nothing];
    const body = encodeValue({
      type: 'described',
      descriptor: { type: 'ulong', value: 0x77n },
      value: text('lost'),
    });
    peer.frame(0x14, [...start, inTransaction], { payload: body });
    peer.attachReceiver(8, 'plain');
    peer.frame(0x13, [uint(1), uint(1000), uint(0), uint(1000), uint(8), uint(0), uint(1)]);
    const delivery = await eventually('the delivery', () =>
      peer.heard.find(({ descriptor, fields }) => descriptor === 0x14 && isHandle(fields[0], 8)),
    );
    const id = delivery.fields[1] ?? nothing;
    peer.frame(0x15, [boolean(true), id, id, boolean(false), inTransaction]);
    const refused = () => peer.heard.filter(({ descriptor, fields }) => descriptor === 0x15 && isRejected(fields[4]));
    await eventually('both refusals', () => refused().length === 2);
    expect(refused().map(rejectionOf)).toEqual(Array(2).fill('amqp:transaction:unknown-id'));
    expect(bus.control.counts()['plain']).toMatchObject({ active: 0, locked: 1 });
    peer.socket.destroy();
  });

  test('by sending what is no message is told so of each, and keeps its link', async () => {
    const { bus } = await openBus();
    const peer = await openRaw(bus.port);
    await peer.putToken('plain', signToken('plain', Math.floor(Date.now() / 1000) + 100));
    peer.frame(0x12, [
      text('in'),
      uint(7),
      boolean(false),
      nothing,
      nothing,
      nothing,
      described(0x29, [text('plain')]),
    ]);
    for (let id = 10; id < 1_011; id++) {
      const tag = { type: 'binary', value: Buffer.from(String(id)) } as const;
      peer.frame(0x14, [uint(7), uint(id), tag, uint(0), boolean(false), boolean(false)], {
        payload: Buffer.from('no'),
      });
    }
    peer.frame(0x17, []);
    await peer.hears(0x17);
    expect(bus.control.counts()['plain']?.active).toBe(0);
    const refused = peer.heard.filter(({ descriptor, fields }) => descriptor === 0x15 && isRejected(fields[4]));
    expect(refused).toHaveLength(1_001);
    peer.socket.destroy();
  });

  test('by beginning more large messages than there is room for loses its connection', async () => {
    const { bus } = await openBus();
    const peer = await openRaw(bus.port);
    await peer.putToken('plain', signToken('plain', Math.floor(Date.now() / 1000) + 100));
    for (let handle = 10; handle < 200; handle++) {
      const target = described(0x29, [text('plain')]);
      peer.frame(0x12, [text(`in${handle}`), uint(handle), boolean(false), nothing, nothing, nothing, target]);
      for (let part = 0; part < 4; part++) {
        const first = [uint(handle), uint(handle), { type: 'binary', value: Buffer.from('t') }, uint(0)] as const;
        peer.frame(0x14, [...first, boolean(false), boolean(true)], { payload: Buffer.alloc(64_000) });
      }
    }
    expect(conditionOf(await peer.hears(0x18))).toBe('amqp:resource-limit-exceeded');
    await peer.ended;
  });
});

describe('a link', () => {
  test('is told that it is drained, whether it has credit left or none', async () => {
    const { bus } = await openBus();
    const peer = await openRaw(bus.port);
    await peer.putToken('plain', signToken('plain', Math.floor(Date.now() / 1000) + 100));
    peer.attachReceiver(8, 'plain');
    const drained = () => peer.heard.filter(({ descriptor, fields }) => descriptor === 0x13 && isHandle(fields[4], 8));
    const flow = (credit: number, count: number) =>
      peer.frame(0x13, [
        uint(1),
        uint(1000),
        uint(0),
        uint(1000),
        uint(8),
        uint(count),
        uint(credit),
        nothing,
        boolean(true),
      ]);
    flow(5, 0);
    await eventually('the first answer', () => drained().length === 1);
    flow(0, 5);
    await eventually('the second answer', () => drained().length === 2);
    for (const { fields } of drained()) {
      expect(fields.slice(5, 9)).toEqual([uint(5), uint(0), uint(0), boolean(true)]);
    }
    peer.socket.destroy();
  });

  test('settles each delivery of a range, and says so of each that it cannot', async () => {
    const { bus, client } = await openBus();
    await client.createSender('plain').sendMessages([{ body: 1 }, { body: 2 }, { body: 3 }]);
    const peer = await openRaw(bus.port);
    await peer.putToken('plain', signToken('plain', Math.floor(Date.now() / 1000) + 100));
    peer.attachReceiver(8, 'plain');
    peer.frame(0x13, [uint(1), uint(1000), uint(0), uint(1000), uint(8), uint(0), uint(3)]);
    const deliveries = () =>
      peer.heard.filter(({ descriptor, fields }) => descriptor === 0x14 && isHandle(fields[0], 8));
    await eventually('three deliveries', () => deliveries().length === 3);
    const ids = deliveries().map(({ fields }) => (fields[1]?.type === 'uint' ? fields[1].value : -1));
    const settle = (first: number, last: number) =>
      peer.frame(0x15, [boolean(true), uint(first), uint(last), boolean(false), described(0x24, [])]);
    settle(ids[1]!, ids[1]!);
    settle(ids[0]!, ids[2]!);
    const answers = () => peer.heard.filter(({ descriptor, fields }) => descriptor === 0x15 && isSender(fields[0]));
    await eventually('all answers', () => answers().length === 4);
    expect(answers().map(({ fields }) => [fields[1], isRejected(fields[4])])).toEqual([
      [uint(ids[1]!), false],
      [uint(ids[0]!), false],
      [uint(ids[1]!), true],
      [uint(ids[2]!), false],
    ]);
    expect(bus.control.counts()['plain']).toMatchObject({ active: 0, locked: 0 });
    expect(bus.control.operations()['plain']?.settlements).toBe(3);
    peer.socket.destroy();
  });

  test('every read is answered at once, with an empty frame if with nothing else', async () => {
    const { bus } = await openBus();
    const peer = await openRaw(bus.port);
    let heard = Buffer.alloc(0);
    peer.socket.on('data', (chunk) => (heard = Buffer.concat([heard, Buffer.from(chunk)])));
    peer.frame(0x13, [uint(1), uint(1000), uint(0), uint(1000)]);
    await eventually('the answer', () => heard.length > 0);
    expect(heard).toEqual(Buffer.from([0, 0, 0, 8, 2, 0, 0, 0]));
    peer.socket.destroy();
  });

  test('that waits for a session may be given its credit before it is attached, and may be given up', async () => {
    const { bus, client } = await openBus();
    const peer = await openRaw(bus.port);
    await peer.putToken('sessions', signToken('sessions', Math.floor(Date.now() / 1000) + 100));
    const anySession = {
      type: 'map',
      entries: [[{ type: 'symbol', value: 'com.microsoft:session-filter' }, nothing]],
    } as const;
    const source = described(0x28, [text('sessions'), ...Array<typeof nothing>(6).fill(nothing), anySession]);
    for (const handle of [8, 9]) {
      peer.frame(0x12, [
        text(`next-${handle}`),
        uint(handle),
        boolean(true),
        nothing,
        nothing,
        source,
        described(0x29, []),
      ]);
      peer.frame(0x13, [uint(1), uint(1000), uint(0), uint(1000), uint(handle), uint(0), uint(5)]);
    }
    peer.frame(0x16, [uint(8), boolean(true)]);
    await peer.hears(0x16);
    await client.createSender('sessions').sendMessages({ body: 'x', sessionId: 's' });
    const delivery = await eventually('the delivery', () =>
      peer.heard.find(({ descriptor, fields }) => descriptor === 0x14 && isHandle(fields[0], 9)),
    );
    expect(delivery.payload.length).toBeGreaterThan(0);
    expect(bus.control.counts()['sessions']?.locked).toBe(1);
    expect(bus.control.expireLocks('sessions', 's')).toBe(1);
    expect(
      conditionOf(await eventually('the loss', () => peer.heard.filter(({ descriptor }) => descriptor === 0x16)[1])),
    ).toBe('com.microsoft:session-lock-lost');
    expect(bus.control.counts()['sessions']).toMatchObject({ active: 1, locked: 0 });
    peer.socket.destroy();
  });

  test('with a small window gets a large message piece by piece, and nothing of it after its end', async () => {
    const { bus, client } = await openBus();
    await client.createSender('plain').sendMessages({ body: Buffer.alloc(200_000) });
    const peer = await openRaw(bus.port);
    await peer.putToken('plain', signToken('plain', Math.floor(Date.now() / 1000) + 100));
    peer.attachReceiver(8, 'plain');
    const pieces = () => peer.heard.filter(({ descriptor, fields }) => descriptor === 0x14 && isHandle(fields[0], 8));
    // One transfer went out on this session before: the answer from $cbs.
    const window = (next: number, size: number) =>
      peer.frame(0x13, [uint(next), uint(size), uint(0), uint(1000), uint(8), uint(0), uint(1)]);
    window(2, 1);
    await eventually('the first piece', () => pieces().length === 1);
    window(3, 2);
    await eventually('two more', () => pieces().length === 3);
    peer.frame(0x16, [uint(8), boolean(true)]);
    await peer.hears(0x16);
    peer.frame(0x13, [uint(5), uint(100), uint(0), uint(1000)]);
    peer.frame(0x17, []);
    await peer.hears(0x17);
    expect(pieces()).toHaveLength(3);
    peer.socket.destroy();
  });
});

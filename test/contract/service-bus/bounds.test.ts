// What one connection may make the broker keep for it: much, and never without end.
import { describe, expect, test } from 'vitest';
import { eventually } from '../../helpers/eventually.js';
import { openBus, type Bus } from './bus-fixture.js';
import {
  askManagement,
  boolean,
  conditionOf,
  described,
  encodeRequest,
  isHandle,
  openRaw,
  signToken,
  uint,
  type RawPeer,
} from './raw-peer.js';
import { textMap, type AmqpValue } from '../../../local/service-bus/amqp/values.js';

const text = (value: string): AmqpValue => ({ type: 'string', value });
const nothing: AmqpValue = { type: 'null' };
const tag: AmqpValue = { type: 'binary', value: Buffer.from('t') };

async function openAuthorized({ bus }: Bus): Promise<RawPeer> {
  const peer = await openRaw(bus.port);
  await peer.putToken('', signToken('', Math.floor(Date.now() / 1000) + 100));
  return peer;
}

async function refusedWith(peer: RawPeer): Promise<string | undefined> {
  const close = await peer.hears(0x18);
  await peer.ended;
  return conditionOf(close);
}

const sendOn = (peer: RawPeer, handle: number): void => {
  peer.frame(0x12, [
    text(`in${handle}`),
    uint(handle),
    boolean(false),
    nothing,
    nothing,
    nothing,
    described(0x29, [text('plain')]),
  ]);
};
const credit = (
  peer: RawPeer,
  handle: number,
  amount: number,
  options: { channel?: number; window?: number } = {},
): void => {
  const { channel = 0, window = 100_000 } = options;
  peer.frame(0x13, [uint(1), uint(window), uint(0), uint(1000), uint(handle), uint(0), uint(amount)], { channel });
};

async function fill({ bus, client }: Bus, count: number, body: unknown): Promise<void> {
  const sender = client.createSender('plain');
  for (let left = count; left > 0;) {
    const batch = await sender.createMessageBatch();
    while (left > 0 && batch.tryAddMessage({ body })) left--;
    await sender.sendMessages(batch);
  }
  expect(bus.control.counts()['plain']?.active).toBe(count);
}

describe('one connection', () => {
  test('that does not read is given no more than the broker may hold back, and everything once it reads', async () => {
    const opened = await openBus();
    await fill(opened, 400, Buffer.alloc(200_000));
    const peer = await openAuthorized(opened);
    peer.attachReceiver(8, 'plain');
    await peer.until('the attach', () => peer.heard.some((f) => f.descriptor === 0x12 && isHandle(f.fields[1], 8)));
    peer.socket.pause();
    credit(peer, 8, 400);
    const locked = (): number => opened.bus.control.counts()['plain']!.locked;
    let before = -1;
    // Until the kernel's buffers and the broker's own are full, and nothing more goes out.
    await eventually(
      'the end of the deliveries',
      () => {
        const isSteady = locked() > 0 && locked() === before;
        before = locked();
        return isSteady;
      },
      20_000,
      200,
    );
    // 80 MB are wanted; the broker holds 4 MiB, the kernel what it likes.
    expect(locked()).toBeLessThan(300);
    peer.socket.resume();
    await eventually('all of them', () => locked() === 400);
    peer.socket.destroy();
  });

  test('with many sessions that take large messages one frame at a time is given only as many as fit', async () => {
    const opened = await openBus();
    await fill(opened, 60, Buffer.alloc(200_000));
    const peer = await openAuthorized(opened);
    for (let channel = 1; channel <= 60; channel++) {
      peer.frame(0x11, [nothing, uint(0), uint(1), uint(1000)], { channel });
      const source = described(0x28, [text('plain')]);
      peer.frame(0x12, [text(`r${channel}`), uint(0), boolean(true), nothing, nothing, source, described(0x29, [])], {
        channel,
      });
      credit(peer, 0, 1, { channel, window: 1 });
    }
    // A session's end is answered after everything that came before it.
    peer.frame(0x17, []);
    await peer.hears(0x17, 0);
    expect(opened.bus.control.counts()['plain']?.locked).toBeGreaterThan(20);
    expect(opened.bus.control.counts()['plain']?.locked).toBeLessThan(40);
    peer.socket.destroy();
  });

  test('is given at most so many messages to settle, in a session and in all, and more as it settles', async () => {
    const opened = await openBus();
    await fill(opened, 75_000, 'x');
    const peer = await openAuthorized(opened);
    const locked = (): number => opened.bus.control.counts()['plain']!.locked;
    const attachOn = (channel: number): void => {
      peer.frame(0x11, [nothing, uint(0), uint(100_000), uint(1000)], { channel });
      const source = described(0x28, [text('plain')]);
      const settle: AmqpValue = { type: 'ubyte', value: 1 };
      peer.frame(0x12, [text(`r${channel}`), uint(0), boolean(true), nothing, settle, source, described(0x29, [])], {
        channel,
      });
      credit(peer, 0, 10_000, { channel });
    };
    attachOn(1);
    await eventually('a full session', () => locked() === 8_192);
    for (let channel = 2; channel <= 9; channel++) attachOn(channel);
    await eventually('a full connection', () => locked() === 65_536);
    peer.frame(0x15, [boolean(true), uint(1), uint(100), boolean(true), described(0x24, [])], { channel: 2 });
    await eventually('a hundred more', () => opened.bus.control.operations()['plain']?.deliveries === 65_636);
    expect(locked()).toBe(65_536);
    peer.socket.destroy();
  });

  test('that sends messages in pieces too small loses its connection', async () => {
    const opened = await openBus();
    const peer = await openAuthorized(opened);
    sendOn(peer, 20);
    peer.frame(0x14, [uint(20), uint(1), tag, uint(0), boolean(false), boolean(true)]);
    const piece = Buffer.from([
      0, 0, 0, 23, 2, 0, 0, 0, 0, 0x53, 0x14, 0xc0, 9, 6, 0x52, 20, 0x40, 0x40, 0x40, 0x42, 0x41, 0, 0,
    ]);
    const many = Buffer.concat(Array.from({ length: 2_500 }, () => piece));
    for (let round = 0; round < 110; round++) peer.write(many);
    expect(await refusedWith(peer)).toBe('amqp:resource-limit-exceeded');
    expect(opened.bus.control.counts()['plain']?.active).toBe(0);
  });

  test('that takes no answers loses its connection, whether they are many or large', async () => {
    const opened = await openBus();
    await fill(opened, 10, Buffer.alloc(200_000));
    const ask = async (count: number, messageCount: number): Promise<string | undefined> => {
      const peer = await openAuthorized(opened);
      // A node whose answers have no credit.
      const node = [text('plain/$management')];
      peer.frame(0x12, [text('ask'), uint(20), boolean(false), nothing, nothing, nothing, described(0x29, node)]);
      peer.frame(0x12, [text('told'), uint(21), boolean(true), nothing, nothing, described(0x28, node)]);
      const properties = textMap({ operation: text('com.microsoft:peek-message') });
      const body = textMap({ 'message-count': uint(messageCount) });
      for (let id = 0; id < count; id++) {
        peer.frame(0x14, [uint(20), uint(100 + id), tag, uint(0), boolean(true)], {
          payload: encodeRequest({ id: `${id}`, replyTo: 'told', properties, body }),
        });
      }
      return refusedWith(peer);
    };
    expect(await ask(40, 10)).toBe('amqp:resource-limit-exceeded');
    expect(await ask(1_100, 0)).toBe('amqp:resource-limit-exceeded');
  });

  test('that asks for more deferred messages than an answer holds gets none of them', async () => {
    const opened = await openBus();
    await fill(opened, 90, Buffer.alloc(200_000));
    const receiver = opened.client.createReceiver('plain');
    const numbers: bigint[] = [];
    while (numbers.length < 90) {
      for (const message of await receiver.receiveMessages(90 - numbers.length)) {
        await receiver.deferMessage(message);
        numbers.push(BigInt(message.sequenceNumber!.toString()));
      }
    }
    const peer = await openAuthorized(opened);
    const wanted = (count: number): AmqpValue => {
      const items = numbers.slice(0, count).map((value): AmqpValue => ({ type: 'long', value }));
      return textMap({ 'sequence-numbers': { type: 'array', of: 'long', items } });
    };
    const ask = askManagement(peer, 'plain', 10);
    expect(await ask('com.microsoft:receive-by-sequence-number', wanted(90))).toMatchObject({ status: 400 });
    expect(opened.bus.control.counts()['plain']).toMatchObject({ locked: 0, deferred: 90 });
    peer.socket.destroy();
  });

  test.each([
    ['a name', text('x'.repeat(2_000)), text('plain'), nothing],
    ['an address', text('name'), text('x'.repeat(2_000)), nothing],
    ['terms', text('name'), text('plain'), text('x'.repeat(10_000))],
  ])('that attaches a link with %s too long loses its connection', async (_, name, address, extra) => {
    const opened = await openBus();
    const peer = await openRaw(opened.bus.port);
    peer.frame(0x12, [
      name,
      uint(1),
      boolean(true),
      nothing,
      nothing,
      described(0x28, [address, extra]),
      described(0x29, []),
    ]);
    expect(await refusedWith(peer)).toBe('amqp:resource-limit-exceeded');
  });

  test('has 256 links a session, and 6,000 in all', async () => {
    const { bus } = await openBus();
    const attachOn = (peer: RawPeer, channel: number, handle: number): void =>
      peer.frame(0x12, [text('r'), uint(handle), boolean(true), nothing, nothing, described(0x28, [text('$cbs')])], {
        channel,
      });
    const one = await openRaw(bus.port);
    attachOn(one, 0, 255);
    attachOn(one, 0, 256);
    expect(await refusedWith(one)).toBe('amqp:connection:framing-error');
    const many = await openRaw(bus.port);
    for (let channel = 1; channel <= 24; channel++) {
      many.frame(0x11, [nothing, uint(0), uint(1), uint(1)], { channel });
      for (let handle = 0; handle < 251; handle++) attachOn(many, channel, handle);
    }
    expect(await refusedWith(many)).toBe('amqp:resource-limit-exceeded');
  });
});

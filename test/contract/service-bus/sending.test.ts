// Sending with the unmodified client: what arrives, in which order, and what is refused.
import { describe, expect, test } from 'vitest';
import type { AmqpValue } from '../../../local/service-bus/amqp/values.js';
import { encodeValue } from '../../../local/service-bus/amqp/writer.js';
import { openBus } from './bus-fixture.js';
import {
  boolean,
  described,
  isHandle,
  isSender,
  openRaw,
  rejectionOf,
  section,
  signToken,
  uint,
  type HeardFrame,
} from './raw-peer.js';

const text = (value: string): AmqpValue => ({ type: 'string', value });
const nothing: AmqpValue = { type: 'null' };

describe('sending', () => {
  test('single messages and batches arrive in order with everything their sender said', async () => {
    const { client } = await openBus();
    const sender = client.createSender('plain');
    await sender.sendMessages({
      body: { nested: [1, 'two', null] },
      messageId: 'm1',
      subject: 'a subject',
      contentType: 'application/json',
      correlationId: 'c',
      replyTo: 'r',
      to: 't',
      partitionKey: 'p',
      timeToLive: 60_000,
      applicationProperties: { text: 'x', number: 5, flag: true, when: new Date(86_400_000), nothing: null },
    });
    await sender.sendMessages([{ body: 'second' }, { body: Buffer.from([0, 255]) }, { body: 4.5 }]);
    const receiver = client.createReceiver('plain');
    const received = await receiver.receiveMessages(4);
    expect(received.map(({ body }) => body as unknown)).toEqual([
      { nested: [1, 'two', null] },
      'second',
      Buffer.from([0, 255]),
      4.5,
    ]);
    expect(received[0]).toMatchObject({
      messageId: 'm1',
      subject: 'a subject',
      contentType: 'application/json',
      correlationId: 'c',
      replyTo: 'r',
      to: 't',
      partitionKey: 'p',
      timeToLive: 60_000,
      deliveryCount: 0,
      state: 'active',
      applicationProperties: { text: 'x', number: 5, flag: true, nothing: null },
    });
    expect(received.map(({ sequenceNumber }) => sequenceNumber?.toNumber())).toEqual([1, 2, 3, 4]);
    expect(received.every(({ messageId }) => typeof messageId === 'string' && messageId.length > 0)).toBe(true);
  });

  test('AMQP value and sequence bodies keep their types', async () => {
    const { client } = await openBus();
    const sender = client.createSender('plain');
    const value = { bodyType: 'value', body: { list: [1, 2], text: 'x' } } as const;
    const sequence = { bodyType: 'sequence', body: [1, 'two', true] } as const;
    await sender.sendMessages({ body: value.body, ...{ bodyType: 'value' } });
    for (const message of [value, sequence]) await sender.sendMessages(message);
    const received = await client.createReceiver('plain').receiveMessages(3);
    expect(received.slice(1).map(({ _rawAmqpMessage }) => _rawAmqpMessage.bodyType)).toEqual(['value', 'sequence']);
    expect(received.slice(1).map(({ body }) => body as unknown)).toEqual([value.body, sequence.body]);
  });

  test('a message of many frames arrives whole, alone or in a batch', async () => {
    const { client } = await openBus();
    const sender = client.createSender('plain');
    const large = Buffer.alloc(200_000, 'x');
    await sender.sendMessages({ body: large });
    await sender.sendMessages([{ body: large.subarray(0, 120_000) }, { body: large.subarray(0, 120_000) }]);
    const received = await client.createReceiver('plain').receiveMessages(3);
    const sizes = received.map(({ body }) => (Buffer.isBuffer(body) ? body.length : -1));
    expect(sizes).toEqual([200_000, 120_000, 120_000]);
  });

  test('a message over 256 KB is refused, and the sender goes on', async () => {
    const { bus, client } = await openBus();
    const sender = client.createSender('plain');
    await expect(sender.sendMessages({ body: Buffer.alloc(300_000) })).rejects.toMatchObject({
      code: 'MessageSizeExceeded',
    });
    await sender.sendMessages({ body: 'small' });
    expect(bus.control.counts()['plain']?.active).toBe(1);
  });

  test('a message may have 262,144 bytes and not one more', async () => {
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
    const sendSized = (id: number, bytes: number): void => {
      const head = section(0x75, { type: 'binary', value: Buffer.alloc(1_000) }).length - 1_000;
      const message = section(0x75, { type: 'binary', value: Buffer.alloc(bytes - head) });
      for (let at = 0; at < bytes; at += 60_000) {
        const payload = message.subarray(at, at + 60_000);
        const more = boolean(at + 60_000 < bytes);
        peer.frame(0x14, [uint(7), uint(id), { type: 'binary', value: Buffer.from('t') }, uint(0), nothing, more], {
          payload,
        });
      }
    };
    const answers = () => peer.heard.filter(({ descriptor, fields }) => descriptor === 0x15 && !isSender(fields[0]));
    sendSized(50, 262_144);
    await peer.until('the first answer', () => answers().length === 1);
    sendSized(51, 262_145);
    await peer.until('the second answer', () => answers().length === 2);
    expect(answers().map(rejectionOf)).toEqual([undefined, 'amqp:link:message-size-exceeded']);
    expect(bus.control.counts()['plain']?.active).toBe(1);
    peer.socket.destroy();
  });

  test('what a sender wrote comes back byte for byte: annotations, properties of any type, body and footer', async () => {
    const { bus } = await openBus();
    const peer = await openRaw(bus.port);
    await peer.putToken('plain', signToken('plain', Math.floor(Date.now() / 1000) + 100));
    // Other clients put scheme and host before an address.
    const address = text('amqps://somewhere:5671/Plain');
    peer.frame(0x12, [text('in'), uint(7), boolean(false), nothing, nothing, nothing, described(0x29, [address])]);
    const odd: AmqpValue[] = [
      { type: 'uuid', value: Buffer.alloc(16, 9) },
      { type: 'decimal128', value: Buffer.alloc(16, 3) },
      { type: 'char', value: 0x1f600 },
      { type: 'float', value: 0.5 },
      { type: 'array', of: 'short', items: [{ type: 'short', value: -2 }] },
      described(0x1234567, [{ type: 'timestamp', value: -5n }]),
      { type: 'ulong', value: 2n ** 63n },
    ];
    const map: AmqpValue = { type: 'map', entries: odd.map((value, at) => [text(`k${at}`), value] as const) };
    const annotation: AmqpValue = { type: 'map', entries: [[{ type: 'symbol', value: 'x-own' }, map]] };
    const properties: AmqpValue = {
      type: 'list',
      items: [odd[0]!, { type: 'binary', value: Buffer.from('user') }, text('to')],
    };
    // A list of a size that the broker would write in another width.
    const wide = Buffer.from([0, 0x53, 0x76, 0xd0, 0, 0, 0, 8, 0, 0, 0, 1, 0x71, 0, 0, 5]);
    const kept = Buffer.concat([
      section(0x73, properties),
      section(0x74, map),
      wide,
      section(0x76, { type: 'list', items: odd }),
      section(0x78, map),
    ]);
    const payload = Buffer.concat([section(0x72, annotation), kept]);
    peer.frame(0x14, [uint(7), uint(50), { type: 'binary', value: Buffer.from('t') }, uint(0), boolean(true)], {
      payload,
    });
    peer.attachReceiver(8, 'plain');
    peer.frame(0x13, [uint(1), uint(1000), uint(0), uint(1000), uint(8), uint(0), uint(1)]);
    const isDelivery = ({ descriptor, fields }: HeardFrame): boolean => descriptor === 0x14 && isHandle(fields[0], 8);
    const delivery = await peer.until('the delivery', () => peer.heard.find(isDelivery));
    expect(delivery.payload.subarray(-kept.length)).toEqual(kept);
    const entry = encodeValue(map);
    expect(delivery.payload.indexOf(entry)).toBeLessThan(delivery.payload.length - kept.length);
    peer.socket.destroy();
  });

  test('a batch knows its limit of 256 KB', async () => {
    const { client } = await openBus();
    const batch = await client.createSender('plain').createMessageBatch();
    expect(batch.maxSizeInBytes).toBe(262_144);
    expect(batch.tryAddMessage({ body: Buffer.alloc(270_000) })).toBe(false);
  });

  test('thousands of messages, hundreds of them in flight at once, are all taken, each once', async () => {
    const { bus, client } = await openBus();
    const sender = client.createSender('plain');
    let next = 0;
    const sendOn = async (): Promise<void> => {
      while (next < 2_500) await sender.sendMessages({ body: next++ });
    };
    await Promise.all(Array.from({ length: 500 }, sendOn));
    expect(bus.control.counts()['plain']?.active).toBe(2_500);
    expect(bus.control.operations()['plain']).toMatchObject({ sends: 2_500, sendTransfers: 2_500 });
  });

  test('a second message of the same id is dropped within the window and taken after it', async () => {
    const { bus, client, clock } = await openBus();
    const sender = client.createSender('unique');
    await sender.sendMessages({ body: 1, messageId: 'same' });
    await sender.sendMessages({ body: 2, messageId: 'same' });
    expect(bus.control.counts()['unique']?.active).toBe(1);
    clock.advance(60_000);
    await sender.sendMessages({ body: 3, messageId: 'same' });
    const received = await client.createReceiver('unique').receiveMessages(2);
    expect(received.map(({ body }) => body as unknown)).toEqual([1, 3]);
  });

  test('a scheduled message is visible to peeking only until it is due', async () => {
    const { bus, client, clock } = await openBus();
    const sender = client.createSender('plain');
    const due = new Date(clock.now().getTime() + 60_000);
    const [first, second] = await sender.scheduleMessages([{ body: 'a' }, { body: 'b' }], due);
    expect(bus.control.counts()['plain']).toMatchObject({ active: 0, scheduled: 2 });
    const receiver = client.createReceiver('plain');
    const peeked = await receiver.peekMessages(5);
    expect(peeked.map(({ state }) => state)).toEqual(['scheduled', 'scheduled']);
    expect(peeked[0]?.scheduledEnqueueTimeUtc).toEqual(due);
    await sender.cancelScheduledMessages(second!);
    await expect(sender.cancelScheduledMessages(second!)).rejects.toMatchObject({ code: 'MessageNotFound' });
    clock.advance(60_000);
    const [received] = await receiver.receiveMessages(1);
    expect(received).toMatchObject({ body: 'a', enqueuedTimeUtc: due });
    expect(received?.enqueuedSequenceNumber).toBe(first!.toNumber());
    expect(bus.control.counts()['plain']).toMatchObject({ active: 0, scheduled: 0, locked: 1 });
  });

  test('a message sent with a time of its own is scheduled as well', async () => {
    const { bus, client, clock } = await openBus();
    const scheduledEnqueueTimeUtc = new Date(clock.now().getTime() + 1_000);
    await client.createSender('plain').sendMessages([{ body: 'later', scheduledEnqueueTimeUtc }, { body: 'now' }]);
    expect(bus.control.counts()['plain']).toMatchObject({ active: 1, scheduled: 1 });
    clock.advance(1_000);
    expect(bus.control.counts()['plain']).toMatchObject({ active: 2, scheduled: 0 });
  });

  test('a message is said to live as long as it does: as its sender asked, within what its queue allows', async () => {
    const { client, clock } = await openBus();
    const messages = [{ body: 1, timeToLive: 1_000 }, { body: 2, timeToLive: 10_000_000 }, { body: 3 }];
    await client.createSender('mortal').sendMessages(messages);
    const received = await client.createReceiver('mortal').receiveMessages(3);
    const enqueued = clock.now().getTime();
    expect(received.map(({ expiresAtUtc }) => expiresAtUtc!.getTime() - enqueued)).toEqual([1_000, 600_000, 600_000]);
    // The client's own timeToLive is what the sender wrote into the properties, where it did, and those come back as sent.
    expect(received[2]?.timeToLive).toBe(600_000);
    await client.createSender('plain').sendMessages({ body: 4 });
    expect((await client.createReceiver('plain').receiveMessages(1))[0]?.timeToLive).toBeUndefined();
  });

  test('a message past its time goes where the queue sends its expired', async () => {
    const { client, clock } = await openBus();
    await client.createSender('mortal').sendMessages({ body: 'old' });
    clock.advance(600_000);
    const [letter] = await client.createReceiver('mortal', { subQueueType: 'deadLetter' }).receiveMessages(1);
    expect(letter).toMatchObject({
      body: 'old',
      deadLetterReason: 'TTLExpiredException',
      deadLetterErrorDescription: expect.stringContaining('expired') as unknown,
      deadLetterSource: 'mortal',
    });
  });
});

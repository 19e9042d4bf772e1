// Receiving and settling with the unmodified client.
import type { ServiceBusReceivedMessage, ServiceBusReceiver } from '@azure/service-bus';
import { describe, expect, test } from 'vitest';
import { eventually } from '../../helpers/eventually.js';
import { openBus } from './bus-fixture.js';

async function receive(receiver: ServiceBusReceiver, count = 1): Promise<ServiceBusReceivedMessage[]> {
  const received: ServiceBusReceivedMessage[] = [];
  while (received.length < count) {
    const more = await receiver.receiveMessages(count - received.length, { maxWaitTimeInMs: 5_000 });
    if (more.length === 0) throw new Error(`${count} messages were awaited and ${received.length} came`);
    received.push(...more);
  }
  return received;
}

const bodies = (messages: readonly ServiceBusReceivedMessage[]): unknown[] =>
  messages.map(({ body }) => body as unknown);

describe('receiving', () => {
  test('each message is settled with the outcome it was given', async () => {
    const { bus, client } = await openBus();
    const bodiesSent = ['done', 'again', 'dead', 'aside'];
    await client.createSender('plain').sendMessages(bodiesSent.map((body) => ({ body })));
    const receiver = client.createReceiver('plain');
    const [done, again, dead, aside] = await receive(receiver, 4);
    await receiver.completeMessage(done!);
    await receiver.abandonMessage(again!, { tries: 1 });
    await receiver.deadLetterMessage(dead!, {
      deadLetterReason: 'bad',
      deadLetterErrorDescription: 'very',
      extra: 'x',
    });
    await receiver.deferMessage(aside!);
    expect(bus.control.counts()['plain']).toEqual({ active: 1, locked: 0, scheduled: 0, deferred: 1, deadLettered: 1 });

    const [next] = await receive(receiver);
    expect(next).toMatchObject({ body: 'again', deliveryCount: 1, applicationProperties: { tries: 1 } });
    await receiver.completeMessage(next!);

    const letters = client.createReceiver('plain', { subQueueType: 'deadLetter' });
    const [letter] = await receive(letters);
    expect(letter).toMatchObject({
      body: 'dead',
      deadLetterReason: 'bad',
      deadLetterErrorDescription: 'very',
      deadLetterSource: 'plain',
      applicationProperties: { extra: 'x' },
    });
    await letters.completeMessage(letter!);

    const [fetched] = await receiver.receiveDeferredMessages(aside!.sequenceNumber!);
    expect(fetched).toMatchObject({ body: 'aside', state: 'deferred' });
    await receiver.completeMessage(fetched!);
    expect(bus.control.counts()['plain']).toEqual({ active: 0, locked: 0, scheduled: 0, deferred: 0, deadLettered: 0 });
    expect(bus.control.operations()['plain']).toMatchObject({
      sends: 4,
      sendTransfers: 1,
      deliveries: 6,
      settlements: 6,
    });
  });

  test('two thousand messages can be held at once and completed together', async () => {
    const { bus, client } = await openBus();
    const sender = client.createSender('plain');
    const payloads = Array.from({ length: 2_000 }, (_, at) => ({ body: at }));
    for (let at = 0; at < 2_000; at += 500) await sender.sendMessages(payloads.slice(at, at + 500));
    const receiver = client.createReceiver('plain', { maxAutoLockRenewalDurationInMs: 0 });
    const received = await receive(receiver, 2_000);
    expect(bodies(received)).toEqual(payloads.map(({ body }) => body));
    await Promise.all(received.map((message) => receiver.completeMessage(message)));
    expect(bus.control.counts()['plain']).toMatchObject({ active: 0, locked: 0 });
  });

  test('receiving with deletion leaves nothing to settle', async () => {
    const { bus, client } = await openBus();
    await client.createSender('plain').sendMessages([{ body: 1 }, { body: 2 }]);
    const receiver = client.createReceiver('plain', { receiveMode: 'receiveAndDelete' });
    expect(bodies(await receive(receiver, 2))).toEqual([1, 2]);
    expect(bus.control.counts()['plain']).toMatchObject({ active: 0, locked: 0 });
  });

  test('asking for more than there is ends with what there is, and the link stays usable', async () => {
    const { bus, client } = await openBus();
    const sender = client.createSender('plain');
    const receiver = client.createReceiver('plain');
    for (let round = 0; round < 5; round++) {
      expect(await receiver.receiveMessages(5, { maxWaitTimeInMs: 10 })).toEqual([]);
    }
    await sender.sendMessages({ body: 'after' });
    const received = await receive(receiver);
    await receiver.completeMessage(received[0]!);
    expect(bus.control.connectionCount()).toBe(1);
  });

  test('an expired lock is lost: settling fails and the message comes again, until it is a dead letter', async () => {
    const { bus, client, clock } = await openBus();
    await client.createSender('plain').sendMessages({ body: 'slow' });
    const receiver = client.createReceiver('plain', { maxAutoLockRenewalDurationInMs: 0 });
    for (let attempt = 0; attempt < 3; attempt++) {
      const [message] = await receive(receiver);
      expect(message?.deliveryCount).toBe(attempt);
      expect(message?.lockedUntilUtc?.getTime()).toBe(clock.now().getTime() + 30_000);
      clock.advance(30_000);
      await expect(receiver.completeMessage(message!)).rejects.toMatchObject({ code: 'MessageLockLost' });
    }
    expect(bus.control.counts()['plain']).toMatchObject({ active: 0, locked: 0, deadLettered: 1 });
    const [letter] = await receive(client.createReceiver('plain', { subQueueType: 'deadLetter' }));
    expect(letter).toMatchObject({
      deadLetterReason: 'MaxDeliveryCountExceeded',
      deadLetterErrorDescription: expect.stringContaining('3 delivery attempts') as unknown,
      deadLetterSource: 'plain',
      deliveryCount: 3,
    });
  });

  test('a renewed lock holds', async () => {
    const { client, clock } = await openBus();
    await client.createSender('plain').sendMessages({ body: 'slow' });
    const receiver = client.createReceiver('plain', { maxAutoLockRenewalDurationInMs: 0 });
    const [message] = await receive(receiver);
    clock.advance(20_000);
    expect((await receiver.renewMessageLock(message!)).getTime()).toBe(clock.now().getTime() + 30_000);
    clock.advance(20_000);
    await receiver.completeMessage(message!);
    await expect(receiver.renewMessageLock(message!)).rejects.toMatchObject({ code: 'MessageLockLost' });
  });

  test('a message whose receiver was closed is still settled by its lock', async () => {
    const { bus, client } = await openBus();
    await client.createSender('plain').sendMessages([{ body: 1 }, { body: 2 }, { body: 3 }]);
    const receiver = client.createReceiver('plain');
    const [first, second, third] = await receive(receiver, 3);
    bus.control.detachAllLinks();
    const other = client.createReceiver('plain');
    await other.completeMessage(first!);
    await other.deadLetterMessage(second!, { deadLetterReason: 'r', deadLetterErrorDescription: 'd' });
    await other.abandonMessage(third!);
    expect(bus.control.counts()['plain']).toMatchObject({ active: 1, locked: 0, deadLettered: 1 });
  });

  test('a dead letter cannot be dead-lettered again and is not lost by trying', async () => {
    const { client } = await openBus();
    await client.createSender('plain').sendMessages({ body: 'x' });
    const receiver = client.createReceiver('plain');
    await receiver.deadLetterMessage((await receive(receiver))[0]!);
    const letters = client.createReceiver('plain', { subQueueType: 'deadLetter' });
    await expect(letters.deadLetterMessage((await receive(letters))[0]!)).rejects.toThrow(/dead-lettered again/);
    expect((await receive(letters))[0]).toMatchObject({ body: 'x', deliveryCount: 0 });
  });

  test('peeking shows messages without taking them', async () => {
    const { bus, client } = await openBus();
    await client.createSender('plain').sendMessages([{ body: 1 }, { body: 2 }, { body: 3 }]);
    const receiver = client.createReceiver('plain');
    await receive(receiver);
    const peeked = await receiver.peekMessages(2);
    expect(bodies(peeked)).toEqual([1, 2]);
    const last = peeked[1]!.sequenceNumber!;
    expect(bodies(await receiver.peekMessages(5, { fromSequenceNumber: last.add(1) }))).toEqual([3]);
    expect(await receiver.peekMessages(5, { fromSequenceNumber: last.add(2) })).toEqual([]);
    expect(bus.control.counts()['plain']).toMatchObject({ active: 2, locked: 1 });
  });

  test('a subscription handles everything, failures as often as allowed', async () => {
    const { bus, client } = await openBus();
    const handled: unknown[] = [];
    const subscription = client.createReceiver('plain').subscribe({
      processMessage({ body }) {
        handled.push(body);
        return body === 'poison' ? Promise.reject(new Error('poison')) : Promise.resolve();
      },
      processError: () => Promise.resolve(),
    });
    await client.createSender('plain').sendMessages(['a', 'poison', 'b'].map((body) => ({ body })));
    await eventually('the dead letter', () => bus.control.counts()['plain']?.deadLettered === 1);
    await eventually('the good ones', () => bus.control.counts()['plain']?.locked === 0);
    await subscription.close();
    expect(handled.filter((body) => body === 'poison')).toHaveLength(3);
    expect(handled.filter((body) => body !== 'poison')).toEqual(['a', 'b']);
  });

  test('competing receivers share the messages, each handled once', async () => {
    const { bus, client, connect } = await openBus();
    const handled: unknown[] = [];
    const each = { processError: () => Promise.resolve() };
    for (const competitor of [client, connect(), connect()]) {
      competitor.createReceiver('plain').subscribe({
        ...each,
        processMessage: ({ body }) => (handled.push(body), Promise.resolve()),
      });
    }
    await client.createSender('plain').sendMessages(Array.from({ length: 300 }, (_, body) => ({ body })));
    await eventually('an empty queue', () => {
      const counts = bus.control.counts()['plain'];
      return counts?.active === 0 && counts.locked === 0;
    });
    expect(handled).toHaveLength(300);
    expect(new Set(handled).size).toBe(300);
  });

  test('large messages reach a receiver that takes many at once', async () => {
    const { client } = await openBus();
    const sender = client.createSender('plain');
    for (let at = 0; at < 60; at++) await sender.sendMessages({ body: Buffer.alloc(200_000, 0x80 + at) });
    const receiver = client.createReceiver('plain', { receiveMode: 'receiveAndDelete' });
    const received = await receive(receiver, 60);
    expect(received.map(({ body }) => (Buffer.isBuffer(body) ? [body.length, body[199_999]] : body))).toEqual(
      Array.from({ length: 60 }, (_, at) => [200_000, 0x80 + at]),
    );
  });
});

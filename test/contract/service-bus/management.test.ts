// What is asked of `<entity>/$management`: browsing, deferred messages, locks and dispositions by token, and what is not offered.
import type { PeekMessagesOptions, ServiceBusReceivedMessage } from '@azure/service-bus';
import { describe, expect, test } from 'vitest';
import { openBus } from './bus-fixture.js';
import { askManagement, openRaw, signToken, type RawPeer } from './raw-peer.js';
import { textMap, type AmqpValue } from '../../../local/service-bus/amqp/values.js';

const text = (value: string): AmqpValue => ({ type: 'string', value });
const nothing: AmqpValue = { type: 'null' };
const bodies = (messages: readonly ServiceBusReceivedMessage[]): unknown[] =>
  messages.map(({ body }) => body as unknown);

async function openAuthorized(port: number): Promise<RawPeer> {
  const peer = await openRaw(port);
  await peer.putToken('', signToken('', Math.floor(Date.now() / 1000) + 100));
  return peer;
}

describe('browsing', () => {
  test('shows messages in every state with what the broker knows of them', async () => {
    const { client, clock } = await openBus();
    const sender = client.createSender('plain');
    await sender.sendMessages([{ body: 'locked' }, { body: 'deferred' }, { body: 'active' }]);
    await sender.scheduleMessages({ body: 'scheduled' }, new Date(clock.now().getTime() + 60_000));
    const receiver = client.createReceiver('plain');
    const [, deferred] = await receiver.receiveMessages(2);
    await receiver.deferMessage(deferred!);
    const peeked = await receiver.peekMessages(10);
    expect(peeked.map(({ body, state, deliveryCount }) => [body as unknown, state, deliveryCount])).toEqual([
      ['locked', 'active', 0],
      ['deferred', 'deferred', 1],
      ['active', 'active', 0],
      ['scheduled', 'scheduled', 0],
    ]);
    expect(peeked.every(({ lockToken }) => lockToken === undefined)).toBe(true);
  });

  test('leaves bodies out when it is asked to', async () => {
    const { client } = await openBus();
    await client.createSender('plain').sendMessages({ body: 'long', subject: 's', applicationProperties: { a: 1 } });
    // The client knows the option and keeps it out of its types.
    const options: PeekMessagesOptions & { omitMessageBody: boolean } = { omitMessageBody: true };
    const [peeked] = await client.createReceiver('plain').peekMessages(1, options);
    expect(peeked).toMatchObject({ subject: 's', applicationProperties: { a: 1 } });
    expect(peeked?.body).toBeUndefined();
    expect((await client.createReceiver('plain').receiveMessages(1))[0]?.body).toBe('long');
  });

  test('keeps to one session when it is asked for one, and to all of them otherwise', async () => {
    const { client, connect } = await openBus();
    const messages = ['a', 'b', 'a'].map((sessionId, at) => ({ body: at, sessionId }));
    await client.createSender('sessions').sendMessages(messages);
    const session = await client.acceptSession('sessions', 'a');
    expect(bodies(await session.peekMessages(10))).toEqual([0, 2]);
    // Another client, as each goes on after what it saw last.
    expect(bodies(await connect().createReceiver('sessions').peekMessages(10))).toEqual([0, 1, 2]);
  });

  test('goes on after what it saw last, up to the end', async () => {
    const { client } = await openBus();
    const sender = client.createSender('plain');
    await sender.sendMessages([1, 2, 3, 4, 5].map((body) => ({ body })));
    const receiver = client.createReceiver('plain');
    expect(bodies(await receiver.peekMessages(2))).toEqual([1, 2]);
    expect(bodies(await receiver.peekMessages(2))).toEqual([3, 4]);
    expect(bodies(await receiver.peekMessages(2))).toEqual([5]);
    expect(await receiver.peekMessages(2)).toEqual([]);
  });
});

describe('deferred messages', () => {
  test('come by their numbers, all of those named or none, and stay deferred when given up', async () => {
    const { bus, client, clock } = await openBus();
    await client.createSender('plain').sendMessages([{ body: 1 }, { body: 2 }, { body: 'active' }]);
    const receiver = client.createReceiver('plain', { maxAutoLockRenewalDurationInMs: 0 });
    const [first, second] = await receiver.receiveMessages(2);
    await receiver.deferMessage(first!, { because: 'later' });
    await receiver.deferMessage(second!);
    const numbers = [first!.sequenceNumber!, second!.sequenceNumber!];
    const missing = { code: 'MessageNotFound' };
    await expect(receiver.receiveDeferredMessages([numbers[0]!, numbers[1]!.add(1)])).rejects.toMatchObject(missing);
    expect(bus.control.counts()['plain']).toMatchObject({ active: 1, locked: 0, deferred: 2 });

    const fetched = await receiver.receiveDeferredMessages(numbers);
    expect(fetched).toMatchObject([
      { body: 1, deliveryCount: 1, applicationProperties: { because: 'later' } },
      { body: 2, deliveryCount: 1 },
    ]);
    await expect(receiver.receiveDeferredMessages(numbers)).rejects.toMatchObject(missing);
    expect((await receiver.renewMessageLock(fetched[0]!)).getTime()).toBe(clock.now().getTime() + 30_000);
    await receiver.abandonMessage(fetched[0]!);
    await receiver.deadLetterMessage(fetched[1]!, { deadLetterReason: 'r', deadLetterErrorDescription: 'd' });
    expect(bus.control.counts()['plain']).toMatchObject({ active: 1, deferred: 1, deadLettered: 1 });
    const [again] = await receiver.receiveDeferredMessages(numbers[0]!);
    expect(again).toMatchObject({ body: 1, deliveryCount: 2 });
    clock.advance(30_000);
    expect(bus.control.counts()['plain']).toMatchObject({ deferred: 0, deadLettered: 2 });
  });

  test('can be received with deletion', async () => {
    const { bus, client } = await openBus();
    await client.createSender('plain').sendMessages({ body: 1 });
    const receiver = client.createReceiver('plain');
    const [message] = await receiver.receiveMessages(1);
    await receiver.deferMessage(message!);
    const deleting = client.createReceiver('plain', { receiveMode: 'receiveAndDelete' });
    expect(bodies(await deleting.receiveDeferredMessages(message!.sequenceNumber!))).toEqual([1]);
    expect(bus.control.counts()['plain']).toEqual({ active: 0, locked: 0, scheduled: 0, deferred: 0, deadLettered: 0 });
  });
});

describe('a message whose link is closed', () => {
  test('is settled by its token in each of the four ways', async () => {
    const { bus, client } = await openBus();
    await client.createSender('plain').sendMessages([1, 2, 3, 4].map((body) => ({ body })));
    const receiver = client.createReceiver('plain');
    const [done, again, aside, dead] = await receiver.receiveMessages(4);
    bus.control.detachAllLinks();
    const other = client.createReceiver('plain');
    await other.completeMessage(done!);
    await other.abandonMessage(again!, { tries: 1 });
    await other.deferMessage(aside!, { why: 'x' });
    await other.deadLetterMessage(dead!, { deadLetterReason: 'r', deadLetterErrorDescription: 'd', more: 1 });
    expect(bus.control.counts()['plain']).toEqual({ active: 1, locked: 0, scheduled: 0, deferred: 1, deadLettered: 1 });
    expect(await other.receiveMessages(1)).toMatchObject([{ deliveryCount: 1, applicationProperties: { tries: 1 } }]);
    expect(await other.receiveDeferredMessages(aside!.sequenceNumber!)).toMatchObject([
      { deliveryCount: 1, applicationProperties: { why: 'x' } },
    ]);
    const letters = client.createReceiver('plain', { subQueueType: 'deadLetter' });
    expect(await letters.receiveMessages(1)).toMatchObject([
      { deadLetterReason: 'r', deadLetterErrorDescription: 'd', applicationProperties: { more: 1 } },
    ]);
  });
});

describe('a dead-letter queue', () => {
  test('is browsed, renewed, abandoned without end and deferred as any other', async () => {
    const { bus, client, clock } = await openBus();
    await client.createSender('plain').sendMessages({ body: 'x' });
    const receiver = client.createReceiver('plain');
    await receiver.deadLetterMessage((await receiver.receiveMessages(1))[0]!);
    const letters = client.createReceiver('plain', { subQueueType: 'deadLetter', maxAutoLockRenewalDurationInMs: 0 });
    expect(bodies(await letters.peekMessages(5))).toEqual(['x']);
    for (let attempt = 0; attempt < 5; attempt++) {
      const [letter] = await letters.receiveMessages(1);
      expect(letter?.deliveryCount).toBe(attempt);
      await letters.abandonMessage(letter!);
    }
    const [letter] = await letters.receiveMessages(1);
    expect((await letters.renewMessageLock(letter!)).getTime()).toBe(clock.now().getTime() + 30_000);
    await letters.deferMessage(letter!);
    const [deferred] = await letters.receiveDeferredMessages(letter!.sequenceNumber!);
    await letters.completeMessage(deferred!);
    expect(bus.control.counts()['plain']?.deadLettered).toBe(0);
  });
});

describe('the node itself', () => {
  test('says by name what it does not offer and what it was asked wrongly', async () => {
    const { bus } = await openBus();
    const peer = await openAuthorized(bus.port);
    const ask = askManagement(peer, 'plain', 10);
    const brief = async (operation: string, body: AmqpValue = nothing): Promise<unknown> => {
      const { status, error } = await ask(`com.microsoft:${operation}`, body);
      return [status, error];
    };
    expect(await brief('get-message-sessions')).toEqual([501, 'amqp:not-implemented']);
    expect(await brief('batch-delete-messages')).toEqual([501, 'amqp:not-implemented']);
    expect(await brief('add-rule', textMap({ 'rule-name': text('r') }))).toEqual([400, 'amqp:not-allowed']);
    expect(await brief('renew-lock')).toEqual([400, 'com.microsoft:argument-error']);
    expect(await brief('update-disposition')).toEqual([400, 'com.microsoft:argument-error']);
    expect(await brief('schedule-message')).toEqual([400, 'com.microsoft:argument-error']);
    expect(await brief('cancel-scheduled-message')).toEqual([400, 'com.microsoft:argument-error']);
    expect(await brief('receive-by-sequence-number')).toEqual([400, 'com.microsoft:argument-error']);
    expect(await brief('renew-session-lock', textMap({ 'session-id': text('s') }))).toEqual([
      410,
      'com.microsoft:session-lock-lost',
    ]);
    const unknown: AmqpValue = { type: 'array', of: 'uuid', items: [{ type: 'uuid', value: Buffer.alloc(16) }] };
    expect(await brief('renew-lock', textMap({ 'lock-tokens': unknown }))).toEqual([
      410,
      'com.microsoft:message-lock-lost',
    ]);
    const askRules = askManagement(peer, 'news/Subscriptions/all', 20);
    const empty = textMap({ 'correlation-filter': textMap({ label: nothing }) });
    const rule = textMap({ 'rule-name': text('r'), 'rule-description': empty });
    expect(await askRules('com.microsoft:add-rule', rule)).toMatchObject({ error: 'com.microsoft:argument-error' });
    peer.socket.destroy();
  });
});

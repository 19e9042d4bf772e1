// Topics through the unmodified client: who gets what, subscriptions used as queues, and rules changed while in use.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RuleProperties, ServiceBusClient, ServiceBusMessage, ServiceBusRuleManager } from '@azure/service-bus';
import { describe, expect, test } from 'vitest';
import { startServiceBus } from '../../../local/service-bus/index.js';
import { atEnd, config, key, keyName, openBus } from './bus-fixture.js';

async function bodiesOf(client: ServiceBusClient, subscription: string): Promise<unknown[]> {
  const receiver = client.createReceiver('news', subscription);
  return (await receiver.peekMessages(100)).map(({ body }) => body as unknown);
}
async function rulesOf(manager: ServiceBusRuleManager): Promise<RuleProperties[]> {
  const rules: RuleProperties[] = [];
  for await (const rule of manager.listRules()) rules.push(rule);
  return rules;
}

async function publish(client: ServiceBusClient, ...messages: ServiceBusMessage[]): Promise<void> {
  await client.createSender('news').sendMessages(messages);
}

describe('a topic', () => {
  test('gives each subscription its own copy of what one of its rules lets through', async () => {
    const { bus, client } = await openBus();
    await publish(
      client,
      { body: 'rain', subject: 'weather', sessionId: 's' },
      { body: 'frost', contentType: 'text/plain', applicationProperties: { wet: true, degrees: 7, more: 'x' } },
      { body: 'heat', contentType: 'text/plain', applicationProperties: { wet: false, degrees: 7 } },
      { body: 'shares', subject: 'Weather' },
    );
    expect(await bodiesOf(client, 'all')).toEqual(['rain', 'frost', 'heat', 'shares']);
    expect(await bodiesOf(client, 'weather')).toEqual(['rain', 'frost']);
    expect(await bodiesOf(client, 'nothing')).toEqual([]);
    const [rain] = await client.createReceiver('news', 'weather').receiveMessages(1);
    await client.createReceiver('news', 'weather').completeMessage(rain!);
    expect(bus.control.counts()['news/Subscriptions/all']).toMatchObject({ active: 4 });
    expect(bus.control.counts()['news/Subscriptions/weather']).toMatchObject({ active: 1, locked: 0 });
  });

  test('gives sessions in order, and dead-letters what has none where one is required', async () => {
    const { client } = await openBus();
    await publish(client, { body: 1, sessionId: 's' }, { body: 'none' }, { body: 2, sessionId: 's' });
    const session = await client.acceptNextSession('news', 'in-order');
    expect(session.sessionId).toBe('s');
    const messages = await session.receiveMessages(2);
    expect(messages.map(({ body }) => body as unknown)).toEqual([1, 2]);
    const dead = client.createReceiver('news', 'in-order', { subQueueType: 'deadLetter' });
    const [lost] = await dead.receiveMessages(1);
    expect(lost).toMatchObject({ body: 'none', deadLetterReason: 'Session ID is null' });
  });

  test('drops duplicates for all subscriptions, and hands on what is scheduled when its time has come', async () => {
    const { client, clock, bus } = await openBus();
    await publish(client, { body: 1, messageId: 'a' });
    await publish(client, { body: 2, messageId: 'a' });
    const sender = client.createSender('news');
    const at = new Date(clock.now().getTime() + 10_000);
    const [kept, cancelled] = await sender.scheduleMessages([{ body: 'kept' }, { body: 'cancelled' }], at);
    await sender.cancelScheduledMessages(cancelled!);
    expect(bus.control.counts()['news']).toMatchObject({ scheduled: 1 });
    expect(await bodiesOf(client, 'all')).toEqual([1]);
    clock.advance(10_000);
    const receiver = client.createReceiver('news', 'all', { receiveMode: 'receiveAndDelete' });
    const [first] = await receiver.receiveMessages(1);
    const [second] = await receiver.receiveMessages(1);
    expect([first, second].map((message) => message?.body as unknown)).toEqual([1, 'kept']);
    expect(second?.enqueuedSequenceNumber).toBe(kept!.toNumber());
    expect(bus.control.counts()['news']).toMatchObject({ scheduled: 0 });
  });

  test('and its subscriptions each have their own way of being used', async () => {
    const { client } = await openBus();
    await expect(client.createReceiver('news').receiveMessages(1)).rejects.toThrow(/receive from a topic/);
    await expect(client.createReceiver('news').peekMessages(1)).rejects.toThrow(/not allowed.*topic/);
    const subscription = 'news/Subscriptions/all';
    await expect(client.createSender(subscription).sendMessages({ body: 1 })).rejects.toThrow(/send to a subscription/);
    await expect(client.createSender(subscription).scheduleMessages({ body: 1 }, new Date())).rejects.toThrow(
      /not allowed.*subscription/,
    );
    const missing = { code: 'MessagingEntityNotFound' };
    await expect(client.createReceiver('news', 'nobody').receiveMessages(1)).rejects.toMatchObject(missing);
    const unforwarded = client.createReceiver('news', 'all', { subQueueType: 'transferDeadLetter' });
    expect(await unforwarded.peekMessages(1)).toEqual([]);
  });

  test('counts deliveries and dead letters of a subscription apart from the others', async () => {
    const { client } = await openBus();
    await publish(client, { body: 'poison', sessionId: 's' });
    const receiver = client.createReceiver('news', 'all');
    for (let attempt = 0; attempt < 3; attempt++) {
      const [message] = await receiver.receiveMessages(1);
      await receiver.abandonMessage(message!);
    }
    const [dead] = await client.createReceiver('news', 'all', { subQueueType: 'deadLetter' }).receiveMessages(1);
    expect(dead).toMatchObject({
      body: 'poison',
      deadLetterReason: 'MaxDeliveryCountExceeded',
      deadLetterSource: 'news/Subscriptions/all',
    });
    const session = await client.acceptNextSession('news', 'in-order');
    const [other] = await session.receiveMessages(1);
    expect(other).toMatchObject({ body: 'poison', deliveryCount: 0 });
  });
});

describe('a correlation filter', () => {
  const applicationProperties = { text: 'value', number: 7, half: 0.5, flag: true, when: new Date(5) };
  const message: ServiceBusMessage = {
    body: 'x',
    messageId: 'id',
    correlationId: 'c',
    contentType: 'text/plain',
    subject: 's',
    to: 't',
    replyTo: 'r',
    sessionId: 'session',
    replyToSessionId: 'reply-session',
    applicationProperties,
  };

  test.each([
    ['messageId', 'id'],
    ['correlationId', 'c'],
    ['contentType', 'text/plain'],
    ['subject', 's'],
    ['to', 't'],
    ['replyTo', 'r'],
    ['sessionId', 'session'],
    ['replyToSessionId', 'reply-session'],
  ] as const)('on %s lets that value through and no other, and minds its case', async (name, value) => {
    const { client } = await openBus();
    const rules = client.createRuleManager('news', 'nothing');
    await rules.createRule('by', { [name]: value });
    await publish(client, { ...message, [name]: value });
    await publish(client, { ...message, messageId: 'other', [name]: value.toUpperCase() });
    const { [name]: _, ...without } = message;
    await publish(client, name === 'messageId' ? { ...without, messageId: 'another' } : { ...without, messageId: 'x' });
    expect(await bodiesOf(client, 'nothing')).toHaveLength(1);
  });

  test('on application properties minds names, values and their kinds', async () => {
    const { client } = await openBus();
    const rules = client.createRuleManager('news', 'nothing');
    await rules.createRule('by', { subject: 's', applicationProperties });
    const off = (change: Record<string, string | number | boolean | Date>): ServiceBusMessage => ({
      ...message,
      messageId: JSON.stringify(change),
      applicationProperties: { ...applicationProperties, ...change },
    });
    await publish(client, message, off({ more: 1 }));
    await publish(client, off({ text: 'VALUE' }), off({ number: 8 }), off({ number: '7' }), off({ flag: 'true' }));
    await publish(client, off({ half: 0.25 }), off({ when: new Date(6) }));
    await publish(client, { ...off({}), messageId: 'y', subject: 'other' });
    const { text: _, ...fewer } = applicationProperties;
    await publish(client, { ...message, messageId: 'z', applicationProperties: { ...fewer, Text: 'value' } });
    expect(await bodiesOf(client, 'nothing')).toHaveLength(2);
  });
});

describe('the rules of a subscription', () => {
  test('are listed as they were configured, added, and removed', async () => {
    const { client } = await openBus();
    const rules = client.createRuleManager('news', 'weather');
    const listed = () => rulesOf(rules);
    expect(await listed()).toEqual([
      { name: 'by-subject', filter: expect.objectContaining({ subject: 'weather' }) as unknown, action: {} },
      {
        name: 'by-property',
        filter: expect.objectContaining({
          contentType: 'text/plain',
          applicationProperties: { wet: true, degrees: 7 },
        }) as unknown,
        action: {},
      },
    ]);
    await rules.createRule('late', { correlationId: 'c', applicationProperties: { count: 3, flag: 'yes' } });
    await rules.createRule('everything', { sqlExpression: '1=1' });
    await rules.deleteRule('by-subject');
    expect((await listed()).map(({ name }) => name)).toEqual(['by-property', 'late', 'everything']);
    await rules.deleteRule('everything');
    await publish(
      client,
      { body: 'rain', subject: 'weather' },
      { body: 'hit', correlationId: 'c', applicationProperties: { count: 3, flag: 'yes' } },
      { body: 'miss', correlationId: 'c', applicationProperties: { count: 4, flag: 'yes' } },
    );
    expect(await bodiesOf(client, 'weather')).toEqual(['hit']);
  });

  test('with nothing left let nothing through', async () => {
    const { client } = await openBus();
    await client.createRuleManager('news', 'all').deleteRule('$Default');
    await publish(client, { body: 'unheard' });
    expect(await bodiesOf(client, 'all')).toEqual([]);
    // The client makes one undefined of an empty list.
    expect((await rulesOf(client.createRuleManager('news', 'all'))).filter(Boolean)).toEqual([]);
  });

  test('are refused by name when they need SQL, exist already, or are not there', async () => {
    const { client } = await openBus();
    const rules = client.createRuleManager('news', 'all');
    await expect(rules.createRule('sql', { sqlExpression: "sys.Label = 'x'" })).rejects.toThrow(
      /SQL filter 'sys\.Label = 'x''.*not supported/,
    );
    await expect(rules.createRule('action', { subject: 'x' }, { sqlExpression: 'SET a = 1' })).rejects.toThrow(
      /SQL rule action 'SET a = 1'.*not supported/,
    );
    await expect(rules.createRule('$Default', { subject: 'x' })).rejects.toThrow(/already exists/);
    await expect(rules.deleteRule('unknown')).rejects.toMatchObject({ code: 'MessagingEntityNotFound' });
    await expect(client.createRuleManager('plain', 'x').deleteRule('y')).rejects.toMatchObject({
      code: 'MessagingEntityNotFound',
    });
  });

  test('outlive the broker once they were changed, and so does what a topic has scheduled', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'bookend-bus-'));
    atEnd(() => Promise.resolve(rmSync(dataDir, { recursive: true })));
    const { bus, clock, client, connect } = await openBus({ dataDir });
    const rules = client.createRuleManager('news', 'weather');
    await rules.deleteRule('by-property');
    await rules.createRule('bytes', { applicationProperties: { at: new Date(5), name: 'n' } });
    await publish(client, { body: 'before', subject: 'weather' });
    const at = new Date(clock.now().getTime() + 10_000);
    await client.createSender('news').scheduleMessages({ body: 'later', subject: 'weather' }, at);
    await client.close();
    await bus.stop();
    const again = await startServiceBus({ config, keyName, key, clock, dataDir });
    atEnd(() => again.stop());
    const next = connect(undefined, again.connectionString);
    clock.advance(10_000);
    await publish(next, { body: 'now', applicationProperties: { at: new Date(5), name: 'n' } });
    const receiver = next.createReceiver('news', 'weather', { receiveMode: 'receiveAndDelete' });
    const seen: unknown[] = [];
    while (seen.length < 3) for (const { body } of await receiver.receiveMessages(3)) seen.push(body);
    expect(seen.sort()).toEqual(['before', 'later', 'now']);
    const left = await rulesOf(next.createRuleManager('news', 'weather'));
    expect(left.map(({ name }) => name)).toEqual(['by-subject', 'bytes']);
  });
});

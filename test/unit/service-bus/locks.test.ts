// Messages under locks, on a clock that stands still until it is stepped.
import { describe, expect, test } from 'vitest';
import { text, textOf } from '../../../local/service-bus/amqp/values.js';
import { readValue, cursorOver, readDescriptor } from '../../../local/service-bus/amqp/reader.js';
import { fromMap } from '../../../local/service-bus/amqp/values.js';
import type { Message, Queue } from '../../../local/service-bus/engine/queue.js';
import { fetchDeferred } from '../../../local/service-bus/engine/deliver.js';
import { deadLetterReason, renewLock, settle } from '../../../local/service-bus/engine/settle.js';
import { createEngine } from './engine-fixture.js';

const abandon = { type: 'abandon', properties: [] } as const;
const deadLetter = { type: 'deadLetter', properties: deadLetterReason('Broken', 'It was broken.') } as const;

function property(message: Message | undefined, name: string): string | undefined {
  const cursor = cursorOver(message?.content.applicationProperties ?? Buffer.alloc(0));
  readDescriptor(cursor);
  return textOf(fromMap(readValue(cursor), name));
}

function dead(queue: Queue): Message[] {
  return [...(queue.deadLetters?.messages.values() ?? [])];
}

describe('locks', () => {
  test('a message is handed to one receiver at a time, and gone when completed', () => {
    const { send, receiver, counts } = createEngine();
    const [first, second] = [receiver(5), receiver(5)];
    send('a');
    expect([...first.ids(), ...second.ids()]).toEqual(['a']);
    expect(counts()).toMatchObject({ active: 0, locked: 1 });
    expect(first.settle('a')).toBe('settled');
    expect(counts()).toMatchObject({ active: 0, locked: 0 });
  });

  test('receivers with room take turns', () => {
    const { send, receiver } = createEngine();
    const [first, second, full] = [receiver(5), receiver(5), receiver(0)];
    for (const id of ['a', 'b', 'c', 'd']) send(id);
    expect([first.ids(), second.ids(), full.ids()]).toEqual([['a', 'c'], ['b', 'd'], []]);
  });

  test('an expired lock gives the message back, counted, and can settle nothing any more', () => {
    const { queue, send, receiver, advance } = createEngine();
    const receiving = receiver(1);
    send('a');
    advance(29_999);
    receiving.allow(1);
    expect(receiving.ids()).toEqual(['a']);
    const lateToken = receiving.received[0]!.lock!.token;
    advance(1);
    expect(receiving.ids()).toEqual(['a', 'a']);
    expect(receiving.received[1]!.message.deliveryCount).toBe(1);
    expect(settle(queue, lateToken, { type: 'complete' })).toBe('lockLost');
    expect(receiving.settle('a')).toBe('settled');
  });

  test('a renewed lock holds for its whole duration again', () => {
    const { queue, send, receiver, advance, clock } = createEngine();
    const receiving = receiver(2);
    send('a');
    advance(20_000);
    const { token } = receiving.received[0]!.lock!;
    expect(renewLock(queue, token)).toBe(clock.now().getTime() + 30_000);
    advance(29_999);
    expect(receiving.ids()).toEqual(['a']);
    advance(1);
    expect(receiving.ids()).toEqual(['a', 'a']);
    expect(renewLock(queue, token)).toBeUndefined();
  });

  test('an abandoned message comes again before those behind it', () => {
    const { send, receiver } = createEngine();
    const receiving = receiver(1);
    for (const id of ['a', 'b']) send(id);
    receiving.settle('a', abandon);
    receiving.allow(2);
    expect(receiving.ids()).toEqual(['a', 'a', 'b']);
  });

  test('properties given with an abandon are on the next delivery', () => {
    const { send, receiver } = createEngine();
    const receiving = receiver(2);
    send('a');
    receiving.settle('a', { type: 'abandon', properties: [['why', text('later')]] });
    expect(property(receiving.received[1]!.message, 'why')).toBe('later');
  });

  test('a message that fails as often as allowed becomes a dead letter, with reason and count', () => {
    const { queue, send, receiver, advance } = createEngine({ maxDeliveryCount: 3 });
    const receiving = receiver(10);
    send('poison');
    send('good');
    receiving.settle('good');
    receiving.settle('poison', abandon);
    advance(30_000);
    expect(dead(queue)).toEqual([]);
    receiving.settle('poison', abandon);
    expect(receiving.ids().filter((id) => id === 'poison')).toHaveLength(3);
    const [letter] = dead(queue);
    expect(letter).toMatchObject({ messageId: 'poison', deliveryCount: 3, deadLetterSource: 'q' });
    expect(property(letter, 'DeadLetterReason')).toBe('MaxDeliveryCountExceeded');
  });

  test('a dead-lettered message says why and cannot be dead-lettered again', () => {
    const { queue, send, receiver } = createEngine();
    const receiving = receiver(1);
    send('a');
    expect(receiving.settle('a', deadLetter)).toBe('settled');
    const letters = receiver(2, { of: queue.deadLetters! });
    expect(property(letters.received[0]!.message, 'DeadLetterErrorDescription')).toBe('It was broken.');
    expect(letters.settle('a', deadLetter)).toBe('notAllowed');
    expect(letters.ids()).toEqual(['a', 'a']);
    expect(letters.received[1]!.message.deliveryCount).toBe(0);
    expect(letters.settle('a')).toBe('settled');
    expect(queue.deadLetters?.messages.size).toBe(0);
  });

  test('each of many settlements has its own outcome, however they are mixed', () => {
    const { queue, send, receiver, counts } = createEngine();
    const receiving = receiver(4);
    for (const id of ['a', 'b', 'c', 'd']) send(id);
    receiving.settle('a');
    receiving.settle('b', deadLetter);
    receiving.settle('c', abandon);
    receiving.settle('d');
    expect(dead(queue).map(({ messageId }) => messageId)).toEqual(['b']);
    expect(counts()).toMatchObject({ active: 1, locked: 0, deadLettered: 1 });
  });

  test('a deferred message comes only to who asks for its number, and stays deferred when given up', () => {
    const { queue, send, receiver, counts } = createEngine({ maxDeliveryCount: 10 });
    const receiving = receiver(5);
    send('a');
    const { sequence } = receiving.received[0]!.message;
    receiving.settle('a', { type: 'defer', properties: [] });
    expect(counts()).toMatchObject({ active: 0, deferred: 1 });
    const fetch = (bytesAtMost = 10_000): ReturnType<typeof fetchDeferred> =>
      fetchDeferred(queue, [sequence], { mode: 'peekLock', session: undefined, bytesAtMost });
    const tokenOf = (fetched: ReturnType<typeof fetchDeferred>): Buffer =>
      typeof fetched === 'string' ? Buffer.from(fetched) : fetched[0]!.lock!.token;
    expect(fetch(100)).toBe('tooLarge');
    const fetched = fetch();
    expect(fetch()).toBe('missing');
    expect(settle(queue, tokenOf(fetched), abandon)).toBe('settled');
    expect(counts()).toMatchObject({ active: 0, deferred: 1 });
    expect(settle(queue, tokenOf(fetch()), { type: 'complete' })).toBe('settled');
    expect(counts()).toMatchObject({ active: 0, deferred: 0, locked: 0 });
    expect(receiving.ids()).toEqual(['a']);
  });

  test('a receiver that deletes what it gets leaves no lock behind', () => {
    const { send, receiver, counts } = createEngine();
    receiver(1, { mode: 'receiveAndDelete' });
    send('a');
    expect(counts()).toEqual({ active: 0, locked: 0, scheduled: 0, deferred: 0, deadLettered: 0 });
  });

  test('what a receiver had locked when it went away comes back when the lock is over', () => {
    const { send, receiver, advance } = createEngine();
    const gone = receiver(1);
    send('a');
    gone.close();
    const next = receiver(1);
    expect(next.ids()).toEqual([]);
    advance(30_000);
    expect(next.ids()).toEqual(['a']);
  });

  test('nothing waits on the clock for messages that are gone', () => {
    const { clock, send, receiver, advance } = createEngine({ defaultTimeToLiveMs: 60_000 });
    const receiving = receiver(100);
    for (let at = 0; at < 100; at++) send(`m${at}`);
    for (const id of receiving.ids()) receiving.settle(id);
    advance(60_000);
    expect(clock.pending()).toBe(0);
  });
});

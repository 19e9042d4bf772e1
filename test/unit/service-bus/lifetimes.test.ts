// Time to live, schedules, duplicates and size, on a clock that stands still until it is stepped.
import { describe, expect, test } from 'vitest';
import { cancelScheduled, enqueue } from '../../../local/service-bus/engine/enqueue.js';
import { sessionOf } from '../../../local/service-bus/engine/books.js';
import { setSessionState } from '../../../local/service-bus/engine/sessions.js';
import { peek } from '../../../local/service-bus/engine/peek.js';
import { createEngine, incoming } from './engine-fixture.js';

describe('time to live', () => {
  test('a message past its time is dropped', () => {
    const { send, counts, advance, receiver } = createEngine();
    send('a', { timeToLiveMs: 1_000 });
    advance(999);
    expect(counts().active).toBe(1);
    advance(1);
    expect(counts().active).toBe(0);
    expect(receiver(1).ids()).toEqual([]);
  });

  test("the queue's own limit shortens what a sender asked for", () => {
    const { send, counts, advance } = createEngine({ defaultTimeToLiveMs: 500 });
    send('a', { timeToLiveMs: 1_000 });
    send('b');
    advance(500);
    expect(counts().active).toBe(0);
  });

  test('an expired message becomes a dead letter where the queue says so, and lives there for ever', () => {
    const { send, counts, advance } = createEngine({ deadLettersExpired: true, defaultTimeToLiveMs: 500 });
    send('a');
    advance(500);
    expect(counts()).toMatchObject({ active: 0, deadLettered: 1 });
    advance(10_000_000);
    expect(counts()).toMatchObject({ deadLettered: 1 });
  });

  test('a locked message does not expire; once given back it does', () => {
    const { send, counts, advance, receiver } = createEngine();
    const receiving = receiver(1);
    send('a', { timeToLiveMs: 1_000 });
    advance(5_000);
    expect(counts().locked).toBe(1);
    receiving.settle('a', { type: 'abandon', properties: [] });
    expect(counts()).toMatchObject({ active: 0, locked: 0 });
  });
});

describe('scheduled messages', () => {
  test('are kept until their time, then stand at the end of the line', () => {
    const { clock, send, counts, advance, receiver, queue } = createEngine();
    send('later', { scheduledAtMs: clock.now().getTime() + 1_000 });
    send('now');
    expect(counts()).toMatchObject({ active: 1, scheduled: 1 });
    advance(1_000);
    const receiving = receiver(2);
    expect(receiving.ids()).toEqual(['now', 'later']);
    const [now, later] = receiving.received.map(({ message }) => message);
    expect(later!.sequence).toBeGreaterThan(now!.sequence);
    expect(later!.enqueueSequence).toBeLessThan(now!.sequence);
    expect(peek(queue, { from: 0, limit: 9, sessionId: undefined })).toHaveLength(2);
  });

  test('in the past are delivered at once', () => {
    const { clock, send, receiver } = createEngine();
    send('a', { scheduledAtMs: clock.now().getTime() });
    expect(receiver(1).ids()).toEqual(['a']);
  });

  test('live from when they are due, not from when they were sent', () => {
    const { clock, send, counts, advance } = createEngine();
    send('a', { scheduledAtMs: clock.now().getTime() + 10_000, timeToLiveMs: 1_000 });
    advance(10_000);
    expect(counts().active).toBe(1);
    advance(1_000);
    expect(counts().active).toBe(0);
  });

  test('can be cancelled, all of those named or none', () => {
    const { clock, send, counts, advance, queue } = createEngine();
    const scheduledAtMs = clock.now().getTime() + 1_000;
    const [first, second] = ['a', 'b'].map((id) => {
      const result = send(id, { scheduledAtMs });
      return result.type === 'accepted' ? result.sequences[0]! : -1;
    });
    expect(cancelScheduled(queue, [first!, 999])).toEqual({ missing: 999 });
    expect(counts().scheduled).toBe(2);
    expect(cancelScheduled(queue, [first!])).toEqual({ missing: undefined });
    advance(1_000);
    expect(counts()).toMatchObject({ active: 1, scheduled: 0 });
    expect(cancelScheduled(queue, [second!])).toEqual({ missing: second });
  });
});

describe('duplicate detection', () => {
  test('drops a second message of the same id within the window, even after the first was completed', () => {
    const { send, counts, advance, receiver } = createEngine({ duplicateWindowMs: 10_000 });
    const receiving = receiver(5);
    send('a');
    receiving.settle('a');
    advance(9_999);
    expect(send('a').type).toBe('accepted');
    expect(counts().active).toBe(0);
    expect(receiving.ids()).toEqual(['a']);
    advance(1);
    send('a');
    expect(receiving.ids()).toEqual(['a', 'a']);
  });

  test('is off unless the queue asks for it', () => {
    const { send, counts } = createEngine();
    send('a');
    send('a');
    expect(counts().active).toBe(2);
  });
});

describe('a queue', () => {
  test('takes a batch whole or not at all', () => {
    const { queue, counts } = createEngine({ requiresSession: true });
    const result = enqueue(queue, [incoming('a', { sessionId: 's' }), incoming('b')]);
    expect(result).toMatchObject({ type: 'refused', error: { condition: 'amqp:not-allowed' } });
    expect(counts().active).toBe(0);
  });

  test('refuses what does not fit any more, and takes it when there is room again', () => {
    // A message takes 512 bytes beside its own.
    const { send, receiver } = createEngine({ maxSizeBytes: 515 });
    const receiving = receiver(1);
    expect(send('aaa').type).toBe('accepted');
    expect(send('b')).toMatchObject({ error: { condition: 'amqp:resource-limit-exceeded' } });
    receiving.settle('aaa');
    expect(send('b').type).toBe('accepted');
  });

  test('is filled by its dead letters and by the states of its sessions as well', () => {
    const { queue, send, sessionReceiver } = createEngine({ maxSizeBytes: 520, requiresSession: true });
    send('dead', { sessionId: 's' });
    sessionReceiver('s')!.settle('dead', { type: 'deadLetter', properties: [] });
    expect(send('b', { sessionId: 's' })).toMatchObject({ error: { condition: 'amqp:resource-limit-exceeded' } });

    const { queue: other, send: sendOther } = createEngine({ maxSizeBytes: 520, requiresSession: true });
    const state = sessionOf(other, 's');
    expect(setSessionState(other, state, Buffer.alloc(100))).toBe(true);
    expect(setSessionState(other, state, Buffer.alloc(520))).toBe(true);
    expect(setSessionState(other, state, Buffer.alloc(521))).toBe(false);
    expect(state.state).toHaveLength(520);
    expect(sendOther('b', { sessionId: 's' }).type).toBe('refused');
    setSessionState(other, state, undefined);
    expect(sendOther('b', { sessionId: 's' }).type).toBe('accepted');
    expect(queue.sizeBytes).toBe(0);
  });

  test('refuses an id over 128 characters', () => {
    const { send } = createEngine();
    expect(send('x'.repeat(129))).toMatchObject({ error: { condition: 'com.microsoft:argument-error' } });
  });
});

// Sessions on a clock that stands still until it is stepped.
import { describe, expect, test } from 'vitest';
import { heldSession, renewSession, setSessionState } from '../../../local/service-bus/engine/sessions.js';
import { createEngine } from './engine-fixture.js';

const withSessions = (more: Parameters<typeof createEngine>[0] = {}): ReturnType<typeof createEngine> =>
  createEngine({ requiresSession: true, lockDurationMs: 60_000, maxDeliveryCount: 3, ...more });
const soon = { timeoutMs: 5_000 };

describe('sessions', () => {
  test('a session has one holder, who alone gets its messages, in order', () => {
    const { send, sessionReceiver } = withSessions();
    const holder = sessionReceiver('s')!;
    expect(sessionReceiver('s')).toBeUndefined();
    for (const id of ['a', 'b', 'c']) send(id, { sessionId: 's' });
    send('x', { sessionId: 'other' });
    expect(holder.ids()).toEqual(['a', 'b', 'c']);
  });

  test('an abandoned message keeps its place in its session', () => {
    const { send, sessionReceiver } = withSessions();
    for (const id of ['a', 'b', 'c']) send(id, { sessionId: 's' });
    const holder = sessionReceiver('s', 2)!;
    holder.settle('a', { type: 'abandon', properties: [] });
    holder.allow(3);
    expect(holder.ids()).toEqual(['a', 'b', 'a', 'c']);
  });

  test('the next available is the one that has waited longest, and none that is held or empty', () => {
    const { send, sessionReceiver } = withSessions();
    sessionReceiver('held');
    for (const sessionId of ['held', 'first', 'second']) send(`in-${sessionId}`, { sessionId });
    expect(sessionReceiver(soon)!.sessionId()).toBe('first');
    expect(sessionReceiver(soon)!.sessionId()).toBe('second');
    expect(sessionReceiver(soon)!.sessionId()).toBeUndefined();
  });

  test('a session given back with messages left goes behind the others', () => {
    const { send, sessionReceiver } = withSessions();
    for (const id of ['a', 'b']) send(id, { sessionId: 'busy' });
    send('c', { sessionId: 'quiet' });
    sessionReceiver(soon)!.close();
    expect(sessionReceiver(soon)!.sessionId()).toBe('quiet');
    expect(sessionReceiver(soon)!.sessionId()).toBe('busy');
  });

  test('whoever waits gets the session of the next message; whoever waits in vain is told', () => {
    const { send, sessionReceiver, advance } = withSessions();
    const [patient, hasty] = [sessionReceiver({ timeoutMs: 9_000 })!, sessionReceiver({ timeoutMs: 3_000 })!];
    advance(3_000);
    expect([patient.isLost(), hasty.isLost()]).toEqual([false, true]);
    send('a', { sessionId: 's' });
    expect(patient.sessionId()).toBe('s');
    expect(patient.ids()).toEqual(['a']);
    advance(9_000);
    expect(patient.isLost()).toBe(false);
  });

  test('a session given back returns its messages uncounted and free at once', () => {
    const { send, sessionReceiver } = withSessions();
    send('a', { sessionId: 's' });
    sessionReceiver('s')!.close();
    const next = sessionReceiver(soon)!;
    expect(next.ids()).toEqual(['a']);
    expect(next.received[0]!.message.deliveryCount).toBe(0);
  });

  test('a session whose lock runs out is lost: its messages come again, counted, to the next holder', () => {
    const { send, sessionReceiver, advance } = withSessions();
    send('a', { sessionId: 's' });
    const slow = sessionReceiver('s')!;
    advance(60_000);
    expect(slow.isLost()).toBe(true);
    const next = sessionReceiver('s')!;
    expect(next.received[0]!.message.deliveryCount).toBe(1);
    expect(slow.settle('a')).toBe('lockLost');
    expect(next.settle('a')).toBe('settled');
  });

  test('a renewed session holds, and its messages with it', () => {
    const { queue, send, sessionReceiver, advance } = withSessions();
    const holder = sessionReceiver('s', 1, 'me')!;
    send('a', { sessionId: 's' });
    advance(50_000);
    expect(heldSession(queue, 's', 'somebody else')).toBeUndefined();
    renewSession(queue, heldSession(queue, 's', 'me')!);
    advance(59_999);
    expect(holder.isLost()).toBe(false);
    expect(holder.settle('a')).toBe('settled');
    advance(1);
    expect(holder.isLost()).toBe(true);
    expect(heldSession(queue, 's', 'me')).toBeUndefined();
  });

  test('a poison message in a session becomes a dead letter and lets those behind it pass', () => {
    const { send, sessionReceiver, counts } = withSessions({ maxDeliveryCount: 2 });
    const holder = sessionReceiver('s', 1)!;
    for (const id of ['poison', 'good']) send(id, { sessionId: 's' });
    holder.settle('poison', { type: 'abandon', properties: [] });
    holder.allow(1);
    holder.settle('poison', { type: 'abandon', properties: [] });
    holder.allow(1);
    expect(holder.ids()).toEqual(['poison', 'poison', 'good']);
    expect(counts().deadLettered).toBe(1);
  });

  test("a session's state outlives its holders and its messages; a session without either is forgotten", () => {
    const { queue, sessionReceiver } = withSessions();
    const first = sessionReceiver('s', 1, 'me')!;
    setSessionState(queue, heldSession(queue, 's', 'me')!.session, Buffer.from('state'));
    first.close();
    const second = sessionReceiver('s', 1, 'me')!;
    const { session } = heldSession(queue, 's', 'me')!;
    expect(session.state?.toString()).toBe('state');
    setSessionState(queue, session, undefined);
    second.close();
    expect(queue.sessions.size).toBe(0);
  });

  test('an expired session makes room for whoever waits', () => {
    const { send, sessionReceiver, advance } = withSessions({ lockDurationMs: 1_000 });
    send('a', { sessionId: 's' });
    sessionReceiver('s');
    const waiting = sessionReceiver(soon)!;
    advance(1_000);
    expect(waiting.sessionId()).toBe('s');
  });
});

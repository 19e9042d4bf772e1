// Who holds which session: by id, the next available with waiting, renewal, release, and loss when the time is over.
// A session's receiver alone gets its messages; their locks are the session's.
import type { Deadline } from './deadlines.js';
import { forgetIdleSession, putState, sessionOf } from './books.js';
import {
  nowMs,
  type Queue,
  type Session,
  type SessionConsumer,
  type SessionHold,
  type SessionWaiter,
} from './queue.js';
import { stir } from './deliver.js';
import { expireLock, withdrawLock } from './settle.js';

export type Granted = { readonly session: Session; readonly hold: SessionHold };

/** Takes the session of that id, empty or not. Undefined when somebody else holds it. */
export function acceptSession(
  queue: Queue,
  sessionId: string,
  receiver: { consumer: SessionConsumer; owner: unknown },
): Granted | undefined {
  const session = sessionOf(queue, sessionId);
  endIfOver(queue, session);
  return session.holder === undefined ? grant(queue, sessionOf(queue, sessionId), receiver) : undefined;
}

/**
 * Takes the next session that has messages and is free, waiting up to `timeoutMs` for one. Exactly one of `onGranted`
 * and `onTimeout` is called, later in this turn at the earliest, unless the returned function took the wish back.
 */
export function acceptNextSession(
  queue: Queue,
  timeoutMs: number,
  waiting: Omit<SessionWaiter, 'deadline'>,
): () => void {
  const waiter: SessionWaiter = { ...waiting, deadline: undefined };
  const leave = (): void => {
    waiter.deadline?.cancel();
    queue.waiters.delete(waiter);
  };
  waiter.deadline = queue.engine.deadlines.after(timeoutMs, () => {
    leave();
    waiter.onTimeout();
  });
  queue.waiters.add(waiter);
  queue.engine.wake(queue);
  return leave;
}

/** Gives free sessions with messages to those who wait, first come first served. */
export function grantWaiters(queue: Queue): void {
  for (const waiter of queue.waiters) {
    const session = nextAvailable(queue);
    if (session === undefined) return;
    waiter.deadline?.cancel();
    queue.waiters.delete(waiter);
    const { hold } = grant(queue, session, waiter);
    waiter.onGranted(session, hold);
  }
}

/** Gives a session back before its time; its messages return uncounted. */
export function releaseSession(queue: Queue, session: Session, consumer: SessionConsumer): void {
  if (session.holder?.consumer !== consumer) return;
  for (const lock of session.locked) withdrawLock(queue, lock);
  letGo(queue, session);
}

/** Ends a hold as if its time had come: the receiver is told, what it had counts as failed. */
export function expireSession(queue: Queue, session: Session): void {
  const consumer = session.holder?.consumer;
  for (const lock of session.locked) expireLock(queue, lock);
  letGo(queue, session);
  consumer?.onSessionLost();
}

/** The session if `owner` holds it just now. */
export function heldSession(queue: Queue, sessionId: string, owner: unknown): Granted | undefined {
  const session = queue.sessions.get(sessionId);
  if (session === undefined) return undefined;
  endIfOver(queue, session);
  return session.holder?.owner === owner && session.holder !== undefined
    ? { session, hold: session.holder }
    : undefined;
}

/** Starts the lock duration of a held session again and returns its new end. */
export function renewSession(queue: Queue, { session, hold }: Granted): number {
  queue.operations.renewals++;
  hold.deadline.cancel();
  hold.untilMs = nowMs(queue) + queue.rules.lockDurationMs;
  hold.deadline = armHold(queue, session);
  for (const lock of session.locked) lock.untilMs = hold.untilMs;
  return hold.untilMs;
}

/** Keeps (undefined: forgets) a session's state. False, and nothing is done, where its queue has no room for it. */
export function setSessionState(queue: Queue, session: Session, state: Buffer | undefined): boolean {
  const { rules, sizeBytes } = queue;
  const before = session.state?.length ?? 0;
  if (state !== undefined && sizeBytes - before + state.length > rules.maxSizeBytes) return false;
  putState(queue, session, state);
  queue.engine.record?.({ type: 'sessionState', queue: queue.address, sessionId: session.id, state });
  return true;
}

function nextAvailable(queue: Queue): Session | undefined {
  for (const session of queue.available) {
    if (session.ready.peek() !== undefined) return session;
    queue.available.delete(session);
  }
  return undefined;
}

function grant(
  queue: Queue,
  session: Session,
  { consumer, owner }: { consumer: SessionConsumer; owner: unknown },
): Granted {
  const untilMs = nowMs(queue) + queue.rules.lockDurationMs;
  const hold: SessionHold = { consumer, owner, untilMs, deadline: armHold(queue, session) };
  session.holder = hold;
  queue.available.delete(session);
  stir(queue, session);
  return { session, hold };
}

function armHold(queue: Queue, session: Session): Deadline {
  return queue.engine.deadlines.after(queue.rules.lockDurationMs, () => expireSession(queue, session));
}

function endIfOver(queue: Queue, session: Session): void {
  if (session.holder !== undefined && session.holder.untilMs <= nowMs(queue)) expireSession(queue, session);
}

function letGo(queue: Queue, session: Session): void {
  session.holder?.deadline.cancel();
  session.holder = undefined;
  if (session.ready.peek() !== undefined) {
    queue.available.add(session);
    queue.engine.wake(queue);
  }
  forgetIdleSession(queue, session);
}

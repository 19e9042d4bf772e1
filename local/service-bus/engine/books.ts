// The books of a queue: which messages and sessions it has, how full it is, and who may be stirred by a message.
import { contentBytes, type MessageContent } from '../amqp/message.js';
import { createReadyHeap, isDeliverable, type Message, type Queue, type Session } from './queue.js';

/** The session of that id, made when it is first heard of. */
export function sessionOf(queue: Queue, id: string): Session {
  const known = queue.sessions.get(id);
  if (known !== undefined) return known;
  const session: Session = {
    id,
    ready: createReadyHeap(),
    locked: new Set(),
    state: undefined,
    messageCount: 0,
    holder: undefined,
  };
  queue.sessions.set(id, session);
  return session;
}

/** Lets go of a session that nothing refers to any more. */
export function forgetIdleSession(queue: Queue, session: Session): void {
  if (session.messageCount > 0 || session.state !== undefined || session.holder !== undefined) return;
  queue.sessions.delete(session.id);
  queue.available.delete(session);
}

/** Puts a message where receivers find it, and stirs whoever may want it. */
export function offer(queue: Queue, message: Message): void {
  const { engine } = queue;
  if (queue.rules.requiresSession) {
    const session = sessionOf(queue, message.sessionId ?? '');
    session.ready.push(message);
    if (session.holder === undefined) queue.available.add(session);
    else queue.stirred.add(session);
  } else queue.ready.push(message);
  engine.wake(queue);
}

// What the broker keeps beside a message's bytes, roughly: many tiny messages fill a queue, too.
const bookkeepingBytes = 512;

/** Bytes by which a message fills its queue. */
export function occupiedBytes(content: MessageContent): number {
  return contentBytes(content) + bookkeepingBytes;
}

/** Keeps (undefined: forgets) a session's state; it takes room in its queue. */
export function putState(queue: Queue, session: Session, state: Buffer | undefined): void {
  queue.sizeBytes += (state?.length ?? 0) - (session.state?.length ?? 0);
  session.state = state;
}

/** Enters a message into the books of a queue. */
export function admit(queue: Queue, message: Message): void {
  queue.messages.set(message.sequence, message);
  queue.sizeBytes += occupiedBytes(message.content);
  if (queue.rules.requiresSession) sessionOf(queue, message.sessionId ?? '').messageCount++;
}

/** Strikes a message from the books. If it was locked, its lock is already out of the lock table. */
export function strike(queue: Queue, message: Message): void {
  const wasReady = isDeliverable(message);
  message.place = 'gone';
  message.lock = undefined;
  message.deadline?.cancel();
  message.deadline = undefined;
  queue.messages.delete(message.sequence);
  queue.sizeBytes -= occupiedBytes(message.content);
  if (!queue.rules.requiresSession) {
    if (wasReady) queue.ready.noteDead();
    return;
  }
  const session = sessionOf(queue, message.sessionId ?? '');
  session.messageCount--;
  if (wasReady) session.ready.noteDead();
  if (session.ready.peek() === undefined) queue.available.delete(session);
  forgetIdleSession(queue, session);
}

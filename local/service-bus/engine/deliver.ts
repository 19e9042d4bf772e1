// How messages reach receivers: in order, round robin over those that have room, each under a lock of its own or under
// its session's; and how one is fetched by its number.
import { armLock, expire, lockKey, remove } from './settle.js';
import { occupiedBytes } from './books.js';
import { nowMs, type Consumer, type Delivery, type Lock, type Message, type Queue, type Session } from './queue.js';
import type { Heap } from './heap.js';

/** Hands over whatever can be handed over now. Call it for every queue that asked to be woken. */
export function pump(queue: Queue): void {
  if (queue.rules.requiresSession) pumpSessions(queue);
  else pumpConsumers(queue);
}

/** Joins a receiver to a queue without sessions. */
export function addConsumer(queue: Queue, consumer: Consumer): void {
  queue.consumers.push(consumer);
  queue.engine.wake(queue);
}

/** Takes a receiver away. What it had locked stays locked until it is settled or its lock runs out. */
export function removeConsumer(queue: Queue, consumer: Consumer): void {
  const at = queue.consumers.indexOf(consumer);
  if (at >= 0) queue.consumers.splice(at, 1);
}

/** Says that a session's receiver has room again. */
export function stir(queue: Queue, session: Session): void {
  queue.stirred.add(session);
  queue.engine.wake(queue);
}

/**
 * Locks (or, to delete them, takes) deferred messages by number. 'missing' when one of the numbers names none that is
 * deferred, unlocked and of that session, 'tooLarge' when they are larger than `bytesAtMost` together; then nothing is
 * locked.
 */
export function fetchDeferred(
  queue: Queue,
  sequences: readonly number[],
  wanted: { mode: Consumer['mode']; session: Session | undefined; bytesAtMost: number },
): readonly Delivery[] | 'missing' | 'tooLarge' {
  const found: Message[] = [];
  let bytes = 0;
  for (const sequence of new Set(sequences)) {
    const message = queue.messages.get(sequence);
    if (message === undefined || message.place !== 'deferred' || message.lock !== undefined) return 'missing';
    if (queue.rules.requiresSession && message.sessionId !== wanted.session?.id) return 'missing';
    found.push(message);
    bytes += occupiedBytes(message.content);
  }
  if (bytes > wanted.bytesAtMost) return 'tooLarge';
  return found.map((message) => take(queue, message, wanted));
}

function pumpConsumers(queue: Queue): void {
  const { consumers } = queue;
  let idle = 0;
  // Looked at before a receiver is chosen: a turn without messages must not move the line.
  while (idle < consumers.length && queue.ready.peek() !== undefined) {
    const consumer = consumers[0]!;
    // The one served goes to the end of the line, so that the next message is the next receiver's.
    consumers.push(consumers.shift()!);
    if (consumer.capacity() <= 0) {
      idle++;
      continue;
    }
    const message = takeReady(queue, queue.ready);
    if (message === undefined) return;
    idle = 0;
    give(queue, consumer, message, undefined);
  }
}

function pumpSessions(queue: Queue): void {
  for (const session of queue.stirred) {
    queue.stirred.delete(session);
    const consumer = session.holder?.consumer;
    if (consumer === undefined) continue;
    while (consumer.capacity() > 0) {
      const message = takeReady(queue, session.ready);
      if (message === undefined) break;
      give(queue, consumer, message, session);
    }
  }
}

// The timer that ends a life may be late; a message past its time is never handed over.
function takeReady(queue: Queue, ready: Heap<Message>): Message | undefined {
  for (let message = ready.pop(); message !== undefined; message = ready.pop()) {
    if (message.expiresAtMs === undefined || message.expiresAtMs > nowMs(queue)) return message;
    expire(queue, message);
  }
  return undefined;
}

function give(queue: Queue, consumer: Consumer, message: Message, session: Session | undefined): void {
  consumer.deliver(take(queue, message, { mode: consumer.mode, session }));
}

function take(
  queue: Queue,
  message: Message,
  { mode, session }: { mode: Consumer['mode']; session: Session | undefined },
): Delivery {
  queue.operations.deliveries++;
  if (mode === 'receiveAndDelete') {
    remove(queue, message);
    return { message, lock: undefined };
  }
  const lock: Lock = {
    token: queue.engine.newLockToken(),
    message,
    session,
    untilMs: session?.holder?.untilMs ?? 0,
    deadline: undefined,
  };
  message.lock = lock;
  queue.locks.set(lockKey(lock.token), lock);
  if (session === undefined) armLock(queue, lock);
  else session.locked.add(lock);
  return { message, lock };
}

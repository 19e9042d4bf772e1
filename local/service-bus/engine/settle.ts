// How a message leaves its receiver: completed, abandoned, deferred, dead-lettered, or by its lock running out; and how
// it dies of age or of too many deliveries.
import { contentBytes, withApplicationProperties } from '../amqp/message.js';
import { text, type AmqpValue } from '../amqp/values.js';
import { unreachable } from '../../../shared/unreachable.js';
import { admit, offer, strike } from './books.js';
import { nowMs, type Lock, type Message, type Queue } from './queue.js';
import { toStored } from './stored.js';

/** Laid over a message's application properties. */
export type PropertyChanges = readonly (readonly [string, AmqpValue])[];

export type Settlement =
  | { readonly type: 'complete' }
  | { readonly type: 'abandon'; readonly properties: PropertyChanges }
  | { readonly type: 'defer'; readonly properties: PropertyChanges }
  | { readonly type: 'deadLetter'; readonly properties: PropertyChanges };

export type SettleResult = 'settled' | 'lockLost' | 'notAllowed';

/**
 * Settles the message behind a lock token (16 bytes in delivery-tag order).
 * 'lockLost': the token names no lock that still holds. 'notAllowed': dead-lettering inside a dead-letter queue; the
 * message is there to be received again, its delivery count unchanged.
 */
export function settle(queue: Queue, token: Buffer, settlement: Settlement): SettleResult {
  const lock = liveLock(queue, token);
  if (lock === undefined) return 'lockLost';
  const { message } = lock;
  const { place } = message;
  queue.operations.settlements++;
  switch (settlement.type) {
    case 'complete':
      unlock(queue, lock);
      remove(queue, message);
      return 'settled';
    case 'abandon':
      giveBack(queue, lock, { isFailure: true, place, properties: settlement.properties });
      return 'settled';
    case 'defer':
      giveBack(queue, lock, { isFailure: true, place: 'deferred', properties: settlement.properties });
      return 'settled';
    case 'deadLetter':
      if (queue.deadLetters === undefined) {
        giveBack(queue, lock, { isFailure: false, place, properties: [] });
        return 'notAllowed';
      }
      unlock(queue, lock);
      moveToDeadLetters(queue, message, settlement.properties);
      return 'settled';
    default:
      return unreachable(settlement);
  }
}

/** The lock behind a token, if it still holds. One that ran out while nobody looked is ended on the spot. */
export function liveLock(queue: Queue, token: Buffer): Lock | undefined {
  const lock = queue.locks.get(lockKey(token));
  if (lock === undefined || lock.untilMs > nowMs(queue)) return lock;
  // A session's locks end together, by the session's own deadline.
  if (lock.session === undefined) expireLock(queue, lock);
  return undefined;
}

export function lockKey(token: Buffer): string {
  return token.toString('latin1');
}

/** Renews the lock of a message that is not under a session. Returns the new end, or undefined when it is lost. */
export function renewLock(queue: Queue, token: Buffer): number | undefined {
  const lock = liveLock(queue, token);
  if (lock === undefined || lock.session !== undefined) return undefined;
  queue.operations.renewals++;
  armLock(queue, lock);
  return lock.untilMs;
}

/** Starts, or starts again, the lock duration of a lock that is not under a session. */
export function armLock(queue: Queue, lock: Lock): void {
  lock.deadline?.cancel();
  lock.untilMs = nowMs(queue) + queue.rules.lockDurationMs;
  lock.deadline = queue.engine.deadlines.after(queue.rules.lockDurationMs, () => expireLock(queue, lock));
}

/** Ends a lock as if its time had come: the delivery counts as failed. */
export function expireLock(queue: Queue, lock: Lock): void {
  giveBack(queue, lock, { isFailure: true, place: lock.message.place, properties: [] });
}

/** Ends a lock without a word about the delivery: the message returns as it was. */
export function withdrawLock(queue: Queue, lock: Lock): void {
  giveBack(queue, lock, { isFailure: false, place: lock.message.place, properties: [] });
}

/** Takes a message out for good. */
export function remove(queue: Queue, message: Message): void {
  strike(queue, message);
  queue.engine.record?.({ type: 'removed', queue: queue.address, sequence: message.sequence });
}

/** Ends a message whose time to live is over. */
export function expire(queue: Queue, message: Message): void {
  if (queue.rules.deadLettersExpired) {
    moveToDeadLetters(
      queue,
      message,
      deadLetterReason('TTLExpiredException', 'The message expired and was dead lettered.'),
    );
  } else remove(queue, message);
}

/** The application properties that say why a message was dead-lettered. */
export function deadLetterReason(reason: string | undefined, description: string | undefined): PropertyChanges {
  const changes: (readonly [string, AmqpValue])[] = [];
  if (reason !== undefined) changes.push(['DeadLetterReason', text(reason)]);
  if (description !== undefined) changes.push(['DeadLetterErrorDescription', text(description)]);
  return changes;
}

function unlock(queue: Queue, lock: Lock): void {
  lock.deadline?.cancel();
  queue.locks.delete(lockKey(lock.token));
  lock.session?.locked.delete(lock);
}

type Return = {
  /** Whether this was a delivery that failed. */
  readonly isFailure: boolean;
  readonly place: Message['place'];
  readonly properties: PropertyChanges;
};

function giveBack(queue: Queue, lock: Lock, { isFailure, place, properties }: Return): void {
  const { message } = lock;
  unlock(queue, lock);
  if (isFailure) message.deliveryCount++;
  applyProperties(queue, message, properties);
  if (message.deliveryCount >= queue.rules.maxDeliveryCount && isFailure) {
    const text = `The message could not be consumed after ${queue.rules.maxDeliveryCount} delivery attempts.`;
    return moveToDeadLetters(queue, message, deadLetterReason('MaxDeliveryCountExceeded', text));
  }
  if (message.expiresAtMs !== undefined && message.expiresAtMs <= nowMs(queue)) return expire(queue, message);
  message.lock = undefined;
  const returnsTo = place === 'deferred' ? 'deferred' : 'ready';
  message.place = returnsTo;
  if (isFailure) recordReturn(queue, message, returnsTo, properties.length > 0);
  if (returnsTo === 'ready') offer(queue, message);
}

function applyProperties(queue: Queue, message: Message, properties: PropertyChanges): void {
  if (properties.length === 0) return;
  const changed = withApplicationProperties(message.content, properties);
  queue.sizeBytes += contentBytes(changed) - contentBytes(message.content);
  message.content = changed;
}

function recordReturn(queue: Queue, message: Message, place: 'ready' | 'deferred', hasNewProperties: boolean): void {
  queue.engine.record?.({
    type: 'returned',
    queue: queue.address,
    sequence: message.sequence,
    deliveryCount: message.deliveryCount,
    place,
    applicationProperties: hasNewProperties ? message.content.applicationProperties : undefined,
  });
}

function moveToDeadLetters(queue: Queue, message: Message, properties: PropertyChanges): void {
  const { deadLetters } = queue;
  // Nothing expires or exceeds a count inside a dead-letter queue, so only queues that have one come here.
  if (deadLetters === undefined) return;
  remove(queue, message);
  bury(queue, message, properties);
}

/** Enters a message that is in no queue into a queue's dead letters. */
export function bury(queue: Queue, message: Message, properties: PropertyChanges): void {
  const { deadLetters } = queue;
  if (deadLetters === undefined) return;
  const moved: Message = {
    ...message,
    sequence: queue.numbering.next++,
    deadLetterSource: queue.rules.name,
    content: withApplicationProperties(message.content, properties),
    expiresAtMs: undefined,
    place: 'ready',
    lock: undefined,
    deadline: undefined,
  };
  deadLetters.engine.record?.({ type: 'enqueued', queue: deadLetters.address, message: toStored(moved) });
  admit(deadLetters, moved);
  offer(deadLetters, moved);
}

// How messages enter a queue: checks, duplicate detection, time to live, scheduling and its cancellation.
import type { AmqpCondition } from '../amqp/fault.js';
import { type IncomingMessage } from '../amqp/message.js';
import { isWanted } from './filters.js';
import { admit, occupiedBytes, offer, strike } from './books.js';
import { nowMs, type Message, type Queue } from './queue.js';
import { bury, deadLetterReason, expire } from './settle.js';
import { toStored } from './stored.js';

export type EnqueueResult =
  | { readonly type: 'accepted'; readonly sequences: readonly number[] }
  | { readonly type: 'refused'; readonly error: AmqpCondition };

// https://learn.microsoft.com/azure/service-bus-messaging/service-bus-quotas
const longestId = 128;

/**
 * Takes all of `incoming` or none of them. A duplicate counts as taken and is dropped. The answer may be told to the
 * sender once the recorded changes are kept.
 */
export function enqueue(queue: Queue, incoming: readonly IncomingMessage[]): EnqueueResult {
  const error = refusal(queue, incoming);
  if (error !== undefined) return { type: 'refused', error };
  const now = nowMs(queue);
  queue.operations.sendTransfers++;
  queue.operations.sends += incoming.length;
  return { type: 'accepted', sequences: incoming.map((message) => enqueueOne(queue, message, now)) };
}

function refusal(queue: Queue, incoming: readonly IncomingMessage[]): AmqpCondition | undefined {
  const { rules } = queue;
  const refused = (condition: string, description: string): AmqpCondition => ({ condition, description });
  let bytes = heldBytes(queue);
  for (const { messageId, sessionId, content } of incoming) {
    if (rules.requiresSession && sessionId === undefined) {
      const text = `The queue '${rules.name}' requires sessions; a message without a session id was sent.`;
      return refused('amqp:not-allowed', text);
    }
    if (messageId.length > longestId || (sessionId?.length ?? 0) > longestId) {
      const text = `A message id or session id is longer than ${longestId} characters.`;
      return refused('com.microsoft:argument-error', text);
    }
    bytes += occupiedBytes(content);
  }
  if (bytes <= rules.maxSizeBytes) return undefined;
  const text = `The queue '${rules.name}' holds its maximum of ${rules.maxSizeBytes} bytes.`;
  return refused('amqp:resource-limit-exceeded', text);
}

// A topic is as full as the fullest of its subscriptions: what it takes, it must be able to hand on. Dead letters count.
function heldBytes({ role, sizeBytes, deadLetters }: Queue): number {
  if (role.type !== 'topic') return sizeBytes + (deadLetters?.sizeBytes ?? 0);
  return role.subscriptions.reduce((most, subscription) => Math.max(most, heldBytes(subscription)), sizeBytes);
}

function enqueueOne(queue: Queue, incoming: IncomingMessage, now: number): number {
  const sequence = queue.numbering.next++;
  if (isDuplicate(queue, incoming.messageId, now)) return sequence;
  const isScheduled = incoming.scheduledAtMs !== undefined && incoming.scheduledAtMs > now;
  const message: Message = {
    sequence,
    enqueueSequence: sequence,
    enqueuedAtMs: now,
    messageId: incoming.messageId,
    sessionId: incoming.sessionId,
    deadLetterSource: undefined,
    timeToLiveMs: incoming.timeToLiveMs,
    scheduledAtMs: incoming.scheduledAtMs,
    content: incoming.content,
    expiresAtMs: undefined,
    deliveryCount: 0,
    place: isScheduled ? 'scheduled' : 'ready',
    lock: undefined,
    deadline: undefined,
  };
  if (isScheduled) scheduleNew(queue, message);
  else publish(queue, message);
  return sequence;
}

function scheduleNew(queue: Queue, message: Message): void {
  record(queue, message);
  admit(queue, message);
  armActivation(queue, message);
}

/** Wakes a scheduled message when its time has come. */
export function armActivation(queue: Queue, message: Message): void {
  const delayMs = (message.scheduledAtMs ?? 0) - nowMs(queue);
  message.deadline = queue.engine.deadlines.after(delayMs, () => activate(queue, message));
}

// An activated message is a new arrival: it gets its place at the end of the line and a number that says so.
function activate(queue: Queue, scheduled: Message): void {
  const sequence = queue.numbering.next++;
  strike(queue, scheduled);
  publish(queue, {
    ...scheduled,
    sequence,
    enqueuedAtMs: nowMs(queue),
    place: 'ready',
    deadline: undefined,
  });
  queue.engine.record?.({ type: 'removed', queue: queue.address, sequence: scheduled.sequence });
}

function publish(queue: Queue, message: Message): void {
  limitLifetime(queue, message);
  if (queue.role.type === 'topic') return distribute(queue.role.subscriptions, message);
  record(queue, message);
  admit(queue, message);
  armExpiry(queue, message);
  offer(queue, message);
}

// What a receiver is told is what counts: a sender that asked for more, or for nothing, gets the queue's own limit.
// https://learn.microsoft.com/azure/service-bus-messaging/message-expiration#entity-level-expiration
function limitLifetime({ rules }: Queue, message: Message): void {
  const lifetimeMs = Math.min(message.timeToLiveMs ?? Infinity, rules.defaultTimeToLiveMs ?? Infinity);
  if (lifetimeMs === Infinity) return;
  message.timeToLiveMs = lifetimeMs;
  message.expiresAtMs = message.enqueuedAtMs + lifetimeMs;
}

// Each subscription gets a copy of its own, with a number of its own, that lives no longer than the topic's would.
function distribute(subscriptions: readonly Queue[], message: Message): void {
  for (const subscription of subscriptions) {
    const { role, rules, numbering } = subscription;
    if (role.type !== 'subscription' || !isWanted(role.rules.values(), message.content)) continue;
    const copy = { ...message, sequence: numbering.next++ };
    if (rules.requiresSession && message.sessionId === undefined) {
      const text = 'The subscription requires sessions; a message without a session id was sent to its topic.';
      bury(subscription, copy, deadLetterReason('Session ID is null', text));
      continue;
    }
    limitLifetime(subscription, copy);
    record(subscription, copy);
    admit(subscription, copy);
    armExpiry(subscription, copy);
    offer(subscription, copy);
  }
}

/** Ends a message's life when its time to live is over, unless somebody holds it just then. */
export function armExpiry(queue: Queue, message: Message): void {
  if (message.expiresAtMs === undefined) return;
  message.deadline = queue.engine.deadlines.after(message.expiresAtMs - nowMs(queue), () => {
    message.deadline = undefined;
    if (message.lock === undefined) expire(queue, message);
  });
}

/**
 * Takes scheduled messages back before their time. All of them or, when one of the numbers names no scheduled message,
 * none: then the number is returned.
 */
export function cancelScheduled(queue: Queue, sequences: readonly number[]): { missing: number | undefined } {
  const missing = sequences.find((sequence) => queue.messages.get(sequence)?.place !== 'scheduled');
  if (missing !== undefined) return { missing };
  for (const sequence of new Set(sequences)) {
    const message = queue.messages.get(sequence);
    if (message !== undefined) strike(queue, message);
    queue.engine.record?.({ type: 'removed', queue: queue.address, sequence });
  }
  return { missing: undefined };
}

// https://learn.microsoft.com/azure/service-bus-messaging/duplicate-detection
function isDuplicate(queue: Queue, messageId: string, now: number): boolean {
  const { duplicateWindowMs } = queue.rules;
  if (duplicateWindowMs === undefined) return false;
  forgetSeenIds(queue, now);
  if (queue.seenIds.has(messageId)) return true;
  const untilMs = now + duplicateWindowMs;
  queue.seenIds.set(messageId, untilMs);
  queue.engine.record?.({ type: 'seen', queue: queue.address, messageId, untilMs });
  return false;
}

/** Drops the ids whose window is over; the oldest come first, so this stops early. */
export function forgetSeenIds(queue: Queue, now: number): void {
  for (const [messageId, untilMs] of queue.seenIds) {
    if (untilMs > now) return;
    queue.seenIds.delete(messageId);
  }
}

function record(queue: Queue, message: Message): void {
  queue.engine.record?.({ type: 'enqueued', queue: queue.address, message: toStored(message) });
}

// What changes amount to: the kept part of every queue, built up change by change when a journal is read, and the
// changes that would make a queue again from nothing.
import { unreachable } from '../../../shared/unreachable.js';
import type { Change, StoredMessage } from './changes.js';
import type { Rule } from './filters.js';
import type { Queue } from './queue.js';
import { toStored } from './stored.js';

export type QueueImage = {
  readonly messages: Map<number, StoredMessage>;
  readonly sessionStates: Map<string, Buffer>;
  readonly seenIds: Map<string, number>;
  /** Undefined: as configured. */
  rules: readonly Rule[] | undefined;
  next: number;
};

/** Queue images by address. */
export type Image = Map<string, QueueImage>;

/** Lays one more change over what is known so far. */
export function applyChange(image: Image, change: Change): void {
  const queue = imageOf(image, change.queue);
  switch (change.type) {
    case 'enqueued':
      queue.messages.set(change.message.sequence, change.message);
      queue.next = Math.max(queue.next, change.message.sequence + 1);
      return;
    case 'removed':
      queue.messages.delete(change.sequence);
      return;
    case 'returned': {
      const message = queue.messages.get(change.sequence);
      if (message === undefined) return;
      const { deliveryCount, place } = change;
      const applicationProperties = change.applicationProperties ?? message.content.applicationProperties;
      const content = { ...message.content, applicationProperties };
      queue.messages.set(change.sequence, { ...message, deliveryCount, place, content });
      return;
    }
    case 'sessionState':
      if (change.state === undefined) queue.sessionStates.delete(change.sessionId);
      else queue.sessionStates.set(change.sessionId, change.state);
      return;
    case 'seen':
      // Taken out first, so that the order of the map stays the order of the ends.
      queue.seenIds.delete(change.messageId);
      queue.seenIds.set(change.messageId, change.untilMs);
      return;
    case 'rules':
      queue.rules = change.rules;
      return;
    case 'numbering':
      queue.next = Math.max(queue.next, change.next);
      return;
    default:
      return unreachable(change);
  }
}

/** The changes that make a queue's kept part from nothing. */
export function* changesToMake(queue: Queue): Generator<Change> {
  const { address } = queue;
  yield { type: 'numbering', queue: address, next: queue.numbering.next };
  const { role } = queue;
  if (role.type === 'subscription' && role.areRulesChanged) {
    yield { type: 'rules', queue: address, rules: [...role.rules.values()] };
  }
  for (const message of queue.messages.values()) yield { type: 'enqueued', queue: address, message: toStored(message) };
  for (const { id, state } of queue.sessions.values()) {
    if (state !== undefined) yield { type: 'sessionState', queue: address, sessionId: id, state };
  }
  for (const [messageId, untilMs] of queue.seenIds) yield { type: 'seen', queue: address, messageId, untilMs };
}

function imageOf(image: Image, address: string): QueueImage {
  const known = image.get(address);
  if (known !== undefined) return known;
  const made: QueueImage = {
    messages: new Map(),
    sessionStates: new Map(),
    seenIds: new Map(),
    rules: undefined,
    next: 1,
  };
  image.set(address, made);
  return made;
}

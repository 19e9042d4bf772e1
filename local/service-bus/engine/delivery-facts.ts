// What the broker says about a message when it shows it to somebody.
import type { DeliveryFacts } from '../amqp/message.js';
import type { Lock, Message } from './queue.js';

export function deliveryFacts(message: Message, lock: Lock | undefined): DeliveryFacts {
  const { place } = message;
  return {
    deliveryCount: message.deliveryCount,
    timeToLiveMs: message.timeToLiveMs,
    enqueuedAtMs: message.enqueuedAtMs,
    sequence: message.sequence,
    enqueueSequence: message.enqueueSequence,
    state: place === 'deferred' || place === 'scheduled' ? place : 'active',
    lockedUntilMs: lock?.untilMs,
    deadLetterSource: message.deadLetterSource,
  };
}

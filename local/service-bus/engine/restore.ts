// Fills a fresh queue with what was kept of it. Nobody holds anything afterwards: what was locked can be received.
import { armActivation, armExpiry, forgetSeenIds } from './enqueue.js';
import type { QueueImage } from './image.js';
import { admit, offer, putState, sessionOf } from './books.js';
import { nowMs, type Queue } from './queue.js';
import { replaceRules } from './rules.js';
import { fromStored } from './stored.js';

export function restoreQueue(queue: Queue, image: QueueImage): void {
  queue.numbering.next = Math.max(queue.numbering.next, image.next);
  if (queue.role.type === 'subscription' && image.rules !== undefined) replaceRules(queue.role, image.rules);
  const inOrder = [...image.messages.values()].sort((a, b) => a.sequence - b.sequence);
  for (const stored of inOrder) {
    const message = fromStored(stored);
    admit(queue, message);
    if (message.place === 'scheduled') armActivation(queue, message);
    else armExpiry(queue, message);
    if (message.place === 'ready') offer(queue, message);
  }
  for (const [sessionId, state] of image.sessionStates) putState(queue, sessionOf(queue, sessionId), state);
  for (const [messageId, untilMs] of image.seenIds) queue.seenIds.set(messageId, untilMs);
  forgetSeenIds(queue, nowMs(queue));
}

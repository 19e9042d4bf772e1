// Looking at messages without taking them.
import type { Message, Queue } from './queue.js';

/** Up to `limit` messages from a sequence number on, whatever their state, oldest first. */
export function peek(
  queue: Queue,
  { from, limit, sessionId }: { from: number; limit: number; sessionId: string | undefined },
): Message[] {
  const found: Message[] = [];
  for (const message of queue.messages.values()) {
    if (found.length >= limit) break;
    if (message.sequence < from) continue;
    if (sessionId !== undefined && message.sessionId !== sessionId) continue;
    found.push(message);
  }
  return found;
}

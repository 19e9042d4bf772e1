// Messages as they are kept across a restart, and back.
import type { StoredMessage } from './changes.js';
import type { Message } from './queue.js';

/** Everything about a message except who holds it. */
export function toStored(message: Message): StoredMessage {
  const { lock: _lock, deadline: _deadline, place, ...kept } = message;
  if (place === 'gone') throw new Error(`Message ${message.sequence} left its queue and cannot be stored`);
  return { ...kept, place };
}

export function fromStored(stored: StoredMessage): Message {
  return { ...stored, lock: undefined, deadline: undefined };
}

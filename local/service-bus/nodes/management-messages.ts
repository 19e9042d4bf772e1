// Management operations on messages: peek, schedule, cancel, receive by sequence number.
import { AmqpFault } from '../amqp/fault.js';
import { contentBytes, writeDelivery, type IncomingMessage } from '../amqp/message.js';
import { readMessage } from '../amqp/read-message.js';
import { binary, bytesOf, fromMap, integerOf, long, textMap, textOf, type AmqpValue } from '../amqp/values.js';
import { createWriter, written } from '../amqp/writer.js';
import { fetchDeferred } from '../engine/deliver.js';
import { deliveryFacts } from '../engine/delivery-facts.js';
import { cancelScheduled, enqueue } from '../engine/enqueue.js';
import { peek } from '../engine/peek.js';
import type { Lock, Message } from '../engine/queue.js';
import { heldSession } from '../engine/sessions.js';
import {
  badArgument,
  itemsOf,
  messageNotFound,
  ok,
  sequencesIn,
  sessionLockLost,
  swapGuidOrder,
  type Operation,
} from './management-operation.js';

// Bounds of one answer; a caller that wants more asks again from the next number.
const mostPeeked = 1_000;
const mostPeekedBytes = 1024 * 1024;
const mostFetchedBytes = 16 * 1024 * 1024;

/** What somebody may ask who sends. */
export const sendOperations: Readonly<Record<string, Operation>> = {
  'schedule-message'(body, { queue, newMessageId }) {
    const items = itemsOf(fromMap(body, 'messages'));
    if (items === undefined || items.length === 0) return badArgument('messages must be a list.');
    const encoded = items.map((item) => bytesOf(fromMap(item, 'message')));
    if (!encoded.every((bytes) => bytes !== undefined)) return badArgument('A message is missing.');
    const messages = readAll(encoded, newMessageId);
    if (messages instanceof AmqpFault) return badArgument(`A message cannot be read: ${messages.message}.`);
    const result = enqueue(queue, messages);
    if (result.type === 'refused') {
      return { status: 400, description: result.error.description, error: result.error.condition };
    }
    return ok(textMap({ 'sequence-numbers': { type: 'array', of: 'long', items: result.sequences.map(long) } }));
  },

  'cancel-scheduled-message'(body, { queue }) {
    const sequences = sequencesIn(body);
    if (sequences === undefined) return badArgument('sequence-numbers must be an array of longs.');
    return cancelScheduled(queue, sequences).missing === undefined ? ok() : messageNotFound;
  },
};

// Here a message is an argument: one that cannot be read is the question's fault, not the connection's.
function readAll(encoded: readonly Buffer[], newMessageId: () => string): readonly IncomingMessage[] | AmqpFault {
  try {
    return encoded.map((bytes) => readMessage(bytes, newMessageId));
  } catch (error) {
    if (error instanceof AmqpFault) return error;
    throw error;
  }
}

/** What somebody may ask who receives. */
export const messageOperations: Readonly<Record<string, Operation>> = {
  'peek-message'(body, { queue }) {
    const from = integerOf(fromMap(body, 'from-sequence-number')) ?? 0;
    const limit = Math.min(integerOf(fromMap(body, 'message-count')) ?? 1, mostPeeked);
    const sessionId = textOf(fromMap(body, 'session-id'));
    const isWithBody = !isTrue(fromMap(body, 'omit-message-body'));
    const messages: AmqpValue[] = [];
    let bytes = 0;
    for (const message of peek(queue, { from, limit, sessionId })) {
      const content = isWithBody ? message.content : { ...message.content, body: noBody };
      bytes += contentBytes(content);
      if (messages.length > 0 && bytes > mostPeekedBytes) break;
      messages.push(textMap({ message: binary(encode({ ...message, content }, undefined)) }));
    }
    if (messages.length === 0) return { status: 204, description: 'No messages.' };
    return ok(textMap({ messages: { type: 'list', items: messages } }));
  },

  'receive-by-sequence-number'(body, { queue, owner }) {
    const sequences = sequencesIn(body);
    if (sequences === undefined) return badArgument('sequence-numbers must be an array of longs.');
    const isDeleting = integerOf(fromMap(body, 'receiver-settle-mode')) === 0;
    const sessionId = textOf(fromMap(body, 'session-id'));
    const session = sessionId === undefined ? undefined : heldSession(queue, sessionId, owner)?.session;
    if (queue.rules.requiresSession && session === undefined) return sessionLockLost;
    const mode = isDeleting ? 'receiveAndDelete' : 'peekLock';
    const deliveries = fetchDeferred(queue, sequences, { mode, session, bytesAtMost: mostFetchedBytes });
    if (deliveries === 'missing') return messageNotFound;
    if (deliveries === 'tooLarge') return badArgument(`At most ${mostFetchedBytes} bytes are fetched at once.`);
    const messages = deliveries.map(({ message, lock }): AmqpValue => {
      const encoded = binary(encode(message, lock));
      if (lock === undefined) return textMap({ message: encoded });
      return textMap({ 'lock-token': { type: 'uuid', value: swapGuidOrder(lock.token) }, message: encoded });
    });
    return ok(textMap({ messages: { type: 'list', items: messages } }));
  },
};

const noBody = Buffer.alloc(0);

function isTrue(value: AmqpValue | undefined): boolean {
  return value?.type === 'boolean' && value.value;
}

function encode(message: Message, lock: Lock | undefined): Buffer {
  const out = createWriter(contentBytes(message.content) + 512);
  writeDelivery(out, message.content, deliveryFacts(message, lock));
  return written(out);
}

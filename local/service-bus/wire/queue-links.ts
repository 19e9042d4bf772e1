// Links to a queue without sessions, and sending to any queue.
import { AmqpFault, type AmqpCondition } from '../amqp/fault.js';
import type { StatedOutcome } from '../amqp/outgoing-frames.js';
import { contentBytes, writeDelivery } from '../amqp/message.js';
import { batchFormat, readBatch, readMessage } from '../amqp/read-message.js';
import { addConsumer, removeConsumer } from '../engine/deliver.js';
import { enqueue } from '../engine/enqueue.js';
import { kindNames, type Consumer, type Delivery, type Queue } from '../engine/queue.js';
import { deliveryFacts } from '../engine/delivery-facts.js';
import type { IncomingLink, OutgoingLink } from './connection.js';
import { confirmAttach } from './end-link.js';
import { grantCredit } from './incoming-link.js';
import { roomOn, sendMessage } from './outgoing-link.js';

/** Lets a peer send to a queue; says why not otherwise. */
export function serveSender(link: IncomingLink, queue: Queue): AmqpCondition | undefined {
  const { role, rules } = queue;
  if (role.type !== 'queue' && role.type !== 'topic') {
    return {
      condition: 'amqp:not-allowed',
      description: `Nobody can send to a ${kindNames[role.type]} ('${rules.name}').`,
    };
  }
  const { newMessageId } = link.session.connection.context;
  link.onMessage = (bytes, format) => receive(queue, bytes, format, newMessageId);
  confirmAttach(link);
  // In the same write as the attach: a client that sees no credit at once waits a second and gives up.
  grantCredit(link);
  return undefined;
}

/** Lets a peer receive from a queue without sessions; says why not otherwise. */
export function serveReceiver(link: OutgoingLink, queue: Queue): AmqpCondition | undefined {
  if (queue.rules.requiresSession) {
    const description =
      'It is not possible for an entity that requires sessions to create a non-sessionful message receiver.';
    return { condition: 'amqp:not-allowed', description };
  }
  const consumer = consumerOn(link, queue);
  link.onGone = () => removeConsumer(queue, consumer);
  link.onRoom = () => queue.engine.wake(queue);
  confirmAttach(link);
  addConsumer(queue, consumer);
  return undefined;
}

/** The engine's view of a link on which messages of `queue` go out. */
export function consumerOn(link: OutgoingLink, queue: Queue): Consumer {
  return {
    mode: link.sendsSettled ? 'receiveAndDelete' : 'peekLock',
    capacity: () => roomOn(link),
    deliver: (delivery) => send(link, queue, delivery),
  };
}

// Upper bound of the header and annotations the broker adds, with the longest queue name.
const addedBytesAtMost = 1024;

function send(link: OutgoingLink, queue: Queue, delivery: Delivery): void {
  const { message, lock } = delivery;
  const facts = deliveryFacts(message, lock);
  sendMessage(link, {
    tag: lock?.token ?? link.session.connection.context.newDeliveryTag(),
    sizeAtMost: contentBytes(message.content) + addedBytesAtMost,
    write: (out) => writeDelivery(out, message.content, facts),
    unsettled: lock && { link, queue, token: lock.token, isUnderSession: lock.session !== undefined },
  });
}

function receive(queue: Queue, bytes: Buffer, format: number, newMessageId: () => string): StatedOutcome {
  try {
    const messages = format === batchFormat ? readBatch(bytes, newMessageId) : [readMessage(bytes, newMessageId)];
    const result = enqueue(queue, messages);
    return result.type === 'accepted' ? 'accepted' : result.error;
  } catch (error) {
    // A message that cannot be read is refused by itself; its frame was sound, so the connection may go on.
    if (error instanceof AmqpFault) return { condition: error.condition, description: error.message };
    throw error;
  }
}

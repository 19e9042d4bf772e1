// Request-response links to the broker's own nodes: `$cbs` and each queue's `$management`. A request names the link its
// answer goes to, by that link's name or target address.
import { AmqpFault, type AmqpCondition } from '../amqp/fault.js';
import { readRequest } from '../amqp/request-message.js';
import type { StatedOutcome } from '../amqp/outgoing-frames.js';
import { writeRaw } from '../amqp/writer.js';
import { answerPutToken } from '../nodes/cbs.js';
import type { Right } from '../nodes/sas.js';
import { answerManagement } from '../nodes/management.js';
import { terminusAddress, type Address } from './address.js';
import { watchClaims } from './claim-expiry.js';
import { limits, type Connection, type IncomingLink, type OutgoingLink } from './connection.js';
import { confirmAttach } from './end-link.js';
import { grantCredit } from './incoming-link.js';
import { roomOn, sendMessage } from './outgoing-link.js';

type NodeAddress = Exclude<Address, { type: 'queue' }>;

/** Takes requests to a node. The queue of a `$management` node exists; that was checked before. */
export function serveRequestLink(link: IncomingLink, address: NodeAddress): undefined {
  const { connection } = link.session;
  link.onMessage = (bytes) => answer(connection, address, bytes);
  confirmAttach(link);
  grantCredit(link);
}

/** Lets a peer have the answers of a node. */
export function serveReplyLink(link: OutgoingLink, address: NodeAddress): AmqpCondition | undefined {
  const { connection } = link.session;
  const { replyLinks, context } = connection;
  const names = [link.attach.name, terminusAddress(link.attach.target)];
  const keys = names.flatMap((name) => (name === undefined ? [] : [replyKey(address, name)]));
  const waiting: Buffer[] = [];
  const sendWaiting = (): void => {
    while (waiting.length > 0 && roomOn(link) > 0) {
      const reply = waiting.shift()!;
      connection.waitingReplyBytes -= reply.length;
      const write = (out: Parameters<typeof writeRaw>[0]): void => writeRaw(out, reply);
      sendMessage(link, { tag: context.newDeliveryTag(), sizeAtMost: reply.length, write, unsettled: undefined });
    }
  };
  const send = (reply: Buffer): void => {
    if (waiting.length >= limits.waitingReplies || connection.waitingReplyBytes >= limits.waitingReplyBytes) {
      const text = 'Answers are asked for faster than they are taken.';
      throw new AmqpFault('connection', 'amqp:resource-limit-exceeded', text);
    }
    waiting.push(reply);
    connection.waitingReplyBytes += reply.length;
    sendWaiting();
  };
  for (const key of keys) replyLinks.set(key, send);
  link.onGone = () => {
    for (const key of keys) if (replyLinks.get(key) === send) replyLinks.delete(key);
    for (const reply of waiting.splice(0)) connection.waitingReplyBytes -= reply.length;
  };
  link.onRoom = sendWaiting;
  confirmAttach(link);
  return undefined;
}

function answer(connection: Connection, address: NodeAddress, bytes: Buffer): StatedOutcome {
  const { claims, context } = connection;
  try {
    const request = readRequest(bytes);
    const reply = connection.replyLinks.get(replyKey(address, request.replyTo ?? ''));
    if (reply === undefined) {
      return { condition: 'amqp:not-found', description: 'No link on this connection takes the answer.' };
    }
    if (address.type === 'cbs') {
      const nowMs = context.wireClock.now().getTime();
      reply(answerPutToken(request, { claims, accessKeys: context.accessKeys(), nowMs }));
      watchClaims(connection);
      return 'accepted';
    }
    const queue = context.namespace.find(address.queue);
    if (queue === undefined) return { condition: 'amqp:not-found', description: 'The entity is gone.' };
    const { newMessageId, wireClock } = context;
    const may = (right: Right): boolean => claims.allows(address.path, wireClock.now().getTime(), right);
    reply(answerManagement(request, { queue, owner: connection, newMessageId, may }));
    return 'accepted';
  } catch (error) {
    if (error instanceof AmqpFault && error.condition === 'amqp:decode-error') {
      return { condition: error.condition, description: error.message };
    }
    throw error;
  }
}

function replyKey(address: NodeAddress, name: string): string {
  return `${address.type === 'cbs' ? '' : address.queue}|${name}`;
}

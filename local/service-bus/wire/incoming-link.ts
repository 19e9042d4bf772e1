// Receiving on a link: messages put together from their frames, acknowledged, and the peer's credit topped up.
// Knows sizes and credit, not what a message is for.
import { AmqpFault, malformed, type AmqpCondition } from '../amqp/fault.js';
import { writeDisposition, writeFlow, type StatedOutcome } from '../amqp/outgoing-frames.js';
import type { Transfer } from '../amqp/performatives.js';
import {
  increment,
  limits,
  markUsed,
  output,
  type IncomingLink,
  type PartialMessage,
  type WireSession,
} from './connection.js';
import { noSuchTransaction } from './settle-delivery.js';
import { windowOf } from './windows.js';

/** Gives a peer that just attached, or has used half of it, its credit. */
export function grantCredit(link: IncomingLink): void {
  link.credit = limits.incomingCredit;
  const { session, handle, deliveryCount, credit } = link;
  const state = { handle, deliveryCount, credit, drain: false };
  writeFlow(output(session.connection), session.channel, windowOf(session), state);
}

/** Takes one transfer frame; a complete message is handled and acknowledged. */
export function onTransfer(link: IncomingLink, transfer: Transfer, payload: Buffer): void {
  markUsed(link);
  const partial = (link.partial ??= begin(link, transfer));
  if (!transfer.aborted) keep(link, partial, payload, transfer.more);
  if (transfer.more && !transfer.aborted) return;
  link.session.connection.partialBytes -= partial.heldBytes;
  link.partial = undefined;
  if (!transfer.aborted) {
    // Whether a message was sent settled may be said on any of its frames.
    const isSettled = partial.isSettled || transfer.settled;
    const outcome = refusal(partial) ?? link.onMessage(whole(partial), partial.format);
    if (!isSettled) acknowledge(link.session, partial.deliveryId, outcome);
  }
  if (link.phase === 'attached' && link.credit <= limits.incomingCredit / 2) grantCredit(link);
}

/** Writes the acceptances gathered since the last write. */
export function writeAcceptances(session: WireSession): void {
  const { accepted, connection } = session;
  if (accepted === undefined) return;
  session.accepted = undefined;
  connection.acknowledging.delete(session);
  writeDisposition(output(connection), session.channel, { role: 'receiver', ...accepted, outcome: 'accepted' });
}

function begin(link: IncomingLink, transfer: Transfer): PartialMessage {
  if (transfer.deliveryId === undefined) throw malformed('the first transfer of a delivery lacks its delivery-id');
  if (link.credit <= 0) {
    const text = 'A message was sent without credit for it.';
    throw new AmqpFault('link', 'amqp:link:transfer-limit-exceeded', text);
  }
  link.credit--;
  link.deliveryCount = increment(link.deliveryCount);
  const { deliveryId, messageFormat, settled, isTransactional } = transfer;
  return {
    deliveryId,
    format: messageFormat ?? 0,
    isSettled: settled,
    isTransactional,
    chunks: [],
    payloadBytes: 0,
    heldBytes: 0,
    isTooLarge: false,
  };
}

// What a buffer takes beside its bytes, roughly: a message in thousands of tiny pieces is a large one.
const chunkOverheadBytes = 128;

// A message over the limit is passed over without being kept, and refused once it is complete.
function keep(link: IncomingLink, partial: PartialMessage, payload: Buffer, isUnfinished: boolean): void {
  const { connection } = link.session;
  partial.payloadBytes += payload.length;
  partial.isTooLarge ||= partial.payloadBytes > limits.maxMessageSize;
  if (partial.isTooLarge) {
    connection.partialBytes -= partial.heldBytes;
    partial.heldBytes = 0;
    partial.chunks = [];
    return;
  }
  // What waits for more frames must not keep the socket's buffer alive.
  partial.chunks.push(isUnfinished ? Buffer.from(payload) : payload);
  const bytes = payload.length + chunkOverheadBytes;
  partial.heldBytes += bytes;
  connection.partialBytes += bytes;
  if (connection.partialBytes <= limits.partialBytes) return;
  const text = 'Too many large messages have begun at once on this connection.';
  throw new AmqpFault('connection', 'amqp:resource-limit-exceeded', text);
}

const tooLarge: AmqpCondition = {
  condition: 'amqp:link:message-size-exceeded',
  description: `The message is larger than ${limits.maxMessageSize} bytes.`,
};

function refusal({ isTooLarge, isTransactional }: PartialMessage): AmqpCondition | undefined {
  if (isTransactional) return noSuchTransaction;
  return isTooLarge ? tooLarge : undefined;
}

function whole({ chunks }: PartialMessage): Buffer {
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
}

function acknowledge(session: WireSession, deliveryId: number, outcome: StatedOutcome): void {
  const { connection, accepted } = session;
  if (outcome === 'accepted' && accepted !== undefined && increment(accepted.last) === deliveryId) {
    accepted.last = deliveryId;
    return;
  }
  writeAcceptances(session);
  if (outcome === 'accepted') {
    session.accepted = { first: deliveryId, last: deliveryId };
    connection.acknowledging.add(session);
    connection.context.touch(connection);
    return;
  }
  const refused = { role: 'receiver', first: deliveryId, last: deliveryId, outcome } as const;
  writeDisposition(output(connection), session.channel, refused);
}

// What a peer wants a link for, and whether it gets it: a queue to send to or receive from, a session, `$cbs` or a
// queue's `$management`. Every link but those to `$cbs` needs a claim that covers its address.
import { AmqpFault, type AmqpCondition } from '../amqp/fault.js';
import { descriptors, type Attach } from '../amqp/performatives.js';
import type { AmqpValue } from '../amqp/values.js';
import { parseAddress, terminusAddress, type Address } from './address.js';
import { limits, type IncomingLink, type Link, type OutgoingLink, type WireSession } from './connection.js';
import { detachLink } from './end-link.js';
import { serveReplyLink, serveRequestLink } from './node-links.js';
import { serveReceiver, serveSender } from './queue-links.js';
import { serveSessionReceiver, wantedSession } from './session-links.js';

/** Serves or refuses a link. A refusal is said on the link; only a broken rule of AMQP throws. */
export function onAttach(session: WireSession, attach: Attach, frameBytes: number): void {
  checkBounds(session, attach);
  const stated = terminusAddress(attach.peerRole === 'sender' ? attach.target : attach.source);
  checkSizes(frameBytes, attach.name, stated);
  const address = parseAddress(stated);
  const link = attach.peerRole === 'sender' ? incoming(session, attach, address) : outgoing(session, attach, address);
  session.links.set(link.handle, link);
  session.connection.linkCount++;
  const refusal = serve(link, address);
  if (refusal !== undefined) detachLink(link, refusal);
}

function serve(link: Link, address: Address): AmqpCondition | undefined {
  const { connection } = link.session;
  const { claims, context } = connection;
  if (link.attach.peerRole === 'sender' && isCoordinator(link.attach.target)) {
    return { condition: 'amqp:not-implemented', description: 'Transactions are not supported.' };
  }
  const nowMs = context.wireClock.now().getTime();
  if (link.path !== undefined && !claims.allows(link.path, nowMs, link.right)) {
    const needed = link.right === undefined ? 'A claim is' : `'${link.right}' claims are`;
    const description = `Unauthorized access to '${address.text}'. ${needed} required, and no valid token for that was put on this connection.`;
    return { condition: 'amqp:unauthorized-access', description };
  }
  if (address.type === 'cbs') return serveNode(link, address);
  const queue = context.namespace.find(address.queue);
  if (queue === undefined) {
    const description = `The messaging entity '${address.text}' could not be found. (status-code: 404)`;
    return { condition: 'amqp:not-found', description };
  }
  if (address.type === 'management') return serveNode(link, address);
  if (link.kind === 'incoming') return serveSender(link, queue);
  if (queue.role.type === 'topic') {
    const description = `Nobody can receive from a topic ('${queue.rules.name}'), only from its subscriptions.`;
    return { condition: 'amqp:not-allowed', description };
  }
  const wish = wantedSession(link.attach);
  return wish === undefined ? serveReceiver(link, queue) : serveSessionReceiver(link, queue, wish);
}

function serveNode(link: Link, address: Exclude<Address, { type: 'queue' }>): AmqpCondition | undefined {
  return link.kind === 'incoming' ? serveRequestLink(link, address) : serveReplyLink(link, address);
}

function checkBounds(session: WireSession, { handle }: Attach): void {
  const { connection } = session;
  if (session.links.has(handle)) {
    throw new AmqpFault('session', 'amqp:session:handle-in-use', `Handle ${handle} has a link already.`);
  }
  if (handle > limits.handleMax) {
    throw new AmqpFault('connection', 'amqp:connection:framing-error', `Handle ${handle} is over the limit.`);
  }
  if (connection.linkCount >= limits.linksPerConnection) {
    const text = `A connection has at most ${limits.linksPerConnection} links.`;
    throw new AmqpFault('connection', 'amqp:resource-limit-exceeded', text);
  }
}

// Checked before anything of it is kept, and before anybody's claims are.
function checkSizes(frameBytes: number, name: string, address: string | undefined): void {
  const { attachBytes, nameLength } = limits;
  if (frameBytes <= attachBytes && name.length <= nameLength && (address?.length ?? 0) <= nameLength) return;
  const text = `An attach has at most ${attachBytes} bytes, and its name and address at most ${nameLength} characters.`;
  throw new AmqpFault('connection', 'amqp:resource-limit-exceeded', text);
}

function pathOf(address: Address): readonly string[] | undefined {
  return address.type === 'cbs' ? undefined : address.path;
}

function incoming(session: WireSession, attach: Attach, address: Address): IncomingLink {
  return {
    kind: 'incoming',
    session,
    attach,
    handle: attach.handle,
    path: pathOf(address),
    right: address.type === 'queue' ? 'Send' : undefined,
    phase: 'held',
    usedMs: session.connection.context.wireClock.monotonicMs(),
    credit: 0,
    deliveryCount: attach.initialDeliveryCount ?? 0,
    partial: undefined,
    onMessage: () => ({ condition: 'amqp:not-allowed', description: 'Nothing can be sent on this link.' }),
    onGone: () => undefined,
  };
}

function outgoing(session: WireSession, attach: Attach, address: Address): OutgoingLink {
  return {
    kind: 'outgoing',
    session,
    attach,
    handle: attach.handle,
    path: pathOf(address),
    right: address.type === 'queue' ? 'Listen' : undefined,
    phase: 'held',
    usedMs: session.connection.context.wireClock.monotonicMs(),
    sendsSettled: attach.sendSettleMode === 1,
    credit: 0,
    deliveryCount: 0,
    onRoom: () => undefined,
    onGone: () => undefined,
  };
}

function isCoordinator(target: AmqpValue | undefined): boolean {
  return (
    target?.type === 'described' &&
    target.descriptor.type === 'ulong' &&
    Number(target.descriptor.value) === descriptors.coordinator
  );
}

// Sending on a link: how many messages fit now, one delivery in one frame or many, the peer's credit, and drain.
// Knows credit and windows, not what is sent.
import { transferOverheadBytes, writeFlow, writeTransfer, type TransferStart } from '../amqp/outgoing-frames.js';
import type { Flow } from '../amqp/performatives.js';
import { createWriter, writeRaw, written, type Writer } from '../amqp/writer.js';
import {
  increment,
  keepUnsettled,
  limits,
  markUsed,
  output,
  type OutgoingLink,
  type Unsettled,
  type WaitingFrame,
} from './connection.js';
import { windowOf } from './windows.js';

/** How many deliveries the peer, its window and the unsent bytes allow just now. */
export function roomOn(link: OutgoingLink): number {
  const { session } = link;
  const { connection } = session;
  if (link.phase !== 'attached' || connection.phase !== 'open' || session.waitingFrames.length > 0) return 0;
  const backlogBytes = connection.out.length + connection.unsentBytes() + connection.waitingFrameBytes;
  if (backlogBytes >= limits.backlogBytes) {
    connection.isStarved = true;
    return 0;
  }
  if (!link.sendsSettled && connection.unsettledCount >= limits.unsettledPerConnection) {
    connection.isCrowded = true;
    return 0;
  }
  const unsettledRoom = link.sendsSettled ? Infinity : limits.unsettledPerSession - session.unsettled.size;
  return Math.max(0, Math.min(link.credit, session.remoteIncomingWindow, unsettledRoom));
}

/**
 * Sends one message. `sizeAtMost` is an upper bound of what `write` writes. With `unsettled` the peer is to settle it;
 * without, it is sent settled. Call only where `roomOn` is positive.
 */
export function sendMessage(
  link: OutgoingLink,
  message: { tag: Buffer; sizeAtMost: number; write: (out: Writer) => void; unsettled: Unsettled | undefined },
): void {
  const { session, handle } = link;
  const { connection } = session;
  markUsed(link);
  const deliveryId = session.nextDeliveryId;
  session.nextDeliveryId = increment(deliveryId);
  link.credit--;
  link.deliveryCount = increment(link.deliveryCount);
  if (message.unsettled !== undefined) keepUnsettled(session, deliveryId, message.unsettled);
  const start: TransferStart = { deliveryId, tag: message.tag, settled: message.unsettled === undefined };
  const payloadAtMost = frameLimit(link) - transferOverheadBytes;
  if (message.sizeAtMost <= payloadAtMost) {
    countFrame(link);
    writeTransfer(output(connection), session.channel, { handle, start, more: false }, message.write);
    return;
  }
  const whole = createWriter(message.sizeAtMost);
  message.write(whole);
  const payload = written(whole);
  const frames: WaitingFrame[] = [];
  for (let at = 0; at === 0 || at < payload.length; at += payloadAtMost) {
    const chunk = payload.subarray(at, at + payloadAtMost);
    const transfer = { handle, start: at === 0 ? start : undefined, more: at + payloadAtMost < payload.length };
    const write = (): void => {
      countFrame(link);
      writeTransfer(output(connection), session.channel, transfer, (out) => writeRaw(out, chunk));
    };
    frames.push({ link, bytes: chunk.length, write });
  }
  connection.waitingFrameBytes += payload.length;
  session.waitingFrames = [...session.waitingFrames, ...frames];
  writeWaitingFrames(session);
}

/** Writes what the window allows of large messages that have begun. */
export function writeWaitingFrames(session: OutgoingLink['session']): void {
  const now = session.waitingFrames.slice(0, session.remoteIncomingWindow);
  session.waitingFrames = session.waitingFrames.slice(now.length);
  for (const { bytes, write } of now) {
    session.connection.waitingFrameBytes -= bytes;
    write();
  }
}

/** Takes in the link's part of a flow frame. */
export function onLinkFlow(link: OutgoingLink, flow: Flow): void {
  markUsed(link);
  const peerCount = flow.deliveryCount ?? 0;
  // Serial arithmetic: what the peer has not seen yet is already spent of the credit it states.
  const inFlight = (link.deliveryCount - peerCount) | 0;
  link.credit = Math.max(0, (flow.linkCredit ?? 0) - inFlight);
  const { draining } = link.session.connection;
  if (flow.drain) draining.add(link);
  else draining.delete(link);
  if (flow.echo && !flow.drain && link.phase === 'attached') writeLinkFlow(link, false);
}

/**
 * Answers a drain after everything that could be sent was sent. Answered even without credit: a client that waits in
 * vain for the answer stalls and closes the link.
 */
export function finishDrain(link: OutgoingLink): void {
  link.deliveryCount = increment(link.deliveryCount, link.credit);
  link.credit = 0;
  writeLinkFlow(link, true);
}

function writeLinkFlow(link: OutgoingLink, drain: boolean): void {
  const { session, handle, deliveryCount, credit } = link;
  const state = { handle, deliveryCount, credit, drain };
  writeFlow(output(session.connection), session.channel, windowOf(session), state);
}

function countFrame({ session }: OutgoingLink): void {
  session.nextOutgoingId = increment(session.nextOutgoingId);
  session.remoteIncomingWindow--;
}

function frameLimit({ session }: OutgoingLink): number {
  return Math.min(session.connection.peerMaxFrameSize, limits.maxFrameSize);
}

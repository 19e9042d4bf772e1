// AMQP sessions: begin, end, windows, and what a peer says about the deliveries it got.
import { AmqpFault, type AmqpCondition } from '../amqp/fault.js';
import { writeBegin, writeDisposition, writeEnd, writeFlow, type StatedOutcome } from '../amqp/outgoing-frames.js';
import type { Begin, Disposition, Flow, Outcome } from '../amqp/performatives.js';
import {
  dropLink,
  increment,
  limits,
  markUsed,
  output,
  takeUnsettled,
  type Connection,
  type WireSession,
} from './connection.js';
import { writeAcceptances } from './incoming-link.js';
import { onLinkFlow, writeWaitingFrames } from './outgoing-link.js';
import { lockLost, settleDelivery } from './settle-delivery.js';
import { unlimitedWindow, windowOf } from './windows.js';

/** Answers a begin on the same channel, with the same handles as the peer's: no maps between the two are needed. */
export function beginSession(connection: Connection, channel: number, begin: Begin): void {
  if (channel > limits.channelMax || connection.sessions.has(channel)) {
    throw new AmqpFault('connection', 'amqp:not-allowed', `No session can begin on channel ${channel}.`);
  }
  const session: WireSession = {
    connection,
    channel,
    phase: 'active',
    nextIncomingId: begin.nextOutgoingId,
    nextOutgoingId: 1,
    nextDeliveryId: 1,
    remoteIncomingWindow: begin.incomingWindow,
    links: new Map(),
    unsettled: new Map(),
    waitingFrames: [],
    accepted: undefined,
  };
  connection.sessions.set(channel, session);
  connection.endedChannels.delete(channel);
  writeBegin(output(connection), channel, {
    nextOutgoingId: session.nextOutgoingId,
    incomingWindow: unlimitedWindow,
    outgoingWindow: unlimitedWindow,
    handleMax: limits.handleMax,
  });
}

/** Ends a session from the broker's side; the channel stays taken until the peer's end. */
export function endSession(session: WireSession, error: AmqpCondition): void {
  if (session.phase === 'ended') return;
  writeAcceptances(session);
  session.phase = 'ended';
  dropLinks(session);
  writeEnd(output(session.connection), session.channel, error);
}

/** Takes the peer's end, answering it unless it is the answer. */
export function onEnd(session: WireSession): void {
  writeAcceptances(session);
  dropLinks(session);
  session.connection.sessions.delete(session.channel);
  session.connection.endedChannels.add(session.channel);
  if (session.phase === 'active') writeEnd(output(session.connection), session.channel);
}

export function dropLinks(session: WireSession): void {
  for (const link of [...session.links.values()]) dropLink(link);
  session.accepted = undefined;
  session.connection.acknowledging.delete(session);
}

export function onFlow(session: WireSession, flow: Flow): void {
  // Before it saw our begin the peer cannot name an id; then it counts from our first.
  const nextIncomingId = flow.nextIncomingId ?? 1;
  session.remoteIncomingWindow = Math.max(0, (nextIncomingId + flow.incomingWindow - session.nextOutgoingId) | 0);
  writeWaitingFrames(session);
  if (flow.handle === undefined) {
    if (flow.echo) writeFlow(output(session.connection), session.channel, windowOf(session));
  } else {
    const link = session.links.get(flow.handle);
    if (link === undefined) throw unattached(flow.handle);
    // A link that is held may be given its credit before it hears that it is attached.
    if (link.kind === 'outgoing' && link.phase !== 'detached') onLinkFlow(link, flow);
    else if (flow.echo) writeFlow(output(session.connection), session.channel, windowOf(session));
  }
  for (const link of session.links.values()) if (link.kind === 'outgoing') link.onRoom();
}

export function unattached(handle: number): AmqpFault {
  return new AmqpFault('session', 'amqp:session:unattached-handle', `No link is attached at handle ${handle}.`);
}

/** Settles what the peer has settled or given an outcome, each delivery by itself, and answers where it must. */
export function onDisposition(session: WireSession, disposition: Disposition): void {
  if (disposition.peerRole === 'sender') return;
  const { first, last, settled, outcome } = disposition;
  if (outcome === undefined && !settled) return;
  const answers = createAnswers(session, settled);
  for (const id of idsBetween(session, first, last)) answers.add(id, settleOne(session, id, outcome));
  answers.write();
  // What was settled made room for more.
  for (const link of session.links.values()) if (link.kind === 'outgoing') link.onRoom();
}

function settleOne(session: WireSession, id: number, outcome: Outcome | undefined): StatedOutcome {
  const unsettled = takeUnsettled(session, id);
  if (unsettled === undefined) return lockLost(false);
  markUsed(unsettled.link);
  // Settled without an outcome: the peer forgets the delivery, and the lock runs out by itself.
  return outcome === undefined ? 'accepted' : settleDelivery(unsettled, outcome);
}

// A range may name four thousand million ids; then what is unsettled is looked through instead.
function idsBetween(session: WireSession, first: number, last: number): number[] {
  const length = increment(last, -first) + 1;
  if (length > limits.unsettledPerSession) {
    return [...session.unsettled.keys()].filter((id) => increment(id, -first) < length);
  }
  return Array.from({ length }, (_, at) => increment(first, at));
}

// Neighbours with the same good outcome are answered in one frame; a refusal always in its own.
function createAnswers(
  session: WireSession,
  isSettledByPeer: boolean,
): { add(id: number, outcome: StatedOutcome): void; write(): void } {
  let run: { first: number; last: number } | undefined;
  const say = (range: { first: number; last: number }, outcome: StatedOutcome): void => {
    if (isSettledByPeer) return;
    writeDisposition(output(session.connection), session.channel, { role: 'sender', ...range, outcome });
  };
  const write = (): void => {
    if (run !== undefined) say(run, 'accepted');
    run = undefined;
  };
  return {
    write,
    add(id, outcome) {
      if (outcome === 'accepted' && run !== undefined && increment(run.last) === id) run.last = id;
      else {
        write();
        if (outcome === 'accepted') run = { first: id, last: id };
        else say({ first: id, last: id }, outcome);
      }
    },
  };
}

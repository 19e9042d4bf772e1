// What each piece of input does in each phase of a connection, and how far a fault reaches.
import { AmqpFault, badFrame, malformed, type AmqpCondition } from '../amqp/fault.js';
import {
  writeClose,
  writeOpen,
  writeProtocolHeader,
  writeSaslMechanisms,
  writeSaslOutcome,
} from '../amqp/outgoing-frames.js';
import { readPerformative, readSaslInit, type Open, type Performative } from '../amqp/performatives.js';
import { cursorOver, type Cursor } from '../amqp/reader.js';
import { rightsOfPlain } from '../nodes/sas.js';
import { unreachable } from '../../../shared/unreachable.js';
import { onAttach } from './attach.js';
import { limits, output, increment, type Connection, type WireSession } from './connection.js';
import { detachLink, onDetach } from './end-link.js';
import type { Piece } from './frame-splitter.js';
import { onTransfer, writeAcceptances } from './incoming-link.js';
import { beginSession, dropLinks, endSession, onDisposition, onEnd, onFlow, unattached } from './session.js';

const amqpProtocol = 0;
const saslProtocol = 3;
// In the real service's order. All but PLAIN leave it to $cbs who may do what.
const mechanisms = ['MSSBCBS', 'PLAIN', 'ANONYMOUS', 'EXTERNAL'];
const saslOk = 0;
const saslAuthenticationFailed = 1;

/** Handles one header or frame. Never throws: a fault ends the link, the session or the connection it belongs to. */
export function onPiece(connection: Connection, piece: Piece): void {
  if (connection.phase === 'closing') return;
  try {
    if (piece.type === 'header') return onHeader(connection, piece.protocolId);
    if (piece.type === 'sasl') return onSaslFrame(connection, cursorOver(piece.body));
    if (connection.phase === 'greeting') throw badFrame('A frame came before the protocol header.');
    // An empty frame says "still here"; that it arrived is all there is to know.
    if (piece.body.length > 0) onFrame(connection, piece.channel, piece.body);
  } catch (error) {
    closeConnection(connection, toCondition(connection, error));
  }
}

/** Closes a connection from the broker's side, with an error if there is one to tell. */
export function closeConnection(connection: Connection, error?: AmqpCondition): void {
  const { phase, context } = connection;
  if (phase === 'closing') return;
  if (error !== undefined && error.condition !== 'amqp:connection:forced') {
    context.log.warn('closed a connection that broke a rule', { connection: connection.id, ...error });
  }
  for (const session of connection.acknowledging) writeAcceptances(session);
  endAll(connection);
  connection.phase = 'closing';
  const out = output(connection);
  // A peer that never got as far as open is told what is spoken here, and why it was turned away.
  if (phase === 'greeting') writeProtocolHeader(out, amqpProtocol);
  if (phase !== 'open') writeOwnOpen(connection);
  writeClose(out, error);
}

/** Ends everything that hangs on a connection without a word to the peer. */
export function endAll(connection: Connection): void {
  for (const session of connection.sessions.values()) dropLinks(session);
  connection.sessions.clear();
  connection.claimTimer?.cancel();
  connection.claimTimer = undefined;
}

function onHeader(connection: Connection, protocolId: number): void {
  if (connection.phase !== 'greeting') throw badFrame('A protocol header came where a frame belongs.');
  const out = output(connection);
  writeProtocolHeader(out, protocolId === saslProtocol ? saslProtocol : amqpProtocol);
  if (protocolId === saslProtocol) writeSaslMechanisms(out, mechanisms);
  else if (protocolId === amqpProtocol) connection.phase = 'opening';
  else throw badFrame(`Protocol ${protocolId} is not spoken here.`);
}

function onSaslFrame(connection: Connection, cursor: Cursor): void {
  if (connection.phase !== 'greeting') throw badFrame('A SASL frame came after the SASL layer was left.');
  const isWelcome = admitPeer(connection, readSaslInit(cursor));
  writeSaslOutcome(output(connection), isWelcome ? saslOk : saslAuthenticationFailed);
  if (!isWelcome) connection.phase = 'closing';
}

// Whoever shows a key outright has all its rights for as long as the connection lives.
function admitPeer({ claims, context }: Connection, init: ReturnType<typeof readSaslInit>): boolean {
  const { mechanism, initialResponse } = init;
  if (mechanism !== 'PLAIN') return mechanisms.includes(mechanism);
  const rights = initialResponse && rightsOfPlain(initialResponse, context.accessKeys());
  return rights !== undefined && claims.grant([], Infinity, rights);
}

const afterEnd: ReadonlySet<string> = new Set(['detach', 'flow', 'disposition', 'end']);

function onFrame(connection: Connection, channel: number, body: Buffer): void {
  const cursor = cursorOver(body);
  const performative = readPerformative(cursor);
  if (performative.kind === 'open') return onOpen(connection, performative);
  if (connection.phase !== 'open') throw badFrame('A frame came before open.');
  if (performative.kind === 'close') return closeConnection(connection);
  if (performative.kind === 'begin') return beginSession(connection, channel, performative);
  const session = connection.sessions.get(channel);
  if (session === undefined) {
    // A peer that gave up waiting ends its session and then still answers what crossed that end on the way.
    if (afterEnd.has(performative.kind) && connection.endedChannels.has(channel)) return;
    throw new AmqpFault('connection', 'amqp:not-allowed', `No session has begun on channel ${channel}.`);
  }
  if (session.phase === 'ended' && performative.kind !== 'end') return;
  try {
    onSessionFrame(session, performative, body, cursor.offset);
  } catch (error) {
    if (!(error instanceof AmqpFault) || error.scope !== 'session') throw error;
    endSession(session, { condition: error.condition, description: error.message });
  }
}

function onOpen(connection: Connection, open: Open): void {
  if (connection.phase !== 'opening') throw badFrame('A second open came.');
  if (open.maxFrameSize < 512) throw badFrame('A max-frame-size below 512 was asked for.');
  connection.phase = 'open';
  connection.peerMaxFrameSize = open.maxFrameSize;
  connection.peerIdleTimeoutMs = open.idleTimeoutMs;
  writeOwnOpen(connection);
}

function writeOwnOpen(connection: Connection): void {
  const { maxFrameSize, channelMax } = limits;
  const idleTimeoutMs = limits.silenceMs / 2;
  writeOpen(output(connection), { containerId: 'bookend', maxFrameSize, channelMax, idleTimeoutMs });
}

type SessionPerformative = Exclude<Performative, { kind: 'open' | 'close' | 'begin' }>;

function onSessionFrame(
  session: WireSession,
  performative: SessionPerformative,
  body: Buffer,
  payloadStart: number,
): void {
  switch (performative.kind) {
    case 'attach':
      return onAttach(session, performative, body.length);
    case 'flow':
      return onFlow(session, performative);
    case 'disposition':
      return onDisposition(session, performative);
    case 'end':
      return onEnd(session);
    case 'transfer': {
      session.nextIncomingId = increment(session.nextIncomingId);
      const link = session.links.get(performative.handle);
      if (link === undefined) throw unattached(performative.handle);
      if (link.phase !== 'attached') return;
      if (link.kind !== 'incoming') throw malformed('A message was sent on a link that receives.');
      return onLink(link, () => onTransfer(link, performative, body.subarray(payloadStart)));
    }
    case 'detach': {
      const link = session.links.get(performative.handle);
      if (link === undefined) throw unattached(performative.handle);
      return onDetach(link);
    }
    default:
      return unreachable(performative);
  }
}

function onLink(link: Parameters<typeof detachLink>[0], act: () => void): void {
  try {
    act();
  } catch (error) {
    if (!(error instanceof AmqpFault) || error.scope !== 'link') throw error;
    detachLink(link, { condition: error.condition, description: error.message });
  }
}

// Anything but a fault is a mistake of the broker's own: told without its text, logged with it, and no reason for other
// connections to suffer.
function toCondition(connection: Connection, error: unknown): AmqpCondition {
  if (error instanceof AmqpFault) return { condition: error.condition, description: error.message };
  connection.context.log.error('failed to handle a frame', { connection: connection.id, error });
  return { condition: 'amqp:internal-error', description: 'The broker failed to handle a frame.' };
}

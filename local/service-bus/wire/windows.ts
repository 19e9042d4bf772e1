// The broker's side of a session's window. It takes everything it is sent and never runs out of a window of its own.
import type { SessionWindow } from '../amqp/outgoing-frames.js';
import type { WireSession } from './connection.js';

export const unlimitedWindow = 0x7fffffff;

export function windowOf(session: WireSession): SessionWindow {
  return {
    nextIncomingId: session.nextIncomingId,
    incomingWindow: unlimitedWindow,
    nextOutgoingId: session.nextOutgoingId,
    outgoingWindow: unlimitedWindow,
  };
}

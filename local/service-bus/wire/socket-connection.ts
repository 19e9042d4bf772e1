// One connection on its socket: bytes in, bytes out once per turn, heartbeats both ways, back-pressure, the end.
// Knows sockets and time, not what the frames mean.
import type { Socket } from 'node:net';
import { AmqpFault } from '../amqp/fault.js';
import { writeEmptyFrame } from '../amqp/outgoing-frames.js';
import { createWriter, written } from '../amqp/writer.js';
import { createClaims } from '../nodes/claims.js';
import { limits, linksOf, output, type Connection, type WireContext } from './connection.js';
import { closeConnection, endAll, onPiece } from './dispatch.js';
import { createFrameSplitter } from './frame-splitter.js';
import { writeAcceptances } from './incoming-link.js';
import { finishDrain } from './outgoing-link.js';

export type SocketConnection = {
  readonly connection: Connection;
  /** Before the turn's changes are kept: everything the turn still has to say. */
  finishTurn(): void;
  /** After the turn's changes are kept: one write to the socket. */
  flush(): void;
  /** Cuts the connection off without a word, as a broken network would. */
  drop(): void;
  /** Ends the socket as soon as what was written is with the kernel. */
  end(): void;
  /** Settles when the socket is closed. */
  readonly closed: Promise<void>;
};

// How long a peer may take to read the last words before its socket is cut off.
const lingerMs = 5_000;
const firstWriterBytes = 1024;
const largestWriterBytes = 64 * 1024;

export function serveSocket(socket: Socket, id: number, context: WireContext): SocketConnection {
  const { wireClock } = context;
  const connection: Connection = {
    id,
    context,
    phase: 'greeting',
    out: createWriter(firstWriterBytes),
    peerMaxFrameSize: limits.maxFrameSize,
    peerIdleTimeoutMs: 0,
    sessions: new Map(),
    endedChannels: new Set(),
    claims: createClaims(),
    claimTimer: undefined,
    replyLinks: new Map(),
    linkCount: 0,
    partialBytes: 0,
    waitingReplyBytes: 0,
    waitingFrameBytes: 0,
    unsettledCount: 0,
    isStarved: false,
    isCrowded: false,
    draining: new Set(),
    acknowledging: new Set(),
    unsentBytes: () => socket.writableLength,
  };
  let hasRead = false;
  let lastReadMs = wireClock.monotonicMs();
  let lastWriteMs = lastReadMs;
  const startedMs = lastReadMs;
  // The client never sets TCP_NODELAY; answers must not wait for anything either.
  socket.setNoDelay(true);

  const split = createFrameSplitter(limits.maxFrameSize, (piece) => onPiece(connection, piece));
  socket.on('data', (chunk) => {
    lastReadMs = wireClock.monotonicMs();
    hasRead = true;
    context.touch(connection);
    const { phase } = connection;
    try {
      if (phase !== 'closing') split(chunk);
      if (connection.phase === 'open' && phase !== 'open') beatAgain();
    } catch (error) {
      if (!(error instanceof AmqpFault)) throw error;
      closeConnection(connection, { condition: error.condition, description: error.message });
    }
  });
  socket.on('drain', () => {
    socket.resume();
    feed();
  });
  // The reason for a broken socket says nothing a peer's disappearance does not; 'close' follows.
  socket.on('error', () => undefined);

  const feed = (): void => {
    if (!connection.isStarved && !connection.isCrowded) return;
    connection.isStarved = false;
    connection.isCrowded = false;
    for (const link of linksOf(connection)) if (link.kind === 'outgoing') link.onRoom();
  };

  const beat = (): void => {
    const nowMs = wireClock.monotonicMs();
    if (connection.phase === 'greeting' || connection.phase === 'opening') {
      if (nowMs - startedMs >= limits.handshakeMs) return void socket.destroy();
    } else if (nowMs - lastReadMs >= limits.silenceMs) {
      const description = 'Nothing was heard from the peer for too long.';
      closeConnection(connection, { condition: 'amqp:connection:forced', description });
    } else if (connection.phase === 'open' && nowMs - lastWriteMs >= heartbeatMs(connection)) {
      writeEmptyFrame(output(connection));
    }
    beatAgain();
  };
  const beatAgain = (): void => {
    heart.cancel();
    heart = wireClock.schedule(nextBeatMs(connection), beat);
  };
  let heart = wireClock.schedule(nextBeatMs(connection), beat);

  const closed = new Promise<void>((resolve) => {
    socket.on('close', () => {
      heart.cancel();
      linger?.cancel();
      connection.phase = 'closing';
      endAll(connection);
      resolve();
    });
  });
  let linger: { cancel(): void } | undefined;

  return {
    connection,
    closed,
    drop: () => void socket.destroy(),
    end: () => void socket.destroySoon(),
    finishTurn() {
      for (const link of connection.draining) {
        // What a full socket held back is still to come before the drain is over.
        if (link.phase === 'held' || connection.isStarved || link.session.waitingFrames.length > 0) continue;
        connection.draining.delete(link);
        finishDrain(link);
      }
      for (const session of connection.acknowledging) writeAcceptances(session);
    },
    flush() {
      if (socket.destroyed) return;
      // The TCP acknowledgement that rides on this frame releases what the client's Nagle algorithm holds back.
      if (hasRead && connection.out.length === 0 && connection.phase === 'open') writeEmptyFrame(connection.out);
      hasRead = false;
      if (connection.out.length > 0) {
        const bytes = written(connection.out);
        connection.out = createWriter(Math.min(Math.max(bytes.length, firstWriterBytes), largestWriterBytes));
        lastWriteMs = wireClock.monotonicMs();
        socket.write(bytes);
      }
      if (connection.phase === 'closing') {
        if (linger === undefined) {
          linger = wireClock.schedule(lingerMs, () => void socket.destroy());
          socket.end();
        }
        return;
      }
      if (socket.writableLength >= limits.backlogBytes) socket.pause();
      else feed();
    },
  };
}

function heartbeatMs({ peerIdleTimeoutMs }: Connection): number {
  return peerIdleTimeoutMs === 0 ? Infinity : peerIdleTimeoutMs / 2;
}

// Often enough that neither side's limit is overshot by much; the writes themselves need no timer.
function nextBeatMs(connection: Connection): number {
  if (connection.phase === 'greeting' || connection.phase === 'opening') return limits.handshakeMs / 4;
  return Math.max(100, Math.min(heartbeatMs(connection) / 2, limits.silenceMs / 8));
}

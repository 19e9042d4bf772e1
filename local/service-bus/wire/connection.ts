// What a connection, its sessions and its links are, and the few things all of them need: the output of this turn and
// the end of a link. The verbs stand beside: dispatch, session, attach, end-link, outgoing-link, incoming-link.
import type { Clock, Timer } from '../../../shared/clock.js';
import type { Log } from '../../../shared/log.js';
import type { StatedOutcome } from '../amqp/outgoing-frames.js';
import type { Attach } from '../amqp/performatives.js';
import type { Writer } from '../amqp/writer.js';
import type { Namespace } from '../engine/namespace.js';
import type { Queue } from '../engine/queue.js';
import type { Claims } from '../nodes/claims.js';
import type { AccessKey, Right } from '../nodes/sas.js';

/** What all connections of a broker share. */
export type WireContext = {
  readonly namespace: Namespace;
  /** Heartbeats and token expiry run on this clock: the peer's own clock has a say in both. */
  readonly wireClock: Clock;
  readonly log: Log;
  /** The keys that count just now. */
  readonly accessKeys: () => readonly AccessKey[];
  readonly newMessageId: () => string;
  readonly newDeliveryTag: () => Buffer;
  /** Says that a connection has something to write when the turn ends. */
  readonly touch: (connection: Connection) => void;
};

export const limits = {
  maxFrameSize: 65_536,
  channelMax: 4_999,
  handleMax: 255,
  linksPerConnection: 6_000,
  maxMessageSize: 262_144,
  /** Credit a sending peer gets; topped up when half of it is used. */
  incomingCredit: 1_000,
  /** Deliveries nobody has settled yet. */
  unsettledPerSession: 8_192,
  unsettledPerConnection: 65_536,
  /** Bytes waiting for a peer to read them; above it nothing is delivered and nothing read. */
  backlogBytes: 4 * 1024 * 1024,
  /** Bytes of messages that have begun to arrive and are not complete. */
  partialBytes: 32 * 1024 * 1024,
  /** Answers waiting for credit on one request-response link, and the bytes of all of a connection. */
  waitingReplies: 1_000,
  waitingReplyBytes: 16 * 1024 * 1024,
  /** Bytes of an attach frame, and characters of a link's name or address: what is kept of each link is small. */
  attachBytes: 8 * 1024,
  nameLength: 1_024,
  /** Silence after which a peer counts as gone; half of it is what the peer is told. */
  silenceMs: 480_000,
  /** How long a peer may take until it has opened the connection. */
  handshakeMs: 60_000,
} as const;

/**
 * Phases: 'greeting' until the protocol headers and SASL are done; 'opening' until the peer's open; 'open'; 'closing'
 * from the first close on, by whichever side: input is ignored, the socket ends once the output is written.
 */
export type Connection = {
  readonly id: number;
  readonly context: WireContext;
  phase: 'greeting' | 'opening' | 'open' | 'closing';
  out: Writer;
  peerMaxFrameSize: number;
  peerIdleTimeoutMs: number;
  readonly sessions: Map<number, WireSession>;
  /** Channels whose session the peer ended: a late answer of its own may still come on them. */
  readonly endedChannels: Set<number>;
  readonly claims: Claims;
  /** How answers go out, by node address and reply-to. */
  readonly replyLinks: Map<string, (reply: Buffer) => void>;
  /** Rings when the next claim runs out. */
  claimTimer: Timer | undefined;
  linkCount: number;
  partialBytes: number;
  waitingReplyBytes: number;
  /** Bytes of large messages that have begun to go out and wait for a window. */
  waitingFrameBytes: number;
  unsettledCount: number;
  /** Bytes handed to the socket that it could not pass on yet. */
  unsentBytes: () => number;
  /** A delivery was held back because too much is unsent. */
  isStarved: boolean;
  /** A delivery was held back because too many are unsettled. */
  isCrowded: boolean;
  /** Links that asked to be drained and have not been answered. */
  readonly draining: Set<OutgoingLink>;
  /** Sessions with acceptances that are not written yet. */
  readonly acknowledging: Set<WireSession>;
};

export type WireSession = {
  readonly connection: Connection;
  readonly channel: number;
  /** 'ended': we said end and wait for the peer's; everything else on the channel is ignored. */
  phase: 'active' | 'ended';
  nextIncomingId: number;
  nextOutgoingId: number;
  nextDeliveryId: number;
  remoteIncomingWindow: number;
  readonly links: Map<number, Link>;
  readonly unsettled: Map<number, Unsettled>;
  /** Frames of large messages that wait for the peer's window. */
  waitingFrames: readonly WaitingFrame[];
  /** Deliveries accepted since the last write: one run of ids. */
  accepted: { first: number; last: number } | undefined;
};

export type WaitingFrame = { readonly link: OutgoingLink; readonly bytes: number; readonly write: () => void };

export type Unsettled = {
  readonly link: OutgoingLink;
  readonly queue: Queue;
  readonly token: Buffer;
  readonly isUnderSession: boolean;
};

/** 'held': the answer to the peer's attach waits for a session. 'detached': we said so, the peer has not yet. */
export type LinkPhase = 'held' | 'attached' | 'detached';

type LinkBase = {
  readonly session: WireSession;
  /** What the peer said; source, target and properties only until they were answered. */
  attach: Attach;
  readonly handle: number;
  /** The path a claim must cover for as long as the link lives; undefined for `$cbs`. */
  readonly path: readonly string[] | undefined;
  /** The right that claim must have; undefined: any. */
  readonly right: Right | undefined;
  phase: LinkPhase;
  /** When something was last done on the link, on the wire clock's monotonic scale. */
  usedMs: number;
  /** What ends with the link. */
  onGone: () => void;
};

/** A link on which the broker sends. */
export type OutgoingLink = LinkBase & {
  readonly kind: 'outgoing';
  readonly sendsSettled: boolean;
  credit: number;
  deliveryCount: number;
  /** Called when credit or window came. */
  onRoom: () => void;
};

/** A link on which the broker receives. */
export type IncomingLink = LinkBase & {
  readonly kind: 'incoming';
  credit: number;
  deliveryCount: number;
  partial: PartialMessage | undefined;
  onMessage: (bytes: Buffer, format: number) => StatedOutcome;
};

export type Link = OutgoingLink | IncomingLink;

export type PartialMessage = {
  readonly deliveryId: number;
  readonly format: number;
  readonly isSettled: boolean;
  readonly isTransactional: boolean;
  chunks: Buffer[];
  payloadBytes: number;
  /** With what each piece takes beside its payload. */
  heldBytes: number;
  isTooLarge: boolean;
};

/** The output of a connection; asking for it says that there will be some. */
export function output(connection: Connection): Writer {
  connection.context.touch(connection);
  return connection.out;
}

/** Notes that something was done on a link: a message, its settlement, or a wish for more. */
export function markUsed(link: Link): void {
  link.usedMs = link.session.connection.context.wireClock.monotonicMs();
}

/** The next value of a 32-bit serial number. */
export function increment(serial: number, by = 1): number {
  return (serial + by) >>> 0;
}

/** Forgets a link and whatever hangs on it. Writes nothing. */
export function dropLink(link: Link): void {
  const { session } = link;
  const { connection } = session;
  quietLink(link);
  session.links.delete(link.handle);
  connection.linkCount--;
  for (const [id, unsettled] of session.unsettled) if (unsettled.link === link) takeUnsettled(session, id);
}

/** Notes a delivery that the peer is to settle. */
export function keepUnsettled(session: WireSession, deliveryId: number, unsettled: Unsettled): void {
  session.unsettled.set(deliveryId, unsettled);
  session.connection.unsettledCount++;
}

/** Takes a delivery out of those to be settled; undefined when it is not among them. */
export function takeUnsettled(session: WireSession, deliveryId: number): Unsettled | undefined {
  const unsettled = session.unsettled.get(deliveryId);
  if (unsettled === undefined) return undefined;
  session.unsettled.delete(deliveryId);
  session.connection.unsettledCount--;
  return unsettled;
}

/**
 * Ends what hangs on a link while its handle stays taken until the peer has detached as well. What the peer says about
 * deliveries until then still counts: their locks do not end with the link.
 */
export function quietLink(link: Link): void {
  const { session } = link;
  const { connection } = session;
  if (link.kind === 'incoming') {
    connection.partialBytes -= link.partial?.heldBytes ?? 0;
    link.partial = undefined;
  } else {
    connection.draining.delete(link);
    // A delivery that is cut off by a detach is void; its other frames must not follow.
    const isVoid = (frame: WaitingFrame): boolean => frame.link === link;
    for (const { bytes } of session.waitingFrames.filter(isVoid)) connection.waitingFrameBytes -= bytes;
    session.waitingFrames = session.waitingFrames.filter((frame) => !isVoid(frame));
  }
  const { onGone } = link;
  link.onGone = () => undefined;
  onGone();
}

/** All links of a connection. */
export function* linksOf(connection: Connection): Generator<Link> {
  for (const session of connection.sessions.values()) yield* session.links.values();
}

// Sending and receiving messages, as an interface: Azure Service Bus (or its embedded stand-in) and the simulator's.
// Knows queues and envelopes, no concept.
import type { CloudEvent } from '../events/cloud-event.js';

export type QueueName =
  'job-requests' | 'job-events' | 'node-orders' | 'node-replies' | 'pool-capacity' | 'outgoing-events';

export type OutgoingMessage = {
  readonly body: CloudEvent;
  /** At most 128 characters. */
  readonly messageId: string;
  readonly sessionId?: string;
  /** Stays hidden until then. */
  readonly scheduledEnqueueTime?: Date;
  readonly timeToLiveMs?: number;
};

export type ReceivedMessage = {
  /** The body as JSON value, not yet checked. */
  readonly body: unknown;
  readonly messageId: string;
  readonly sessionId?: string;
  /** 1 on the first delivery. */
  readonly deliveryCount: number;
};

/** One session that this process holds. Settle one message at a time: see docs/decisions on the client's settlement bug. */
export type SessionReceiver = {
  /** Waits up to `waitMs` for one message; undefined when none came. Rejects with SessionLost when the session is no longer held. */
  receive(waitMs: number, signal?: AbortSignal): Promise<ReceivedMessage | undefined>;
  complete(message: ReceivedMessage): Promise<void>;
  abandon(message: ReceivedMessage): Promise<void>;
  deadLetter(message: ReceivedMessage, reason: string): Promise<void>;
  close(): Promise<void>;
};

export type Bus = {
  /** Resolves once the broker has accepted all of them; rejects with BusUnavailable otherwise (some may have been accepted). */
  send(queue: QueueName, messages: readonly OutgoingMessage[]): Promise<void>;
  /** Takes the session `sessionId`, waiting up to `waitMs` for it; undefined when another holds it. */
  openSession(queue: QueueName, sessionId: string, waitMs: number): Promise<SessionReceiver | undefined>;
  /** Takes the next session that has messages, waiting up to `waitMs`; undefined when there was none. */
  openNextSession(
    queue: QueueName,
    waitMs: number,
  ): Promise<(SessionReceiver & { readonly sessionId: string }) | undefined>;
  close(): Promise<void>;
};

/** The broker could not be reached or did not answer in time; nothing is known about what it accepted. */
export class BusUnavailable extends Error {
  override readonly name = 'BusUnavailable';
}

/** The session's lock is gone: take it again. */
export class SessionLost extends Error {
  override readonly name = 'SessionLost';
}

// What of a namespace must survive a restart, as data: enough of these, applied in order, make the same queues again.
// Locks, consumers and waiters are not among them: after a restart every locked message is there to be received.
import type { MessageContent } from '../amqp/message.js';
import type { Rule } from './filters.js';

export type StoredMessage = {
  readonly sequence: number;
  readonly enqueueSequence: number;
  readonly enqueuedAtMs: number;
  readonly messageId: string;
  readonly sessionId: string | undefined;
  readonly deadLetterSource: string | undefined;
  readonly timeToLiveMs: number | undefined;
  readonly scheduledAtMs: number | undefined;
  readonly expiresAtMs: number | undefined;
  readonly deliveryCount: number;
  readonly place: 'scheduled' | 'ready' | 'deferred';
  readonly content: MessageContent;
};

/** `queue` is a queue's address. */
export type Change =
  | { readonly type: 'enqueued'; readonly queue: string; readonly message: StoredMessage }
  | { readonly type: 'removed'; readonly queue: string; readonly sequence: number }
  | {
      readonly type: 'returned';
      readonly queue: string;
      readonly sequence: number;
      readonly deliveryCount: number;
      readonly place: 'ready' | 'deferred';
      /** The section after the change; undefined when it stayed as it was. */
      readonly applicationProperties: Buffer | undefined;
    }
  | {
      readonly type: 'sessionState';
      readonly queue: string;
      readonly sessionId: string;
      readonly state: Buffer | undefined;
    }
  | { readonly type: 'seen'; readonly queue: string; readonly messageId: string; readonly untilMs: number }
  /** All rules of a subscription as they are after the change. */
  | { readonly type: 'rules'; readonly queue: string; readonly rules: readonly Rule[] }
  | { readonly type: 'numbering'; readonly queue: string; readonly next: number };

// What a queue is: messages, locks, sessions, consumers. The verbs stand in the files beside (books, enqueue, deliver,
// settle, sessions, peek). Knows no wire: consumers are called, changes to keep are handed to a recorder.
import type { Clock } from '../../../shared/clock.js';
import type { MessageContent } from '../amqp/message.js';
import type { Change } from './changes.js';
import type { Deadline, Deadlines } from './deadlines.js';
import type { Rule } from './filters.js';
import { createHeap, type Heap } from './heap.js';

export type QueueRules = {
  readonly name: string;
  readonly requiresSession: boolean;
  readonly lockDurationMs: number;
  readonly maxDeliveryCount: number;
  /** Undefined: messages live for ever unless they say otherwise. */
  readonly defaultTimeToLiveMs: number | undefined;
  readonly deadLettersExpired: boolean;
  /** Undefined: no duplicate detection. */
  readonly duplicateWindowMs: number | undefined;
  readonly maxSizeBytes: number;
};

/**
 * What a queue is for. A topic holds only what is scheduled; everything else it hands on to its subscriptions, each of
 * which is a queue that nobody sends to.
 */
export type Role =
  | { readonly type: 'queue' }
  | { readonly type: 'deadLetters' }
  | { readonly type: 'topic'; readonly subscriptions: readonly Queue[] }
  | SubscriptionRole;

export const kindNames: Readonly<Record<Role['type'], string>> = {
  queue: 'queue',
  deadLetters: 'dead-letter queue',
  topic: 'topic',
  subscription: 'subscription',
};

export type SubscriptionRole = {
  readonly type: 'subscription';
  /** By name. */
  readonly rules: Map<string, Rule>;
  /** Whether a receiver changed the rules: then they are kept, and win over those of the configuration. */
  areRulesChanged: boolean;
};

/**
 * A message of a queue. `place`: 'scheduled' until its time has come (nobody can receive it); 'ready' when the next
 * receiver may have it; 'deferred' when only its sequence number fetches it; 'gone' once it left the queue.
 * A message under a lock keeps its place and goes back there when the lock ends without a settlement.
 */
export type Message = {
  readonly sequence: number;
  readonly enqueueSequence: number;
  readonly enqueuedAtMs: number;
  readonly messageId: string;
  readonly sessionId: string | undefined;
  readonly deadLetterSource: string | undefined;
  /** As the sender asked; from when it can be received on, within the queue's own limit. */
  timeToLiveMs: number | undefined;
  readonly scheduledAtMs: number | undefined;
  content: MessageContent;
  expiresAtMs: number | undefined;
  deliveryCount: number;
  place: 'scheduled' | 'ready' | 'deferred' | 'gone';
  lock: Lock | undefined;
  deadline: Deadline | undefined;
};

/** Somebody's exclusive hold on a message until `untilMs`; under a session the session's lock decides instead. */
export type Lock = {
  /** 16 bytes, in the byte order of a delivery-tag. */
  readonly token: Buffer;
  readonly message: Message;
  readonly session: Session | undefined;
  untilMs: number;
  deadline: Deadline | undefined;
};

export type Delivery = { readonly message: Message; readonly lock: Lock | undefined };

export type Consumer = {
  readonly mode: 'peekLock' | 'receiveAndDelete';
  /** How many messages may be handed over right now. */
  capacity(): number;
  deliver(delivery: Delivery): void;
};

export type SessionConsumer = Consumer & {
  /** The lock ran out; the session may already be somebody else's. */
  onSessionLost(): void;
};

export type Session = {
  readonly id: string;
  readonly ready: Heap<Message>;
  readonly locked: Set<Lock>;
  state: Buffer | undefined;
  messageCount: number;
  holder: SessionHold | undefined;
};

export type SessionHold = {
  readonly consumer: SessionConsumer;
  /** Whoever may renew and read the state: the connection. */
  readonly owner: unknown;
  untilMs: number;
  deadline: Deadline;
};

/** Somebody waiting for any session that has messages. */
export type SessionWaiter = {
  readonly consumer: SessionConsumer;
  readonly owner: unknown;
  readonly onGranted: (session: Session, hold: SessionHold) => void;
  readonly onTimeout: () => void;
  deadline: Deadline | undefined;
};

/** What is counted at the broker, as a cross-check for what clients count. */
export type Operations = {
  sends: number;
  sendTransfers: number;
  deliveries: number;
  settlements: number;
  renewals: number;
};

export type Queue = {
  /** Lower case, as compared; the dead-letter queue of `q` is `q/$deadletterqueue`. */
  readonly address: string;
  readonly rules: QueueRules;
  readonly role: Role;
  /** Where the dead go; undefined on a dead-letter queue itself and on a topic. */
  readonly deadLetters: Queue | undefined;
  readonly messages: Map<number, Message>;
  readonly ready: Heap<Message>;
  readonly locks: Map<string, Lock>;
  readonly consumers: Consumer[];
  readonly sessions: Map<string, Session>;
  /** Unlocked sessions with ready messages, longest available first. */
  readonly available: Set<Session>;
  readonly waiters: Set<SessionWaiter>;
  /** Held sessions that may have something to deliver. */
  readonly stirred: Set<Session>;
  /** Message ids seen within the duplicate window, oldest first, with the instant they are forgotten. */
  readonly seenIds: Map<string, number>;
  /** Shared by a queue and its dead-letter queue, so that a number names one message for ever. */
  readonly numbering: { next: number };
  readonly operations: Operations;
  readonly engine: EngineContext;
  sizeBytes: number;
};

export type EngineContext = {
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  /** Takes note of a change that must survive a restart; undefined where nothing does, so that none is made up. */
  readonly record: ((change: Change) => void) | undefined;
  /** Asks for `pump(queue)` before the turn of the event loop ends. */
  readonly wake: (queue: Queue) => void;
  readonly newLockToken: () => Buffer;
};

/** A queue (or a topic's subscription) with its dead-letter queue. */
export function createQueue(
  rules: QueueRules,
  engine: EngineContext,
  role: Extract<Role, { type: 'queue' | 'subscription' }> = { type: 'queue' },
): Queue {
  const numbering = { next: 1 };
  const address = rules.name.toLowerCase();
  const deadLetters = createDeadLetters(`${address}/$deadletterqueue`, rules, { numbering, engine });
  return create(address, rules, { role, numbering, engine, deadLetters });
}

/** A topic over subscriptions that were made before. */
export function createTopic(rules: QueueRules, engine: EngineContext, subscriptions: readonly Queue[]): Queue {
  const role: Role = { type: 'topic', subscriptions };
  return create(rules.name.toLowerCase(), rules, { role, numbering: { next: 1 }, engine, deadLetters: undefined });
}

/** A queue in which nothing dies. */
export function createDeadLetters(
  address: string,
  rules: QueueRules,
  { numbering, engine }: Pick<Queue, 'numbering' | 'engine'>,
): Queue {
  return create(
    address,
    {
      ...rules,
      requiresSession: false,
      maxDeliveryCount: Infinity,
      defaultTimeToLiveMs: undefined,
      duplicateWindowMs: undefined,
    },
    { role: { type: 'deadLetters' }, numbering, engine, deadLetters: undefined },
  );
}

function create(
  address: string,
  rules: QueueRules,
  rest: Pick<Queue, 'role' | 'numbering' | 'engine' | 'deadLetters'>,
): Queue {
  return {
    address,
    rules,
    ...rest,
    messages: new Map(),
    ready: createReadyHeap(),
    locks: new Map(),
    consumers: [],
    sessions: new Map(),
    available: new Set(),
    waiters: new Set(),
    stirred: new Set(),
    seenIds: new Map(),
    operations: { sends: 0, sendTransfers: 0, deliveries: 0, settlements: 0, renewals: 0 },
    sizeBytes: 0,
  };
}

export function createReadyHeap(): Heap<Message> {
  return createHeap<Message>((a, b) => a.sequence < b.sequence, isDeliverable);
}

/** Whether the next receiver may have it. */
export function isDeliverable(message: Message): boolean {
  return message.place === 'ready' && message.lock === undefined;
}

export function nowMs(queue: Queue): number {
  return queue.engine.clock.now().getTime();
}

// A namespace on a manual clock with receivers that take what they are given: the engine without any wire.
import {
  createNamespace,
  countMessages,
  type Namespace,
  type QueueCounts,
} from '../../../local/service-bus/engine/namespace.js';
import { addConsumer, removeConsumer } from '../../../local/service-bus/engine/deliver.js';
import { enqueue, type EnqueueResult } from '../../../local/service-bus/engine/enqueue.js';
import type { Change } from '../../../local/service-bus/engine/changes.js';
import type {
  Consumer,
  Delivery,
  Queue,
  QueueRules,
  Session,
  SessionConsumer,
} from '../../../local/service-bus/engine/queue.js';
import { acceptNextSession, acceptSession, releaseSession } from '../../../local/service-bus/engine/sessions.js';
import { settle, type Settlement, type SettleResult } from '../../../local/service-bus/engine/settle.js';
import type { IncomingMessage } from '../../../local/service-bus/amqp/message.js';
import { createManualClock, type ManualClock } from '../../helpers/manual-clock.js';

export type Receiver = {
  /** What was delivered so far, oldest first. */
  readonly received: Delivery[];
  readonly ids: () => string[];
  /** Makes room for more. */
  allow(count: number): void;
  settle(messageId: string, settlement?: Settlement): SettleResult;
  close(): void;
};

export type SessionReceiver = Receiver & {
  readonly sessionId: () => string | undefined;
  readonly isLost: () => boolean;
};

export type EngineFixture = {
  readonly clock: ManualClock;
  readonly namespace: Namespace;
  readonly queue: Queue;
  readonly changes: Change[];
  send(messageId: string, more?: Partial<Omit<IncomingMessage, 'messageId' | 'content'>>): EnqueueResult;
  counts(): QueueCounts;
  receiver(credit: number, options?: { of?: Queue; mode?: Consumer['mode'] }): Receiver;
  /** By id, or the next available within `timeoutMs`. Undefined when the id is held by somebody. */
  sessionReceiver(wish: string | { timeoutMs: number }, credit?: number, owner?: unknown): SessionReceiver | undefined;
  advance(ms: number): void;
};

const nothing = Buffer.alloc(0);

export const plainRules: QueueRules = {
  name: 'q',
  requiresSession: false,
  lockDurationMs: 30_000,
  maxDeliveryCount: 3,
  defaultTimeToLiveMs: undefined,
  deadLettersExpired: false,
  duplicateWindowMs: undefined,
  maxSizeBytes: 10_000_000,
};

export function incoming(messageId: string, more: Partial<IncomingMessage> = {}): IncomingMessage {
  return {
    content: {
      durable: true,
      priority: 4,
      annotations: nothing,
      annotationCount: 0,
      properties: Buffer.from(messageId),
      applicationProperties: nothing,
      body: nothing,
    },
    messageId,
    sessionId: undefined,
    timeToLiveMs: undefined,
    scheduledAtMs: undefined,
    ...more,
  };
}

export function createEngine(rules: Partial<QueueRules> = {}, clock = createManualClock()): EngineFixture {
  const changes: Change[] = [];
  let tokens = 0;
  const namespace = createNamespace([{ ...plainRules, ...rules }], {
    clock,
    record: (change) => void changes.push(change),
    requestTurn: () => undefined,
    newLockToken() {
      const token = Buffer.alloc(16);
      token.writeUInt32BE(++tokens, 12);
      return token;
    },
  });
  const queue = namespace.queues[0]!;
  const turn = (): void => namespace.pump();

  const makeReceiver = (of: Queue, credit: number, mode: Consumer['mode']): Receiver & { consumer: Consumer } => {
    let room = credit;
    const received: Delivery[] = [];
    const consumer: Consumer = {
      mode,
      capacity: () => room,
      deliver(delivery) {
        room--;
        received.push(delivery);
      },
    };
    return {
      consumer,
      received,
      ids: () => received.map(({ message }) => message.messageId),
      allow(count) {
        room += count;
        of.engine.wake(of);
        turn();
      },
      settle(messageId, settlement = { type: 'complete' }) {
        const delivery = received.findLast(({ message }) => message.messageId === messageId);
        const result = settle(of, delivery?.lock?.token ?? Buffer.alloc(16), settlement);
        turn();
        return result;
      },
      close() {
        removeConsumer(of, consumer);
        turn();
      },
    };
  };

  return {
    clock,
    namespace,
    queue,
    changes,
    send(messageId, more = {}) {
      const result = enqueue(queue, [incoming(messageId, more)]);
      turn();
      return result;
    },
    counts: () => countMessages(queue),
    receiver(credit, { of = queue, mode = 'peekLock' } = {}) {
      const receiver = makeReceiver(of, credit, mode);
      addConsumer(of, receiver.consumer);
      turn();
      return receiver;
    },
    sessionReceiver(wish, credit = 10, owner = 'somebody') {
      const receiver = makeReceiver(queue, credit, 'peekLock');
      let session: Session | undefined;
      let isLost = false;
      const consumer: SessionConsumer = { ...receiver.consumer, onSessionLost: () => (isLost = true) };
      const close = (): void => {
        if (session !== undefined) releaseSession(queue, session, consumer);
        turn();
      };
      const allow = (count: number): void => {
        if (session !== undefined) queue.stirred.add(session);
        receiver.allow(count);
      };
      if (typeof wish === 'string') {
        session = acceptSession(queue, wish, { consumer, owner })?.session;
        if (session === undefined) return undefined;
      } else {
        acceptNextSession(queue, wish.timeoutMs, {
          consumer,
          owner,
          onGranted: (granted) => (session = granted),
          onTimeout: () => (isLost = true),
        });
      }
      turn();
      return { ...receiver, allow, close, sessionId: () => session?.id, isLost: () => isLost };
    },
    advance(ms) {
      clock.advance(ms);
      turn();
    },
  };
}

// A bus in memory, behind the same interface as the real one: sessions held by one receiver at a time, messages redelivered when a session
// is closed before they are settled. Made for tests of programs that use the interface; it can be cut off and lose sessions.
import { delay, type Clock } from '../../shared/clock.js';
import {
  BusUnavailable,
  SessionLost,
  type Bus,
  type OutgoingMessage,
  type QueueName,
  type ReceivedMessage,
  type SessionReceiver,
} from '../../shared/queues/bus.js';

type Kept = { readonly message: OutgoingMessage; deliveryCount: number };
type Session = { readonly waiting: Kept[]; holder?: { isLost: boolean; wake: () => void } | undefined };

export type MemoryBus = Bus & {
  /** Every message accepted so far, oldest first. */
  readonly sent: readonly { readonly queue: QueueName; readonly message: OutgoingMessage }[];
  readonly deadLettered: readonly { readonly messageId: string; readonly reason: string }[];
  /** Messages of a session that are not settled. */
  unsettled(queue: QueueName, sessionId: string): number;
  /** While off, sends are refused. */
  setReachable(isReachable: boolean): void;
  /** Sends stay unanswered until the returned function is called. */
  holdSends(): () => void;
  /** All sessions are taken from their holders. */
  loseSessions(): void;
};

export function createMemoryBus(clock: Clock): MemoryBus {
  const sent: { queue: QueueName; message: OutgoingMessage }[] = [];
  const deadLettered: { messageId: string; reason: string }[] = [];
  const sessions = new Map<string, Session>();
  let isReachable = true;
  let held: Promise<void> = Promise.resolve();
  const sessionOf = (queue: QueueName, sessionId: string): Session => {
    const key = `${queue} ${sessionId}`;
    const found = sessions.get(key) ?? { waiting: [] };
    sessions.set(key, found);
    return found;
  };
  const hold = (session: Session, sessionId: string): SessionReceiver => {
    const holder = { isLost: false, wake: (): void => undefined };
    session.holder = holder;
    const kept = new Map<ReceivedMessage, Kept>();
    const settle = (message: ReceivedMessage, remove: boolean): Promise<void> => {
      if (holder.isLost) return Promise.reject(new SessionLost(`Session '${sessionId}' was lost`));
      const settled = kept.get(message);
      if (settled === undefined) return Promise.reject(new Error(`Message '${message.messageId}' was settled before`));
      kept.delete(message);
      if (remove) session.waiting.splice(session.waiting.indexOf(settled), 1);
      return Promise.resolve();
    };
    return {
      async receive(waitMs, signal) {
        const deadlineMs = clock.monotonicMs() + waitMs;
        for (;;) {
          if (holder.isLost) throw new SessionLost(`Session '${sessionId}' was lost`);
          if (signal?.aborted === true) return undefined;
          const next = session.waiting.find((each) => ![...kept.values()].includes(each));
          if (next !== undefined) {
            next.deliveryCount += 1;
            const { body, messageId } = next.message;
            const message = { body: structuredClone(body), messageId, sessionId, deliveryCount: next.deliveryCount };
            kept.set(message, next);
            return message;
          }
          const leftMs = deadlineMs - clock.monotonicMs();
          if (leftMs <= 0) return undefined;
          const over = new AbortController();
          const stopWaiting = (): void => over.abort(new Error('woken'));
          holder.wake = stopWaiting;
          signal?.addEventListener('abort', stopWaiting, { once: true });
          await delay(clock, leftMs, over.signal).catch(() => undefined);
          signal?.removeEventListener('abort', stopWaiting);
        }
      },
      complete: (message) => settle(message, true),
      abandon: (message) => settle(message, false),
      async deadLetter(message, reason) {
        await settle(message, true);
        deadLettered.push({ messageId: message.messageId, reason });
      },
      close() {
        holder.isLost = true;
        if (session.holder === holder) session.holder = undefined;
        return Promise.resolve();
      },
    };
  };
  return {
    sent,
    deadLettered,
    unsettled: (queue, sessionId) => sessionOf(queue, sessionId).waiting.length,
    setReachable(reachable) {
      isReachable = reachable;
    },
    holdSends() {
      let release = (): void => undefined;
      held = new Promise((resolve) => (release = resolve));
      return release;
    },
    loseSessions() {
      for (const session of sessions.values()) {
        if (session.holder === undefined) continue;
        session.holder.isLost = true;
        session.holder.wake();
        session.holder = undefined;
      }
    },
    async send(queue, messages) {
      if (!isReachable) throw new BusUnavailable('The bus was made unreachable');
      await held;
      for (const message of messages) {
        sent.push({ queue, message: structuredClone(message) });
        if (message.sessionId === undefined) continue;
        const session = sessionOf(queue, message.sessionId);
        session.waiting.push({ message, deliveryCount: 0 });
        session.holder?.wake();
      }
    },
    openSession(queue, sessionId) {
      if (!isReachable) return Promise.reject(new BusUnavailable('The bus was made unreachable'));
      const session = sessionOf(queue, sessionId);
      return Promise.resolve(session.holder === undefined ? hold(session, sessionId) : undefined);
    },
    openNextSession(queue) {
      const found = [...sessions].find(
        ([key, each]) => key.startsWith(`${queue} `) && each.waiting.length > 0 && each.holder === undefined,
      );
      if (found === undefined) return Promise.resolve(undefined);
      const sessionId = found[0].slice(queue.length + 1);
      return Promise.resolve({ ...hold(found[1], sessionId), sessionId });
    },
    close: () => Promise.resolve(),
  };
}

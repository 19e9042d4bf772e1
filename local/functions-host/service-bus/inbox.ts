// What one receiver has been sent and nobody has handled yet. Messages come by subscription, so an idle system reacts at once, and
// nothing is drained between two batches: the client's batch receive waits up to a second for more, and closes its link, losing what
// is on its way until its lock ends, when the broker does not answer within 200 ms.
import type { ServiceBusReceivedMessage, ServiceBusReceiver } from '@azure/service-bus';
import { delay, type Clock } from '../../../shared/clock.js';
import { withDeadline } from '../deadline.js';

export type Inbox = {
  /**
   * Waits for a message and takes what has come by then, at most `maxCount`. None when `idleMs` pass without one, or the host stops.
   * Rejects when the receiver or its connection is lost.
   */
  take(options: { maxCount: number; idleMs: number }): Promise<readonly ServiceBusReceivedMessage[]>;
  /** Lets as many further messages come as are given here; to be called when these have been settled. */
  release(messages: readonly ServiceBusReceivedMessage[]): void;
  /** Ends the subscription and hands out what was sent and never taken. */
  stop(): Promise<readonly ServiceBusReceivedMessage[]>;
};

// Messages that were sent together come in one or a few reads of the socket.
const pauseMs = 2;
const longestCollectingMs = 20;
// A subscription that is still being opened is not suspended before it is open, which over a lost connection takes a minute.
const suspendWithinMs = 400;

/** Subscribes; at most `credit` messages are out at a time. `stopping` ends the flow at once, without losing what is on its way. */
export function openInbox(
  receiver: ServiceBusReceiver,
  { credit, clock, lost, stopping }: { credit: number; clock: Clock; lost: AbortSignal; stopping: AbortSignal },
): Inbox {
  const waiting: ServiceBusReceivedMessage[] = [];
  const releases = new Map<ServiceBusReceivedMessage, () => void>();
  let failure: unknown;
  let wake = (): void => undefined;

  const fail = (error: unknown): void => {
    failure ??= error;
    wake();
  };
  const subscription = receiver.subscribe(
    {
      // The client gives new credit for a message once this resolves.
      processMessage: (message) =>
        new Promise((resolve) => {
          releases.set(message, resolve);
          waiting.push(message);
          wake();
        }),
      processError: async ({ error, errorSource }) => {
        // A lock that could not be renewed is lost later, if at all; settling tells.
        if (errorSource !== 'renewLock') fail(error);
      },
    },
    { autoCompleteMessages: false, maxConcurrentCalls: credit },
  );
  const onLost = (): void => fail(lost.reason);
  const onStopping = (): void => {
    void suspend();
    wake();
  };
  let suspending: Promise<void> | undefined;
  const suspend = (): Promise<void> =>
    (suspending ??= withDeadline(subscription.close(), { clock, ms: suspendWithinMs }).catch(() => undefined));
  lost.addEventListener('abort', onLost, { once: true });
  stopping.addEventListener('abort', onStopping, { once: true });
  if (lost.aborted) onLost();
  if (stopping.aborted) onStopping();

  function arrival(idleMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = clock.schedule(idleMs, resolve);
      wake = () => {
        timer.cancel();
        resolve();
      };
    });
  }

  async function collect(maxCount: number): Promise<void> {
    for (let waitedMs = 0; waiting.length < maxCount && waitedMs < longestCollectingMs; waitedMs += pauseMs) {
      const before = waiting.length;
      await delay(clock, pauseMs);
      if (waiting.length === before) return;
    }
  }

  function release(messages: readonly ServiceBusReceivedMessage[]): void {
    for (const message of messages) {
      releases.get(message)?.();
      releases.delete(message);
    }
  }

  return {
    async take({ maxCount, idleMs }) {
      if (waiting.length === 0 && failure === undefined && !stopping.aborted) await arrival(idleMs);
      if (stopping.aborted) return [];
      if (waiting.length > 0) await collect(maxCount);
      // What has come over a link that is lost by now comes again.
      if (failure !== undefined) throw failure;
      return waiting.splice(0, maxCount);
    },
    release,
    async stop() {
      lost.removeEventListener('abort', onLost);
      stopping.removeEventListener('abort', onStopping);
      await suspend();
      const left = waiting.splice(0);
      release([...releases.keys()]);
      return left;
    },
  };
}

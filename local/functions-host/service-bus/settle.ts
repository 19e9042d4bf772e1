// Settles what one invocation was given: all of it complete, or all of it abandoned, never both at once.
// The client sends two neighbours settled with different outcomes in one turn of the event loop both with the first one's
// outcome and so loses a message; hence one kind of settlement at a time per receiver, and a turn between two.
import { isServiceBusError, type ServiceBusReceivedMessage, type ServiceBusReceiver } from '@azure/service-bus';
import { delay, type Clock } from '../../../shared/clock.js';
import type { Log } from '../../../shared/log.js';
import { withDeadline } from '../deadline.js';

export type Outcome = 'complete' | 'abandon';

/** A receiver and what tells that its connection is gone. */
export type Settler = { readonly receiver: ServiceBusReceiver; readonly lost: AbortSignal };

export type SettleContext = {
  readonly clock: Clock;
  readonly log: Log;
  /**
   * Another receiver of the same queue over a living connection: the lock of a message without session outlives the connection it
   * came by. Undefined where it does not, for messages of a session.
   */
  readonly another?: (() => Settler) | undefined;
};

const attempts = 5;
const retryDelayMs = 150;
const answerWithinMs = 20_000;

/**
 * Settles `messages`, all received by the same receiver, with one outcome, and resolves in a later turn of the event loop.
 * Never rejects: a message that could not be settled is logged, and the queue delivers it again when its lock ends.
 * Only one call at a time may be under way per receiver.
 */
export async function settle(
  settler: Settler,
  messages: readonly ServiceBusReceivedMessage[],
  outcome: Outcome,
  context: SettleContext,
): Promise<void> {
  let left = messages;
  let current = settler;
  for (let attempt = 1; left.length > 0; attempt += 1) {
    const failures = await settleAll(current, left, outcome, context.clock);
    await turnOfTheEventLoop();
    const mayRetry = context.another !== undefined && attempt < attempts;
    const retryable = mayRetry ? failures.filter(({ error }) => isWorthRetrying(error, current.lost)) : [];
    for (const failure of failures) if (!retryable.includes(failure)) report(failure, outcome, context.log);
    left = retryable.map(({ message }) => message);
    if (left.length === 0 || context.another === undefined) break;
    await delay(context.clock, retryDelayMs * attempt);
    current = context.another();
  }
}

type Failure = { readonly message: ServiceBusReceivedMessage; readonly error: unknown };

async function settleAll(
  { receiver, lost }: Settler,
  messages: readonly ServiceBusReceivedMessage[],
  outcome: Outcome,
  clock: Clock,
): Promise<Failure[]> {
  const failures: Failure[] = [];
  const settleOne = async (message: ServiceBusReceivedMessage): Promise<void> => {
    try {
      const settling = outcome === 'complete' ? receiver.completeMessage(message) : receiver.abandonMessage(message);
      await withDeadline(settling, { clock, ms: answerWithinMs, signal: lost });
    } catch (error) {
      failures.push({ message, error });
    }
  };
  await Promise.all(messages.map(settleOne));
  return failures;
}

function isWorthRetrying(error: unknown, lost: AbortSignal): boolean {
  return lost.aborted || !isServiceBusError(error) || error.retryable;
}

function report({ message, error }: Failure, outcome: Outcome, log: Log): void {
  const code = isServiceBusError(error) ? error.code : undefined;
  log.warn('message was not settled', { outcome, messageId: message.messageId, code, error });
}

function turnOfTheEventLoop(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

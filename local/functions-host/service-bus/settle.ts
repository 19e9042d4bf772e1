// Settles what one invocation was given: all of it complete, or all of it abandoned, never both at once.
// The client sends two neighbours settled with different outcomes in one turn of the event loop both with the first one's
// outcome and so loses a message; hence one kind of settlement at a time per receiver, and a turn between two.
import type { ServiceBusReceivedMessage, ServiceBusReceiver } from '@azure/service-bus';
import { isServiceBusError } from '@azure/service-bus';
import { delay, type Clock } from '../../../shared/clock.js';
import type { Log } from '../../../shared/log.js';

export type Outcome = 'complete' | 'abandon';

const attempts = 3;
const retryDelayMs = 200;

/**
 * Settles `messages`, all received by `receiver`, with one outcome, and resolves in a later turn of the event loop.
 * Never rejects: a message that could not be settled is logged, and the queue delivers it again when its lock ends.
 * Only one call at a time may be under way per receiver.
 */
export async function settle(
  receiver: ServiceBusReceiver,
  messages: readonly ServiceBusReceivedMessage[],
  outcome: Outcome,
  { clock, log }: { clock: Clock; log: Log },
): Promise<void> {
  await Promise.all(messages.map((message) => settleOne(receiver, message, outcome, clock, log)));
  await turnOfTheEventLoop();
}

async function settleOne(
  receiver: ServiceBusReceiver,
  message: ServiceBusReceivedMessage,
  outcome: Outcome,
  clock: Clock,
  log: Log,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await (outcome === 'complete' ? receiver.completeMessage(message) : receiver.abandonMessage(message));
    } catch (error) {
      // A lost connection leaves the lock of a message without session alive; the client then settles over a new one.
      const mayRetry = isServiceBusError(error) && error.retryable && attempt < attempts && !receiver.isClosed;
      if (!mayRetry) {
        const code = isServiceBusError(error) ? error.code : undefined;
        return log.warn('message was not settled', { outcome, messageId: message.messageId, code, error });
      }
    }
    await delay(clock, retryDelayMs * attempt);
  }
}

function turnOfTheEventLoop(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

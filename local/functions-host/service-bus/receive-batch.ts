// Takes messages from one receiver: waits for the first, then takes at once whatever else is there.
// The client's own batch receive waits up to a second for more, which an idle system would feel.
import type { ServiceBusReceivedMessage, ServiceBusReceiver } from '@azure/service-bus';

// The shortest wait the client's timers know. Its drain still collects everything that is available.
const noWaitMs = 1;

/**
 * Up to `maxCount` messages; none when `maxWaitMs` passes or `signal` is aborted first, [] also when the link is closed.
 * Rejects when the link is lost before the first message. On abort the link is emptied of what was on its way, so that no message stays
 * locked for nobody; what it brings is returned.
 */
export async function receiveBatch(
  receiver: ServiceBusReceiver,
  { maxCount, maxWaitMs, signal }: { maxCount: number; maxWaitMs: number; signal: AbortSignal },
): Promise<ServiceBusReceivedMessage[]> {
  if (signal.aborted) return [];
  const first = await receiveFirst(receiver, maxWaitMs, signal);
  if (first.length === 0 || first.length >= maxCount || signal.aborted) return first;
  try {
    return [...first, ...(await receiver.receiveMessages(maxCount - first.length, { maxWaitTimeInMs: noWaitMs }))];
  } catch {
    // The link was lost meanwhile; what has arrived is handled all the same, and the next receive reports the loss.
    return first;
  }
}

async function receiveFirst(
  receiver: ServiceBusReceiver,
  maxWaitMs: number,
  signal: AbortSignal,
): Promise<ServiceBusReceivedMessage[]> {
  try {
    return await receiver.receiveMessages(1, { maxWaitTimeInMs: maxWaitMs, abortSignal: signal });
  } catch (error) {
    if (!signal.aborted) throw error;
    // The aborted call leaves one credit on the link; this one takes it back.
    return receiver.receiveMessages(1, { maxWaitTimeInMs: noWaitMs }).catch(() => []);
  }
}

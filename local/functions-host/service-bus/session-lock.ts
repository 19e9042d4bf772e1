// How long one session may be held on to.
import type { ServiceBusReceiver } from '@azure/service-bus';
import type { Clock } from '../../../shared/clock.js';

/**
 * Asked between two rounds: whether the session may be kept for one more. It is given back when less than half of its lock is left:
 * a session that never idles would else lose its lock in the middle of a message, and others would never get their turn.
 * Always true for a receiver without session.
 */
export function keepSession(receiver: ServiceBusReceiver, clock: Clock): () => boolean {
  const leftMs = (): number =>
    'sessionLockedUntilUtc' in receiver && receiver.sessionLockedUntilUtc instanceof Date
      ? receiver.sessionLockedUntilUtc.getTime() - clock.now().getTime()
      : Number.POSITIVE_INFINITY;
  const lockDurationMs = leftMs();
  return () => leftMs() >= lockDurationMs / 2;
}

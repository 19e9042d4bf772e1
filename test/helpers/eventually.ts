// Waiting in tests: for a condition, with a deadline, never for a while.
import { delay, systemClock } from '../../shared/clock.js';

const lookEveryMs = 20;

/**
 * Resolves with the first value of `look` that is neither undefined nor false.
 * Looks every `everyMs`: give more where a look costs somebody something.
 * Rejects after `withinMs`, saying that `what` did not come about; an error thrown by `look` counts as "not yet".
 */
export async function eventually<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  withinMs = 40_000,
  everyMs = lookEveryMs,
): Promise<T> {
  const deadlineMs = systemClock.monotonicMs() + withinMs;
  let lastError: unknown;
  while (systemClock.monotonicMs() < deadlineMs) {
    try {
      const seen = await look();
      if (seen !== undefined && seen !== false) return seen;
      lastError = undefined;
    } catch (error) {
      lastError = error;
    }
    await delay(systemClock, everyMs);
  }
  throw new Error(`${what} did not come about within ${withinMs} ms`, { cause: lastError });
}

// Trying a transfer again a bounded number of times: a task must not wait for ever for what will never come.
import type { Clock } from '../shared/clock.js';
import { TransferFailed } from './transfers.js';
import { pause } from './waiting.js';

// With the pauses between them about sixteen seconds.
const mostTries = 7;
const firstPauseMs = 250;

/** As `attempt` does, once more after each failure that may pass. Waits end with the signal's reason. */
export async function transferAgain<T>(
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
  attempt: () => Promise<T>,
): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    signal.throwIfAborted();
    try {
      return await attempt();
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof TransferFailed) || !error.mayPass || tries === mostTries) throw error;
      await pause(clock, firstPauseMs * 2 ** (tries - 1), [signal]);
    }
  }
}

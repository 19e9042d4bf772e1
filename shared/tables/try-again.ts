// Optimistic concurrency: read, decide, save with the etag that was read; when another writer was faster, do it again.
import { delay, type Clock } from '../clock.js';
import type { Ids } from '../ids.js';
import { TableConflict, TableUnavailable } from './table.js';

const longestDelayMs = 400;

/**
 * Runs `attempt` until it neither loses a race nor meets a busy table, at most `tries` times with growing, jittered pauses.
 * `attempt` must read afresh whatever it decides from. The last failure is thrown.
 */
export async function tryAgain<T>(
  { clock, ids }: { clock: Clock; ids: Ids },
  attempt: () => Promise<T>,
  tries = 12,
): Promise<T> {
  for (let round = 1; ; round += 1) {
    try {
      return await attempt();
    } catch (error) {
      const passing = error instanceof TableConflict || error instanceof TableUnavailable;
      if (!passing || round >= tries) throw error;
      await delay(clock, Math.min(longestDelayMs, 10 * 2 ** round) * (0.5 + ids.random() / 2));
    }
  }
}

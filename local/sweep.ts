// Asks the functions host to run the sweep once: after a (re)start messages may be missing, and the sweep finds what they were about.
// Knows the function by its name only.
import { delay, type Clock } from '../shared/clock.js';
import type { Log } from '../shared/log.js';

const firstPauseMs = 100;
const longestPauseMs = 2_000;
const mostAttempts = 12;
const answerWithinMs = 10_000;

/** Resolves once the host has accepted it, or, logged, when it has not in about 20 s: the timer will sweep in any case. Never rejects. */
export async function triggerSweep(
  host: { readonly url: string; readonly key: string },
  { clock, log, signal }: { readonly clock: Clock; readonly log: Log; readonly signal: AbortSignal },
): Promise<void> {
  let reason = '';
  for (let attempt = 0; attempt < mostAttempts && !signal.aborted; attempt++) {
    if (attempt > 0) {
      // Rejects only when stopping, which the loop looks at next.
      await delay(clock, Math.min(firstPauseMs * 2 ** attempt, longestPauseMs), signal).catch(() => undefined);
    }
    try {
      const answer = await fetch(new URL('/admin/functions/sweep-every-pool', host.url), {
        method: 'POST',
        headers: { 'x-functions-key': host.key, 'content-type': 'application/json' },
        body: '{}',
        signal: AbortSignal.any([signal, AbortSignal.timeout(answerWithinMs)]),
      });
      await answer.body?.cancel();
      if (answer.ok) return;
      reason = `status ${answer.status}`;
      // The app has no such function, or the key is wrong: asking again will not help.
      if (answer.status < 500 && answer.status !== 429) break;
    } catch (error) {
      // The host is not up (again) yet.
      reason = String(error);
    }
  }
  if (!signal.aborted) log.warn('the sweep could not be asked for', { reason });
}

// A bound on a wait for something that cannot be cancelled.
import type { Clock } from '../../shared/clock.js';

/**
 * `work`, or a rejection once `ms` have passed on `clock` or `signal` is aborted (with its reason).
 * `work` goes on; what becomes of it is then ignored.
 */
export function withDeadline<T>(
  work: Promise<T>,
  { clock, ms, signal }: { clock: Clock; ms: number; signal?: AbortSignal },
): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal?.reason);
    if (signal?.aborted) onAbort();
    signal?.addEventListener('abort', onAbort, { once: true });
    const timer = clock.schedule(ms, () => reject(new Error(`No answer came within ${ms} ms`)));
    void work.then(resolve, reject).finally(() => {
      timer.cancel();
      signal?.removeEventListener('abort', onAbort);
    });
  });
}

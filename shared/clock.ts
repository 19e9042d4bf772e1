// The one source of time. Everything outside the adapters takes a Clock, so that tests and the simulator can step it.

/** A timer that was asked for and may be taken back. */
export type Timer = { cancel(): void };

export type Clock = {
  /** The wall clock, for instants that are stored or shown. */
  now(): Date;
  /** Milliseconds on a clock that never jumps, for durations and deadlines. */
  monotonicMs(): number;
  /** Calls back once after `delayMs` milliseconds (0 = next turn). A delay over 24.8 days is honoured. */
  schedule(delayMs: number, callback: () => void): Timer;
};

// setTimeout fires at once for a larger delay, so long waits are taken in steps.
const longestStepMs = 2 ** 31 - 1;

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => new Date(),
  monotonicMs: () => performance.now(),
  schedule(delayMs, callback) {
    let timer: NodeJS.Timeout;
    const arm = (leftMs: number): void => {
      const stepMs = Math.min(Math.max(leftMs, 0), longestStepMs);
      timer = setTimeout(() => (leftMs > stepMs ? arm(leftMs - stepMs) : callback()), stepMs);
    };
    arm(delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
};

/**
 * Waits `delayMs` milliseconds on `clock`.
 * Rejects with the signal's reason as soon as `signal` is aborted.
 */
export function delay(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason as Error);
    const onAbort = (): void => {
      timer.cancel();
      reject(signal?.reason as Error);
    };
    const timer = clock.schedule(delayMs, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

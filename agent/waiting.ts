// Waiting that can be broken off, and trying again until it works. Knows nothing of the node.
import { delay, type Clock } from '../shared/clock.js';
import type { Log } from '../shared/log.js';

/** The agent is stopping: whoever waits lets go, changing nothing. */
export class AgentStopped extends Error {
  override readonly name = 'AgentStopped';
}

/** Settles as `promise` does, or rejects with the reason of the first of `signals` that is aborted. Leaves no listener behind. */
export function unlessAborted<T>(promise: Promise<T>, signals: readonly AbortSignal[]): Promise<T> {
  return new Promise((resolve, reject) => {
    const settle = (finish: () => void): void => {
      for (const [signal, listener] of listeners) signal.removeEventListener('abort', listener);
      finish();
    };
    const listeners = signals.map((signal) => {
      const listener = (): void => settle(() => reject(signal.reason as Error));
      return [signal, listener] as const;
    });
    for (const [signal, listener] of listeners) {
      if (signal.aborted) listener();
      else signal.addEventListener('abort', listener, { once: true });
    }
    promise.then(
      (value) => settle(() => resolve(value)),
      (error: unknown) => settle(() => reject(error as Error)),
    );
  });
}

/** Waits `ms` milliseconds, or rejects with the reason of the first of `signals` that is aborted; the timer goes with it. */
export async function pause(clock: Clock, ms: number, signals: readonly AbortSignal[]): Promise<void> {
  const over = new AbortController();
  try {
    await unlessAborted(delay(clock, ms, over.signal), signals);
  } finally {
    over.abort(new AgentStopped('The pause is over'));
  }
}

/**
 * Lends `use` a signal that is aborted with `signal` and left behind afterwards: the client of the bus forgets to take its listener back
 * when a wait ends without a message, which would add up on a signal that lives as long as the program.
 */
export function withOwnSignal<T>(signal: AbortSignal, use: (own: AbortSignal) => Promise<T>): Promise<T> {
  return withFirstOf([signal], use);
}

/** Lends `use` a signal that is aborted with the first of `signals`, and left behind afterwards. */
export async function withFirstOf<T>(
  signals: readonly AbortSignal[],
  use: (own: AbortSignal) => Promise<T>,
): Promise<T> {
  const own = new AbortController();
  const listeners = signals.map((signal) => [signal, (): void => own.abort(signal.reason)] as const);
  for (const [signal, forward] of listeners) {
    if (signal.aborted) forward();
    signal.addEventListener('abort', forward, { once: true });
  }
  try {
    return await use(own.signal);
  } finally {
    for (const [signal, forward] of listeners) signal.removeEventListener('abort', forward);
  }
}

/** Exponential back-off: 0.1 s, doubled per failure, at most 5 s. */
export function backOffMs(failures: number): number {
  return Math.min(100 * 2 ** Math.max(failures - 1, 0), 5_000);
}

/** Does `attempt` until it succeeds, with back-off; rejects only once `stop` is aborted. */
export async function untilDone<T>(
  attempt: () => Promise<T>,
  { clock, log, stop, what }: { clock: Clock; log: Log; stop: AbortSignal; what: string },
): Promise<T> {
  for (let failures = 1; ; failures += 1) {
    stop.throwIfAborted();
    try {
      return await attempt();
    } catch (error) {
      stop.throwIfAborted();
      if (failures === 1) log.error('step failed and is tried again', { what, error });
      await delay(clock, backOffMs(failures), stop);
    }
  }
}

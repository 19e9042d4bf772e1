// A clock that stands still until a test steps it.
import type { Clock, Timer } from '../../shared/clock.js';

export type ManualClock = Clock & {
  /** Moves time forward, firing every timer that falls due, in order of its instant. */
  advance(ms: number): void;
  /** How many timers are waiting: a leak check. */
  pending(): number;
};

export function createManualClock(start = '2026-01-01T00:00:00.000Z'): ManualClock {
  let elapsedMs = 0;
  let sequence = 0;
  const startMs = new Date(start).getTime();
  const timers = new Map<number, { dueMs: number; callback: () => void }>();
  const earliest = (limitMs: number): [number, { dueMs: number; callback: () => void }] | undefined =>
    [...timers].filter(([, timer]) => timer.dueMs <= limitMs).sort(([a, x], [b, y]) => x.dueMs - y.dueMs || a - b)[0];
  return {
    now: () => new Date(startMs + elapsedMs),
    monotonicMs: () => elapsedMs,
    schedule(delayMs, callback): Timer {
      const id = ++sequence;
      timers.set(id, { dueMs: elapsedMs + Math.max(delayMs, 0), callback });
      return { cancel: () => void timers.delete(id) };
    },
    advance(ms) {
      const limitMs = elapsedMs + ms;
      for (let next = earliest(limitMs); next !== undefined; next = earliest(limitMs)) {
        timers.delete(next[0]);
        elapsedMs = Math.max(elapsedMs, next[1].dueMs);
        next[1].callback();
      }
      elapsedMs = limitMs;
    },
    pending: () => timers.size,
  };
}

// The machine's clock, which a test can put forward: whatever falls due in between fires at once.
import { systemClock, type Clock, type Timer } from '../../shared/clock.js';

export type SkippableClock = Clock & { skip(ms: number): void };

type Waiting = { readonly dueMs: number; readonly callback: () => void; timer: Timer };

export function createSkippableClock(): SkippableClock {
  let skippedMs = 0;
  const waiting = new Set<Waiting>();
  const monotonicMs = (): number => systemClock.monotonicMs() + skippedMs;
  const arm = (each: Waiting): void => {
    each.timer.cancel();
    each.timer = systemClock.schedule(each.dueMs - monotonicMs(), () => {
      waiting.delete(each);
      each.callback();
    });
  };
  return {
    now: () => new Date(systemClock.now().getTime() + skippedMs),
    monotonicMs,
    schedule(delayMs, callback) {
      const each: Waiting = { dueMs: monotonicMs() + delayMs, callback, timer: { cancel: () => undefined } };
      waiting.add(each);
      arm(each);
      return {
        cancel() {
          waiting.delete(each);
          each.timer.cancel();
        },
      };
    },
    skip(ms) {
      skippedMs += ms;
      waiting.forEach(arm);
    },
  };
}

// The machine's clock, which a test can move forward: real programs go on in real time, and days pass in one step.
import { systemClock, type Clock, type Timer } from '../../shared/clock.js';

export type SteppedClock = Clock & {
  /** Moves time forward; timers that fall due fire in a turn of their own. */
  advance(ms: number): void;
};

export function createSteppedClock(): SteppedClock {
  let steppedMs = 0;
  const armed = new Set<() => void>();
  const monotonicMs = (): number => systemClock.monotonicMs() + steppedMs;
  return {
    now: () => new Date(systemClock.now().getTime() + steppedMs),
    monotonicMs,
    schedule(delayMs, callback): Timer {
      const dueMs = monotonicMs() + delayMs;
      let timer: Timer | undefined;
      const arm = (): void => {
        timer?.cancel();
        timer = systemClock.schedule(Math.max(0, dueMs - monotonicMs()), () => {
          armed.delete(arm);
          callback();
        });
      };
      armed.add(arm);
      arm();
      return {
        cancel() {
          armed.delete(arm);
          timer?.cancel();
        },
      };
    },
    advance(ms) {
      steppedMs += ms;
      for (const arm of [...armed]) arm();
    },
  };
}

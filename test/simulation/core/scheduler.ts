// Virtual time: a queue of events. One event at a time is run, and everything that it set off is finished before the next one.
// Nothing here waits in real time.
import { createHeap } from '../../../local/service-bus/engine/heap.js';
import type { Clock, Timer } from '../../../shared/clock.js';

export type Scheduler = {
  /** Milliseconds since 1970, by the world's true clock. */
  nowMs(): number;
  /** Runs `callback` in `delayMs` milliseconds of virtual time; what is due at once keeps its order. */
  after(delayMs: number, callback: () => void): Timer;
  /** Runs events until `isOver` says so after one of them, or none is left, or virtual time passes `untilMs`. */
  run(isOver: () => boolean, untilMs: number): Promise<'over' | 'late' | 'idle'>;
  /** How many events were run. */
  count(): number;
};

export const beginningMs = Date.parse('2026-01-01T00:00:00.000Z');

type Event = { readonly dueMs: number; readonly order: number; callback: (() => void) | undefined };

export function createScheduler(): Scheduler {
  const events = createHeap<Event>(
    (a, b) => a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order),
    (event) => event.callback !== undefined,
  );
  let nowMs = beginningMs;
  let order = 0;
  let ran = 0;
  return {
    nowMs: () => nowMs,
    count: () => ran,
    after(delayMs, callback) {
      const event: Event = { dueMs: nowMs + Math.max(0, Math.ceil(delayMs)), order: (order += 1), callback };
      events.push(event);
      return {
        cancel() {
          if (event.callback === undefined) return;
          event.callback = undefined;
          events.noteDead();
        },
      };
    },
    async run(isOver, untilMs) {
      for (;;) {
        await settled();
        if (isOver()) return 'over';
        const next = events.peek();
        if (next === undefined) return 'idle';
        if (next.dueMs > untilMs) {
          nowMs = untilMs;
          return 'late';
        }
        events.pop();
        nowMs = next.dueMs;
        ran += 1;
        const { callback } = next;
        next.callback = undefined;
        callback?.();
      }
    },
  };
}

/** Resolves once no promise callback is left to run: the event loop turns only when that queue is empty. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A clock that shows the scheduler's time, its wall clock off by `skewMs()`. Its timers ask `isAlive` before they fire. */
export function clockOn(
  scheduler: Scheduler,
  isAlive: () => boolean = () => true,
  skewMs: () => number = () => 0,
): Clock {
  return {
    now: () => new Date(scheduler.nowMs() + skewMs()),
    monotonicMs: () => scheduler.nowMs() - beginningMs,
    schedule: (delayMs, callback) => scheduler.after(delayMs, () => isAlive() && callback()),
  };
}

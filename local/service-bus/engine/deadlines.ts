// Many deadlines on one timer of the clock. Knows instants and callbacks, not what they are about.
import type { Clock, Timer } from '../../../shared/clock.js';
import { createHeap } from './heap.js';

/** A callback that is due once; cancelling it after it ran does nothing. */
export type Deadline = { cancel(): void };

export type Deadlines = {
  /** Calls back once, `delayMs` from now. */
  after(delayMs: number, callback: () => void): Deadline;
  stop(): void;
};

type Entry = { readonly dueMs: number; readonly order: number; callback: (() => void) | undefined };

export function createDeadlines(clock: Clock): Deadlines {
  const heap = createHeap<Entry>(
    (a, b) => a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order),
    (entry) => entry.callback !== undefined,
  );
  let timer: Timer | undefined;
  let armedForMs = Infinity;
  let order = 0;
  let isStopped = false;

  const arm = (): void => {
    const first = heap.peek();
    if (isStopped || first === undefined || first.dueMs >= armedForMs) return;
    timer?.cancel();
    armedForMs = first.dueMs;
    // Timers may fire a fraction early; a whole millisecond more keeps one wake-up from becoming two.
    timer = clock.schedule(Math.max(0, Math.ceil(first.dueMs - clock.monotonicMs())), fire);
  };
  const fire = (): void => {
    timer = undefined;
    armedForMs = Infinity;
    const nowMs = clock.monotonicMs();
    for (let first = heap.peek(); first !== undefined && first.dueMs <= nowMs; first = heap.peek()) {
      heap.pop();
      const { callback } = first;
      first.callback = undefined;
      callback?.();
    }
    arm();
  };

  return {
    after(delayMs, callback) {
      const entry: Entry = { dueMs: clock.monotonicMs() + Math.max(0, delayMs), order: order++, callback };
      heap.push(entry);
      arm();
      return {
        cancel() {
          if (entry.callback === undefined) return;
          entry.callback = undefined;
          heap.noteDead();
        },
      };
    },
    stop() {
      isStopped = true;
      timer?.cancel();
    },
  };
}

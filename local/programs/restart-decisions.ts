// When a program that ended without being asked is started again. Pure: knows no process and reads no clock.

const firstDelayMs = 100;
const longestDelayMs = 2_000;
/** A program that lived this long is healthy: its next end is a new story. */
const healthyAfterMs = 10_000;

/**
 * How long to wait before the next start.
 * `endsInARow` counts the ends before this one that no healthy life separated; the wait doubles from 0.1 s to 2 s.
 */
export function decideRestart(seen: { readonly endsInARow: number; readonly livedMs: number }): {
  readonly delayMs: number;
  readonly endsInARow: number;
} {
  const before = seen.livedMs >= healthyAfterMs ? 0 : seen.endsInARow;
  return { delayMs: Math.min(firstDelayMs * 2 ** Math.min(before, 10), longestDelayMs), endsInARow: before + 1 };
}

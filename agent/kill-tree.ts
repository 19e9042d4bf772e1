// Ends processes for good: SIGTERM, a grace, then SIGKILL until two looks in a row find nothing.
import { delay, type Clock } from '../shared/clock.js';
import type { Processes, Target } from './processes.js';

export const graceMs = 3_000;
const looksApartMs = 10;

/** Resolves once nothing of `targets` lives. `graceMs` 0 = SIGKILL at once. Rejects with the reason of `signal` when that is aborted. */
export async function killTree(
  { processes, clock }: { readonly processes: Processes; readonly clock: Clock },
  targets: readonly Target[],
  { graceMs, signal }: { readonly graceMs: number; readonly signal: AbortSignal },
): Promise<void> {
  if (graceMs > 0) await askToEnd({ processes, clock }, targets, graceMs, signal);
  let quietLooks = 0;
  let waitMs = looksApartMs;
  for (;;) {
    const found = await processes.signal(targets, 'SIGKILL');
    quietLooks = found === 0 ? quietLooks + 1 : 0;
    if (quietLooks === 2) return;
    await delay(clock, waitMs, signal);
    // A process that sleeps in the kernel dies only when it wakes.
    if (found > 0) waitMs = Math.min(waitMs * 2, 1_000);
  }
}

async function askToEnd(
  { processes, clock }: { readonly processes: Processes; readonly clock: Clock },
  targets: readonly Target[],
  graceMs: number,
  signal: AbortSignal,
): Promise<void> {
  const startMs = clock.monotonicMs();
  let found = await processes.signal(targets, 'SIGTERM');
  for (let waitMs = looksApartMs; found > 0; waitMs = Math.min(waitMs * 2, 200)) {
    const leftMs = graceMs - (clock.monotonicMs() - startMs);
    if (leftMs <= 0) return;
    await delay(clock, Math.min(waitMs, leftMs), signal);
    found = await processes.signal(targets, 'none');
  }
}

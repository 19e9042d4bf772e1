// Adds up what the processes of a stack have counted so far, and waits until they fall silent. Knows no scenario.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { delay, systemClock } from '../../shared/clock.js';
import type { Tally } from './operation.js';

const lineSchema = z.record(z.string(), z.int());
const lookEveryMs = 100;
/** Longer than any pause between two steps of something under way, shorter than any timer. */
const silenceMs = 1_500;
const silenceWithinMs = 60_000;

/** All that is written in the files of counts below `directory`. */
export async function readTally(directory: string): Promise<Tally> {
  const tally = new Map<string, number>();
  const files = (await readdir(directory)).filter((name) => name.endsWith('.jsonl'));
  for (const file of files) {
    const text = await readFile(join(directory, file), 'utf8');
    // The last line may be half written; it is whole at the next look.
    for (const line of text.split('\n').slice(0, -1)) {
      for (const [key, count] of Object.entries(lineSchema.parse(JSON.parse(line)))) {
        tally.set(key, (tally.get(key) ?? 0) + count);
      }
    }
  }
  return tally;
}

/** The tally once nothing has been counted for a while. Rejects when that does not come about. */
export async function silentTally(directory: string): Promise<Tally> {
  const deadlineMs = systemClock.monotonicMs() + silenceWithinMs;
  let last = await readTally(directory);
  let sinceMs = systemClock.monotonicMs();
  while (systemClock.monotonicMs() - sinceMs < silenceMs) {
    if (systemClock.monotonicMs() > deadlineMs) throw new Error('The stack did not fall silent');
    await delay(systemClock, lookEveryMs);
    const next = await readTally(directory);
    if (sum(next) !== sum(last)) sinceMs = systemClock.monotonicMs();
    last = next;
  }
  return last;
}

/** What was counted in `later` and not yet in `earlier`. */
export function since(earlier: Tally, later: Tally): Tally {
  const counted = [...later].map(([key, count]) => [key, count - (earlier.get(key) ?? 0)] as const);
  return new Map(counted.filter(([, count]) => count > 0));
}

function sum(tally: Tally): number {
  return [...tally.values()].reduce((total, count) => total + count, 0);
}

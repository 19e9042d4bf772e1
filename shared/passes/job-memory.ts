// What this process remembers of jobs from its last passes, so that one that follows soon need not read again what it has just written. A
// guess, never the truth: whoever decides from it has to prove it by a write with the etag of the job's head, which every change of the job renews.
// docs/decisions/0025-a-pass-remembers-what-it-wrote.md says why that is as good as reading.
import type { Clock } from '../clock.js';
import type { KnownJob } from './known-job.js';

export type JobMemory = {
  /** What a pass over this pool knew last of the job, if that is not long ago. */
  recall(poolId: string, key: string): KnownJob | undefined;
  keep(poolId: string, job: KnownJob): void;
  forget(key: string): void;
  /** As `forget`, for a job that others are changing just now: it is not remembered for a while. */
  distrust(key: string): void;
};

const rememberedMs = 60_000;
const distrustedMs = 60_000;
const mostRows = 5_000;

type Entry = { readonly poolId: string; readonly job: KnownJob; readonly atMs: number };

/** A memory that is bounded in time and in rows. */
export function createJobMemory(clock: Pick<Clock, 'monotonicMs'>): JobMemory {
  const entries = new Map<string, Entry>();
  const distrusted = new Map<string, number>();
  const rowsOf = ({ job }: Entry): number => 1 + job.jobNodes.length + job.ready.length;
  let rows = 0;
  const forget = (key: string): void => {
    const entry = entries.get(key);
    if (entry !== undefined) rows -= rowsOf(entry);
    entries.delete(key);
  };
  const isPast = (atMs: number, boundMs: number): boolean => clock.monotonicMs() - atMs > boundMs;
  return {
    recall(poolId, key) {
      const entry = entries.get(key);
      if (entry?.poolId !== poolId) return undefined;
      if (!isPast(entry.atMs, rememberedMs)) return entry.job;
      forget(key);
      return undefined;
    },
    keep(poolId, job) {
      const { key } = job;
      forget(key);
      const sinceMs = distrusted.get(key);
      if (sinceMs !== undefined && !isPast(sinceMs, distrustedMs)) return;
      distrusted.delete(key);
      const entry = { poolId, job, atMs: clock.monotonicMs() };
      entries.set(key, entry);
      rows += rowsOf(entry);
      // The oldest stand first.
      for (const [oldest] of entries) if (rows > mostRows) forget(oldest);
    },
    forget,
    distrust(key) {
      forget(key);
      for (const [each, sinceMs] of distrusted) if (isPast(sinceMs, distrustedMs)) distrusted.delete(each);
      distrusted.set(key, clock.monotonicMs());
    },
  };
}

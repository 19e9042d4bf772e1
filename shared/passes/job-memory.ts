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
const mostBytes = 32 * 1024 * 1024;

type Size = { readonly rows: number; readonly bytes: number };
type Entry = { readonly poolId: string; readonly job: KnownJob; readonly atMs: number; readonly size: Size };

/** A memory that is bounded in time, in rows and in bytes. */
export function createJobMemory(clock: Pick<Clock, 'monotonicMs'>): JobMemory {
  const entries = new Map<string, Entry>();
  const distrusted = new Map<string, number>();
  const all = { rows: 0, bytes: 0 };
  const count = ({ rows, bytes }: Size, sign: 1 | -1): void => {
    all.rows += sign * rows;
    all.bytes += sign * bytes;
  };
  const forget = (key: string): void => {
    const entry = entries.get(key);
    if (entry !== undefined) count(entry.size, -1);
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
      const size = sizeOf(job);
      const entry = { poolId, job, atMs: clock.monotonicMs(), size };
      // What is too large by itself pushes no other job out.
      if (!isTooMuch(size)) {
        entries.set(key, entry);
        count(size, 1);
      }
      // The oldest stand first.
      for (const [oldest, { atMs }] of entries) {
        if (!isTooMuch(all) && !isPast(atMs, rememberedMs)) break;
        forget(oldest);
      }
    },
    forget,
    distrust(key) {
      forget(key);
      for (const [each, sinceMs] of distrusted) if (isPast(sinceMs, distrustedMs)) distrusted.delete(each);
      distrusted.set(key, clock.monotonicMs());
    },
  };
}

const isTooMuch = ({ rows, bytes }: Size): boolean => rows > mostRows || bytes > mostBytes;

function sizeOf({ job, jobNodes, ready }: KnownJob): Size {
  const rows = 1 + jobNodes.length + ready.length;
  // Of so many rows nothing is kept anyway.
  return { rows, bytes: rows > mostRows ? 0 : bytesOf([job, jobNodes, ready]) };
}

// Roughly what it takes in memory; cheaper than writing it as JSON, which `afterSaving` has just done.
function bytesOf(value: unknown): number {
  if (typeof value === 'string') return bytesOfValue + value.length;
  if (typeof value !== 'object' || value === null) return bytesOfValue;
  let bytes = bytesOfValue;
  for (const each of Object.values(value)) bytes += bytesOf(each);
  return bytes;
}
const bytesOfValue = 16;

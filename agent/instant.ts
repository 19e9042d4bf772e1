// Points in time that survive a restart of the agent: on the machine's uptime within one boot, on the wall clock across boots.
import { z } from 'zod';
import type { Clock } from '../shared/clock.js';
import type { Machine } from './processes.js';

export const instantSchema = z.object({ bootId: z.string(), uptimeMs: z.number(), wallMs: z.number() });
export type Instant = z.infer<typeof instantSchema>;

export type NodeTime = {
  now(): Instant;
  /** Milliseconds since `instant`, never negative. */
  ageMs(instant: Instant): number;
};

/** Reads uptime off the clock's monotonic time, from one look at the machine. */
export function createNodeTime(clock: Clock, machine: Machine): NodeTime {
  const offsetMs = machine.uptimeMs - clock.monotonicMs();
  const now = (): Instant => ({
    bootId: machine.bootId,
    uptimeMs: clock.monotonicMs() + offsetMs,
    wallMs: clock.now().getTime(),
  });
  return { now, ageMs: (instant) => ageAt(instant, now()) };
}

/** Milliseconds from `instant` to `now`, never negative; by the wall clock when a boot lies between. */
export function ageAt(instant: Instant, now: Instant): number {
  const ageMs = instant.bootId === now.bootId ? now.uptimeMs - instant.uptimeMs : now.wallMs - instant.wallMs;
  return Math.max(0, ageMs);
}

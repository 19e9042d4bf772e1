// When the jobs of a schedule are due, until when each may still be made, and which occurrences are lost.
// https://learn.microsoft.com/rest/api/batchservice/job-schedule/add#schedule
import type { JobSchedule, LostReason, Recurrence } from './job-schedule.js';

const toIso = (ms: number): string => new Date(ms).toISOString();
const endMs = ({ doNotRunAfter }: Recurrence): number =>
  doNotRunAfter === undefined ? Infinity : Date.parse(doNotRunAfter);

/**
 * From when on (milliseconds since 1970) no job is made for the occurrence at `dueMs` any more: its start window is over, the next one is
 * due, or no job may be made at all.
 */
export function windowEndMs(schedule: Recurrence, dueMs: number): number {
  const { startWindowMs = Infinity, recurrenceIntervalMs = Infinity } = schedule;
  return Math.min(dueMs + startWindowMs, dueMs + recurrenceIntervalMs, endMs(schedule));
}

// What comes later has no place in the form of instants that clients read.
const endOfTimeMs = Date.parse('9999-12-31T23:59:59.999Z');

/** The occurrence at `dueMs`, unless no job may be made by then. */
function unlessTooLate(schedule: Recurrence, dueMs: number): string | undefined {
  return dueMs < Math.min(endMs(schedule), endOfTimeMs) ? toIso(dueMs) : undefined;
}

/** The first occurrence of a schedule added at `now`: at once unless it is to wait. */
export function firstOccurrence(schedule: Recurrence, now: Date): string | undefined {
  const { doNotRunUntil } = schedule;
  return unlessTooLate(schedule, Math.max(now.getTime(), doNotRunUntil === undefined ? 0 : Date.parse(doNotRunUntil)));
}

/** The occurrence after the one at `dueMs`: counted from that, however late its job was made. */
export function occurrenceAfter(schedule: Recurrence, dueMs: number): string | undefined {
  const { recurrenceIntervalMs } = schedule;
  return recurrenceIntervalMs === undefined ? undefined : unlessTooLate(schedule, dueMs + recurrenceIntervalMs);
}

/** The next occurrence once the schedule of `jobSchedule` has been replaced at `now`: none that would have been before. */
export function rescheduled({ definition, lastDueAt }: JobSchedule, now: Date): string | undefined {
  const { schedule } = definition;
  const { doNotRunUntil, recurrenceIntervalMs } = schedule;
  if (lastDueAt !== undefined && recurrenceIntervalMs === undefined) return undefined;
  const afterLastMs = lastDueAt === undefined ? 0 : Date.parse(lastDueAt) + (recurrenceIntervalMs ?? 0);
  const earliestMs = doNotRunUntil === undefined ? 0 : Date.parse(doNotRunUntil);
  return unlessTooLate(schedule, Math.max(afterLastMs, earliestMs, now.getTime()));
}

/** `jobSchedule` without the occurrences whose window has passed by `now`; why the last of them was lost is noted, and how many. */
export function loseOccurrences(jobSchedule: JobSchedule, now: Date): JobSchedule {
  const { nextRunTime, definition, lost } = jobSchedule;
  const { schedule } = definition;
  if (nextRunTime === undefined || now.getTime() < windowEndMs(schedule, Date.parse(nextRunTime))) return jobSchedule;
  const { count, lastMs } = countLost(schedule, Date.parse(nextRunTime), now.getTime());
  const next = occurrenceAfter(schedule, lastMs);
  const { nextRunTime: _, ...rest } = jobSchedule;
  return {
    ...rest,
    ...(next === undefined ? {} : { nextRunTime: next }),
    lastDueAt: toIso(lastMs),
    lost: {
      count: (lost?.count ?? 0) + count,
      lastDueAt: toIso(lastMs),
      lastReason: reasonOf(jobSchedule, windowEndMs(schedule, lastMs)),
    },
  };
}

// Without counting one by one: whoever was away for a year has missed half a million minutes.
function countLost(schedule: Recurrence, firstMs: number, nowMs: number): { count: number; lastMs: number } {
  const { recurrenceIntervalMs } = schedule;
  if (recurrenceIntervalMs === undefined) return { count: 1, lastMs: firstMs };
  const untilMs = Math.min(nowMs, endMs(schedule) - 1);
  const begun = Math.max(0, Math.floor((untilMs - firstMs) / recurrenceIntervalMs));
  const latestMs = firstMs + begun * recurrenceIntervalMs;
  const isLatestLost = begun === 0 || nowMs >= windowEndMs(schedule, latestMs);
  return isLatestLost
    ? { count: begun + 1, lastMs: latestMs }
    : { count: begun, lastMs: latestMs - recurrenceIntervalMs };
}

function reasonOf({ recentJob, state, previousState, stateTransitionTime }: JobSchedule, endedMs: number): LostReason {
  const isBusy = recentJob !== undefined && endedMs <= Date.parse(recentJob.endedAt ?? toIso(endedMs));
  if (isBusy) return 'previousJobActive';
  const wasDisabled =
    state === 'disabled' || (previousState === 'disabled' && endedMs <= Date.parse(stateTransitionTime));
  return wasDisabled ? 'disabled' : 'notLookedAt';
}

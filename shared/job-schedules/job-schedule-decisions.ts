// What is to happen to a job schedule now. Decided from its row and its latest job alone, never from what woke it; deciding twice on the same
// world yields no second effect.
import type { Job } from '../jobs/job.js';
import { isOpen, isOver } from '../jobs/job-decisions.js';
import { unreachable } from '../unreachable.js';
import type { JobSchedule, JobScheduleState, RecentJob } from './job-schedule.js';
import { loseOccurrences, occurrenceAfter, windowEndMs } from './occurrence-decisions.js';

/** What stands in the tables of the latest job. */
export type SeenRecentJob = {
  /** The job, if it is there and is the schedule's own. */
  readonly job?: Job;
  /** Whether the schedule's list of its jobs still names it: without, it was there and was deleted. */
  readonly isListed: boolean;
};

/** Why somebody looks. */
export type LookAsked = {
  /** Messages may have been lost: what was decided and may not have been sent is sent again. */
  readonly reask: boolean;
  /** By the wake-up that was under way. */
  readonly isWoken: boolean;
};

export type LookStep =
  /** The latest job is to be added. */
  | 'addJob'
  /** The latest job is to be terminated. */
  | 'terminateJob'
  /** All jobs are to be deleted, then the schedule. */
  | 'removeJobs'
  | 'rest';

export type LookDecision = {
  readonly schedule: JobSchedule;
  readonly step: LookStep;
  /** A message is to wake the schedule then. */
  readonly wakeUpAt?: Date;
};

/** Batch's reason for the end of a job whose schedule was terminated. */
export const terminateReason = 'TerminateJobSchedule';

const endingStates: readonly JobScheduleState[] = ['terminating', 'completed', 'deleting'];

/** Whether the schedule goes on with this job. */
export const wantsJob = ({ state, recentJob }: JobSchedule, { incarnation }: Pick<Job, 'incarnation'>): boolean =>
  !endingStates.includes(state) && recentJob?.incarnation === incarnation && recentJob.endedAt === undefined;

const longestAheadMs = 24 * 3600_000;
// A wake-up that comes a little early by the controller's clock has come all the same.
const earlyMs = 60_000;
// Two sweeps: a wake-up that was lost is sent again in time, and a schedule with nothing due soon costs nothing.
const sweptAheadMs = 2 * 5 * 60_000;

/** `jobSchedule` in another state, with the trace of the one before. */
export function enterState(jobSchedule: JobSchedule, state: JobScheduleState, now: Date): JobSchedule {
  return {
    ...jobSchedule,
    state,
    stateTransitionTime: now.toISOString(),
    previousState: jobSchedule.state,
    previousStateTransitionTime: jobSchedule.stateTransitionTime,
  };
}

/** Decides one look. `newIncarnation` is for the job that may be due. */
export function decideLook(
  before: JobSchedule,
  recent: SeenRecentJob,
  asked: LookAsked,
  { now, newIncarnation }: { readonly now: Date; readonly newIncarnation: string },
): LookDecision {
  const seen = hearOfJob(before, recent, now);
  const { state } = seen;
  switch (state) {
    case 'completed':
      return { schedule: seen, step: 'rest' };
    case 'deleting':
      return { schedule: seen, step: 'removeJobs' };
    case 'terminating':
      return terminate(seen, recent, now);
    case 'disabled':
      return { schedule: seen, step: isToBeAdded(seen) ? 'addJob' : 'rest' };
    case 'active':
      return withWakeUp(goOn(seen, now, newIncarnation), asked, now);
    default:
      return unreachable(state);
  }
}

/** Notes what has become of the latest job. */
function hearOfJob(jobSchedule: JobSchedule, { job, isListed }: SeenRecentJob, now: Date): JobSchedule {
  const { recentJob } = jobSchedule;
  if (recentJob === undefined || recentJob.endedAt !== undefined) return jobSchedule;
  const isKnown = recentJob.isAdded === true || job !== undefined || !isListed;
  const hasEnded = isKnown && (job === undefined || isOver(job));
  const next: RecentJob = {
    ...recentJob,
    ...(isKnown ? { isAdded: true as const } : {}),
    ...(hasEnded ? { endedAt: job?.endTime ?? now.toISOString() } : {}),
  };
  const isSame = next.isAdded === recentJob.isAdded && next.endedAt === recentJob.endedAt;
  return isSame ? jobSchedule : { ...jobSchedule, recentJob: next };
}

/** Whether the latest job is active, or is to be. */
export const isBusy = ({ recentJob }: JobSchedule): boolean =>
  recentJob !== undefined && recentJob.endedAt === undefined;

const isToBeAdded = (jobSchedule: JobSchedule): boolean =>
  isBusy(jobSchedule) && jobSchedule.recentJob?.isAdded !== true;

function terminate(jobSchedule: JobSchedule, { job }: SeenRecentJob, now: Date): LookDecision {
  // One that was decided and not added yet never is; should a look add it all the same, its first pass asks for the schedule, and ends it.
  const { recentJob: _, ...withoutJob } = jobSchedule;
  if (isToBeAdded(jobSchedule)) return { schedule: complete(withoutJob, now), step: 'rest' };
  if (!isBusy(jobSchedule)) return { schedule: complete(jobSchedule, now), step: 'rest' };
  const isToBeHastened = jobSchedule.isForced === true && job?.state === 'terminating' && job.isForced !== true;
  const isAsked = job !== undefined && (isOpen(job) || isToBeHastened);
  return { schedule: jobSchedule, step: isAsked ? 'terminateJob' : 'rest' };
}

function complete(jobSchedule: JobSchedule, now: Date): JobSchedule {
  const { nextRunTime: _, ...rest } = enterState(jobSchedule, 'completed', now);
  return { ...rest, lastModified: now.toISOString(), endTime: now.toISOString() };
}

function goOn(seen: JobSchedule, now: Date, newIncarnation: string): LookDecision {
  const jobSchedule = loseOccurrences(seen, now);
  if (isToBeAdded(jobSchedule)) return { schedule: jobSchedule, step: 'addJob' };
  if (isBusy(jobSchedule)) return { schedule: jobSchedule, step: 'rest' };
  const { nextRunTime } = jobSchedule;
  if (nextRunTime !== undefined && Date.parse(nextRunTime) <= now.getTime())
    return { schedule: beginJob(jobSchedule, nextRunTime, newIncarnation), step: 'addJob' };
  return { schedule: isFinished(jobSchedule, now) ? complete(jobSchedule, now) : jobSchedule, step: 'rest' };
}

function beginJob(jobSchedule: JobSchedule, dueAt: string, incarnation: string): JobSchedule {
  const { nextRunTime: _, ...rest } = jobSchedule;
  const next = occurrenceAfter(rest.definition.schedule, Date.parse(dueAt));
  return {
    ...rest,
    ...(next === undefined ? {} : { nextRunTime: next }),
    lastDueAt: dueAt,
    recentJob: { number: (rest.recentJob?.number ?? 0) + 1, incarnation, dueAt },
  };
}

/** Whether no job will follow: without recurrence once its only occurrence is past, else once no job may be made any more. */
function isFinished({ nextRunTime, definition, lastDueAt }: JobSchedule, now: Date): boolean {
  if (nextRunTime !== undefined) return false;
  const { recurrenceIntervalMs, doNotRunAfter } = definition.schedule;
  const isOneShotDone = recurrenceIntervalMs === undefined && lastDueAt !== undefined;
  return isOneShotDone || (doNotRunAfter !== undefined && Date.parse(doNotRunAfter) <= now.getTime());
}

/** When something is due that nobody else will tell, in milliseconds since 1970; Infinity = never. */
export function nextLookMs(jobSchedule: JobSchedule): number {
  const { state, nextRunTime, definition } = jobSchedule;
  const { schedule } = definition;
  if (state !== 'active') return Infinity;
  const dueMs = nextRunTime === undefined ? undefined : Date.parse(nextRunTime);
  if (isBusy(jobSchedule)) return dueMs === undefined ? Infinity : windowEndMs(schedule, dueMs);
  return dueMs ?? (schedule.doNotRunAfter === undefined ? Infinity : Date.parse(schedule.doNotRunAfter));
}

/** Notes the wake-up for the next instant at which something is due, unless an earlier one is under way; of a far one the way is gone in steps. */
function withWakeUp(decision: LookDecision, asked: LookAsked, now: Date): LookDecision {
  const { schedule } = decision;
  const wantedMs = nextLookMs(schedule);
  if (wantedMs === Infinity) return decision;
  const nowMs = now.getTime();
  const underWayMs = schedule.wakeUpAt === undefined ? -Infinity : Date.parse(schedule.wakeUpAt);
  const hasCome = underWayMs <= nowMs + (asked.isWoken ? earlyMs : 0);
  if (!hasCome && underWayMs <= wantedMs)
    return asked.reask ? { ...decision, wakeUpAt: new Date(underWayMs) } : decision;
  const wakeUpAt = new Date(Math.min(Math.max(wantedMs, nowMs), nowMs + longestAheadMs));
  return { ...decision, schedule: { ...schedule, wakeUpAt: wakeUpAt.toISOString() }, wakeUpAt };
}

/**
 * Whether the sweep has to see to it: something is overdue, or due so soon that a lost wake-up would be missed, or waits for what somebody may
 * have forgotten to tell.
 */
export function isToBeSwept(jobSchedule: JobSchedule, now: Date): boolean {
  const { state } = jobSchedule;
  if (state === 'terminating' || state === 'deleting' || isBusy(jobSchedule)) return true;
  return nextLookMs(jobSchedule) <= now.getTime() + sweptAheadMs;
}

// What may become of a job, apart from its nodes.
import type { JobRef } from '../pools/pool.js';
import type { ReadyTask } from '../tasks/task.js';
import { jobManagerOrder } from './job-manager.js';
import type { DueChange, Job, JobState } from './job.js';

/** `job` in another state, with the trace of the one before; what was due in that one no longer is. */
export function enter(job: Job, state: JobState, now: Date): Job {
  const { due: _, disableTasks: __, blocked: ___, ...kept } = job;
  return {
    ...kept,
    state,
    stateTransitionTime: now.toISOString(),
    previousState: job.state,
    previousStateTransitionTime: job.stateTransitionTime,
  };
}

/**
 * An open job that is told to end. Where no node was ever assigned a task, nothing is owed and it completes at once.
 * The first reason stays.
 */
export function decideTermination(job: Job, terminateReason: string, now: Date): Job {
  const ending = { ...enter(job, 'terminating', now), lastModified: now.toISOString(), terminateReason };
  return job.everAssigned ? ending : complete(ending, now);
}

/** A job whose end is under way and is not to wait for its nodes any more. */
export function hasten(job: Job, now: Date): Job {
  return { ...job, lastModified: now.toISOString(), isForced: true };
}

/** A terminating job whose last obligation has ended. */
export function complete(job: Job, now: Date): Job {
  return { ...enter(job, 'completed', now), endTime: now.toISOString() };
}

/** Whether nothing has ended the job yet: tasks can be added, and run unless it is disabled. */
export function isOpen({ state }: Job): boolean {
  return state === 'active' || state === 'disabling' || state === 'disabled';
}

/** `job` with something to happen to it in the next look at it. What came first stands, except that an end outranks a pause. */
export function withDue(job: Job, due: DueChange): Job {
  const isFirst = job.due === undefined || (job.due.kind === 'disable' && due.kind === 'terminate');
  return isOpen(job) && isFirst ? { ...job, due } : job;
}

/** Whether the end of this task, whatever its result, ends the job: it is its manager. */
export function endsJob({ definition }: Job, { order }: Pick<ReadyTask, 'order'>): boolean {
  return definition.jobManagerTask?.killJobOnCompletion === true && order === jobManagerOrder;
}

/** When the job's time is over, as ISO 8601 UTC: counted from its creation, also while it is disabled. */
export function deadlineOf(job: Job): string | undefined {
  const { maxWallClockMs } = job.definition.constraints;
  if (maxWallClockMs === undefined || !isOpen(job)) return undefined;
  return new Date(Date.parse(job.creationTime) + maxWallClockMs).toISOString();
}

/** What the job's pool keeps of it. */
export function referenceTo(job: Job, hasReady: boolean): JobRef {
  const { id, priority } = job.definition;
  const deadline = deadlineOf(job);
  const { incarnation } = job;
  return { jobId: id, incarnation, priority, hasReady, ...(deadline === undefined ? {} : { deadline }) };
}

// Twice as long and more as any execution of a function may take, by `functionTimeout` in host.json.
const underWayMs = 10 * 60_000;

/** Whether somebody who has told at `since` that a job is about to come may still be bringing it. */
export const mayBeUnderWay = (since: string, now: Date): boolean => now.getTime() - Date.parse(since) < underWayMs;

/** Whether two jobs, or one before and after a change, are to run in the same pool. */
export const isSamePool = (one: Job, other: Job): boolean =>
  one.definition.poolId.toLowerCase() === other.definition.poolId.toLowerCase();

/** Whether releases may still be owed by a job in this state. */
export function isEnding(job: Job): boolean {
  return job.state === 'terminating' || (job.state === 'deleting' && job.previousState !== 'completed');
}

/** Whether every obligation of the job has ended. */
export function isOver(job: Job): boolean {
  return job.state === 'completed' || (job.state === 'deleting' && job.previousState === 'completed');
}

// What may become of a job, apart from its nodes.
import type { Job, JobState } from './job.js';

/** `job` in another state, with the trace of the one before. */
export function enter(job: Job, state: JobState, now: Date): Job {
  return {
    ...job,
    state,
    stateTransitionTime: now.toISOString(),
    previousState: job.state,
    previousStateTransitionTime: job.stateTransitionTime,
  };
}

/**
 * An active job that is told to end. Where no node was ever assigned a task, nothing is owed and it completes at once.
 * The first reason stays.
 */
export function decideTermination(job: Job, terminateReason: string, now: Date): Job {
  const ending = { ...enter(job, 'terminating', now), lastModified: now.toISOString(), terminateReason };
  return job.everAssigned ? ending : complete(ending, now);
}

/** A terminating job whose last obligation has ended. */
export function complete(job: Job, now: Date): Job {
  return { ...enter(job, 'completed', now), endTime: now.toISOString() };
}

/** Whether releases may still be owed by a job in this state. */
export function isEnding(job: Job): boolean {
  return job.state === 'terminating' || (job.state === 'deleting' && job.previousState !== 'completed');
}

/** Whether every obligation of the job has ended. */
export function isOver(job: Job): boolean {
  return job.state === 'completed' || (job.state === 'deleting' && job.previousState === 'completed');
}

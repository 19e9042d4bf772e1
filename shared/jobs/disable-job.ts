// Pausing a job and letting it go on: nothing of it is assigned meanwhile, and no release runs.
import { BatchError } from '../errors.js';
import { owedEvent, type OwedEvent } from '../events/event.js';
import type { Conditions } from '../rest/conditions.js';
import type { Services } from '../services.js';
import { changeJob } from './change-job.js';
import { enter } from './job-decisions.js';
import type { DisableTasks, Job } from './job.js';
import { refuseUnlessOpen } from './read-jobs.js';

/**
 * Disables an open job, also one that is disabled already; the next pass deals with its tasks as `disableTasks` says.
 * Throws JobNotFound, JobBeingTerminated, JobCompleted, JobBeingDeleted, ConditionNotMet.
 * https://learn.microsoft.com/rest/api/batchservice/job/disable
 */
export async function disableJob(
  services: Services,
  jobId: string,
  { disableTasks, conditions }: { readonly disableTasks: DisableTasks; readonly conditions: Conditions },
): Promise<Job> {
  const decide = (job: Job, now: Date) => {
    refuseUnlessOpen(job, 'it cannot be disabled');
    return {
      job: { ...enter(job, 'disabling', now), disableTasks },
      events: [toEvent('dev.bookend.job.disable.start', job, now, { disableTasks })],
    };
  };
  return changeJob(services, jobId, decide, { conditions });
}

/**
 * Lets a job go on that is disabled or is being disabled. Runs that were killed to wait again still do.
 * Throws JobNotFound, JobBeingTerminated, JobCompleted, JobBeingDeleted, ConditionNotMet, OperationInvalidForCurrentState for an active job.
 * https://learn.microsoft.com/rest/api/batchservice/job/enable
 */
export async function enableJob(
  services: Services,
  jobId: string,
  { conditions }: { readonly conditions: Conditions },
): Promise<Job> {
  const decide = (job: Job, now: Date) => {
    refuseUnlessOpen(job, 'it cannot be enabled');
    if (job.state === 'active') {
      throw new BatchError(
        'OperationInvalidForCurrentState',
        `Job '${job.definition.id}' is active; only a job that is disabled can be enabled`,
      );
    }
    return { job: enter(job, 'active', now), events: [toEvent('dev.bookend.job.enable', job, now, {})] };
  };
  return changeJob(services, jobId, decide, { conditions });
}

function toEvent(type: OwedEvent['type'], job: Job, now: Date, data: Record<string, unknown>): OwedEvent {
  const { definition, incarnation } = job;
  const identity = [incarnation, now.toISOString()];
  return owedEvent(type, `/jobs/${definition.id}`, now, identity, { jobId: definition.id, ...data });
}

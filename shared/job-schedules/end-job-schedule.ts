// Ending a job schedule on a user's word: the row remembers it, the next look ends its jobs.
import { BatchError } from '../errors.js';
import type { Conditions } from '../rest/conditions.js';
import type { Services } from '../services.js';
import { changeJobSchedule, refuseUnlessOpen } from './change-job-schedule.js';
import { enterState } from './job-schedule-decisions.js';
import type { JobSchedule } from './job-schedule.js';

type Asked = { readonly force?: boolean; readonly conditions: Conditions };

/**
 * Terminates an open schedule and its active job; with `force` the end does not wait for nodes, also when it is under way.
 * Throws JobScheduleNotFound, JobScheduleBeingTerminated, JobScheduleCompleted, JobScheduleBeingDeleted, ConditionNotMet.
 * https://learn.microsoft.com/rest/api/batchservice/job-schedule/terminate
 */
export function terminateJobSchedule(
  services: Services,
  scheduleId: string,
  { force = false, conditions }: Asked,
): Promise<JobSchedule> {
  const decide = (before: JobSchedule, now: Date): JobSchedule => {
    if (force && before.state === 'terminating') return { ...before, isForced: true };
    refuseUnlessOpen(before, 'it cannot be terminated');
    return { ...enterState(before, 'terminating', now), ...(force && { isForced: true }) };
  };
  return changeJobSchedule(services, scheduleId, decide, { conditions });
}

/**
 * Starts the deletion of a schedule in any state, with all jobs that it made; `force` as above.
 * Throws JobScheduleNotFound, JobScheduleBeingDeleted, ConditionNotMet.
 * https://learn.microsoft.com/rest/api/batchservice/job-schedule/delete
 */
export async function deleteJobSchedule(
  services: Services,
  scheduleId: string,
  { force = false, conditions }: Asked,
): Promise<void> {
  const decide = (before: JobSchedule, now: Date): JobSchedule => {
    if (before.state !== 'deleting')
      return { ...enterState(before, 'deleting', now), ...(force && { isForced: true }) };
    if (force) return { ...before, isForced: true };
    throw new BatchError('JobScheduleBeingDeleted', `Job schedule '${scheduleId}' is already being deleted`);
  };
  await changeJobSchedule(services, scheduleId, decide, { conditions });
}

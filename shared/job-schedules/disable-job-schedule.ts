// Pausing a job schedule and letting it go on: no job is made meanwhile; the one that is active goes on.
import type { Conditions } from '../rest/conditions.js';
import type { Services } from '../services.js';
import { changeJobSchedule, refuseUnlessOpen } from './change-job-schedule.js';
import { enterState } from './job-schedule-decisions.js';
import type { JobSchedule } from './job-schedule.js';

type Asked = { readonly conditions: Conditions };

/**
 * Disables an open schedule; one that is disabled stays as it is. Throws JobScheduleNotFound, JobScheduleBeingTerminated, JobScheduleCompleted,
 * JobScheduleBeingDeleted, ConditionNotMet. https://learn.microsoft.com/rest/api/batchservice/job-schedule/disable
 */
export function disableJobSchedule(services: Services, scheduleId: string, asked: Asked): Promise<JobSchedule> {
  const decide = (before: JobSchedule, now: Date): JobSchedule => {
    refuseUnlessOpen(before, 'it cannot be disabled');
    return before.state === 'disabled' ? before : enterState(before, 'disabled', now);
  };
  return changeJobSchedule(services, scheduleId, decide, asked);
}

/**
 * Enables an open schedule; one that is active stays as it is. An occurrence whose start window is still open has its job then. Throws as
 * disableJobSchedule does. https://learn.microsoft.com/rest/api/batchservice/job-schedule/enable
 */
export function enableJobSchedule(services: Services, scheduleId: string, asked: Asked): Promise<JobSchedule> {
  const decide = (before: JobSchedule, now: Date): JobSchedule => {
    refuseUnlessOpen(before, 'it cannot be enabled');
    return before.state === 'active' ? before : enterState(before, 'active', now);
  };
  return changeJobSchedule(services, scheduleId, decide, asked);
}

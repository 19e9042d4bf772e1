// Changing what of a job schedule can be changed: it holds for jobs that are made from then on.
import { requireStorable } from '../rest/request-body.js';
import type { Conditions } from '../rest/conditions.js';
import type { Services } from '../services.js';
import { changeJobSchedule, refuseUnlessOpen } from './change-job-schedule.js';
import type { JobScheduleChanges } from './job-schedule-body.js';
import type { JobSchedule } from './job-schedule.js';
import { rescheduled } from './occurrence-decisions.js';
import { withSharedPool } from './shared-pool.js';

/**
 * Changes an open schedule. Throws JobScheduleNotFound, JobScheduleBeingTerminated, JobScheduleCompleted, JobScheduleBeingDeleted,
 * ConditionNotMet, RequestBodyTooLarge.
 * https://learn.microsoft.com/rest/api/batchservice/job-schedule/update
 */
export async function updateJobSchedule(
  services: Services,
  scheduleId: string,
  { changes, conditions }: { readonly changes: JobScheduleChanges; readonly conditions: Conditions },
): Promise<JobSchedule> {
  return changeJobSchedule(
    services,
    scheduleId,
    (before, now) => {
      refuseUnlessOpen(before, 'it cannot be changed');
      return decideUpdate(before, changes, now);
    },
    { conditions },
  );
}

/** The schedule with these changes. Another recurrence counts from the last occurrence; the same one leaves the next where it is. */
export function decideUpdate(before: JobSchedule, changes: JobScheduleChanges, now: Date): JobSchedule {
  const changed = withSharedPool({ ...before, definition: requireStorable({ ...before.definition, ...changes }) });
  if (sameText(before.definition.schedule, changed.definition.schedule)) return changed;
  const { nextRunTime: _, ...rest } = changed;
  const nextRunTime = rescheduled(rest, now);
  return { ...rest, ...(nextRunTime === undefined ? {} : { nextRunTime }) };
}

const sameText = (one: object, other: object): boolean =>
  JSON.stringify(Object.entries(one).sort()) === JSON.stringify(Object.entries(other).sort());

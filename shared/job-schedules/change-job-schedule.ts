// Changing a job schedule on a user's word, safely repeated: an attempt whose answer was lost finds its own stamp and is not done twice.
import { BatchError } from '../errors.js';
import { jobScheduleHintTypes, sendJobScheduleHints } from '../events/job-schedule-hints.js';
import { requireConditions, type Conditions } from '../rest/conditions.js';
import { toValidators } from '../rest/etag.js';
import type { Services } from '../services.js';
import { tryAgain } from '../tables/try-again.js';
import { unreachable } from '../unreachable.js';
import type { JobSchedule } from './job-schedule.js';
import { headRow, jobSchedulePartition, toJobScheduleHead } from './job-schedule-rows.js';
import { loadStoredJobSchedule } from './read-job-schedules.js';

/**
 * Saves what `decide` makes of the schedule, then has it look. `decide` may be asked again after a lost race, throws to refuse, and answers what
 * it was given to change nothing. Throws JobScheduleNotFound and ConditionNotMet.
 */
export async function changeJobSchedule(
  services: Services,
  scheduleId: string,
  decide: (jobSchedule: JobSchedule, now: Date) => JobSchedule,
  { conditions }: { readonly conditions: Conditions },
): Promise<JobSchedule> {
  const { table, clock, ids } = services;
  const writeStamp = ids.uuid();
  let meant: string | undefined;
  const changed = await tryAgain(services, async () => {
    const { schedule, etag } = await loadStoredJobSchedule(services, scheduleId, meant);
    meant = schedule.incarnation;
    if (schedule.writeStamp === writeStamp) return schedule;
    requireConditions(conditions, toValidators(schedule.lastModified));
    const now = clock.now();
    const decided = decide(schedule, now);
    if (decided === schedule) return schedule;
    const next: JobSchedule = { ...decided, lastModified: now.toISOString(), writeStamp };
    await table.write(jobSchedulePartition(scheduleId), [
      { type: 'replace', row: headRow, values: toJobScheduleHead(next), etag },
    ]);
    return next;
  });
  await sendJobScheduleHints(services, jobScheduleHintTypes.changed, [changed.definition.id]);
  return changed;
}

/**
 * The refusal for a write that needs a schedule which nothing has ended.
 * Throws JobScheduleBeingTerminated, JobScheduleCompleted, JobScheduleBeingDeleted.
 */
export function refuseUnlessOpen({ state, definition }: JobSchedule, attempted: string): void {
  const text = `Job schedule '${definition.id}' is ${state}; ${attempted}`;
  switch (state) {
    case 'active':
    case 'disabled':
      return;
    case 'terminating':
      throw new BatchError('JobScheduleBeingTerminated', text);
    case 'completed':
      throw new BatchError('JobScheduleCompleted', text);
    case 'deleting':
      throw new BatchError('JobScheduleBeingDeleted', text);
    default:
      unreachable(state);
  }
}

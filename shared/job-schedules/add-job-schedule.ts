// Adding a job schedule: its place in the list first, so that none exists that the sweep could not find; then its head; its place once more, as a
// sweep may have taken off one without a head; then its first look, so that a job that is due at once is there when the request is answered.
import { BatchError } from '../errors.js';
import { jobScheduleHintTypes, sendJobScheduleHints } from '../events/job-schedule-hints.js';
import type { Services } from '../services.js';
import { TableConflict } from '../tables/table.js';
import { tryAgain } from '../tables/try-again.js';
import type { JobSchedule, JobScheduleDefinition } from './job-schedule.js';
import { fromJobScheduleHead, headRow, jobSchedulePartition, toJobScheduleHead } from './job-schedule-rows.js';
import { jobScheduleListPartition } from './job-schedule-rows.js';
import { lookAtJobSchedule } from './look-at-job-schedule.js';
import { firstOccurrence } from './occurrence-decisions.js';
import { withSharedPool } from './shared-pool.js';

/**
 * Adds the schedule. Throws JobScheduleExists, JobWithSameIdExists, and JobScheduleBeingDeleted while an older one of that id is still going.
 * https://learn.microsoft.com/rest/api/batchservice/job-schedule/add
 */
export async function addJobSchedule(services: Services, definition: JobScheduleDefinition): Promise<JobSchedule> {
  const { table, clock, ids } = services;
  const incarnation = ids.uuid();
  const added = await tryAgain(services, async () => {
    const fresh = toNewJobSchedule(definition, incarnation, clock.now());
    await list(services, definition.id);
    try {
      await table.write(jobSchedulePartition(definition.id), [
        { type: 'insert', row: headRow, values: toJobScheduleHead(fresh) },
      ]);
      return fresh;
    } catch (error) {
      if (!(error instanceof TableConflict && error.kind === 'exists')) throw error;
      return await toExisting(services, definition.id, incarnation);
    }
  });
  // Once more: a sweep that found the place in the list without a head may have taken it off in between.
  await tryAgain(services, () => list(services, definition.id));
  await lookNow(services, definition.id);
  return added;
}

// Written anew even if it is there: whoever has read it before and is about to remove it finds it changed, and leaves it.
async function list({ table }: Services, scheduleId: string): Promise<void> {
  await table.write(jobScheduleListPartition, [{ type: 'upsert', row: scheduleId.toLowerCase(), values: {} }]);
}

// The look sends the wake-up for what is due later. Should it fail, the schedule is there all the same, and has to be looked at by somebody else,
// who sends again what this one may have noted and not sent: so do looks for the sweep.
async function lookNow(services: Services, scheduleId: string): Promise<void> {
  try {
    await lookAtJobSchedule(services, scheduleId, { reask: false, isWoken: false });
  } catch (error) {
    services.log.warn('first look at a job schedule failed, another is asked for', { scheduleId, error });
    await sendJobScheduleHints(services, jobScheduleHintTypes.sweep, [scheduleId]);
  }
}

function toNewJobSchedule(definition: JobScheduleDefinition, incarnation: string, now: Date): JobSchedule {
  const at = now.toISOString();
  const nextRunTime = firstOccurrence(definition.schedule, now);
  return withSharedPool({
    definition,
    incarnation,
    creationTime: at,
    lastModified: at,
    state: 'active',
    stateTransitionTime: at,
    ...(nextRunTime === undefined ? {} : { nextRunTime }),
  });
}

// An insert whose answer was lost finds its own row when it is tried again.
async function toExisting({ table }: Services, scheduleId: string, incarnation: string): Promise<JobSchedule> {
  const head = await table.get(jobSchedulePartition(scheduleId), headRow);
  if (head === undefined)
    throw new TableConflict('changed', `Job schedule '${scheduleId}' went away while it was being added again`);
  const existing = fromJobScheduleHead(head);
  if (existing === undefined)
    throw new BatchError('JobWithSameIdExists', `A job has the id '${scheduleId}'; a job schedule cannot have it too`);
  if (existing.incarnation === incarnation) return existing;
  if (existing.state === 'deleting')
    throw new BatchError(
      'JobScheduleBeingDeleted',
      `Job schedule '${scheduleId}' is still being deleted; it cannot be added again yet`,
    );
  throw new BatchError('JobScheduleExists', `Job schedule '${scheduleId}' exists already`);
}

// The safety net of job schedules: those that are overdue or due soon, or wait for what somebody may have forgotten to tell, are asked to look.
import { jobScheduleHintTypes, sendJobScheduleHints } from '../events/job-schedule-hints.js';
import type { Services } from '../services.js';
import { TableConflict, type Entity } from '../tables/table.js';
import { isToBeSwept } from './job-schedule-decisions.js';
import { headRow, jobScheduleListPartition, jobSchedulePartition, fromJobScheduleHead } from './job-schedule-rows.js';

const pageSize = 100;

/** Sends one hint to each schedule that has to look; takes ids off the list that no schedule has. */
export async function sweepJobSchedules(services: Services): Promise<void> {
  const { table, clock } = services;
  let continuation: string | undefined;
  do {
    const page = await table.query(jobScheduleListPartition, {}, pageSize, continuation);
    const due: string[] = [];
    for (const key of page.entities) {
      const head = await table.get(jobSchedulePartition(key.row), headRow);
      const schedule = head && fromJobScheduleHead(head);
      if (schedule === undefined) await forget(services, key);
      else if (isToBeSwept(schedule, clock.now())) due.push(schedule.definition.id);
    }
    await sendJobScheduleHints(services, jobScheduleHintTypes.sweep, due);
    continuation = page.continuation;
  } while (continuation !== undefined);
}

// Whoever adds a schedule of that id writes the row anew before its head and after it: what is removed in between is there again.
async function forget({ table }: Services, { row, etag }: Entity): Promise<void> {
  try {
    await table.write(jobScheduleListPartition, [{ type: 'delete', row, etag }]);
  } catch (error) {
    if (!(error instanceof TableConflict)) throw error;
  }
}

// The end of a schedule that is being deleted: its jobs are deleted, each with its releases, some at a time; when none is left, the schedule goes.
import { BatchError } from '../errors.js';
import { hintTypes, sendHint } from '../events/hints.js';
import { deleteJob } from '../jobs/delete-job.js';
import { readJobHeads } from '../jobs/read-jobs.js';
import { scheduledJobId } from '../jobs/scheduled-job-id.js';
import { unconditional } from '../rest/conditions.js';
import type { Services } from '../services.js';
import { isRowOf } from '../tables/row-owner.js';
import { TableConflict, type Entity, type Write } from '../tables/table.js';
import type { JobSchedule } from './job-schedule.js';
import type { LookAsked } from './job-schedule-decisions.js';
import {
  headRow,
  jobScheduleListPartition,
  jobSchedulePartition,
  numberOfRow,
  fromJobScheduleHead,
  headAndJobs,
} from './job-schedule-rows.js';
import { findJobSchedule } from './read-job-schedules.js';

// Each job that goes has the schedule look again, and that costs as many reads.
const jobsAtOnce = 20;

/** Deletes the next jobs of a schedule that is being deleted; without any, the schedule itself. To be done again whenever one of them is gone. */
export async function removeJobsOfSchedule(
  services: Services,
  schedule: JobSchedule,
  asked: Pick<LookAsked, 'reask'>,
): Promise<void> {
  const { table } = services;
  const partition = jobSchedulePartition(schedule.definition.id);
  for (;;) {
    const page = await table.query(partition, headAndJobs, 1 + jobsAtOnce);
    const [head, ...rows] = page.entities;
    // Another schedule may have the id by now, and the jobs would be its.
    if (head === undefined || fromJobScheduleHead(head)?.incarnation !== schedule.incarnation) return;
    const open: readonly boolean[] = await Promise.all(rows.map((row) => removeJob(services, schedule, row, asked)));
    if (open.includes(true)) return;
    if (rows.length === 0 && page.continuation === undefined) return removeSchedule(services, schedule);
  }
}

/** Whether the job is still there. */
async function removeJob(
  services: Services,
  { definition, isForced }: JobSchedule,
  listed: Entity,
  { reask }: Pick<LookAsked, 'reask'>,
): Promise<boolean> {
  const { partition, row, etag } = listed;
  const jobId = scheduledJobId(definition.id, numberOfRow(row));
  const [job] = await readJobHeads(services, [jobId]);
  // By the next schedule of this id there may be another job of that number by now.
  if (job === undefined || !isRowOf(listed, job.incarnation)) {
    await unlessGone(() => services.table.write(partition, [{ type: 'delete', row, etag }]));
    return false;
  }
  const isToBeHastened = isForced === true && job.isForced !== true;
  if (job.state !== 'deleting' || isToBeHastened)
    await deleteJob(services, jobId, {
      force: isForced === true,
      conditions: unconditional,
      incarnation: job.incarnation,
    }).catch(unlessDeleted);
  // Whoever deleted it may have died before telling its pool.
  else if (reask) await sendHint(services, hintTypes.jobEnding, { poolId: job.definition.poolId, jobId });
  return true;
}

/** Removes the head, then the place in the list unless it was written anew for another schedule of that id. */
async function removeSchedule(
  services: Services,
  { definition, incarnation, sharedPoolId }: JobSchedule,
): Promise<void> {
  const { table } = services;
  const { id } = definition;
  const listed = await table.get(jobScheduleListPartition, id.toLowerCase());
  const stored = await findJobSchedule(services, id);
  if (stored?.schedule.incarnation !== incarnation || stored.schedule.state !== 'deleting') return;
  // The pool goes now that no job of the schedule is left; should it not hear of it, the sweep has it look.
  if (sharedPoolId !== undefined) await sendHint(services, hintTypes.poolChanged, { poolId: sharedPoolId });
  const remove = (partition: string, row: string, etag: string): Promise<void> => {
    const write: Write = { type: 'delete', row, etag };
    return unlessGone(() => table.write(partition, [write]));
  };
  await remove(jobSchedulePartition(id), headRow, stored.etag);
  if (listed !== undefined) await remove(jobScheduleListPartition, listed.row, listed.etag);
}

async function unlessGone(attempt: () => Promise<unknown>): Promise<void> {
  try {
    await attempt();
  } catch (error) {
    if (!(error instanceof TableConflict)) throw error; // Another look was faster, or it belongs to another schedule by now.
  }
}

function unlessDeleted(error: unknown): void {
  if (error instanceof BatchError && (error.code === 'JobNotFound' || error.code === 'JobBeingDeleted')) return;
  throw error;
}

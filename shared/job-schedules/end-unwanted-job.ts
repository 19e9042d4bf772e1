// A look may be slow: between its decision and the job that it adds, the schedule may have come to its end, or another look may have added that
// job and seen it go. Whoever has added a job therefore looks back, and ends it if nobody will see to it any more.
import { deleteJob } from '../jobs/delete-job.js';
import { scheduledJobId } from '../jobs/scheduled-job-id.js';
import { terminateJob } from '../jobs/terminate-job.js';
import { unconditional } from '../rest/conditions.js';
import type { Services } from '../services.js';
import { tryAgain } from '../tables/try-again.js';
import type { JobSchedule, JobScheduleState, RecentJob } from './job-schedule.js';
import { jobSchedulePartition, scheduledJobRow } from './job-schedule-rows.js';
import { findJobSchedule } from './read-job-schedules.js';
import { unlessRefused } from './unless-refused.js';

/** Batch's reason for the end of a job whose schedule was terminated. */
export const terminateReason = 'TerminateJobSchedule';

const endingStates: readonly JobScheduleState[] = ['terminating', 'completed', 'deleting'];

/**
 * Ends the job that was just added for `meant` unless the schedule, read anew, still wants it: deletes it if no schedule lists it any more or its
 * schedule is being deleted, else terminates it. Leaves a job alone that is gone, ended, or of another incarnation.
 */
export async function endUnwantedJob(
  services: Services,
  { definition, incarnation }: JobSchedule,
  meant: RecentJob,
): Promise<void> {
  const stored = await tryAgain(services, () => findJobSchedule(services, definition.id));
  const schedule = stored?.schedule.incarnation === incarnation ? stored.schedule : undefined;
  if (schedule !== undefined && wants(schedule, meant)) return;
  const jobId = scheduledJobId(definition.id, meant.number);
  const how = { force: schedule?.isForced === true, conditions: unconditional, incarnation: meant.incarnation };
  const isToGo =
    schedule === undefined || schedule.state === 'deleting' || !(await isListed(services, meant, schedule));
  services.log.info('job of a schedule is not wanted any more', { jobId, scheduleState: schedule?.state ?? 'gone' });
  if (isToGo) await unlessRefused(deleteJob(services, jobId, how), ['JobNotFound', 'JobBeingDeleted']);
  else
    await unlessRefused(terminateJob(services, jobId, { ...how, terminateReason }), [
      'JobNotFound',
      'JobBeingTerminated',
      'JobCompleted',
      'JobBeingDeleted',
    ]);
}

const wants = ({ state, recentJob }: JobSchedule, meant: RecentJob): boolean =>
  !endingStates.includes(state) && recentJob?.incarnation === meant.incarnation && recentJob.endedAt === undefined;

// The row goes when the job is deleted: without it the job was brought back by this look.
async function isListed(services: Services, { number }: RecentJob, { definition }: JobSchedule): Promise<boolean> {
  const partition = jobSchedulePartition(definition.id);
  const row = await tryAgain(services, () => services.table.get(partition, scheduledJobRow(number)));
  return row !== undefined;
}

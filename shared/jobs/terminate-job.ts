// Ending a job on a user's word: the row remembers it, the pool is told, the next pass kills and releases.
import { owedEvent, type OwedEvent } from '../events/event.js';
import { toEventWrites } from '../events/event-rows.js';
import { hintTypes, sendHint } from '../events/hints.js';
import { jobScheduleHintTypes, sendJobScheduleHints } from '../events/job-schedule-hints.js';
import { requireConditions, type Conditions } from '../rest/conditions.js';
import { toValidators } from '../rest/etag.js';
import type { Services } from '../services.js';
import { tryAgain } from '../tables/try-again.js';
import type { Job } from './job.js';
import { decideTermination, hasten } from './job-decisions.js';
import { headRow, jobPartition, toJobHead } from './job-rows.js';
import { loadStoredJob, refuseUnlessOpen } from './read-jobs.js';
import { schedulesOf } from './scheduled-job-id.js';

/**
 * Terminates an open job; `UserTerminate` is Batch's reason when none is given. With `force` its end does not wait for its nodes, also when
 * it is terminating already. With `incarnation` a job of that id is meant only if it is that one.
 * Throws JobNotFound, JobBeingTerminated, JobCompleted, JobBeingDeleted, ConditionNotMet.
 * https://learn.microsoft.com/rest/api/batchservice/job/terminate
 */
export async function terminateJob(
  services: Services,
  jobId: string,
  {
    terminateReason = 'UserTerminate',
    force = false,
    conditions,
    incarnation,
  }: { terminateReason?: string; force?: boolean; conditions: Conditions; incarnation?: string },
): Promise<Job> {
  const { table, clock, ids } = services;
  const requestStamp = ids.uuid();
  let meant = incarnation;
  const job = await tryAgain(services, async () => {
    const stored = await loadStoredJob(services, jobId, meant);
    meant = stored.job.incarnation;
    if (stored.job.writeStamp === requestStamp) return stored.job;
    requireConditions(conditions, toValidators(stored.job.lastModified));
    const now = clock.now();
    const isHastened = force && stored.job.state === 'terminating';
    if (!isHastened) refuseUnlessOpen(stored.job, 'it cannot be terminated');
    const next: Job = {
      ...(isHastened ? hasten(stored.job, now) : decideTermination(stored.job, terminateReason, now)),
      ...(force && { isForced: true }),
      writeStamp: requestStamp,
    };
    await table.write(jobPartition(jobId), [
      { type: 'replace', row: headRow, values: toJobHead(next), etag: stored.etag },
      ...toEventWrites(isHastened ? [] : toEvents(next, now), now, ids.uuid()),
    ]);
    return next;
  });
  // A job that owed nothing has completed already; a pool of its own is to go with it.
  if (job.state === 'terminating' || job.definition.autoPool !== undefined) {
    await sendHint(services, hintTypes.jobEnding, { poolId: job.definition.poolId, jobId: job.definition.id });
  }
  if (job.state === 'completed')
    await sendJobScheduleHints(services, jobScheduleHintTypes.jobEnded, schedulesOf([job.definition.id]));
  return job;
}

function toEvents(job: Job, now: Date): readonly OwedEvent[] {
  const about = (type: 'start' | 'complete'): OwedEvent =>
    owedEvent(`dev.bookend.job.terminate.${type}`, `/jobs/${job.definition.id}`, now, [job.incarnation], {
      jobId: job.definition.id,
      terminateReason: job.terminateReason,
    });
  return job.state === 'completed' ? [about('start'), about('complete')] : [about('start')];
}

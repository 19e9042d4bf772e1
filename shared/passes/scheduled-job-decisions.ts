// The jobs of schedules: whether a new one is still wanted, and which have ended, so that their schedules hear of it.
import { enter, isOpen } from '../jobs/job-decisions.js';
import type { Job } from '../jobs/job.js';
import { wantsJob, terminateReason } from '../job-schedules/job-schedule-decisions.js';
import { owe, type Draft, type JobDraft } from './draft.js';
import type { SeenOrigin } from './seen.js';
import { terminate } from './termination-decisions.js';

/**
 * Has a job that was just added go on only if its schedule wants it. Whoever added it may have been slow, and dead since: its schedule may have
 * come to its end meanwhile without a job to end, or have seen this job come and go. A job that is there is seen by everything that its
 * schedule decides later, so that one question is enough.
 */
export function askSchedules(draft: Draft): void {
  for (const jobDraft of draft.jobs.values()) {
    if (jobDraft.job.asksSchedule !== true || !isOpen(jobDraft.job)) continue;
    const origin = draft.seen.origins.find(({ key }) => key === jobDraft.key);
    if (origin === undefined) draft.neededOrigins.add(jobDraft.key);
    else heed(draft, jobDraft, origin);
  }
}

function heed(draft: Draft, jobDraft: JobDraft, { schedule, isListed }: SeenOrigin): void {
  const { asksSchedule: _, ...asked } = jobDraft.job;
  const job: Job = schedule?.isForced === true ? { ...asked, isForced: true } : asked;
  if (schedule === undefined || schedule.state === 'deleting' || !isListed) {
    jobDraft.job = { ...enter(job, 'deleting', draft.now), lastModified: draft.at };
    return owe(draft, jobDraft, { type: 'dev.bookend.job.delete.start', subject: '', identity: [], data: {} });
  }
  jobDraft.job = job;
  if (!wantsJob(schedule, job)) terminate(draft, jobDraft, terminateReason);
}

/** Jobs that complete in this round: to be told once that is saved. Those that are purged are told where their rows go. */
export function endedNow({ jobs }: Draft): readonly string[] {
  return [...jobs.values()]
    .filter(({ job, seen }) => job.state === 'completed' && seen.job?.state !== 'completed')
    .map(({ job }) => job.definition.id);
}

/**
 * Jobs that were read as completed or gone, and whose reference goes in this round: to be told before that is saved, should the pass that ended
 * them have died before it told.
 */
export function endedBefore({ seen, refs }: Draft): readonly string[] {
  return seen.refs.map(({ jobId }) => jobId).filter((jobId) => !refs.has(jobId.toLowerCase()));
}

// Step 4 of a pass: open jobs that have a reason to end of their own. How a job that ends comes to its end is ending-decisions.ts.
import { deadlineOf, decideTermination, isOpen } from '../jobs/job-decisions.js';
import { owe, type Draft, type JobDraft } from './draft.js';
import { jobKey } from './seen.js';

/** Sees to it that jobs whose time is over are read, whatever the pass is about. */
export function needOverdueJobs(draft: Draft): void {
  for (const { jobId, deadline } of draft.refs.values()) {
    if (!isPast(deadline, draft)) continue;
    if (!draft.seen.jobs.some(({ key }) => key === jobKey(jobId))) draft.neededJobs.add(jobKey(jobId));
  }
}

/** Terminates every open job that has a reason to; the first of them is the one that is told. */
export function terminateJobs(draft: Draft): void {
  for (const jobDraft of draft.jobs.values()) {
    const terminateReason = reasonToEnd(draft, jobDraft);
    if (terminateReason !== undefined) terminate(draft, jobDraft, terminateReason);
  }
}

/**
 * Batch's reason why the job ends now, if it does.
 * https://learn.microsoft.com/rest/api/batchservice/job/get#jobexecutioninformation
 */
function reasonToEnd(draft: Draft, jobDraft: JobDraft): string | undefined {
  const { job } = jobDraft;
  if (!isOpen(job)) return undefined;
  if (isPast(deadlineOf(job), draft)) return 'MaxWallClockTimeExpiry';
  if (job.due?.kind === 'terminate') return job.due.terminateReason;
  // A job without tasks counts as one whose tasks are all completed.
  return job.definition.onAllTasksComplete === 'terminatejob' && job.openTasks === 0 ? 'AllTasksComplete' : undefined;
}

// Deadlines may lie past the year 9999, whose ISO 8601 text does not sort.
function isPast(deadline: string | undefined, { now }: Draft): boolean {
  return deadline !== undefined && Date.parse(deadline) <= now.getTime();
}

/** Terminates an open job, and tells. */
export function terminate(draft: Draft, jobDraft: JobDraft, terminateReason: string): void {
  jobDraft.job = decideTermination(jobDraft.job, terminateReason, draft.now);
  const types = [
    'dev.bookend.job.terminate.start',
    ...(jobDraft.job.state === 'completed' ? (['dev.bookend.job.terminate.complete'] as const) : []),
  ] as const;
  for (const type of types) owe(draft, jobDraft, { type, subject: '', identity: [], data: { terminateReason } });
}

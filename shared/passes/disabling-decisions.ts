// Step 4 of a pass, too: jobs that are being disabled. What their running tasks become is the user's choice; preparations run to their end.
// https://learn.microsoft.com/rest/api/batchservice/job/disable
import { enter } from '../jobs/job-decisions.js';
import { owe, type Draft, type JobDraft } from './draft.js';
import { killRuns } from './order-decisions.js';

/** Takes every job that is being disabled one step on; it is disabled once none of its tasks is on a node. */
export function disableJobs(draft: Draft): void {
  for (const jobDraft of draft.jobs.values()) {
    beginIfDue(draft, jobDraft);
    if (jobDraft.job.state === 'disabling') disableJob(draft, jobDraft);
  }
}

function beginIfDue(draft: Draft, jobDraft: JobDraft): void {
  const { due, ...job } = jobDraft.job;
  if (due?.kind !== 'disable') return;
  jobDraft.job = job;
  if (job.state !== 'active') return;
  const { disableTasks } = due;
  jobDraft.job = { ...enter(job, 'disabling', draft.now), lastModified: draft.at, disableTasks };
  owe(draft, jobDraft, {
    type: 'dev.bookend.job.disable.start',
    subject: '',
    identity: [draft.at],
    data: { disableTasks },
  });
}

function disableJob(draft: Draft, jobDraft: JobDraft): void {
  const { disableTasks = 'wait', stateTransitionTime } = jobDraft.job;
  const busy = [...jobDraft.jobNodes.values()].filter(({ runs }) => runs.length > 0);
  if (disableTasks !== 'wait') {
    const whenKilled = disableTasks === 'requeue' ? disableTasks : undefined;
    for (const jobNode of busy) killRuns(draft, jobDraft, jobNode, jobNode.runs, whenKilled);
  }
  if (busy.length > 0) return;
  jobDraft.job = { ...enter(jobDraft.job, 'disabled', draft.now), disableTasks };
  owe(draft, jobDraft, {
    type: 'dev.bookend.job.disable.complete',
    subject: '',
    identity: [stateTransitionTime],
    data: { disableTasks },
  });
}

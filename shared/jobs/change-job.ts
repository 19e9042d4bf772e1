// Changing a job's head on a user's word, safely repeated: an attempt whose answer was lost finds its own stamp and is not done twice.
import type { OwedEvent } from '../events/event.js';
import { toEventWrites } from '../events/event-rows.js';
import { hintTypes, sendHint, type HintType } from '../events/hints.js';
import { requireConditions, type Conditions } from '../rest/conditions.js';
import { toValidators } from '../rest/etag.js';
import type { Services } from '../services.js';
import { tryAgain } from '../tables/try-again.js';
import { isSamePool } from './job-decisions.js';
import type { Job } from './job.js';
import { headRow, jobPartition, toJobHead } from './job-rows.js';
import { nameToPool } from './name-to-pool.js';
import { loadStoredJob } from './read-jobs.js';

/** The job as it is to be, and what that owes. */
export type JobChange = { readonly job: Job; readonly events: readonly OwedEvent[] };

/**
 * Saves what `decide` makes of the job, then has its pool look. `decide` may be asked again after a lost race, and throws to refuse.
 * `before` is done ahead of the save, and may be done in vain. Throws JobNotFound and ConditionNotMet.
 */
export async function changeJob(
  services: Services,
  jobId: string,
  decide: (job: Job, now: Date) => JobChange,
  {
    conditions,
    hint = hintTypes.jobChanged,
    before,
  }: {
    readonly conditions: Conditions;
    readonly hint?: HintType;
    readonly before?: (next: Job, previous: Job) => Promise<void>;
  },
): Promise<Job> {
  const { table, clock, ids } = services;
  const writeStamp = ids.uuid();
  let meant: string | undefined;
  const job = await tryAgain(services, async () => {
    const stored = await loadStoredJob(services, jobId, meant);
    meant = stored.job.incarnation;
    if (stored.job.writeStamp === writeStamp) return stored.job;
    requireConditions(conditions, toValidators(stored.job.lastModified));
    const now = clock.now();
    const { job: changed, events } = decide(stored.job, now);
    await before?.(changed, stored.job);
    const named = isSamePool(changed, stored.job)
      ? await nameToPool(services, changed, changed.openTasks > 0)
      : withoutName(changed);
    const next: Job = { ...named, lastModified: now.toISOString(), writeStamp };
    await table.write(jobPartition(jobId), [
      { type: 'replace', row: headRow, values: toJobHead(next), etag: stored.etag },
      ...toEventWrites(events, now, ids.uuid()),
    ]);
    return next;
  });
  await sendHint(services, hint, { poolId: job.definition.poolId, jobId: job.definition.id });
  return job;
}

// The reference that is in the other pool by now was there before the job, and may have gone as one of no job.
function withoutName({ isNamed: _, ...job }: Job): Job {
  return job;
}

// A step of a pass: the pool that a job has to itself is made with the job, and goes with it; the one that the jobs of a schedule share is made
// with the first of them that finds none, and goes with the schedule.
// https://learn.microsoft.com/rest/api/batchservice/job/add#autopoolspecification
import { isOpen } from '../jobs/job-decisions.js';
import { parseScheduledJobId } from '../jobs/scheduled-job-id.js';
import type { AutoPool, Job } from '../jobs/job.js';
import { owedEvent } from '../events/event.js';
import { poolCreated, toNewPool } from '../pools/new-pool.js';
import type { Pool, PoolSeed } from '../pools/pool.js';
import { jobOf, type Draft, type JobDraft } from './draft.js';
import { jobKey } from './seen.js';

/** Makes the pool of an open job that is to have one, once. */
export function makeAutoPool(draft: Draft): void {
  for (const jobDraft of draft.jobs.values()) {
    const { job } = jobDraft;
    if (job.definition.autoPool === undefined || job.autoPoolSeed === undefined || !isOpen(job)) continue;
    // One that goes is made anew once it has gone.
    if (draft.pool?.state === 'deleting') continue;
    if (draft.pool === undefined) {
      draft.pool = toAutoPool(job, job.definition.autoPool, job.autoPoolSeed, draft.now);
      draft.events.push(poolCreated(draft.pool, draft.now));
    }
    const { autoPoolSeed: _, ...rest } = job;
    jobDraft.job = rest;
  }
}

function toAutoPool({ definition, incarnation }: Job, autoPool: AutoPool, seed: PoolSeed, now: Date): Pool {
  const { keepAlive } = autoPool;
  const scheduleId = parseScheduledJobId(definition.id)?.scheduleId;
  const isShared = autoPool.poolLifetimeOption === 'jobschedule' && scheduleId !== undefined;
  return {
    ...toNewPool({ id: definition.poolId, ...autoPool.pool }, seed, now),
    ...(isShared
      ? { autoPoolOfSchedule: { scheduleId, keepAlive } }
      : { autoPoolOf: { jobId: definition.id, incarnation, keepAlive } }),
  };
}

/**
 * Starts the deletion of a pool whose job has completed or is gone. Only what is saved counts: a job that completes in this very round may not
 * be saved as completed, and its nodes would be gone before their releases are on record.
 */
export function endAutoPool(draft: Draft): void {
  const { pool } = draft;
  if (pool?.state !== 'active') return;
  if (pool.autoPoolOfSchedule !== undefined) return endSharedPool(draft, pool, pool.autoPoolOfSchedule);
  if (pool.autoPoolOf === undefined) return;
  const { jobId, incarnation } = pool.autoPoolOf;
  const jobDraft = jobOf(draft, jobId);
  if (draft.neededJobs.has(jobKey(jobId))) return;
  const seen = draft.seen.jobs.find(({ key }) => key === jobKey(jobId))?.job;
  const isOver = seen?.incarnation !== incarnation || seen.state === 'completed';
  if (!isOver) return keepInStep(draft, pool, jobDraft);
  if (!pool.autoPoolOf.keepAlive) startDeletion(draft, pool);
}

/**
 * The same for the pool of a schedule, once that is completed or gone. While it is being deleted the pool is still wanted by its jobs, whose
 * releases run there.
 */
function endSharedPool(draft: Draft, pool: Pool, shared: NonNullable<Pool['autoPoolOfSchedule']>): void {
  const { schedule, refs, pool: seenPool } = draft.seen;
  // Of a pool that is made in this very round the schedule has not been read.
  if (seenPool === undefined) return;
  const { keepAlive = shared.keepAlive, state = 'gone' } = schedule ?? {};
  const isOver = state === 'gone' || state === 'completed' || (state === 'deleting' && refs.length === 0);
  if (isOver && !keepAlive) return startDeletion(draft, pool);
  if (keepAlive !== shared.keepAlive) draft.pool = { ...pool, autoPoolOfSchedule: { ...shared, keepAlive } };
}

function startDeletion(draft: Draft, pool: Pool): void {
  const at = draft.at;
  const { id } = pool.definition;
  draft.pool = {
    ...pool,
    state: 'deleting',
    stateTransitionTime: at,
    lastModified: at,
    allocationState: 'resizing',
    allocationStateTransitionTime: at,
  };
  draft.events.push(owedEvent('dev.bookend.pool.delete.start', `/pools/${id}`, draft.now, [pool.incarnation], { id }));
  draft.more = true;
}

/** A job's pool may be kept alive, or not, on second thoughts; when the job ends, the pool is looked at once more. */
function keepInStep(draft: Draft, pool: Pool, jobDraft: JobDraft | undefined): void {
  if (jobDraft === undefined || pool.autoPoolOf === undefined) return;
  const { keepAlive } = jobDraft.job.definition.autoPool ?? pool.autoPoolOf;
  if (keepAlive !== pool.autoPoolOf.keepAlive) draft.pool = { ...pool, autoPoolOf: { ...pool.autoPoolOf, keepAlive } };
  if (jobDraft.job.state === 'completed' || jobDraft.purge) draft.more = true;
}

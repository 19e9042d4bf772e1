// One look at a job schedule: see, decide, save, act, until nothing is left to do now. A crash anywhere is a redelivery, decided again from the
// tables: which job is to be added is saved before it is added.
import { hintTypes, sendHint } from '../events/hints.js';
import { jobScheduleHintTypes, sendJobScheduleHints } from '../events/job-schedule-hints.js';
import { addScheduledJob } from '../jobs/add-job.js';
import { isOver } from '../jobs/job-decisions.js';
import { readJobHeads } from '../jobs/read-jobs.js';
import { scheduledJobId } from '../jobs/scheduled-job-id.js';
import { terminateJob } from '../jobs/terminate-job.js';
import { unconditional } from '../rest/conditions.js';
import type { Services } from '../services.js';
import { ownedBy } from '../tables/row-owner.js';
import type { Write } from '../tables/table.js';
import { tryAgain } from '../tables/try-again.js';
import { unreachable } from '../unreachable.js';
import type { JobSchedule } from './job-schedule.js';
import {
  decideLook,
  terminateReason,
  type LookAsked,
  type LookDecision,
  type SeenRecentJob,
} from './job-schedule-decisions.js';
import { headRow, jobSchedulePartition, scheduledJobRow, toJobScheduleHead } from './job-schedule-rows.js';
import { findJobSchedule } from './read-job-schedules.js';
import { removeJobsOfSchedule } from './remove-jobs-of-schedule.js';
import { toJobDefinition } from './shared-pool.js';
import { unlessRefused } from './unless-refused.js';

// More rounds than any honest look takes.
const mostRounds = 50;

type Sight = { readonly schedule: JobSchedule; readonly etag: string; readonly recent: SeenRecentJob };
type Look = LookDecision & { readonly before: JobSchedule; readonly recent: SeenRecentJob; readonly reask: boolean };

/**
 * Does what is due for the schedule, if there is one of that id. May be done by several at once, and again: the schedule's etag lets only one of
 * them decide.
 */
export async function lookAtJobSchedule(services: Services, scheduleId: string, asked: LookAsked): Promise<void> {
  const { clock, ids, log } = services;
  for (let round = 1; round <= mostRounds; round += 1) {
    let tries = 0;
    const look = await tryAgain(services, async (): Promise<Look | undefined> => {
      tries += 1;
      // A save whose answer was lost may have noted what nobody has sent.
      const reask = tries > 1 || (asked.reask && round === 1);
      const sight = await see(services, scheduleId);
      if (sight === undefined) return undefined;
      const { schedule: before, recent, etag } = sight;
      const now = clock.now();
      const decision = decideLook(before, recent, { ...asked, reask }, { now, newIncarnation: ids.uuid() });
      await save(services, before, decision.schedule, etag);
      return { ...decision, before, recent, reask };
    });
    if (look === undefined) return;
    await tell(services, look);
    if (look.before !== look.schedule)
      log.info('job schedule went on', { scheduleId, state: look.schedule.state, step: look.step });
    if (await act(services, look, asked)) return;
  }
  throw new Error(`The look at job schedule '${scheduleId}' did not come to rest in ${mostRounds} rounds`);
}

async function see(services: Services, scheduleId: string): Promise<Sight | undefined> {
  const stored = await findJobSchedule(services, scheduleId);
  if (stored === undefined) return undefined;
  const { recentJob, definition } = stored.schedule;
  if (recentJob === undefined || recentJob.endedAt !== undefined) return { ...stored, recent: { isListed: true } };
  const [[found], row] = await Promise.all([
    readJobHeads(services, [scheduledJobId(definition.id, recentJob.number)]),
    recentJob.isAdded === true
      ? undefined
      : services.table.get(jobSchedulePartition(scheduleId), scheduledJobRow(recentJob.number)),
  ]);
  const job = found?.incarnation === recentJob.incarnation ? found : undefined;
  return { ...stored, recent: { ...(job && { job }), isListed: recentJob.isAdded === true || row !== undefined } };
}

async function save({ table }: Services, before: JobSchedule, next: JobSchedule, etag: string): Promise<void> {
  if (next === before) return;
  const { recentJob } = next;
  const isNewJob = recentJob !== undefined && recentJob.number !== before.recentJob?.number;
  const listed: readonly Write[] = isNewJob
    ? [{ type: 'insert', row: scheduledJobRow(recentJob.number), values: ownedBy(recentJob.incarnation) }]
    : [];
  await table.write(jobSchedulePartition(next.definition.id), [
    { type: 'replace', row: headRow, values: toJobScheduleHead(next), etag },
    ...listed,
  ]);
}

/** Sends what the decision owes others. */
async function tell(services: Services, { before, schedule, wakeUpAt, recent, reask }: Look): Promise<void> {
  const { definition, state, sharedPoolId } = schedule;
  if (wakeUpAt !== undefined)
    await sendJobScheduleHints(services, jobScheduleHintTypes.wakeUp, [definition.id], wakeUpAt);
  // The pool goes once its schedule is seen to be over.
  if (state === 'completed' && sharedPoolId !== undefined && (before.state !== 'completed' || reask))
    await sendHint(services, hintTypes.poolChanged, { poolId: sharedPoolId });
  const { job } = recent;
  // Whoever added or ended the job may have died before telling its pool.
  if (reask && job !== undefined && !isOver(job))
    await sendHint(services, hintTypes.jobChanged, { poolId: job.definition.poolId, jobId: job.definition.id });
}

/** Takes the decided step; answers whether nothing is left to look at now. */
async function act(services: Services, { schedule, step }: Look, asked: LookAsked): Promise<boolean> {
  const { recentJob, definition, isForced = false } = schedule;
  switch (step) {
    case 'rest':
      return true;
    case 'addJob':
      if (recentJob === undefined) return true;
      await addScheduledJob(services, toJobDefinition(schedule, recentJob), recentJob.incarnation);
      return false;
    case 'terminateJob': {
      if (recentJob === undefined) return true;
      const jobId = scheduledJobId(definition.id, recentJob.number);
      const { incarnation } = recentJob;
      // What stands against it is seen in the next round.
      await unlessRefused(
        terminateJob(services, jobId, { terminateReason, force: isForced, conditions: unconditional, incarnation }),
        ['JobNotFound', 'JobBeingTerminated', 'JobCompleted', 'JobBeingDeleted'],
      );
      return false;
    }
    case 'removeJobs':
      await removeJobsOfSchedule(services, schedule, asked);
      return true;
    default:
      return unreachable(step);
  }
}

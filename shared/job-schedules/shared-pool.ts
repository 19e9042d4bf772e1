// The pool that all jobs of a schedule share, where their specification has one made for the lifetime of the schedule.
// https://learn.microsoft.com/rest/api/batchservice/job-schedule/add#poollifetimeoption
import type { JobDefinition } from '../jobs/job.js';
import { scheduledJobId } from '../jobs/scheduled-job-id.js';
import type { JobSchedule, RecentJob } from './job-schedule.js';

/** `jobSchedule` with the id of its pool, given once: the pool stays the same when the specification changes. */
export function withSharedPool(jobSchedule: JobSchedule): JobSchedule {
  const { autoPool } = jobSchedule.definition.jobSpecification;
  if (jobSchedule.sharedPoolId !== undefined || autoPool?.poolLifetimeOption !== 'jobschedule') return jobSchedule;
  return { ...jobSchedule, sharedPoolId: `${autoPool.autoPoolIdPrefix ?? ''}${jobSchedule.incarnation}` };
}

/** The definition of this job of the schedule. A pool of its own has an id made of the job's incarnation, so that adding it twice names one pool. */
export function toJobDefinition(jobSchedule: JobSchedule, { number, incarnation }: RecentJob): JobDefinition {
  const { id, jobSpecification } = jobSchedule.definition;
  const { autoPool } = jobSpecification;
  const ownPoolId = `${autoPool?.autoPoolIdPrefix ?? ''}${incarnation}`;
  const poolId =
    autoPool === undefined
      ? jobSpecification.poolId
      : autoPool.poolLifetimeOption === 'job'
        ? ownPoolId
        : (jobSchedule.sharedPoolId ?? ownPoolId);
  return { ...jobSpecification, id: scheduledJobId(id, number), poolId };
}

// Changing what of a job can be changed. A job that is disabled can be moved to another pool: what its nodes in the old one owe is waived.
import { BatchError } from '../errors.js';
import { hintTypes, sendHint } from '../events/hints.js';
import type { Conditions } from '../rest/conditions.js';
import { requireStorable } from '../rest/request-body.js';
import type { Services } from '../services.js';
import { changeJob } from './change-job.js';
import { isSamePool } from './job-decisions.js';
import type { JobChanges } from './job-update-body.js';
import type { Job, JobDefinition } from './job.js';
import { writeReference } from './name-to-pool.js';
import { refuseUnlessOpen } from './read-jobs.js';

/**
 * Changes an open job. Throws JobNotFound, JobBeingTerminated, JobCompleted, JobBeingDeleted, ConditionNotMet, InvalidPropertyValue,
 * and OperationInvalidForCurrentState when a job that is not disabled is to have another pool.
 * https://learn.microsoft.com/rest/api/batchservice/job/patch
 */
export async function updateJob(
  services: Services,
  jobId: string,
  { changes, conditions }: { readonly changes: JobChanges; readonly conditions: Conditions },
): Promise<Job> {
  let poolBefore: string | undefined;
  const job = await changeJob(
    services,
    jobId,
    (before) => {
      refuseUnlessOpen(before, 'it cannot be changed');
      return { job: decideUpdate(before, changes), events: [] };
    },
    {
      conditions,
      async before(next, previous) {
        if (isSamePool(next, previous)) return;
        poolBefore = previous.definition.poolId;
        // Before the job names the pool, so that the sweep finds it there whatever happens after.
        await writeReference(services, next, false, services.clock.now());
      },
    },
  );
  // The old pool takes the job off its list; should it not hear of it, the sweep does.
  if (poolBefore !== undefined) await sendHint(services, hintTypes.jobChanged, { poolId: poolBefore, jobId });
  return job;
}

/** The job with these changes, or the refusal of what cannot be changed now. */
export function decideUpdate(job: Job, { keepAlive, ...changes }: JobChanges): Job {
  const definition = withKeepAlive(job.definition, keepAlive);
  if (definition.onAllTasksComplete === 'terminatejob' && changes.onAllTasksComplete === 'noaction') {
    throw new BatchError(
      'InvalidPropertyValue',
      `Job '${definition.id}' ends when all its tasks are completed; that cannot be taken back`,
      { PropertyName: 'onAllTasksComplete', PropertyValue: 'noaction', Reason: 'It is terminatejob already' },
    );
  }
  const next = { ...job, definition: requireStorable({ ...definition, ...changes }) };
  if (isSamePool(next, job)) return { ...next, definition: { ...next.definition, poolId: definition.poolId } };
  if (definition.autoPool !== undefined) {
    throw new BatchError('InvalidPropertyValue', `Job '${definition.id}' has a pool of its own; it keeps that`, {
      PropertyName: 'poolId',
      Reason: 'The job has an autoPoolSpecification',
    });
  }
  if (job.state === 'disabled') return next;
  throw new BatchError(
    'OperationInvalidForCurrentState',
    `Job '${definition.id}' is ${job.state}; only a job that is disabled can get another pool`,
    { PropertyName: 'poolInfo' },
  );
}

function withKeepAlive(definition: JobDefinition, keepAlive: boolean | undefined): JobDefinition {
  if (keepAlive === undefined) return definition;
  const { autoPool, id } = definition;
  if (autoPool !== undefined) return { ...definition, autoPool: { ...autoPool, keepAlive } };
  throw new BatchError('InvalidPropertyValue', `Job '${id}' has no pool of its own`, {
    PropertyName: 'autoPoolSpecification',
    Reason: 'The job was added with a poolId',
  });
}

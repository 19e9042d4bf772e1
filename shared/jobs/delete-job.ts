// Deleting a job: releases run first unless it had completed; then a pass removes its rows, page by page.
import { BatchError } from '../errors.js';
import { owedEvent } from '../events/event.js';
import { toEventWrites } from '../events/event-rows.js';
import { hintTypes, sendHint } from '../events/hints.js';
import { requireConditions, type Conditions } from '../rest/conditions.js';
import { toValidators } from '../rest/etag.js';
import type { Services } from '../services.js';
import { tryAgain } from '../tables/try-again.js';
import { enter, hasten } from './job-decisions.js';
import type { Job } from './job.js';
import { headRow, jobPartition, toJobHead } from './job-rows.js';
import { writeReference } from './name-to-pool.js';
import { loadStoredJob } from './read-jobs.js';

/**
 * Starts the deletion of a job in any state. With `force` it does not wait for the job's nodes, also when it is under way already.
 * With `incarnation` a job of that id is meant only if it is that one. Throws JobNotFound, JobBeingDeleted, ConditionNotMet.
 * https://learn.microsoft.com/rest/api/batchservice/job/delete
 */
export async function deleteJob(
  services: Services,
  jobId: string,
  { force = false, conditions, incarnation: asked }: { force?: boolean; conditions: Conditions; incarnation?: string },
): Promise<void> {
  const { table, clock, ids } = services;
  const requestStamp = ids.uuid();
  let meant = asked;
  const job = await tryAgain(services, async () => {
    const stored = await loadStoredJob(services, jobId, meant);
    meant = stored.job.incarnation;
    const { definition, incarnation } = stored.job;
    if (stored.job.writeStamp === requestStamp) return stored.job;
    requireConditions(conditions, toValidators(stored.job.lastModified));
    const isHastened = force && stored.job.state === 'deleting';
    if (stored.job.state === 'deleting' && !isHastened) {
      throw new BatchError('JobBeingDeleted', `Job '${definition.id}' is already being deleted`);
    }
    const now = clock.now();
    const next: Job = {
      ...(isHastened ? hasten(stored.job, now) : enter(stored.job, 'deleting', now)),
      ...(force && { isForced: true }),
      lastModified: now.toISOString(),
      writeStamp: requestStamp,
    };
    // Before the head, so that the sweep finds the job even if nothing after this happens; anew, so that nobody removes it meanwhile.
    await writeReference(services, next, false);
    const started = owedEvent('dev.bookend.job.delete.start', `/jobs/${definition.id}`, now, [incarnation], {
      jobId: definition.id,
    });
    await table.write(jobPartition(jobId), [
      { type: 'replace', row: headRow, values: toJobHead(next), etag: stored.etag },
      ...toEventWrites(isHastened ? [] : [started], now, ids.uuid()),
    ]);
    return next;
  });
  await sendHint(services, hintTypes.jobEnding, { poolId: job.definition.poolId, jobId: job.definition.id });
}

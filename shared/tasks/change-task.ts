// What the changes of one task on a user's word have in common: the task and its job as they are now, saved together in one transaction.
import { BatchError } from '../errors.js';
import type { OwedEvent } from '../events/event.js';
import { toEventWrites } from '../events/event-rows.js';
import { headRow, jobPartition, toJobHead } from '../jobs/job-rows.js';
import { loadStoredJob } from '../jobs/read-jobs.js';
import type { Job } from '../jobs/job.js';
import { requireConditions, type Conditions } from '../rest/conditions.js';
import { toValidators } from '../rest/etag.js';
import type { Services } from '../services.js';
import type { Write } from '../tables/table.js';
import { tryAgain } from '../tables/try-again.js';
import { fromTaskRow, taskRow, toTaskRow } from './task-rows.js';
import type { Task } from './task.js';

export type SeenTask = { readonly job: Job; readonly task: Task; readonly now: Date };
export type TaskChange = SeenTask & {
  /** What else changes in the job's partition. */
  readonly writes?: readonly Write[];
  readonly events?: readonly OwedEvent[];
};

/**
 * Saves what `decide` makes of the task, which must read afresh whatever it goes by. Answers with job and task as they were left.
 * Throws JobNotFound, TaskNotFound, JobBeingDeleted, ConditionNotMet, and what `decide` throws.
 */
export async function changeTask(
  services: Services,
  { jobId, taskId, conditions }: { readonly jobId: string; readonly taskId: string; readonly conditions: Conditions },
  decide: (seen: SeenTask) => Promise<TaskChange> | TaskChange,
): Promise<SeenTask> {
  const { table, clock, ids } = services;
  const stamp = ids.uuid();
  let meant: { readonly incarnation: string; readonly order: number } | undefined;
  return tryAgain(services, async () => {
    const { job, etag } = await loadStoredJob(services, jobId, meant?.incarnation);
    if (job.state === 'deleting')
      throw new BatchError('JobBeingDeleted', `Job '${jobId}' is being deleted; its tasks go with it`);
    const row = await table.get(jobPartition(jobId), taskRow(taskId));
    const task = row === undefined ? undefined : fromTaskRow(row);
    if (row === undefined || task === undefined || (meant !== undefined && meant.order !== task.order))
      throw new BatchError('TaskNotFound', `Job '${jobId}' has no task '${taskId}'`);
    meant = { incarnation: job.incarnation, order: task.order };
    const now = clock.now();
    // A write whose answer was lost finds its own mark when it is tried again.
    if (row.values['stamp'] === stamp) return { job, task, now };
    requireConditions(conditions, toValidators(task.lastModified));
    const change = await decide({ job, task, now });
    const changed = { ...change.task, lastModified: now.toISOString() };
    await table.write(jobPartition(jobId), [
      { type: 'replace', row: headRow, values: toJobHead(change.job), etag },
      { type: 'replace', row: row.row, values: { ...toTaskRow(changed), stamp }, etag: row.etag },
      ...(change.writes ?? []),
      ...toEventWrites(change.events ?? [], now, ids.uuid()),
    ]);
    return { job: change.job, task: changed, now };
  });
}

// Reading tasks: one, or a page of a job's.
import { BatchError } from '../errors.js';
import { toBlockedReason } from '../jobs/blocked-job.js';
import type { Job } from '../jobs/job.js';
import { jobPartition } from '../jobs/job-rows.js';
import { loadJob } from '../jobs/read-jobs.js';
import type { ItemPage, PageRequest } from '../rest/paging.js';
import type { Services } from '../services.js';
import type { Task } from './task.js';
import { fromTaskRow, taskRange, taskRow } from './task-rows.js';

// Every task that waits says why it waits for ever, also one that never had a node.
function withReason(task: Task, job: Job): Task {
  if (task.state !== 'active' || job.blocked === undefined) return task;
  return {
    ...task,
    execution: { ...task.execution, failureInfo: toBlockedReason(job.definition.poolId, job.blocked) },
  };
}

/** The task. Throws TaskNotFound, or JobNotFound when there is no such job. */
export async function loadTask({ table }: Pick<Services, 'table'>, jobId: string, taskId: string): Promise<Task> {
  const [row, job] = await Promise.all([table.get(jobPartition(jobId), taskRow(taskId)), loadJob({ table }, jobId)]);
  if (row === undefined) throw new BatchError('TaskNotFound', `Job '${jobId}' has no task '${taskId}'`);
  return withReason(fromTaskRow(row), job);
}

/** A page of the job's tasks by id. Throws JobNotFound. */
export async function listTasks(
  { table }: Pick<Services, 'table'>,
  jobId: string,
  { limit, continuation }: PageRequest,
): Promise<ItemPage<Task>> {
  const [page, job] = await Promise.all([
    table.query(jobPartition(jobId), taskRange, limit, continuation),
    loadJob({ table }, jobId),
  ]);
  return {
    items: page.entities.map((row) => withReason(fromTaskRow(row), job)),
    ...(page.continuation === undefined ? {} : { continuation: page.continuation }),
  };
}

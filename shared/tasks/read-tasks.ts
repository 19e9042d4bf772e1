// Reading tasks: one, or a page of a job's.
import { BatchError } from '../errors.js';
import { headRow, jobPartition } from '../jobs/job-rows.js';
import type { ItemPage, PageRequest } from '../rest/paging.js';
import type { Services } from '../services.js';
import type { Task } from './task.js';
import { fromTaskRow, taskRange, taskRow } from './task-rows.js';

/** The task. Throws TaskNotFound, or JobNotFound when there is no such job. */
export async function loadTask({ table }: Pick<Services, 'table'>, jobId: string, taskId: string): Promise<Task> {
  const row = await table.get(jobPartition(jobId), taskRow(taskId));
  if (row !== undefined) return fromTaskRow(row);
  const head = await table.get(jobPartition(jobId), headRow);
  if (head === undefined) throw new BatchError('JobNotFound', `Job '${jobId}' does not exist`);
  throw new BatchError('TaskNotFound', `Job '${jobId}' has no task '${taskId}'`);
}

/** A page of the job's tasks by id. Throws JobNotFound. */
export async function listTasks(
  { table }: Pick<Services, 'table'>,
  jobId: string,
  { limit, continuation }: PageRequest,
): Promise<ItemPage<Task>> {
  const page = await table.query(jobPartition(jobId), taskRange, limit, continuation);
  if (page.entities.length === 0 && continuation === undefined) {
    const head = await table.get(jobPartition(jobId), headRow);
    if (head === undefined) throw new BatchError('JobNotFound', `Job '${jobId}' does not exist`);
  }
  return {
    items: page.entities.map(fromTaskRow),
    ...(page.continuation === undefined ? {} : { continuation: page.continuation }),
  };
}

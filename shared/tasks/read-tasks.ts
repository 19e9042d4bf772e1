// Reading tasks: one, or a page of a job's.
import { BatchError } from '../errors.js';
import { toBlockedReason } from '../jobs/blocked-job.js';
import type { Job } from '../jobs/job.js';
import { jobPartition } from '../jobs/job-rows.js';
import { loadJob } from '../jobs/read-jobs.js';
import { toCondition } from '../rest/filter-columns.js';
import { toKeyRange } from '../rest/filter-keys.js';
import type { Filter } from '../rest/odata-filter.js';
import type { ItemPage, ListRequest } from '../rest/paging.js';
import type { Services } from '../services.js';
import { continueAfterRow, readRows } from '../tables/read-rows.js';
import type { RowQuery } from '../tables/table.js';
import { taskColumns } from './task-columns.js';
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

/** The continuation of the list that leads on right behind this task. */
export const continueAfterTask = ({ definition }: Task): string => continueAfterRow(taskRow(definition.id));

/**
 * A page of the job's tasks by id. With a filter, those that are not among the ids that it leaves possible are left out, and where the
 * rows have columns, those that are ruled out by these. Throws JobNotFound.
 */
export async function listTasks(
  { table }: Pick<Services, 'table'>,
  jobId: string,
  { filter, ...page }: ListRequest,
): Promise<ItemPage<Task>> {
  const reading = loadJob({ table }, jobId);
  const query = filter === undefined ? taskRange : toTaskQuery(filter, await reading);
  const [{ rows, ...rest }, job] = await Promise.all([readRows(table, jobPartition(jobId), query, page), reading]);
  return { ...rest, items: rows.map((row) => withReason(fromTaskRow(row), job)) };
}

function toTaskQuery(filter: Filter, { rowsHaveColumns }: Job): RowQuery {
  const where = rowsHaveColumns && toCondition(filter, taskColumns);
  return { ...toKeyRange(filter, 'id', taskRow('')), ...(where && { where }) };
}

// Changing what can be changed of a task: its constraints. A run under way keeps those that it was ordered with.
import { fromReady, jobPartition, readyRow, toReady } from '../jobs/job-rows.js';
import type { Conditions } from '../rest/conditions.js';
import type { Services } from '../services.js';
import type { Write } from '../tables/table.js';
import { changeTask, type SeenTask } from './change-task.js';
import type { RunConstraints } from './run-definition.js';
import type { Task } from './task.js';

/**
 * Replaces the task's constraints by those that `toConstraints` makes, given its job's retry count.
 * Throws TaskNotFound, JobNotFound, JobBeingDeleted, ConditionNotMet.
 * https://learn.microsoft.com/rest/api/batchservice/task/update
 */
export async function updateTask(
  services: Services,
  jobId: string,
  taskId: string,
  {
    toConstraints,
    conditions,
  }: { toConstraints: (inheritedRetryCount: number) => RunConstraints; conditions: Conditions },
): Promise<Task> {
  const { task } = await changeTask(services, { jobId, taskId, conditions }, async (seen) => {
    const constraints = toConstraints(seen.job.definition.constraints.maxTaskRetryCount);
    const { task } = seen;
    return {
      ...seen,
      task: { ...task, definition: { ...task.definition, constraints } },
      writes: await toReadyWrites(services, seen, constraints),
    };
  });
  return task;
}

async function toReadyWrites(
  { table }: Services,
  { job, task }: SeenTask,
  constraints: RunConstraints,
): Promise<readonly Write[]> {
  if (task.state !== 'active') return [];
  const entity = await table.get(jobPartition(job.definition.id), readyRow(task.order));
  if (entity === undefined) return [];
  const ready = fromReady(entity);
  const values = toReady({ ...ready, definition: { ...ready.definition, constraints } });
  return [{ type: 'replace', row: entity.row, values, etag: entity.etag }];
}

// Running a failed task again: it waits as if it had never run, except that its runs go on being counted.
import { BatchError } from '../errors.js';
import { hintTypes, sendHint } from '../events/hints.js';
import { jobPartition } from '../jobs/job-rows.js';
import { nameToPool } from '../jobs/name-to-pool.js';
import { refuseUnlessOpen } from '../jobs/read-jobs.js';
import type { Conditions } from '../rest/conditions.js';
import type { Services } from '../services.js';
import { changeTask, type SeenTask, type TaskChange } from './change-task.js';
import { satisfiedRow } from './dependency-rows.js';
import { toPlaceWrite } from './task-place.js';
import type { Task } from './task.js';

/**
 * Has a task that failed run again, with all its retries. Whatever its first end let go on goes on; tasks that are added from now on wait
 * for it anew. Throws TaskNotCompleted, TaskSucceeded, JobCompleted, JobBeingTerminated, JobBeingDeleted, TaskNotFound, ConditionNotMet.
 * https://learn.microsoft.com/rest/api/batchservice/task/reactivate
 */
export async function reactivateTask(
  services: Services,
  jobId: string,
  taskId: string,
  { conditions }: { conditions: Conditions },
): Promise<Task> {
  const { job, task } = await changeTask(services, { jobId, taskId, conditions }, (seen) => reactivate(services, seen));
  await sendHint(services, hintTypes.tasksAdded, { poolId: job.definition.poolId, jobId: job.definition.id });
  return task;
}

async function reactivate({ table }: Services, { job, task, now }: SeenTask): Promise<TaskChange> {
  const { id } = task.definition;
  refuseUnlessOpen(job, `task '${id}' cannot run again`);
  if (task.state !== 'completed')
    throw new BatchError('TaskNotCompleted', `Task '${id}' is ${task.state}; only a failed one can run again`);
  if (task.execution.result === 'success')
    throw new BatchError('TaskSucceeded', `Task '${id}' has succeeded; only a failed one can run again`);
  const { assignment, attempts = 0, ...kept } = task;
  const { requeueCount, lastRequeueTime } = task.execution;
  const active: Task = {
    ...kept,
    state: 'active',
    stateTransitionTime: now.toISOString(),
    previousState: 'completed',
    previousStateTransitionTime: task.stateTransitionTime,
    attempts: assignment?.attempt ?? attempts,
    execution: { retryCount: 0, requeueCount, ...(lastRequeueTime === undefined ? {} : { lastRequeueTime }) },
  };
  const partition = jobPartition(job.definition.id);
  const usesDependencies = job.definition.usesTaskDependencies === true;
  const satisfied = usesDependencies ? await table.get(partition, satisfiedRow(id)) : undefined;
  // Before the head, so that the sweep finds the task even if nothing after this happens.
  const named = await nameToPool({ table }, job, true);
  const place = toPlaceWrite(active);
  return {
    job: { ...named, openTasks: job.openTasks + 1, ...(place.isDependent ? { dependenciesDue: true as const } : {}) },
    task: active,
    now,
    writes: [place.write, ...(satisfied === undefined ? [] : [{ type: 'delete' as const, row: satisfied.row }])],
  };
}

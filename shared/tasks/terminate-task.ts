// Ending one task on a user's word: at once while it waits; one that a node has is killed by the next pass, and its end is awaited.
import { BatchError } from '../errors.js';
import { owedEvent, type OwedEvent } from '../events/event.js';
import { hintTypes, sendHint } from '../events/hints.js';
import { withDue } from '../jobs/job-decisions.js';
import { fromJobNode, fromReady, jobNodeRow, jobPartition, readyRow, toJobNode } from '../jobs/job-rows.js';
import type { Job } from '../jobs/job.js';
import type { Conditions } from '../rest/conditions.js';
import type { Services } from '../services.js';
import { TableConflict, type Write } from '../tables/table.js';
import { changeTask, type SeenTask, type TaskChange } from './change-task.js';
import { toSatisfiedWrites } from './dependency-rows.js';
import { endedByUser } from './ended-by-user.js';
import { decideExitOptions } from './exit-decisions.js';
import type { Task } from './task.js';

/**
 * Ends a task that has not completed. Throws TaskCompleted, TaskNotFound, JobNotFound, JobBeingDeleted, ConditionNotMet.
 * https://learn.microsoft.com/rest/api/batchservice/task/terminate
 */
export async function terminateTask(
  services: Services,
  jobId: string,
  taskId: string,
  { conditions }: { conditions: Conditions },
): Promise<Task> {
  const { job, task } = await changeTask(services, { jobId, taskId, conditions }, (seen) => {
    switch (seen.task.state) {
      case 'completed':
        throw new BatchError('TaskCompleted', `Task '${taskId}' of job '${jobId}' has completed; it cannot be ended`);
      case 'active':
        return endWaiting(services, seen);
      case 'preparing':
      case 'running':
        return askForEnd(services, seen);
    }
  });
  await sendHint(services, hintTypes.taskChanged, { poolId: job.definition.poolId, jobId: job.definition.id });
  return task;
}

async function endWaiting({ table }: Services, { job, task, now }: SeenTask): Promise<TaskChange> {
  const at = now.toISOString();
  const entity = await table.get(jobPartition(job.definition.id), readyRow(task.order));
  const { lastRetryTime: _, startTime: __, ...counts } = task.execution;
  const ended: Task = {
    ...task,
    state: 'completed',
    stateTransitionTime: at,
    previousState: 'active',
    previousStateTransitionTime: task.stateTransitionTime,
    attempts: entity === undefined ? (task.attempts ?? 0) : fromReady(entity).attempts,
    execution: { ...counts, endTime: at, result: 'failure', failureInfo: endedByUser },
  };
  const { jobAction, dependencyAction } = decideExitOptions(ended.execution, ended.definition.exitConditions);
  const satisfies = job.definition.usesTaskDependencies === true && dependencyAction === 'satisfy';
  // While it waits for others it is found by what it waits for only; whoever comes upon it there finds it over.
  const leave: readonly Write[] = entity === undefined ? [] : [{ type: 'delete', row: entity.row }];
  return {
    job: withAction(
      { ...job, openTasks: job.openTasks - 1, ...(satisfies ? { dependenciesDue: true as const } : {}) },
      jobAction,
    ),
    task: ended,
    now,
    writes: [...leave, ...(satisfies ? toSatisfiedWrites(task.definition.id) : [])],
    events: toEvents(job, ended, now),
  };
}

function withAction(job: Job, jobAction: 'none' | 'disable' | 'terminate'): Job {
  if (job.definition.onTaskFailure === 'noaction' || jobAction === 'none') return job;
  return withDue(
    job,
    jobAction === 'terminate'
      ? { kind: 'terminate', terminateReason: 'TaskFailed' }
      : { kind: 'disable', disableTasks: 'requeue' },
  );
}

function toEvents(job: Job, task: Task, now: Date): readonly OwedEvent[] {
  const { id } = task.definition;
  return (['dev.bookend.task.complete', 'dev.bookend.task.fail'] as const).map((type) =>
    owedEvent(
      type,
      `/jobs/${job.definition.id}/tasks/${id}`,
      now,
      [job.incarnation, task.order, task.stateTransitionTime],
      { jobId: job.definition.id, id, executionInfo: task.execution },
    ),
  );
}

async function askForEnd({ table }: Services, { job, task, now }: SeenTask): Promise<TaskChange> {
  const partition = jobPartition(job.definition.id);
  const entity = await table.get(partition, jobNodeRow(task.assignment?.nodeId ?? ''));
  const jobNode = entity === undefined ? undefined : fromJobNode(entity);
  if (entity === undefined || !jobNode?.runs.some(({ runId }) => runId === task.assignment?.runId))
    throw new TableConflict('changed', `Task '${task.definition.id}' left its node while it was to be ended`);
  const runs = jobNode.runs.map((run) =>
    run.runId === task.assignment?.runId ? { ...run, taskTerminated: true as const } : run,
  );
  const write: Write = {
    type: 'replace',
    row: entity.row,
    values: toJobNode({ ...jobNode, runs }),
    etag: entity.etag,
  };
  return { job, task, now, writes: [write] };
}

// Deleting one task: its rows go at once; a run of it that a node has is killed by the next pass.
import { hintTypes, sendHint } from '../events/hints.js';
import type { JobNode } from '../job-nodes/job-node.js';
import { BatchError } from '../errors.js';
import { fromJobNode, headRow, jobNodeRow, jobPartition, readyRow, toJobHead, toJobNode } from '../jobs/job-rows.js';
import type { Job } from '../jobs/job.js';
import { loadStoredJob, type StoredJob } from '../jobs/read-jobs.js';
import { requireConditions, type Conditions } from '../rest/conditions.js';
import { toValidators } from '../rest/etag.js';
import type { Services } from '../services.js';
import type { Write } from '../tables/table.js';
import { tryAgain } from '../tables/try-again.js';
import { satisfiedRow } from './dependency-rows.js';
import type { Task } from './task.js';
import { fromTaskRow, taskRow } from './task-rows.js';

/**
 * Deletes a task in any state. Throws TaskNotFound, JobNotFound, JobBeingDeleted, ConditionNotMet.
 * https://learn.microsoft.com/rest/api/batchservice/task/delete
 */
export async function deleteTask(
  services: Services,
  jobId: string,
  taskId: string,
  { conditions }: { conditions: Conditions },
): Promise<void> {
  let attempted: { readonly job: Job; readonly task: Task } | undefined;
  const { job, task } = await tryAgain(services, async () => {
    const stored = await loadStoredJob(services, jobId, attempted?.job.incarnation);
    if (stored.job.state === 'deleting') {
      throw new BatchError('JobBeingDeleted', `Job '${jobId}' is being deleted; its tasks go with it`);
    }
    const task = await loadUnlessGone(services, stored.job, taskId);
    // A removal whose answer was lost finds nothing to remove when it is tried again, or a later task that was given the id.
    if (attempted !== undefined && task?.order !== attempted.task.order) return attempted;
    if (task === undefined) {
      throw new BatchError('TaskNotFound', `Job '${jobId}' has no task '${taskId}'`);
    }
    requireConditions(conditions, toValidators(task.lastModified));
    const writes = await toWrites(services, stored, task);
    attempted = { job: stored.job, task };
    await services.table.write(jobPartition(jobId), writes);
    return attempted;
  });
  if (task.state === 'preparing' || task.state === 'running') {
    await sendHint(services, hintTypes.taskDeleted, { poolId: job.definition.poolId, jobId: job.definition.id });
  }
}

async function loadUnlessGone({ table }: Services, job: Job, taskId: string): Promise<Task | undefined> {
  const row = await table.get(jobPartition(job.definition.id), taskRow(taskId));
  return row === undefined ? undefined : fromTaskRow(row);
}

async function toWrites(services: Services, { job, etag }: StoredJob, task: Task): Promise<readonly Write[]> {
  const { table } = services;
  const partition = jobPartition(job.definition.id);
  const removal: Write = { type: 'delete', row: taskRow(task.definition.id) };
  const toHead = (next: Job): Write => ({ type: 'replace', row: headRow, values: toJobHead(next), etag });
  if (task.state === 'completed') {
    const usesDependencies = job.definition.usesTaskDependencies === true;
    const satisfied = usesDependencies ? await table.get(partition, satisfiedRow(task.definition.id)) : undefined;
    return [toHead(satisfied === undefined ? job : { ...job, satisfiedDeleted: true }), removal];
  }
  const common = [toHead({ ...job, openTasks: job.openTasks - 1 }), removal];
  if (task.state === 'active') {
    // While it waits for others it is found by what it waits for only; whoever comes upon it there finds it gone.
    const ready = await table.get(partition, readyRow(task.order));
    return ready === undefined ? common : [...common, { type: 'delete', row: ready.row }];
  }
  const row = jobNodeRow(task.assignment?.nodeId ?? '');
  const entity = await table.get(partition, row);
  if (entity === undefined) return common;
  const jobNode = withDeleted(fromJobNode(entity), task);
  return [...common, { type: 'replace', row, values: toJobNode(jobNode), etag: entity.etag }];
}

function withDeleted(jobNode: JobNode, task: Task): JobNode {
  const runs = jobNode.runs.map((run) =>
    run.runId === task.assignment?.runId ? { ...run, taskDeleted: true as const } : run,
  );
  return { ...jobNode, runs };
}

// What the end of a task means beyond itself: for its job, and for the tasks that depend on it.
import { endsJob, isOpen } from '../jobs/job-decisions.js';
import type { TaskRun } from '../job-nodes/job-node.js';
import { decideExitOptions } from '../tasks/exit-decisions.js';
import type { ExitActions, ExitConditions } from '../tasks/exit-conditions.js';
import type { TaskExecution } from '../tasks/task.js';
import { satisfiedRows } from '../tasks/dependency-rows.js';
import { requestChange, taskOf, type Draft, type JobDraft } from './draft.js';

export type Consequence = {
  readonly jobAction: ExitActions['jobAction'];
  /** Whether tasks that depend on this one may go on. */
  readonly satisfies: boolean;
  /** Rows that this takes besides the task's own. */
  readonly rows: number;
};

const none: Consequence = { jobAction: 'none', satisfies: false, rows: 0 };

/** What follows from the end of this run; nothing yet while the conditions that it is judged by have to be read. */
export function decideConsequence(
  draft: Draft,
  { job }: JobDraft,
  run: TaskRun,
  execution: Pick<TaskExecution, 'result' | 'exitCode' | 'failureInfo'>,
): Consequence | undefined {
  const { onTaskFailure, usesTaskDependencies } = job.definition;
  const performs = onTaskFailure === 'performexitoptionsjobaction';
  if (run.taskDeleted === true || !isOpen(job) || (!performs && usesTaskDependencies !== true)) return none;
  let conditions: ExitConditions | undefined;
  if (run.hasExitConditions === true) {
    const task = taskOf(draft, job.definition.id, run.taskId);
    if (task === undefined) return undefined;
    conditions = task.definition.exitConditions;
  }
  const { jobAction, dependencyAction } = decideExitOptions(execution, conditions);
  const satisfies = usesTaskDependencies === true && dependencyAction === 'satisfy';
  return { jobAction: performs ? jobAction : 'none', satisfies, rows: satisfies ? satisfiedRows : 0 };
}

/** Has it follow: saved with the end itself. */
export function follow(jobDraft: JobDraft, run: TaskRun, nodeId: string, { jobAction, satisfies }: Consequence): void {
  if (satisfies) {
    jobDraft.satisfied.set(run.taskId, nodeId);
    jobDraft.job = { ...jobDraft.job, dependenciesDue: true };
  }
  if (run.taskDeleted !== true && endsJob(jobDraft.job, run))
    requestChange(jobDraft, { kind: 'terminate', terminateReason: 'JMComplete' });
  if (jobAction === 'terminate') requestChange(jobDraft, { kind: 'terminate', terminateReason: 'TaskFailed' });
  // Batch disables as the user's request with 'requeue' would.
  if (jobAction === 'disable') requestChange(jobDraft, { kind: 'disable', disableTasks: 'requeue' });
}

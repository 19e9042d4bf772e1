// The end of a task's run on its node: what is counted, kept, told, and what follows for the job.
import type { JobNode, TaskRun } from '../job-nodes/job-node.js';
import type { Node } from '../nodes/node.js';
import { endedByUser } from '../tasks/ended-by-user.js';
import type { TaskAssignment, TaskExecution, TaskStatus } from '../tasks/task.js';
import { endRun, nodeOf, owe, takeRows, type Draft, type JobDraft } from './draft.js';
import { decideConsequence, follow } from './task-end-decisions.js';

// A node shows what it ran of late; its row is read by every pass.
const mostRecentTasks = 10;
const longestDateMs = Date.parse('9999-12-31T23:59:59.999Z');

/** Ends the run and its task. Nothing when it does not fit into this round, or has to wait for its task's row. */
export function completeRun(
  draft: Draft,
  jobDraft: JobDraft,
  jobNode: JobNode,
  run: TaskRun,
  execution: TaskStatus['execution'],
): JobNode | undefined {
  const consequence = decideConsequence(draft, jobDraft, run, execution);
  if (consequence === undefined || !takeRows(draft, jobDraft, jobNode.nodeId, 1 + consequence.rows)) return undefined;
  const node = nodeOf(draft, jobNode);
  // The lease goes with the count: a pass that died after saving the node does not count the run again.
  if (node?.leases.some(({ runId }) => runId === run.runId) === true) {
    draft.nodes.set(node.id, {
      ...node,
      totalTasksRun: node.totalTasksRun + 1,
      totalTasksSucceeded: node.totalTasksSucceeded + (execution.result === 'success' ? 1 : 0),
      recentTasks: [...(node.recentTasks ?? []), { jobId: jobNode.jobId, taskId: run.taskId, execution }].slice(
        -mostRecentTasks,
      ),
      ...retainedUntil(node, run, execution),
    });
  }
  if (run.taskDeleted !== true) jobDraft.job = { ...jobDraft.job, openTasks: jobDraft.job.openTasks - 1 };
  follow(jobDraft, run, jobNode.nodeId, consequence);
  tellEnd(draft, jobDraft, jobNode, run, execution);
  return endRun(draft, jobDraft, jobNode, run, {
    state: 'completed',
    stateTransitionTime: draft.at,
    previousState: execution.startTime === undefined ? run.state : 'running',
    previousStateTransitionTime: run.state === 'running' ? run.since : (execution.startTime ?? run.since),
    assignment: assignmentOf(jobNode, run),
    execution,
  });
}

/** Until when files of tasks that ended on the node are to be kept. */
function retainedUntil(
  node: Node,
  { retentionMs = 0 }: TaskRun,
  { endTime }: TaskStatus['execution'],
): Pick<Node, 'retainedUntil'> {
  const endsMs = Date.parse(endTime ?? node.allocationTime) + retentionMs;
  // What is kept without end is kept as long as dates go.
  const until = new Date(Math.min(endsMs, longestDateMs)).toISOString();
  return until > (node.retainedUntil ?? '') ? { retainedUntil: until } : {};
}

function tellEnd(
  draft: Draft,
  jobDraft: JobDraft,
  jobNode: JobNode,
  run: TaskRun,
  execution: TaskStatus['execution'],
): void {
  const types =
    execution.result === 'success'
      ? (['dev.bookend.task.complete'] as const)
      : (['dev.bookend.task.complete', 'dev.bookend.task.fail'] as const);
  for (const type of types) {
    owe(draft, jobDraft, {
      type,
      subject: `/tasks/${run.taskId}`,
      identity: [run.runId],
      nodeId: jobNode.nodeId,
      data: {
        id: run.taskId,
        nodeInfo: { poolId: jobNode.poolId, nodeId: jobNode.nodeId },
        executionInfo: execution,
      },
    });
  }
}

/** The end of a run whose task was ended by its user, and of which nothing else is known; nothing when it does not fit into this round. */
export function endAsTerminated(draft: Draft, jobDraft: JobDraft, jobNode: JobNode, run: TaskRun): JobNode | undefined {
  return completeRun(draft, jobDraft, jobNode, run, {
    ...(run.startTime === undefined ? {} : { startTime: run.startTime }),
    endTime: draft.at,
    result: 'failure',
    failureInfo: endedByUser,
    retryCount: run.retryCount ?? 0,
    ...requeuesOf(run),
  });
}

/** How often, and when last, the run's task was put back to wait by its user. */
export const requeuesOf = ({
  requeueCount,
  lastRequeueTime,
}: TaskRun): Pick<TaskExecution, 'requeueCount' | 'lastRequeueTime'> => ({
  requeueCount,
  ...(lastRequeueTime === undefined ? {} : { lastRequeueTime }),
});

/** Where a run has put its task. */
export function assignmentOf(jobNode: JobNode, run: TaskRun): TaskAssignment {
  return { poolId: jobNode.poolId, nodeId: jobNode.nodeId, runId: run.runId, attempt: run.attempt };
}

// What happens to the tasks that a node has: they start, end, or go back to wait for another node.
import { instantAgo, outcomeOf } from '../job-nodes/job-node-decisions.js';
import type { JobNode, RunOutcome, TaskRun } from '../job-nodes/job-node.js';
import { isOpen } from '../jobs/job-decisions.js';
import type { RunReport } from '../nodes/node-messages.js';
import { endedByUser } from '../tasks/ended-by-user.js';
import { withoutDependencies } from '../tasks/task.js';
import { assignmentOf, completeRun, endAsTerminated, requeuesOf } from './run-end-decisions.js';
import { endRun, owe, putJobNode, takeRows, taskOf, type Draft, type JobDraft } from './draft.js';

/** Why a task goes back to wait. A user's act counts in `requeueCount`; recovery does not. */
export type RequeueCause = 'userRequest' | 'recovery' | 'preparationFailed';

export { endedByUser };

/** What a report says of one run of a task. A report of a run that the job node does not name changes nothing. */
export function hearTaskRun(draft: Draft, jobDraft: JobDraft, jobNode: JobNode, report: RunReport): JobNode {
  const run = jobNode.runs.find((known) => known.runId === report.runId);
  if (run === undefined) return jobNode;
  if (report.state === 'ended') return hearEnd(draft, jobDraft, jobNode, run, report);
  const retries = report.state === 'running' && report.retryCount > (run.retryCount ?? 0);
  const started = report.state === 'running' && (run.startTime === undefined || retries);
  if (run.heard && !started) return jobNode;
  if (!started) return replaceRun(jobDraft, jobNode, { ...run, heard: true });
  if (!takeRows(draft, jobDraft, jobNode.nodeId, 1)) return inPart(draft, jobNode);
  const startTime = instantAgo(draft.now, report.startedAgoMs);
  const retried = retries ? { retryCount: report.retryCount, lastRetryTime: startTime } : {};
  return showRunning(
    jobDraft,
    { ...jobNode, taskStarted: true },
    { ...run, heard: true, startTime, ...retried },
    startTime,
  );
}

// What does not fit into this round is heard in the next, from the same report.
function inPart(draft: Draft, jobNode: JobNode): JobNode {
  draft.heardInPart.add(jobNode.nodeId);
  return jobNode;
}

function hearEnd(draft: Draft, jobDraft: JobDraft, jobNode: JobNode, run: TaskRun, report: RunReport): JobNode {
  const began = report.startedAgoMs !== undefined || run.startTime !== undefined;
  const outcome = outcomeOf(report, draft.now) ?? (began ? outcomeOfVanished(draft, run, report) : undefined);
  const seen = began && !jobNode.taskStarted ? { ...jobNode, taskStarted: true } : jobNode;
  // Whoever ended the task has ended it, whether or not it had begun.
  if (run.taskTerminated === true && (outcome === undefined || !began))
    return endAsTerminated(draft, jobDraft, seen, run) ?? inPart(draft, jobNode);
  // What was killed before it began has not been run.
  const isUnrun = outcome === undefined || (report.ending === 'killed' && !began);
  if (isUnrun || isToRunAgain(jobDraft, run, report)) {
    const next = requeue(draft, jobDraft, seen, run, causeOf(jobDraft, jobNode, run));
    return next.runs.some(({ runId }) => runId === run.runId) ? inPart(draft, jobNode) : next;
  }
  return completeRun(draft, jobDraft, seen, run, { ...outcome, ...requeuesOf(run) }) ?? inPart(draft, jobNode);
}

/** Whether a kill ended the run that wanted its task to wait again; nothing waits any more once the job ends. */
function isToRunAgain({ job }: JobDraft, run: TaskRun, report: RunReport): boolean {
  const wasKilled = report.ending === 'killed' || report.ending === 'lost' || report.ending === 'neverStarted';
  return run.whenKilled === 'requeue' && wasKilled && isOpen(job);
}

function causeOf({ job }: JobDraft, jobNode: JobNode, run: TaskRun): RequeueCause {
  if (failedPreparationOf(jobNode, run)) return 'preparationFailed';
  return run.killSentAt !== undefined && isOpen(job) ? 'userRequest' : 'recovery';
}

/** A run that vanished while it was being killed has ended as wanted; any other that vanished has no outcome. */
function outcomeOfVanished(draft: Draft, run: TaskRun, report: RunReport): RunOutcome | undefined {
  if (run.killSentAt === undefined) return undefined;
  return {
    startTime: run.startTime ?? instantAgo(draft.now, report.startedAgoMs),
    endTime: instantAgo(draft.now, report.endedAgoMs),
    result: 'failure',
    failureInfo: endedByUser,
    retryCount: report.retryCount,
  };
}

/** The failed preparation that a run waited for in vain. */
function failedPreparationOf({ preparation }: JobNode, run: TaskRun): RunOutcome | undefined {
  const failed = run.state === 'preparing' && preparation.state === 'completed' && preparation.result === 'failure';
  return failed ? preparation : undefined;
}

/** Ends a run whose node is not waited for: its task is over if it may have begun, or waits for ever. False when there is no room left. */
export function endUnheard(draft: Draft, jobDraft: JobDraft, jobNode: JobNode, run: TaskRun): boolean {
  if (run.state === 'preparing' || run.taskDeleted === true) {
    const { runs } = requeue(draft, jobDraft, jobNode, run, 'recovery');
    return !runs.some(({ runId }) => runId === run.runId);
  }
  const ended = completeRun(draft, jobDraft, jobNode, run, {
    startTime: run.startTime ?? run.since,
    endTime: draft.at,
    result: 'failure',
    failureInfo: endedByUser,
    retryCount: run.retryCount ?? 0,
    ...requeuesOf(run),
  });
  return ended !== undefined;
}

/** Takes the run from its node and lets its task wait again; it may go to any node, in a later round of this pass at the earliest. */
export function requeue(
  draft: Draft,
  jobDraft: JobDraft,
  jobNode: JobNode,
  run: TaskRun,
  cause: RequeueCause,
): JobNode {
  if (run.taskTerminated === true) return endAsTerminated(draft, jobDraft, jobNode, run) ?? jobNode;
  const task = run.taskDeleted === true ? undefined : taskOf(draft, jobNode.jobId, run.taskId);
  if (task === undefined && run.taskDeleted !== true) return jobNode;
  const characters = task === undefined ? 0 : JSON.stringify(task.definition).length;
  if (!takeRows(draft, jobDraft, jobNode.nodeId, 2, characters)) return jobNode;
  const byUser = cause === 'userRequest';
  const requeueCount = run.requeueCount + (byUser ? 1 : 0);
  const lastRequeueTime = byUser ? draft.at : run.lastRequeueTime;
  const requeues = { requeueCount, ...(lastRequeueTime === undefined ? {} : { lastRequeueTime }) };
  if (task !== undefined) {
    jobDraft.ready.set(run.order, {
      taskId: run.taskId,
      order: run.order,
      definition: withoutDependencies(task.definition),
      attempts: run.attempt,
      activeSince: draft.at,
      ...requeues,
    });
    jobDraft.readyOwner.set(run.order, jobNode.nodeId);
    jobDraft.requeued.add(run.order);
    if (jobDraft.job.state === 'active' && draft.pool?.state === 'active') draft.more = true;
    owe(draft, jobDraft, {
      type: 'dev.bookend.task.requeue',
      subject: `/tasks/${run.taskId}`,
      identity: [run.runId],
      nodeId: jobNode.nodeId,
      data: { id: run.taskId, cause, nodeInfo: { poolId: jobNode.poolId, nodeId: jobNode.nodeId } },
    });
  }
  const failureInfo = failedPreparationOf(jobNode, run)?.failureInfo;
  return endRun(draft, jobDraft, jobNode, run, {
    state: 'active',
    stateTransitionTime: draft.at,
    previousState: run.state,
    previousStateTransitionTime: run.since,
    // Should the preparation fail everywhere, the waiting task itself says why it waits.
    execution: { retryCount: 0, ...requeues, ...(failureInfo === undefined ? {} : { failureInfo }) },
  });
}

/** After the preparation was heard of: its success lets waiting tasks run, its failure sends them elsewhere. */
export function settleWaitingRuns(draft: Draft, jobDraft: JobDraft, jobNode: JobNode): JobNode {
  const { preparation } = jobNode;
  if (preparation.state !== 'completed') return jobNode;
  let next = jobNode;
  for (const run of jobNode.runs) {
    if (run.state !== 'preparing') continue;
    if (preparation.result === 'failure') {
      next = requeue(draft, jobDraft, next, run, 'preparationFailed');
    } else if (takeRows(draft, jobDraft, jobNode.nodeId, 1)) {
      next = showRunning(jobDraft, next, run, draft.at);
    }
  }
  return next;
}

function showRunning(jobDraft: JobDraft, jobNode: JobNode, run: TaskRun, since: string): JobNode {
  const next: TaskRun =
    run.state === 'running'
      ? run
      : { ...run, state: 'running', since, before: { state: 'preparing', since: run.since } };
  if (run.taskDeleted !== true) {
    jobDraft.tasks.set(run.taskId, {
      nodeId: jobNode.nodeId,
      status: {
        state: 'running',
        stateTransitionTime: next.since,
        previousState: next.before?.state ?? 'active',
        previousStateTransitionTime: next.before?.since ?? run.since,
        assignment: assignmentOf(jobNode, run),
        execution: {
          startTime: next.startTime ?? next.since,
          retryCount: next.retryCount ?? 0,
          ...(next.lastRetryTime === undefined ? {} : { lastRetryTime: next.lastRetryTime }),
          ...requeuesOf(run),
        },
      },
    });
  }
  return replaceRun(jobDraft, jobNode, next);
}

/** Puts `run` in the place of the one with its id. */
export function replaceRun(jobDraft: JobDraft, jobNode: JobNode, run: TaskRun): JobNode {
  const next = { ...jobNode, runs: jobNode.runs.map((other) => (other.runId === run.runId ? run : other)) };
  putJobNode(jobDraft, next);
  return next;
}

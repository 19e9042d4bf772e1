// How orders are made: of a preparation, a task, a release; and which of them are sent again because nobody heard of them.
import { hashOf } from '../hash.js';
import { mustWait } from '../job-nodes/job-node-decisions.js';
import type { JobNode, OrderedRun, TaskRun } from '../job-nodes/job-node.js';
import { isEnding } from '../jobs/job-decisions.js';
import type { JobDefinition } from '../jobs/job.js';
import type { Node } from '../nodes/node.js';
import { isReachable } from '../nodes/node-decisions.js';
import { acknowledgeWithinMs, type RunKind } from '../nodes/node-messages.js';
import type { EnvironmentSetting, RunDefinition } from '../tasks/run-definition.js';
import type { TaskDefinition } from '../tasks/task.js';
import {
  isReasked,
  nodeOf,
  orderFor,
  putJobNode,
  taskOf,
  type Draft,
  type DraftOrder,
  type DraftRunOrder,
  type JobDraft,
} from './draft.js';
import { endedByUser } from './task-run-decisions.js';

/**
 * The deterministic id of a run: the same order twice is the same run. `which` is the id of a preparation or release; of a task its place
 * in the job, as an id may be given again once its task is deleted.
 */
export function runIdOf(jobNode: JobNode, kind: RunKind, which: string | number, attempt: number): string {
  return hashOf(jobNode.incarnation, jobNode.nodeId, jobNode.epoch, kind, which, attempt);
}

/** The order for this job on this node, begun when first asked for. */
export function orderOf(draft: Draft, jobDraft: JobDraft, node: Node): DraftOrder {
  const { definition, incarnation } = jobDraft.job;
  const preparationTaskId = definition.jobPreparationTask?.id;
  return orderFor(draft, node, {
    jobId: definition.id,
    incarnation,
    ...(preparationTaskId === undefined ? {} : { preparationTaskId }),
  });
}

/** The preparation as an order; the job has one and it was given a run. */
export function toPreparationOrder(definition: JobDefinition, jobNode: JobNode): DraftRunOrder | undefined {
  const { jobPreparationTask: preparation, commonEnvironmentSettings } = definition;
  if (preparation === undefined || jobNode.preparation.state === 'none') return undefined;
  return {
    runId: jobNode.preparation.runId,
    kind: 'preparation',
    taskId: preparation.id,
    attempt: jobNode.preparationAttempts,
    definition: toRunDefinition(preparation, commonEnvironmentSettings),
  };
}

/** A task as an order. It names the preparation that must have succeeded, whether or not it has already. */
export function toTaskOrder(
  definition: JobDefinition,
  jobNode: JobNode,
  run: Pick<TaskRun, 'runId' | 'taskId' | 'attempt'>,
  task: TaskDefinition,
): DraftRunOrder {
  const { preparation } = jobNode;
  const requires = definition.jobPreparationTask?.waitForSuccess === true && preparation.state !== 'none';
  return {
    runId: run.runId,
    kind: 'task',
    taskId: run.taskId,
    attempt: run.attempt,
    definition: toRunDefinition(task, definition.commonEnvironmentSettings),
    ...(requires ? { requiresPreparation: preparation.runId } : {}),
  };
}

/** The release as an order; the job has one and it was given a run. */
export function toReleaseOrder(definition: JobDefinition, jobNode: JobNode): DraftRunOrder | undefined {
  const { jobReleaseTask: release, commonEnvironmentSettings } = definition;
  if (release === undefined || !('runId' in jobNode.release)) return undefined;
  const { maxWallClockMs, retentionMs } = release;
  const constraints = { maxWallClockMs, retentionMs, maxTaskRetryCount: 0 };
  return {
    runId: jobNode.release.runId,
    kind: 'release',
    taskId: release.id,
    attempt: jobNode.releaseAttempts,
    definition: toRunDefinition({ ...release, constraints }, commonEnvironmentSettings),
  };
}

// A task's own setting wins over the job's of the same name.
export function toRunDefinition(own: RunDefinition, common: readonly EnvironmentSetting[]): RunDefinition {
  const ownNames = new Set(own.environmentSettings.map((setting) => setting.name));
  return {
    commandLine: own.commandLine,
    environmentSettings: [...common.filter((setting) => !ownNames.has(setting.name)), ...own.environmentSettings],
    constraints: own.constraints,
    ...(own.userIdentity === undefined ? {} : { userIdentity: own.userIdentity }),
    ...(own.resourceFiles === undefined ? {} : { resourceFiles: own.resourceFiles }),
    ...(own.outputFiles === undefined ? {} : { outputFiles: own.outputFiles }),
  };
}

/** Sends again what was ordered and not heard of: at once when asked to, otherwise when the time to acknowledge it has passed. */
export function repeatOrders(draft: Draft): void {
  for (const jobDraft of draft.jobs.values()) {
    for (const jobNode of [...jobDraft.jobNodes.values()]) {
      const node = nodeOf(draft, jobNode);
      if (node === undefined || node.epoch !== jobNode.epoch || !isReachable(node)) continue;
      const next = repeatFor(draft, jobDraft, jobNode, node);
      if (next !== jobNode) putJobNode(jobDraft, next);
    }
  }
}

function repeatFor(draft: Draft, jobDraft: JobDraft, jobNode: JobNode, node: Node): JobNode {
  const { definition } = jobDraft.job;
  const { preparation, release } = jobNode;
  const isDue = (run: OrderedRun): boolean => isUnheardFor(draft, run);
  let next = jobNode;
  if (preparation.state === 'ordered' && isDue(preparation)) {
    const order = toPreparationOrder(definition, jobNode);
    if (order !== undefined) orderOf(draft, jobDraft, node).preparation = order;
    next = { ...next, preparation: { ...preparation, repeatedAt: draft.at } };
  }
  if (release.state === 'ordered' && (isEnding(jobDraft.job) || node.request?.kind === 'leave') && isDue(release)) {
    const order = toReleaseOrder(definition, jobNode);
    if (order !== undefined) orderOf(draft, jobDraft, node).release = order;
    next = { ...next, release: { ...release, repeatedAt: draft.at } };
  }
  for (const run of jobNode.runs) {
    if (run.killSentAt !== undefined || !isDue(run)) continue;
    const task = run.taskDeleted === true ? undefined : taskOf(draft, jobNode.jobId, run.taskId);
    if (task === undefined) continue;
    orderOf(draft, jobDraft, node).tasks.push(toTaskOrder(definition, jobNode, run, task.definition));
    const repeated = { ...run, repeatedAt: draft.at };
    next = { ...next, runs: next.runs.map((other) => (other.runId === run.runId ? repeated : other)) };
  }
  return next;
}

/** Kills runs whose task was deleted or ended by its user, once, and again when asked to. */
export function killDeletedTasks(draft: Draft): void {
  for (const jobDraft of draft.jobs.values()) {
    for (const jobNode of [...jobDraft.jobNodes.values()]) {
      const unwanted = jobNode.runs.filter((run) => run.taskDeleted === true || run.taskTerminated === true);
      if (unwanted.length > 0) killRuns(draft, jobDraft, jobNode, unwanted);
    }
  }
}

/** Orders the node to kill these runs, unless a kill is on its way already; their tasks end with it, or wait again where `whenKilled` says so. */
export function killRuns(
  draft: Draft,
  jobDraft: JobDraft,
  jobNode: JobNode,
  runs: readonly TaskRun[],
  whenKilled?: TaskRun['whenKilled'],
): JobNode {
  const node = nodeOf(draft, jobNode);
  if (node === undefined || !isReachable(node)) return jobNode;
  const due = runs.filter((run) => isKillDue(draft, run.killSentAt));
  if (due.length === 0) return jobNode;
  const { kills, tasks } = orderOf(draft, jobDraft, node);
  for (const run of due) {
    kills.push({ runId: run.runId, failure: endedByUser });
    if (!run.heard && !tasks.some(({ runId }) => runId === run.runId)) tasks.push(toKilledOrder(run));
  }
  const dueIds = new Set(due.map((run) => run.runId));
  const next = {
    ...jobNode,
    runs: jobNode.runs.map((run) =>
      dueIds.has(run.runId)
        ? { ...run, killSentAt: draft.at, ...(whenKilled === undefined ? {} : { whenKilled }) }
        : run,
    ),
  };
  putJobNode(jobDraft, next);
  return next;
}

/**
 * The order of a run that the node may never have heard of, so that it can tell its end. Nothing is run: a node applies kills first.
 * What was to be run need not be known any more.
 */
function toKilledOrder({ runId, taskId, attempt }: TaskRun): DraftRunOrder {
  const definition = {
    commandLine: '',
    environmentSettings: [],
    constraints: { retentionMs: 0, maxTaskRetryCount: 0 },
  };
  return { runId, kind: 'task', taskId, attempt, definition };
}

/** Whether a kill has to be sent (again). */
export function isKillDue(draft: Draft, sentAt: string | undefined): boolean {
  return sentAt === undefined || isDueAgain(draft, sentAt);
}

/** Whether an order has to be sent again because nobody has heard of it. */
export function isUnheardFor(draft: Draft, { heard, orderedAt, repeatedAt }: OrderedRun): boolean {
  return !heard && isDueAgain(draft, repeatedAt ?? orderedAt);
}

function isDueAgain(draft: Draft, sentAt: string): boolean {
  return isReasked(draft, sentAt) || draft.now.getTime() - Date.parse(sentAt) > acknowledgeWithinMs;
}

/** Whether a task given to this node now would have to wait for a preparation. */
export function firstStateOf(jobNode: JobNode, definition: JobDefinition): 'preparing' | 'running' {
  return mustWait(jobNode, definition) ? 'preparing' : 'running';
}

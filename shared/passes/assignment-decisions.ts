// Step 6 of a pass: tasks that wait get free slots, and with a node's first task of a job comes the job's preparation.
import { isBarred, isPreparationDue } from '../job-nodes/job-node-decisions.js';
import type { JobNode } from '../job-nodes/job-node.js';
import { affinityOf, type Node } from '../nodes/node.js';
import { mayTakeTasks } from '../nodes/node-decisions.js';
import type { ReadyTask, TaskDefinition } from '../tasks/task.js';
import { jobNodeOf, jobOf, owe, putJobNode, takeRows, type Draft, type JobDraft } from './draft.js';
import { firstStateOf, orderOf, runIdOf, toPreparationOrder, toTaskOrder } from './order-decisions.js';
import { assignmentOf } from './run-end-decisions.js';

/** Assigns tasks while there are slots: jobs by priority, then age; tasks of a job in the order of their adding. */
export function assignTasks(draft: Draft): void {
  const { pool } = draft;
  if (pool?.state !== 'active') return;
  const slots = pool.definition.taskSlotsPerNode;
  if (freeSlots(draft, slots) === 0) return;
  for (const ref of draft.refs.values()) if (ref.hasReady) jobOf(draft, ref.jobId);
  if (draft.neededJobs.size > 0) return;
  for (const jobDraft of candidates(draft)) {
    if (isHeldBack(jobDraft)) continue;
    for (const ready of inOrder(jobDraft)) {
      if (!mayRunMore(jobDraft)) break;
      const node = chooseNode(draft, jobDraft, { ...ready.definition, requiredSlots: slotsOf(ready, slots) });
      if (node !== undefined) assign(draft, jobDraft, node, ready, slotsOf(ready, slots));
      // What follows would take the slots that a task which wants a node for itself waits for.
      else if (ready.definition.runExclusive === true) break;
      else if (freeSlots(draft, slots) === 0) return;
    }
  }
}

const slotsOf = ({ definition }: ReadyTask, slotsPerNode: number): number =>
  definition.runExclusive === true ? slotsPerNode : definition.requiredSlots;

/** Slots that a task could have now, over all nodes. */
export function freeSlots(draft: Draft, slotsPerNode: number): number {
  return [...draft.nodes.values()]
    .filter(mayTakeTasks)
    .reduce((sum, node) => sum + Math.max(0, slotsPerNode - usedSlots(node)), 0);
}

const usedSlots = (node: Node): number => node.leases.reduce((sum, lease) => sum + lease.slots, 0);

function candidates(draft: Draft): readonly JobDraft[] {
  return [...draft.jobs.values()]
    .filter(({ job, ready }) => job.state === 'active' && ready.size > 0)
    .sort(
      (a, b) =>
        b.job.definition.priority - a.job.definition.priority || a.job.creationTime.localeCompare(b.job.creationTime),
    );
}

/** Whether a task that wants a node for itself waits for the next round: until then none of its job takes what it could have. */
function isHeldBack({ ready, requeued }: JobDraft): boolean {
  return [...requeued].some((order) => ready.get(order)?.definition.runExclusive === true);
}

/** Whether the job may have another task on a node: `maxParallelTasks` bounds those that prepare or run. */
function mayRunMore({ job, jobNodes }: JobDraft): boolean {
  const { maxParallelTasks } = job.definition;
  if (maxParallelTasks === -1) return true;
  return [...jobNodes.values()].reduce((sum, { runs }) => sum + runs.length, 0) < maxParallelTasks;
}

function inOrder({ ready, requeued }: JobDraft): readonly ReadyTask[] {
  return [...ready.values()].filter(({ order }) => !requeued.has(order)).sort((a, b) => a.order - b.order);
}

/**
 * The node to take: the one that the task would rather have, if it has room; otherwise by spread the least, by pack the most loaded one;
 * among equals one that is prepared.
 */
function chooseNode(
  draft: Draft,
  jobDraft: JobDraft,
  { requiredSlots, affinityId }: Pick<TaskDefinition, 'requiredSlots' | 'affinityId'>,
): Node | undefined {
  const { job } = jobDraft;
  const definition = draft.pool?.definition;
  if (definition === undefined) return undefined;
  const towards = definition.nodeFillType === 'spread' ? 1 : -1;
  const isElsewhere = (node: Node): number => (affinityId === affinityOf(node.id) ? 0 : 1);
  const needsPreparation = (node: Node): number =>
    isPreparationDue(jobNodeOf(jobDraft, node), job.definition) ? 1 : 0;
  return [...draft.nodes.values()]
    .filter((node) => mayTakeTasks(node) && definition.taskSlotsPerNode - usedSlots(node) >= requiredSlots)
    .filter((node) => {
      const jobNode = jobNodeOf(jobDraft, node);
      return jobNode.epoch === node.epoch && !isBarred(jobNode, job.definition);
    })
    .sort(
      (a, b) =>
        isElsewhere(a) - isElsewhere(b) ||
        towards * (usedSlots(a) - usedSlots(b)) ||
        needsPreparation(a) - needsPreparation(b) ||
        a.id.localeCompare(b.id),
    )[0];
}

function assign(draft: Draft, jobDraft: JobDraft, node: Node, ready: ReadyTask, slots: number): void {
  if (!takeRows(draft, jobDraft, node.id, 2)) return;
  const { job } = jobDraft;
  const jobNode = withPreparation(draft, jobDraft, node);
  const attempt = ready.attempts + 1;
  const state = firstStateOf(jobNode, job.definition);
  const requeues = {
    requeueCount: ready.requeueCount,
    ...(ready.lastRequeueTime === undefined ? {} : { lastRequeueTime: ready.lastRequeueTime }),
  };
  const run = {
    runId: runIdOf(jobNode, 'task', ready.order, attempt),
    orderedAt: draft.at,
    heard: false,
    taskId: ready.taskId,
    attempt,
    slots,
    retentionMs: ready.definition.constraints.retentionMs,
    order: ready.order,
    state,
    since: draft.at,
    before: { state: 'active' as const, since: ready.activeSince },
    ...requeues,
    ...(ready.definition.exitConditions === undefined ? {} : { hasExitConditions: true as const }),
  };
  putJobNode(jobDraft, { ...jobNode, runs: [...jobNode.runs, run] });
  orderOf(draft, jobDraft, node).tasks.push(toTaskOrder(job.definition, jobNode, run, ready.definition));
  const { runId, taskId } = run;
  const lease = { jobId: job.definition.id, incarnation: job.incarnation, taskId, runId, slots };
  draft.nodes.set(node.id, { ...node, leases: [...node.leases, lease] });
  jobDraft.job = job.everAssigned ? job : { ...job, everAssigned: true };
  jobDraft.ready.delete(ready.order);
  jobDraft.readyOwner.set(ready.order, node.id);
  jobDraft.tasks.set(taskId, {
    nodeId: node.id,
    status: {
      state,
      stateTransitionTime: draft.at,
      previousState: 'active',
      previousStateTransitionTime: ready.activeSince,
      assignment: assignmentOf(jobNode, run),
      execution: { ...(state === 'running' ? { startTime: draft.at } : {}), retryCount: 0, ...requeues },
    },
  });
  owe(draft, jobDraft, {
    type: 'dev.bookend.task.start',
    subject: `/tasks/${taskId}`,
    identity: [runId],
    nodeId: node.id,
    data: { id: taskId, nodeInfo: { poolId: node.poolId, nodeId: node.id } },
  });
}

/** The job node with a preparation under way, where one is due; its order goes with the task's. */
function withPreparation(draft: Draft, jobDraft: JobDraft, node: Node): JobNode {
  const { definition } = jobDraft.job;
  const jobNode = jobNodeOf(jobDraft, node);
  const preparation = definition.jobPreparationTask;
  if (preparation === undefined || !isPreparationDue(jobNode, definition)) return jobNode;
  const attempt = jobNode.preparationAttempts + 1;
  const runId = runIdOf(jobNode, 'preparation', preparation.id, attempt);
  const next: JobNode = {
    ...jobNode,
    preparationAttempts: attempt,
    preparation: { state: 'ordered', runId, orderedAt: draft.at, heard: false },
  };
  const order = toPreparationOrder(definition, next);
  if (order !== undefined) orderOf(draft, jobDraft, node).preparation = order;
  return next;
}

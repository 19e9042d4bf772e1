// The working copy that the steps of a pass change, and the few ways they change it. Nouns stay immutable: a step puts a new one in the old one's place.
import { owedEvent, type EventType, type OwedEvent } from '../events/event.js';
import { nodeStateEvent } from '../nodes/node-events.js';
import type { JobNode, TaskRun } from '../job-nodes/job-node.js';
import { isOf, newJobNode } from '../job-nodes/job-node-decisions.js';
import type { DueChange, Job } from '../jobs/job.js';
import { withDue } from '../jobs/job-decisions.js';
import { jobDirectory } from '../jobs/job-directory.js';
import type { Node, NodeState } from '../nodes/node.js';
import type { Capacity, Order, RunOrder } from '../nodes/node-messages.js';
import type { JobRef, Pool } from '../pools/pool.js';
import type { RunDefinition } from '../tasks/run-definition.js';
import type { ReadyTask, Task, TaskStatus } from '../tasks/task.js';
import { jobKey, type Asked, type Seen, type SeenJob } from './seen.js';

/** An order before its long definitions are put where a message can point to them. */
export type DraftRunOrder = Omit<RunOrder, 'definition'> & { readonly definition: RunDefinition };
export type DraftOrder = Omit<
  Order,
  'startTask' | 'preparation' | 'tasks' | 'release' | 'kills' | 'forget' | 'acknowledged' | 'logTarget'
> & {
  startTask?: DraftRunOrder;
  preparation?: DraftRunOrder;
  release?: DraftRunOrder;
  readonly tasks: DraftRunOrder[];
  readonly kills: Order['kills'][number][];
  /** The node asked for a URL to send output to. */
  wantsLogTarget?: true;
  forget: boolean;
};

export type JobDraft = {
  readonly key: string;
  readonly seen: SeenJob;
  job: Job;
  readonly jobNodes: Map<string, JobNode>;
  readonly ready: Map<number, ReadyTask>;
  readonly tasks: Map<string, { readonly nodeId: string; readonly status: TaskStatus }>;
  /** Which node's transaction a change of a `ready` row belongs to. */
  readonly readyOwner: Map<number, string>;
  /** What is owed because of a change on one node is saved in that node's transaction. */
  readonly events: { readonly nodeId?: string; readonly event: OwedEvent }[];
  /** Rows and characters that this pass changes on behalf of a node: one transaction holds them all. */
  readonly roomOf: Map<string, { readonly rows: number; readonly characters: number }>;
  /** Requeued by this pass: assigned by the next round, so that no task has two nodes in one transaction. */
  readonly requeued: Set<number>;
  /** Tasks whose end lets those go on that depend on them, by the node on which it came about. */
  readonly satisfied: Map<string, string>;
  /** What this pass found due, or an earlier one that died: noted with the end it follows from, whether or not it is done in this pass. */
  due: DueChange | undefined;
  purge: boolean;
};

export type Draft = {
  readonly now: Date;
  readonly at: string;
  readonly asked: Asked;
  readonly seen: Seen;
  pool: Pool | undefined;
  readonly nodes: Map<string, Node>;
  readonly refs: Map<string, JobRef>;
  readonly jobs: Map<string, JobDraft>;
  readonly events: OwedEvent[];
  readonly orders: Map<string, DraftOrder>;
  readonly neededJobs: Set<string>;
  readonly neededTasks: Map<string, { readonly jobId: string; readonly taskId: string }>;
  readonly neededOrigins: Set<string>;
  /** Nodes whose report did not fit into this round: it must not be acknowledged yet. */
  readonly heardInPart: Set<string>;
  /** The earliest instant, in milliseconds since 1970, at which a step wants the pool looked at again. */
  lookAgainMs: number;
  /** Whether the provisioner has to be told what is wanted. */
  tellCapacity: boolean;
  /** Pools that are gone although machines of theirs live, by incarnation. */
  readonly farewells: Map<string, Capacity>;
  /** Whether work was left for another round because a transaction was full. */
  more: boolean;
};

// A transaction takes 100 writes; the head and the events owed need two.
const rowsPerNode = 96;
// A transaction takes 4 MiB, and a character up to three bytes; the job node's own row and the events need some of it.
const charactersPerNode = 500_000;

export function toDraft(seen: Seen, asked: Asked, now: Date): Draft {
  return {
    now,
    at: now.toISOString(),
    asked,
    seen,
    pool: seen.pool,
    nodes: new Map(seen.nodes.map((node) => [node.id, node])),
    refs: new Map(seen.refs.map((ref) => [jobKey(ref.jobId), ref])),
    jobs: new Map(
      seen.jobs.flatMap((each) =>
        each.job === undefined || !isHere(seen, each.job) ? [] : [[each.key, toJobDraft(each, each.job)]],
      ),
    ),
    events: [],
    orders: new Map(),
    neededJobs: new Set(),
    neededTasks: new Map(),
    neededOrigins: new Set(),
    heardInPart: new Set(),
    lookAgainMs: Infinity,
    tellCapacity: false,
    farewells: new Map(),
    more: false,
  };
}

// An id may have been given again to a job of another pool: that one is none of our business.
const isHere = ({ poolId }: Seen, { definition }: Job): boolean =>
  definition.poolId.toLowerCase() === poolId.toLowerCase();

function toJobDraft(seen: SeenJob, job: Job): JobDraft {
  return {
    key: seen.key,
    seen,
    job,
    jobNodes: new Map(seen.jobNodes.map((jobNode) => [jobNode.nodeId, jobNode])),
    ready: new Map(seen.ready.map((ready) => [ready.order, ready])),
    tasks: new Map(),
    readyOwner: new Map(),
    events: [],
    roomOf: new Map(),
    requeued: new Set(),
    satisfied: new Map(),
    due: job.due,
    purge: false,
  };
}

/** The job if this pass has read it; otherwise it is read, and the pass decided once more. */
export function jobOf(draft: Draft, jobId: string): JobDraft | undefined {
  const key = jobKey(jobId);
  if (!draft.seen.jobs.some((job) => job.key === key)) draft.neededJobs.add(key);
  return draft.jobs.get(key);
}

/** Sees to it that every job with business in this pool is read, also one that only a lease speaks of. */
export function needEveryJob(draft: Draft): void {
  for (const key of draft.refs.keys()) jobOf(draft, key);
  for (const { leases } of draft.seen.nodes) for (const { jobId } of leases) jobOf(draft, jobId);
}

/** The task's definition if this pass has read it; otherwise it is read, and the pass decided once more. */
export function taskOf(draft: Draft, jobId: string, taskId: string): Task | undefined {
  const same = (task: Task): boolean => jobKey(task.jobId) === jobKey(jobId) && task.definition.id === taskId;
  const found = draft.seen.tasks.find(same);
  if (found === undefined) draft.neededTasks.set(`${jobKey(jobId)}/${taskId}`, { jobId, taskId });
  return found;
}

/** The node that the job node speaks of, if it is there: another one may have its id by now, when a machine left the pool and joined again. */
export function nodeOf(draft: Draft, jobNode: JobNode): Node | undefined {
  const node = draft.nodes.get(jobNode.nodeId);
  return node !== undefined && isOf(jobNode, node) ? node : undefined;
}

/** How the job stands on the node, if it ever had to do with it; from the start where it comes back from another pool. */
export function jobNodeOf(jobDraft: JobDraft, node: Node): JobNode {
  const fresh = newJobNode(jobDraft.job, node);
  const known = jobDraft.jobNodes.get(node.id) ?? fresh;
  const hasReturned = known.release.state === 'waived' && known.release.reason === 'poolChanged';
  const { preparation, preparationAttempts, releaseAttempts } = known;
  if (!isOf(known, node)) return { ...fresh, preparationAttempts, releaseAttempts };
  if (!hasReturned || known.epoch !== node.epoch) return known;
  const isFailed = preparation.state === 'completed' && preparation.result === 'failure';
  return { ...fresh, preparationAttempts, releaseAttempts, ...(isFailed ? { preparation } : {}) };
}

export function putJobNode(jobDraft: JobDraft, jobNode: JobNode): void {
  jobDraft.jobNodes.set(jobNode.nodeId, jobNode);
}

/** Has the job ended or disabled in this pass, as what follows from the end of one of its tasks. */
export function requestChange(jobDraft: JobDraft, due: DueChange): void {
  jobDraft.job = withDue(jobDraft.job, due);
  jobDraft.due = jobDraft.job.due;
}

/**
 * Takes room for `rows`, together `characters` long where that is much, in the transaction of this job on this node;
 * false when it is full and the rest must wait for another round.
 */
export function takeRows(draft: Draft, jobDraft: JobDraft, nodeId: string, rows: number, characters = 0): boolean {
  const before = jobDraft.roomOf.get(nodeId) ?? { rows: 1, characters: 0 };
  const taken = { rows: before.rows + rows, characters: before.characters + characters };
  const isTooLong = before.characters > 0 && taken.characters > charactersPerNode;
  if (taken.rows > rowsPerNode || isTooLong) {
    draft.more = true;
    return false;
  }
  jobDraft.roomOf.set(nodeId, taken);
  return true;
}

/** Whether what was decided at `decidedAt` is asked to be told again. */
export function isReasked({ asked }: Draft, decidedAt: string): boolean {
  return asked.reask && decidedAt >= (asked.reaskSince ?? '');
}

/** Has the pool looked at again once `atMs` (milliseconds since 1970) has passed. */
export function lookAgain(draft: Draft, atMs: number): void {
  draft.lookAgainMs = Math.min(draft.lookAgainMs, atMs);
}

/** Puts the node in another state and owes the event that says so. */
export function enterNodeState(draft: Draft, node: Node, state: NodeState): Node {
  if (node.state === state) {
    if (draft.nodes.get(node.id) !== node) draft.nodes.set(node.id, node);
    return node;
  }
  const next = { ...node, state, stateTransitionTime: draft.at };
  draft.nodes.set(node.id, next);
  oweNodeState(draft, node, next);
  return next;
}

/** Owes the event that says that the node is in another state than before. */
export function oweNodeState(draft: Draft, before: Node, after: Node): void {
  if (before.state !== after.state) draft.events.push(nodeStateEvent(before, after, draft.now));
}

/** Gives up the slots that a run held. */
export function dropLease(draft: Draft, nodeId: string, runId: string): void {
  const node = draft.nodes.get(nodeId);
  if (node === undefined || !node.leases.some((lease) => lease.runId === runId)) return;
  draft.nodes.set(nodeId, { ...node, leases: node.leases.filter((lease) => lease.runId !== runId) });
}

/** Takes the run off its node and puts the task's new status down. */
export function endRun(draft: Draft, jobDraft: JobDraft, jobNode: JobNode, run: TaskRun, status: TaskStatus): JobNode {
  const next = { ...jobNode, runs: jobNode.runs.filter((other) => other.runId !== run.runId) };
  putJobNode(jobDraft, next);
  dropLease(draft, jobNode.nodeId, run.runId);
  if (run.taskDeleted !== true) jobDraft.tasks.set(run.taskId, { nodeId: jobNode.nodeId, status });
  return next;
}

/** Something to tell of a job: `subject` is what follows `/jobs/<id>`, `identity` tells apart what happened twice to the same subject. */
export type News = {
  readonly type: EventType;
  readonly subject: string;
  readonly identity: readonly (string | number)[];
  readonly data: Readonly<Record<string, unknown>>;
  /** The node on which it came about, if on one. */
  readonly nodeId?: string;
};

/** Owes an event about the job. */
export function owe(draft: Draft, jobDraft: JobDraft, { type, subject, identity, data, nodeId }: News): void {
  const { definition, incarnation } = jobDraft.job;
  const event = owedEvent(type, `/jobs/${definition.id}${subject}`, draft.now, [incarnation, ...identity], {
    jobId: definition.id,
    ...data,
  });
  jobDraft.events.push({ event, ...(nodeId === undefined ? {} : { nodeId }) });
}

/** The order that goes to this node for this job, begun when first asked for. */
export function orderFor(
  draft: Draft,
  node: Node,
  about: { readonly jobId: string; readonly incarnation: string; readonly preparationTaskId?: string },
): DraftOrder {
  const key = `${node.id}/${about.incarnation}`;
  const known = draft.orders.get(key);
  if (known !== undefined) return known;
  const order: DraftOrder = {
    poolId: node.poolId,
    nodeId: node.id,
    epoch: node.epoch,
    ...(node.imageId === undefined ? {} : { imageId: node.imageId }),
    jobId: about.jobId,
    incarnation: about.incarnation,
    jobDirectory: jobDirectory(about.jobId),
    ...(about.preparationTaskId === undefined ? {} : { preparationTaskId: about.preparationTaskId }),
    acknowledgeWithinMs: 60_000,
    tasks: [],
    kills: [],
    forget: false,
  };
  draft.orders.set(key, order);
  return order;
}

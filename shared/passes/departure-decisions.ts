// A step of a pass: nodes that are to be rebooted, reimaged, removed or disabled. Their tasks are dealt with as the request says; a node that
// leaves with time to spare releases its jobs; then it is its provisioner's turn.
import { decideEnding, owesRelease } from '../job-nodes/job-node-decisions.js';
import type { JobNode } from '../job-nodes/job-node.js';
import { isEnding, isOver } from '../jobs/job-decisions.js';
import type { Node, NodeRequest } from '../nodes/node.js';
import { isReachable } from '../nodes/node-decisions.js';
import { acknowledgeWithinMs } from '../nodes/node-messages.js';
import { isReasked, jobOf, lookAgain, needEveryJob, type Draft, type JobDraft } from './draft.js';
import { orderRelease } from './ending-decisions.js';
import { killRuns } from './order-decisions.js';

/** Takes every request one step on. */
export function serveRequests(draft: Draft): void {
  for (const node of [...draft.nodes.values()]) if (node.request !== undefined) serve(draft, node, node.request);
}

function serve(draft: Draft, node: Node, request: NodeRequest): void {
  if (request.poweredAt !== undefined) return awaitProvisioner(draft, node, request);
  // Of a node that cannot be told anything the runs were requeued and the obligations waived already.
  if (isReachable(node) && !isDrained(draft, node, request)) return;
  if (draft.neededJobs.size > 0) return;
  if (request.kind === 'disableScheduling') draft.nodes.set(node.id, withoutRequest(draft.nodes.get(node.id) ?? node));
  else handOver(draft, node, request);
}

/** The node as if it had been asked for nothing. */
export function withoutRequest(node: Node): Node {
  const { request: _, ...rest } = node;
  return rest;
}

/** Whether nothing that the request waits for is left on the node; ends what it does not wait for. */
function isDrained(draft: Draft, node: Node, { kind, option, at, isOverdue }: NodeRequest): boolean {
  if (kind === 'disableScheduling') for (const { jobId } of node.leases) jobOf(draft, jobId);
  else needEveryJob(draft);
  const endsNow = option === 'requeue' || option === 'terminate';
  let isDone = true;
  for (const jobDraft of draft.jobs.values()) {
    const jobNode = jobDraft.jobNodes.get(node.id);
    if (jobNode === undefined || jobNode.runs.length === 0) continue;
    isDone = false;
    if (endsNow) killRuns(draft, jobDraft, jobNode, jobNode.runs, option === 'requeue' ? 'requeue' : undefined);
  }
  if (!isDone || kind === 'disableScheduling') return isDone;
  const retainedMs = option === 'retaineddata' ? Date.parse(node.retainedUntil ?? at) : 0;
  if (retainedMs > draft.now.getTime()) {
    lookAgain(draft, retainedMs);
    return false;
  }
  if (kind !== 'leave' || isOverdue === true) return true;
  const isReleased = [...draft.jobs.values()].map((jobDraft) => release(draft, jobDraft, node, endsNow));
  return isReleased.every(Boolean);
}

/**
 * Whether the job wants nothing more of a leaving node. A job that is ending gets its release in any case; one that goes on gets it before its
 * end where the option waits for tasks, since this node will not be there then.
 */
function release(draft: Draft, jobDraft: JobDraft, node: Node, endsNow: boolean): boolean {
  const jobNode = jobDraft.jobNodes.get(node.id);
  const { job } = jobDraft;
  if (jobNode === undefined || isOver(job)) return true;
  if (isEnding(job)) return decideEnding(jobNode, job).step === 'over';
  if (endsNow) return true;
  if (isUnderWay(jobNode)) return false;
  if (jobNode.release.state !== 'none' || !owesRelease(jobNode, job.definition)) return true;
  orderRelease(draft, jobDraft, jobNode, node);
  return false;
}

const isUnderWay = ({ preparation, release }: JobNode): boolean =>
  [preparation, release].some(({ state }) => state === 'ordered' || state === 'running');

/** From here on it is the provisioner's turn. */
function handOver(draft: Draft, node: Node, request: NodeRequest): void {
  const { kind } = request;
  draft.nodes.set(node.id, {
    ...node,
    request: { ...request, poweredAt: draft.at, toldAt: draft.at },
    ...(kind === 'reboot' ? { boots: (node.boots ?? 0) + 1 } : {}),
    ...(kind === 'reimage' ? { images: (node.images ?? 0) + 1 } : {}),
  });
  draft.tellCapacity = true;
  if (kind === 'leave') draft.more = true;
  else lookAgain(draft, draft.now.getTime() + acknowledgeWithinMs);
}

function awaitProvisioner(draft: Draft, node: Node, request: NodeRequest): void {
  if (request.kind === 'leave') return removeNode(draft, node);
  if (node.state === 'unknown') return;
  const toldAt = request.toldAt ?? request.at;
  if (isReasked(draft, toldAt)) draft.tellCapacity = true;
  if (draft.now.getTime() - Date.parse(toldAt) > acknowledgeWithinMs) {
    draft.tellCapacity = true;
    draft.nodes.set(node.id, { ...node, request: { ...request, toldAt: draft.at } });
    lookAgain(draft, draft.now.getTime() + acknowledgeWithinMs);
  } else {
    lookAgain(draft, Date.parse(toldAt) + acknowledgeWithinMs);
  }
}

// Its row goes last: gone rows do not say whether the provisioner was told. What jobs still had here is settled by the next round.
function removeNode(draft: Draft, node: Node): void {
  draft.more = true;
  needEveryJob(draft);
  if (draft.asked.isCapacityTold !== true) {
    draft.tellCapacity = true;
    return;
  }
  draft.nodes.delete(node.id);
  // Its last report may have been answered in this round: nobody is there to be told.
  for (const [key, { nodeId }] of draft.orders) if (nodeId === node.id) draft.orders.delete(key);
}

// Step 2 of a pass: nodes that are gone, or silent for too long. Their tasks go elsewhere, and what they owed is waived with the reason.
import { keepDoubt, mayOweRelease, waive } from '../job-nodes/job-node-decisions.js';
import { rememberInterrupted } from '../job-nodes/attempt-decisions.js';
import type { JobNode, WaiverReason } from '../job-nodes/job-node.js';
import { isEnding } from '../jobs/job-decisions.js';
import type { Node } from '../nodes/node.js';
import { isAway, isReachable } from '../nodes/node-decisions.js';
import { busyReportIntervalMs, presenceIntervalMs } from '../nodes/node-messages.js';
import { owedEvent } from '../events/event.js';
import { enterNodeState, needEveryJob, nodeOf, owe, putJobNode, type Draft, type JobDraft } from './draft.js';
import { forgetLater } from './forgetting-decisions.js';
import { requeue, type RequeueCause } from './task-run-decisions.js';

/** How long a node with work may be silent: its reporting interval, and half of it again for delays on the way. */
export const busySilenceMs = 1.5 * busyReportIntervalMs;
/** How long an idle node may be silent. */
export const idleSilenceMs = presenceIntervalMs + 2 * 60_000;
// A wake-up this late means that nobody was looking, so that silence proves nothing.
const lateWakeUpMs = 30_000;

/** A pool that is being deleted lets all its nodes go. */
export function dissolvePool(draft: Draft): void {
  if (draft.pool?.state !== 'deleting') return;
  needEveryJob(draft);
  // Rows that are gone do not say that the provisioner was told: a pass may have died in between, and not every redelivery is counted.
  if (draft.nodes.size === 0 && draft.asked.isCapacityTold === true) return;
  draft.nodes.clear();
  draft.orders.clear();
  // The provisioner is told before the pool's head goes, so that no crash leaves nodes that nobody wants.
  draft.tellCapacity = true;
  draft.more = true;
}

/** A pool that is being deleted is gone once its provisioner was told and nothing of its nodes is left in any job. */
export function closePool(draft: Draft): void {
  const { pool } = draft;
  if (pool?.state !== 'deleting' || draft.more) return;
  const { id } = pool.definition;
  draft.events.push(
    owedEvent('dev.bookend.pool.delete.complete', `/pools/${id}`, draft.now, [pool.incarnation], { id }),
  );
  draft.pool = undefined;
}

/** When nobody looked for a while, starts to count the nodes' silence from now. */
export function watchAgain(draft: Draft): void {
  const { pool, now, at } = draft;
  if (pool?.wakeUpAt === undefined) return;
  const lateMs = now.getTime() - Date.parse(pool.wakeUpAt);
  if (lateMs > lateWakeUpMs) draft.pool = { ...pool, watchingSince: at };
}

/** Gives up nodes whose silence is past its bound. Only where every job was looked at is it known what a node has to do. */
export function loseSilentNodes(draft: Draft): void {
  const { pool, now } = draft;
  if (pool === undefined || !draft.asked.everyJob) return;
  for (const node of draft.nodes.values()) {
    if (!isReachable(node) && !isAway(node)) continue;
    if (now.getTime() > silenceEnds(draft, node, pool.watchingSince)) enterNodeState(draft, node, 'unknown');
  }
}

/**
 * Until when the node may be silent, in milliseconds since 1970: counted from its last word, or from the oldest order if it has had none
 * since. Asking again, or giving it more to do, does not buy it time.
 */
export function silenceEnds(draft: Draft, node: Node, watchingSince: string): number {
  const { request, startTask } = node;
  const heard = Math.max(
    ...[node.lastSeen ?? node.allocationTime, watchingSince, request?.poweredAt ?? watchingSince].map(Date.parse),
  );
  // A node that boots has nothing to do, and no more than an idle one to say.
  if (isAway(node)) return heard + idleSilenceMs;
  const isStarting = startTask?.run.state === 'ordered' || startTask?.run.state === 'running';
  const orders = [...inFlight(draft, node.id), ...(isStarting ? [startTask.run.orderedAt] : [])].map(Date.parse);
  if (orders.length > 0) return Math.max(heard, Math.min(...orders)) + busySilenceMs;
  return heard + (node.leases.length > 0 ? busySilenceMs : idleSilenceMs);
}

/** When each thing that the node has to do was first ordered. */
function inFlight(draft: Draft, nodeId: string): readonly string[] {
  return [...draft.jobs.values()].flatMap(({ jobNodes }) => {
    const jobNode = jobNodes.get(nodeId);
    if (jobNode === undefined) return [];
    const special = [jobNode.preparation, jobNode.release].flatMap((run) =>
      run.state === 'ordered' || run.state === 'running' ? [run.orderedAt] : [],
    );
    return [...special, ...jobNode.runs.map((run) => run.orderedAt)];
  });
}

/** On every job node whose node is gone or given up: runs are requeued, obligations waived. */
export function settleLostJobNodes(draft: Draft): void {
  for (const jobDraft of draft.jobs.values()) {
    for (const jobNode of [...jobDraft.jobNodes.values()]) {
      const node = nodeOf(draft, jobNode);
      if (node === undefined) settle(draft, jobDraft, jobNode, goneBecause(draft, jobNode), 'userRequest');
      else if (node.state === 'unknown') settle(draft, jobDraft, jobNode, 'nodeLost', 'recovery');
    }
  }
}

const goneBecause = ({ seen }: Draft, { poolId }: JobNode): WaiverReason =>
  poolId.toLowerCase() === seen.poolId.toLowerCase() ? 'nodeRemoved' : 'poolChanged';

function settle(draft: Draft, jobDraft: JobDraft, jobNode: JobNode, reason: WaiverReason, cause: RequeueCause): void {
  let next = keepDoubt(jobNode, jobDraft.job.definition);
  for (const run of next.runs) next = requeue(draft, jobDraft, next, run, cause);
  if (next.runs.length > 0) return;
  if (reason !== 'nodeLost' || isEnding(jobDraft.job)) next = withoutObligation(draft, jobDraft, next, reason);
  if (reason === 'nodeLost' && next.release.state === 'waived' && next !== jobNode)
    forgetLater(draft, next.nodeId, jobDraft.job);
  if (next !== jobNode) putJobNode(jobDraft, next);
}

/** The job node without its release, where it owes one; a preparation under way will never be heard of again. */
function withoutObligation(draft: Draft, jobDraft: JobDraft, jobNode: JobNode, reason: WaiverReason): JobNode {
  const { preparation, release } = jobNode;
  const interrupted = preparation.state === 'ordered' || preparation.state === 'running';
  const next: JobNode = interrupted ? { ...jobNode, preparation: { state: 'none' } } : jobNode;
  const inFlight = release.state === 'ordered' || release.state === 'running';
  const owed = inFlight || (release.state === 'none' && mayOweRelease(jobNode, jobDraft.job.definition));
  const waived = owed ? waiveAndTell(draft, jobDraft, next, reason) : next;
  return rememberInterrupted(jobNode, waived, draft.now);
}

/** Waives the release and owes the event that says why. */
export function waiveAndTell(draft: Draft, jobDraft: JobDraft, jobNode: JobNode, reason: WaiverReason): JobNode {
  const waived = waive(jobNode, reason, draft.now);
  oweWaiver(draft, jobDraft, waived);
  return waived;
}

/** Owes the event that says why a release will never run. */
export function oweWaiver(draft: Draft, jobDraft: JobDraft, { nodeId, poolId, epoch, release }: JobNode): void {
  if (release.state !== 'waived') return;
  const { reason } = release;
  const taskName = jobDraft.job.definition.jobReleaseTask?.id ?? 'release';
  owe(draft, jobDraft, {
    type: 'dev.bookend.specialtask.waived',
    subject: `/nodes/${nodeId}/${taskName}`,
    identity: [epoch, reason],
    nodeId,
    data: { taskName, taskType: 'JobRelease', nodeInfo: { poolId, nodeId }, reason },
  });
}

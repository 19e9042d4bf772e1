// Step 5 of a pass: jobs that are ending. Their runs are killed, releases ordered where they are owed, and the job completes when no obligation is left.
import { complete, isEnding, mayBeUnderWay, referenceTo } from '../jobs/job-decisions.js';
import { decideEnding, owesRelease } from '../job-nodes/job-node-decisions.js';
import type { JobRef } from '../pools/pool.js';
import type { JobNode } from '../job-nodes/job-node.js';
import type { Node } from '../nodes/node.js';
import { isAway, isReachable, mayRelease } from '../nodes/node-decisions.js';
import { unreachable } from '../unreachable.js';
import { nodeOf, orderFor, owe, putJobNode, takeRows, type Draft, type JobDraft } from './draft.js';
import { cutShort } from './forced-end-decisions.js';
import { forgetLater } from './forgetting-decisions.js';
import { waiveAndTell } from './loss-decisions.js';
import { isKillDue, killRuns, orderOf, runIdOf, toReleaseOrder } from './order-decisions.js';
import { endedByUser } from './task-run-decisions.js';

/** Takes every ending job one step on, on each of its nodes; what is over everywhere completes, or is purged if it is being deleted. */
export function endJobs(draft: Draft): void {
  for (const jobDraft of draft.jobs.values()) {
    if (isEnding(jobDraft.job)) endJob(draft, jobDraft);
    if (jobDraft.job.state === 'deleting' && !jobDraft.purge && jobDraft.job.previousState === 'completed') {
      purge(draft, jobDraft);
    }
  }
}

function endJob(draft: Draft, jobDraft: JobDraft): void {
  let open = 0;
  for (const jobNode of [...jobDraft.jobNodes.values()]) {
    const node = nodeOf(draft, jobNode);
    if (!isOver(draft, jobDraft, jobNode, node)) open += 1;
  }
  if (open > 0) return;
  if (jobDraft.job.state === 'deleting') return purge(draft, jobDraft);
  jobDraft.job = complete(jobDraft.job, draft.now);
  owe(draft, jobDraft, {
    type: 'dev.bookend.job.terminate.complete',
    subject: '',
    identity: [],
    data: { terminateReason: jobDraft.job.terminateReason },
  });
}

/** Whether nothing of the job is left to wait for on this node; steps on where that can be done now. */
function isOver(draft: Draft, jobDraft: JobDraft, jobNode: JobNode, node: Node | undefined): boolean {
  const reached = node !== undefined && isReachable(node) ? node : undefined;
  if (jobDraft.job.isForced === true) return cutShort(draft, jobDraft, jobNode, reached);
  if (reached !== undefined) return stepOn(draft, jobDraft, jobNode, reached);
  // A node that is being booted will be back, and is asked then.
  if (node !== undefined && isAway(node)) return decideEnding(jobNode, jobDraft.job).step === 'over';
  return isSettled(jobNode);
}

// Of a node that cannot be reached, whatever it still had was requeued and waived by the step before.
const isSettled = (jobNode: JobNode): boolean =>
  jobNode.runs.length === 0 && jobNode.release.state !== 'ordered' && jobNode.release.state !== 'running';

/** Whether nothing is left to wait for on this node. */
function stepOn(draft: Draft, jobDraft: JobDraft, seenJobNode: JobNode, node: Node): boolean {
  const jobNode = withWaiverIfInterrupted(draft, jobDraft, seenJobNode);
  const ending = decideEnding(jobNode, jobDraft.job);
  switch (ending.step) {
    case 'kill':
      killPreparation(draft, jobDraft, killRuns(draft, jobDraft, jobNode, jobNode.runs), node);
      return false;
    case 'release':
      orderRelease(draft, jobDraft, jobNode, node);
      return false;
    case 'await':
      return false;
    case 'over':
      return true;
    default:
      return unreachable(ending);
  }
}

// The job ended while its preparation still ran here: whatever it began, nothing was promised yet, unless an earlier one had succeeded.
function withWaiverIfInterrupted(draft: Draft, jobDraft: JobDraft, jobNode: JobNode): JobNode {
  const { preparation, release, runs, preparationKillSentAt } = jobNode;
  const { definition } = jobDraft.job;
  const killed =
    preparationKillSentAt !== undefined &&
    (preparation.state === 'none' || (preparation.state === 'completed' && preparation.result === 'failure'));
  if (!killed || release.state !== 'none' || definition.jobReleaseTask === undefined) return jobNode;
  if (runs.length > 0 || owesRelease(jobNode, definition)) return jobNode;
  const next = waiveAndTell(draft, jobDraft, jobNode, 'preparationInterrupted');
  putJobNode(jobDraft, next);
  return next;
}

function killPreparation(draft: Draft, jobDraft: JobDraft, jobNode: JobNode, node: Node): void {
  const { preparation } = jobNode;
  if (preparation.state !== 'ordered' && preparation.state !== 'running') return;
  if (!isKillDue(draft, jobNode.preparationKillSentAt)) return;
  orderOf(draft, jobDraft, node).kills.push({ runId: preparation.runId, failure: endedByUser });
  putJobNode(jobDraft, { ...jobNode, preparationKillSentAt: draft.at });
}

/** Orders the release, unless the node is not up to it yet. */
export function orderRelease(draft: Draft, jobDraft: JobDraft, jobNode: JobNode, node: Node): void {
  const release = jobDraft.job.definition.jobReleaseTask;
  if (release === undefined || !mayRelease(node) || !takeRows(draft, jobDraft, node.id, 1)) return;
  const attempt = jobNode.releaseAttempts + 1;
  const next: JobNode = {
    ...jobNode,
    releaseAttempts: attempt,
    release: {
      state: 'ordered',
      runId: runIdOf(jobNode, 'release', release.id, attempt),
      orderedAt: draft.at,
      heard: false,
    },
  };
  putJobNode(jobDraft, next);
  const order = toReleaseOrder(jobDraft.job.definition, next);
  if (order !== undefined) orderOf(draft, jobDraft, node).release = order;
}

/** The rows may go; the nodes may forget the job. */
function purge(draft: Draft, jobDraft: JobDraft): void {
  jobDraft.purge = true;
  const { definition, incarnation } = jobDraft.job;
  for (const jobNode of jobDraft.jobNodes.values()) {
    const node = nodeOf(draft, jobNode);
    if (node === undefined) continue;
    if (isReachable(node)) orderFor(draft, node, { jobId: definition.id, incarnation }).forget = true;
    else forgetLater(draft, node.id, jobDraft.job);
  }
}

// The job itself is about to come. Should it not, because it was refused or its bearer died, the sweep has somebody look until then.
const isExpected = ({ now }: Draft, ref: JobRef | undefined): boolean =>
  ref?.announcedAt !== undefined && mayBeUnderWay(ref.announcedAt, now);

/**
 * Jobs that want nothing more of this pool are no longer looked at; the others say whether tasks of theirs wait, and when their time is over.
 * References are saved before jobs: one that completes only now is kept until it was read as completed, or a crash in between
 * would leave a job that nobody looks for.
 */
export function keepRefs(draft: Draft): void {
  for (const seen of draft.seen.jobs) {
    const jobDraft = draft.jobs.get(seen.key);
    const ref = draft.refs.get(seen.key);
    if (jobDraft === undefined && isExpected(draft, ref)) continue;
    const over = jobDraft === undefined || seen.job?.state === 'completed';
    // A purged job's reference goes last, after its rows.
    if (over) draft.refs.delete(seen.key);
    if (over) continue;
    const isOfAnother = ref?.incarnation !== undefined && ref.incarnation !== jobDraft.job.incarnation;
    // Somebody may be about to give the id to another job, and need it: for what goes it is as good as it is.
    if (ref !== undefined && jobDraft.job.state === 'deleting') continue;
    const hasReady = jobDraft.job.state === 'active' && (seen.moreReady || jobDraft.ready.size > 0);
    const next = referenceTo(jobDraft.job, hasReady);
    // One that is missing went while the job was on its way here from another pool.
    if (isOfAnother || ref?.hasReady !== hasReady || ref.deadline !== next.deadline) draft.refs.set(seen.key, next);
  }
}

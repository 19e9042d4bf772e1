// Step 1 of a pass: what the nodes' reports say. A report is a snapshot; the highest (epoch, sequence) wins, the same one twice is the same.
import {
  carryToEpoch,
  hearPreparation,
  hearRelease,
  instantAgo,
  keepDoubt,
  mayOweRelease,
  waive,
} from '../job-nodes/job-node-decisions.js';
import { rememberEnd, rememberInterrupted } from '../job-nodes/attempt-decisions.js';
import type { JobNode } from '../job-nodes/job-node.js';
import { isOver } from '../jobs/job-decisions.js';
import type { Node } from '../nodes/node.js';
import type { Report, RunReport } from '../nodes/node-messages.js';
import { jobOf, needEveryJob, nodeOf, orderFor, owe, putJobNode, type Draft, type JobDraft } from './draft.js';
import { orderOf } from './order-decisions.js';
import { withoutRequest } from './departure-decisions.js';
import { hearStartTask, withStartTask } from './start-task-decisions.js';
import { oweWaiver } from './loss-decisions.js';
import { toFarewell } from './population-decisions.js';
import { endedByUser, hearTaskRun, requeue, settleWaitingRuns } from './task-run-decisions.js';

/** Applies every report of the batch that is not older than what is known of its node. */
export function hearReports(draft: Draft): void {
  for (const report of draft.asked.reports) {
    const node = draft.nodes.get(report.nodeId);
    if (node === undefined) hearStray(draft, report);
    else if (report.epoch < node.epoch || isOfAnotherImage(report, node)) tellEpoch(draft, node);
    else if (report.epoch > node.epoch || report.sequence >= node.sequence) hearReport(draft, node, report);
  }
  for (const nodeId of draft.asked.strangers ?? []) {
    const node = draft.nodes.get(nodeId);
    // Nothing can be sealed for a node that has never joined.
    if (node?.membership !== undefined) tellEpoch(draft, node);
  }
  for (const jobDraft of draft.jobs.values()) {
    for (const jobNode of [...jobDraft.jobNodes.values()]) {
      catchUp(draft, jobDraft, jobNode);
    }
  }
}

// A machine that is no node here lives on because its provisioner did not hear that it should go. It is told once more.
function hearStray(draft: Draft, { poolId, poolIncarnation }: Report): void {
  if (poolIncarnation === undefined) return;
  if (draft.pool?.incarnation === poolIncarnation) draft.tellCapacity = true;
  else draft.farewells.set(poolIncarnation, toFarewell(poolId, poolIncarnation));
}

// A node that lost everything counts its epochs from the start: its new image has a number that was given before.
function isOfAnotherImage(report: Report, node: Node): boolean {
  const { imageId, imageEpoch } = report;
  const isKnown = imageId !== undefined && node.imageId !== undefined;
  return isKnown && imageId !== node.imageId && imageEpoch <= node.epoch;
}

// Late, or of a node that lost its journal: an order that orders nothing tells it which epoch it has to outdo.
// It is about no job, but what stands for one must be able to name a folder, or the node does not read it.
function tellEpoch(draft: Draft, node: Node): void {
  orderFor(draft, node, { jobId: '-', incarnation: '-' });
}

function hearReport(draft: Draft, node: Node, report: Report): void {
  hearNode(draft, node, report);
  const runs = report.runs.toSorted((a, b) => Number(a.kind === 'task') - Number(b.kind === 'task'));
  for (const run of runs) hearRun(draft, report, run);
  answerLogTargets(draft, node, report);
  const heard = draft.nodes.get(node.id);
  if (heard === undefined || !draft.heardInPart.has(node.id)) return;
  // An acknowledged end is never told again, so the number of this report is kept for the round that has heard all of it.
  draft.nodes.set(node.id, { ...heard, sequence: report.epoch === node.epoch ? node.sequence : 0 });
}

function answerLogTargets(draft: Draft, node: Node, { needsLogTarget = [] }: Report): void {
  for (const { jobId, incarnation } of needsLogTarget) {
    const jobDraft = jobOf(draft, jobId);
    const known = draft.nodes.get(node.id);
    if (jobDraft?.job.incarnation !== incarnation || known === undefined) continue;
    orderOf(draft, jobDraft, known).wantsLogTarget = true;
  }
}

function hearNode(draft: Draft, node: Node, report: Report): void {
  const booted = report.epoch !== node.epoch;
  // What a boot, or a return after silence, means for a job is found out by looking at each.
  if ((booted && node.epoch > 0) || node.state === 'unknown') needEveryJob(draft);
  const served = booted && isServedBy(node, report) ? withoutRequest(node) : node;
  const { faults: _, ...sound } = served;
  const next: Node = {
    ...sound,
    ...(report.faults === undefined ? {} : { faults: report.faults }),
    epoch: report.epoch,
    imageEpoch: report.imageEpoch,
    ...(report.imageId === undefined ? {} : { imageId: report.imageId }),
    sequence: report.sequence,
    lastSeen: draft.at,
    agentVersion: report.agentVersion,
    ...(booted ? { lastBootTime: instantAgo(draft.now, report.bootedAgoMs) } : {}),
  };
  draft.nodes.set(node.id, booted ? withStartTask(draft, next) : next);
}

/** Whether the boot that the report tells of is the one that was asked for. */
function isServedBy({ request, imageEpoch }: Node, report: Report): boolean {
  if (request?.poweredAt === undefined) return false;
  return request.kind === 'reboot' || (request.kind === 'reimage' && report.imageEpoch > imageEpoch);
}

function hearRun(draft: Draft, report: Report, run: RunReport): void {
  if (run.kind === 'startTask') {
    if (!hearStartTask(draft, report.nodeId, run)) killStranger(draft, report, run);
    return;
  }
  const jobDraft = jobOf(draft, run.jobId);
  const found = jobDraft?.jobNodes.get(report.nodeId);
  const jobNode = found && nodeOf(draft, found) ? found : undefined;
  if (jobDraft === undefined || jobDraft.job.incarnation !== run.incarnation || jobNode === undefined) {
    return killStranger(draft, report, run);
  }
  if (!isKnown(jobNode, run)) killStranger(draft, report, run);
  const next = withStart(jobDraft, applyRun(draft, jobDraft, jobNode, run), report, run);
  if (next !== jobNode) putJobNode(jobDraft, next);
}

// Also a task that was taken from its node may have begun there before the node could be told.
function withStart(jobDraft: JobDraft, jobNode: JobNode, report: Report, run: RunReport): JobNode {
  if (run.kind !== 'task' || run.startedAgoMs === undefined || jobNode.taskStarted || isOver(jobDraft.job)) {
    return jobNode;
  }
  const isOfThisImage = report.imageEpoch < report.epoch || run.startedAgoMs <= report.bootedAgoMs;
  return isOfThisImage ? { ...jobNode, taskStarted: true } : jobNode;
}

function applyRun(draft: Draft, jobDraft: JobDraft, jobNode: JobNode, run: RunReport): JobNode {
  const remember = (after: JobNode): JobNode => rememberEnd(jobNode, after, run, draft.now);
  switch (run.kind) {
    case 'preparation':
      return tellSpecial(draft, jobDraft, jobNode, {
        which: 'preparation',
        after: remember(hearPreparation(jobNode, run, jobDraft.job.definition, draft.now)),
      });
    case 'release':
      return tellSpecial(draft, jobDraft, jobNode, {
        which: 'release',
        after: remember(hearRelease(jobNode, run, draft.now)),
      });
    case 'task':
      return hearTaskRun(draft, jobDraft, jobNode, run);
    case 'startTask':
      return jobNode; // Of no job.
  }
}

function isKnown(jobNode: JobNode, run: RunReport): boolean {
  const { preparation, release, runs } = jobNode;
  if (run.state === 'ended') return true;
  switch (run.kind) {
    case 'preparation':
      return preparation.state !== 'none' && preparation.runId === run.runId;
    case 'release':
      return 'runId' in release && release.runId === run.runId;
    case 'task':
      return runs.some((known) => known.runId === run.runId);
    case 'startTask':
      return true;
  }
}

// A run that nobody waits for any more: its node was given up for lost, or its job is gone.
function killStranger(draft: Draft, report: Report, run: RunReport): void {
  const node = draft.nodes.get(report.nodeId);
  if (node === undefined || run.state === 'ended' || draft.neededJobs.size > 0) return;
  const { jobId, incarnation, runId } = run;
  orderFor(draft, node, { jobId, incarnation }).kills.push({ runId, failure: endedByUser });
}

/** Owes the event of a preparation or release that started or ended. */
function tellSpecial(
  draft: Draft,
  jobDraft: JobDraft,
  before: JobNode,
  { which, after }: { readonly which: 'preparation' | 'release'; readonly after: JobNode },
): JobNode {
  const [was, is] = [before[which], after[which]];
  if (was.state === is.state || (is.state !== 'running' && is.state !== 'completed')) return after;
  const { jobPreparationTask, jobReleaseTask } = jobDraft.job.definition;
  const taskName = (which === 'preparation' ? jobPreparationTask : jobReleaseTask)?.id ?? which;
  const { state: _, runId, orderedAt: __, repeatedAt: ___, heard: ____, ...executionInfo } = is;
  const ended = is.state === 'completed' ? is.result : undefined;
  const types = [
    ...(ended === undefined
      ? (['dev.bookend.specialtask.start'] as const)
      : (['dev.bookend.specialtask.complete'] as const)),
    ...(ended === 'failure' ? (['dev.bookend.specialtask.fail'] as const) : []),
  ];
  for (const type of types) {
    owe(draft, jobDraft, {
      type,
      subject: `/nodes/${after.nodeId}/${taskName}`,
      identity: [runId],
      nodeId: after.nodeId,
      data: {
        taskName,
        taskType: which === 'preparation' ? 'JobPrep' : 'JobRelease',
        nodeInfo: { poolId: after.poolId, nodeId: after.nodeId },
        executionInfo,
      },
    });
  }
  return after;
}

// A job node may speak of an older epoch of its node, whether this batch or an earlier one told of the boot.
function catchUp(draft: Draft, jobDraft: JobDraft, jobNode: JobNode): void {
  const node = nodeOf(draft, jobNode);
  if (node === undefined) return;
  let next = jobNode;
  if (next.epoch !== node.epoch) {
    if (next.imageEpoch !== node.imageEpoch) next = keepDoubt(next, jobDraft.job.definition);
    for (const run of next.runs) next = requeue(draft, jobDraft, next, run, 'recovery');
    if (next.runs.length === 0) {
      const carried = rememberInterrupted(next, carryToEpoch(next, node, jobDraft.job, draft.now), draft.now);
      if (carried.release.state === 'waived' && next.release.state !== 'waived') oweWaiver(draft, jobDraft, carried);
      else tellWhatAnImageTook(draft, jobDraft, next, carried);
      next = carried;
    }
  }
  next = settleWaitingRuns(draft, jobDraft, next);
  if (next !== jobNode) putJobNode(jobDraft, next);
}

// The row of an active job is blank again after a new image, as more tasks may follow; the release that will never be is told of all the same.
function tellWhatAnImageTook(draft: Draft, jobDraft: JobDraft, before: JobNode, after: JobNode): void {
  if (before.imageEpoch === after.imageEpoch || before.release.state !== 'none') return;
  if (!mayOweRelease(before, jobDraft.job.definition)) return;
  oweWaiver(draft, jobDraft, waive(before, 'nodeReimaged', draft.now));
}

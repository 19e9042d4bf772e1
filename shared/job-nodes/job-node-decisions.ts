// What becomes of a job node: pure answers to a node's reports, to its reboots, and to the end of the job.
// Each function returns the same object when nothing changes, so that only what changed is saved.
import type { Job, JobDefinition } from '../jobs/job.js';
import { isEnding, isOpen, isOver } from '../jobs/job-decisions.js';
import type { Node } from '../nodes/node.js';
import type { RunReport } from '../nodes/node-messages.js';
import { unreachable } from '../unreachable.js';
import type { JobNode, RunOutcome, SpecialRun, WaiverReason } from './job-node.js';

/** A node that never had to do with the job. */
export function newJobNode(job: Job, node: Node): JobNode {
  return {
    jobId: job.definition.id,
    incarnation: job.incarnation,
    poolId: node.poolId,
    nodeId: node.id,
    nodeSince: node.allocationTime,
    epoch: node.epoch,
    imageEpoch: node.imageEpoch,
    preparation: { state: 'none' },
    preparationAttempts: 0,
    release: { state: 'none' },
    releaseAttempts: 0,
    runs: [],
    taskStarted: false,
  };
}

/** Whether the job node speaks of this node, not of one that had its id before. */
export function isOf({ nodeSince }: JobNode, node: Node): boolean {
  return nodeSince === undefined || nodeSince === node.allocationTime;
}

/** An instant that lies `agoMs` before `now`. */
export function instantAgo(now: Date, agoMs: number | undefined): string {
  return new Date(now.getTime() - (agoMs ?? 0)).toISOString();
}

/** How an ended run turned out; nothing for one that may run again (it vanished, or never began). */
export function outcomeOf(report: RunReport, now: Date): RunOutcome | undefined {
  if (report.state !== 'ended' || report.ending === 'lost' || report.ending === 'neverStarted') return undefined;
  // Output files that could not be uploaded fail a command that went well.
  const success = report.ending === 'exited' && report.exitCode === 0 && report.failure === undefined;
  return {
    startTime: instantAgo(now, report.startedAgoMs ?? report.endedAgoMs),
    endTime: instantAgo(now, report.endedAgoMs),
    result: success ? 'success' : 'failure',
    retryCount: report.retryCount,
    ...(report.exitCode === undefined ? {} : { exitCode: report.exitCode }),
    ...(success || report.failure === undefined ? {} : { failureInfo: report.failure }),
    ...(report.lastRetryAgoMs === undefined ? {} : { lastRetryTime: instantAgo(now, report.lastRetryAgoMs) }),
  };
}

/** What a report says of the preparation. A report of another attempt changes nothing. */
export function hearPreparation(jobNode: JobNode, report: RunReport, definition: JobDefinition, now: Date): JobNode {
  const { preparation } = jobNode;
  if (preparation.state === 'none' || preparation.state === 'completed' || preparation.runId !== report.runId) {
    return jobNode;
  }
  const next = hearSpecialRun(preparation, report, now);
  if (next === preparation) return jobNode;
  const counts = next.state === 'completed' && hasPrepared(jobNode, next.result, definition);
  const began = report.startedAgoMs !== undefined;
  return {
    ...jobNode,
    preparation: next,
    ...(counts ? { prepared: true } : {}),
    ...(began ? { preparationBegan: true } : {}),
  };
}

// One that was killed because its job ended never completed, even where tasks do not wait for it.
function hasPrepared(jobNode: JobNode, result: RunOutcome['result'], definition: JobDefinition): boolean {
  if (result === 'success') return true;
  return definition.jobPreparationTask?.waitForSuccess === false && jobNode.preparationKillSentAt === undefined;
}

/** What a report says of the release. A report of another attempt changes nothing. */
export function hearRelease(jobNode: JobNode, report: RunReport, now: Date): JobNode {
  const { release } = jobNode;
  if ((release.state !== 'ordered' && release.state !== 'running') || release.runId !== report.runId) return jobNode;
  const next = hearSpecialRun(release, report, now);
  return next === release ? jobNode : { ...jobNode, release: next };
}

/** What a report says of a preparation, release or start task under way; `none` = it may run again. */
export function hearSpecialRun(
  run: Extract<SpecialRun, { state: 'ordered' | 'running' }>,
  report: RunReport,
  now: Date,
): SpecialRun {
  const { runId, orderedAt } = run;
  switch (report.state) {
    case 'accepted':
      return run.heard ? run : { ...run, heard: true };
    case 'running': {
      if (run.state === 'running' && run.retryCount === report.retryCount) return run;
      const startTime = run.state === 'running' ? run.startTime : instantAgo(now, report.startedAgoMs);
      return { state: 'running', runId, orderedAt, heard: true, startTime, retryCount: report.retryCount };
    }
    case 'ended': {
      const outcome = outcomeOf(report, now);
      return outcome === undefined
        ? { state: 'none' }
        : { state: 'completed', runId, orderedAt, heard: true, ...outcome };
    }
    default:
      return unreachable(report.state);
  }
}

/**
 * The job node in the node's present epoch: what a reboot or a new image undid is undone. Runs are dealt with apart.
 * A successful preparation outlives a reboot only where the definition says so, a failed one until the next image; a release under way starts over.
 * Of a job that is over the row is history, and stays as it is.
 * https://learn.microsoft.com/rest/api/batchservice/job/add#jobpreparationtask
 */
export function carryToEpoch(jobNode: JobNode, node: Node, job: Job, now: Date): JobNode {
  if (jobNode.epoch === node.epoch || isOver(job)) return jobNode;
  const { preparationKillSentAt: _, ...rest } = jobNode;
  const carried = { ...rest, epoch: node.epoch, imageEpoch: node.imageEpoch };
  const { preparation, release } = jobNode;
  const releaseBegan = release.state === 'ordered' || release.state === 'running';
  if (jobNode.imageEpoch !== node.imageEpoch) {
    const owed = releaseBegan || (isEnding(job) && release.state === 'none' && mayOweRelease(jobNode, job.definition));
    const {
      prepared: __,
      mayOweRelease: ___,
      preparationBegan: ____,
      ...blank
    } = { ...carried, preparation: none, taskStarted: false };
    return owed ? waive(blank, 'nodeReimaged', now) : blank;
  }
  const rerun = job.definition.jobPreparationTask?.rerunOnNodeRebootAfterSuccess ?? true;
  // While a job ends nothing is prepared any more, and its preparation stays on show.
  const stands = preparation.state === 'completed' && (preparation.result === 'failure' || !rerun || !isOpen(job));
  return { ...carried, preparation: stands ? preparation : none, release: releaseBegan ? none : release };
}

const none = { state: 'none' } as const;

/** Whether a preparation has to run here before (or, without waitForSuccess, beside) the next task. */
export function isPreparationDue(jobNode: JobNode, definition: JobDefinition): boolean {
  return definition.jobPreparationTask !== undefined && jobNode.preparation.state === 'none';
}

/** Whether the node may get no task of this job: its preparation failed, until the node is reimaged. */
export function isBarred(jobNode: JobNode, definition: JobDefinition): boolean {
  return (
    definition.jobPreparationTask?.waitForSuccess === true &&
    jobNode.preparation.state === 'completed' &&
    jobNode.preparation.result === 'failure'
  );
}

/** Whether a task here must wait: its preparation has not succeeded yet. */
export function mustWait(jobNode: JobNode, definition: JobDefinition): boolean {
  if (definition.jobPreparationTask?.waitForSuccess !== true) return false;
  return !(jobNode.preparation.state === 'completed' && jobNode.preparation.result === 'success');
}

/**
 * Whether this node would owe a release if the job ended now: since its last image a preparation completed and a task started here,
 * or a preparation began at all where the job was added under that rule.
 */
export function owesRelease(jobNode: JobNode, { jobReleaseTask }: JobDefinition): boolean {
  if (jobReleaseTask === undefined) return false;
  if (jobReleaseTask.releaseAfter === 'preparation') return jobNode.preparationBegan === true;
  return jobNode.taskStarted && jobNode.prepared === true;
}

/** Whether this node owes a release for all that can be known when it cannot be asked: what it was ordered may have happened unheard. */
export function mayOweRelease(jobNode: JobNode, definition: JobDefinition): boolean {
  if (definition.jobReleaseTask === undefined) return false;
  const { preparation, runs, taskStarted, prepared } = jobNode;
  const mayBePrepared = prepared === true || preparation.state === 'ordered' || preparation.state === 'running';
  const mayHaveStarted = taskStarted || runs.length > 0 || definition.jobReleaseTask.releaseAfter === 'preparation';
  return jobNode.mayOweRelease === true || owesRelease(jobNode, definition) || (mayBePrepared && mayHaveStarted);
}

/** The job node with that doubt kept, before its runs are taken from it. */
export function keepDoubt(jobNode: JobNode, definition: JobDefinition): JobNode {
  const isKnown = jobNode.mayOweRelease === true || owesRelease(jobNode, definition);
  if (isKnown || !mayOweRelease(jobNode, definition)) return jobNode;
  return { ...jobNode, mayOweRelease: true };
}

/** What an ending job still wants of this node. */
export type Ending =
  | { readonly step: 'kill' } // tasks of the job, or its preparation, live here: nothing needs them any more
  | { readonly step: 'release' } // owed, and not ordered yet
  | { readonly step: 'await' } // ordered, not ended
  | { readonly step: 'over' }; // no obligation is left

/** The next step of an ending job on a node that can be reached. Promises 3 and 4: once, after the last task, never before the end. */
export function decideEnding(jobNode: JobNode, job: Job): Ending {
  if (!isEnding(job)) return { step: 'over' };
  const { preparation, release } = jobNode;
  const isPreparing = preparation.state === 'ordered' || preparation.state === 'running';
  if (jobNode.runs.length > 0 || isPreparing) return { step: 'kill' };
  switch (release.state) {
    case 'ordered':
    case 'running':
      return { step: 'await' };
    case 'completed':
    case 'waived':
      return { step: 'over' };
    case 'none':
      return owesRelease(jobNode, job.definition) ? { step: 'release' } : { step: 'over' };
    default:
      return unreachable(release);
  }
}

/** The job node without the obligation, and why. */
export function waive(jobNode: JobNode, reason: WaiverReason, now: Date): JobNode {
  return { ...jobNode, release: { state: 'waived', reason, at: now.toISOString() } };
}

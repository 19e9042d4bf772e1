// A job node as Batch's JSON shows it (JobPreparationAndReleaseTaskExecutionInformation): what ran, or runs, at the two ends of a job there.
import { taskDirectory } from '../jobs/job-directory.js';
import type { Job } from '../jobs/job.js';
import { nodeUrl } from '../nodes/node-url.js';
import { ifSet } from '../tasks/run-resource.js';
import { unreachable } from '../unreachable.js';
import type { JobNode, Preparation, Release, RunOutcome } from './job-node.js';

/**
 * The entry of one node in the list of preparation and release status, or undefined while neither has started there.
 * A release that waits or was waived is not shown, as it never started.
 */
export function toPreparationAndReleaseStatus(
  jobNode: JobNode,
  job: Job,
  baseUrl: string,
): Record<string, unknown> | undefined {
  const { jobPreparationTask, jobReleaseTask, id } = job.definition;
  const url = nodeUrl(jobNode.poolId, jobNode.nodeId, baseUrl);
  const preparation = jobPreparationTask && (toPreparationInfo(jobNode.preparation) ?? toEarlierInfo(jobNode));
  const release = jobReleaseTask && toReleaseInfo(jobNode.release);
  if (preparation === undefined && release === undefined) return undefined;
  return {
    poolId: jobNode.poolId,
    nodeId: jobNode.nodeId,
    nodeUrl: url,
    ...(jobPreparationTask &&
      preparation && {
        jobPreparationTaskExecutionInfo: { ...preparation, ...toRoot(url, taskDirectory(id, jobPreparationTask.id)) },
      }),
    ...(jobReleaseTask &&
      release && {
        jobReleaseTaskExecutionInfo: { ...release, ...toRoot(url, taskDirectory(id, jobReleaseTask.id)) },
      }),
  };
}

function toRoot(url: string, taskRootDirectory: string): Record<string, unknown> {
  return { taskRootDirectory, taskRootDirectoryUrl: `${url}/files/${taskRootDirectory}` };
}

function toPreparationInfo(preparation: Preparation): Record<string, unknown> | undefined {
  switch (preparation.state) {
    case 'none':
    case 'ordered':
      return undefined;
    case 'running':
      return { startTime: preparation.startTime, state: 'running', retryCount: preparation.retryCount };
    case 'completed':
      return {
        ...toOutcome(preparation),
        retryCount: preparation.retryCount,
        ...ifSet('lastRetryTime', preparation.lastRetryTime),
      };
    default:
      return unreachable(preparation);
  }
}

/** A preparation that waits to be run again, after a reboot say, is shown by its last attempt until then. */
function toEarlierInfo({ attempts = [] }: JobNode): Record<string, unknown> | undefined {
  const last = attempts.findLast(({ kind }) => kind === 'preparation');
  if (last === undefined) return undefined;
  const { retry, result, startTime } = last;
  const retries = { retryCount: retry, ...ifSet('lastRetryTime', retry > 0 ? startTime : undefined) };
  if (result === 'interrupted') return { startTime, state: 'running', ...retries };
  return { ...toOutcome({ ...last, result }), ...retries };
}

function toReleaseInfo(release: Release): Record<string, unknown> | undefined {
  switch (release.state) {
    case 'none':
    case 'ordered':
    case 'waived':
      return undefined;
    case 'running':
      return { startTime: release.startTime, state: 'running' };
    case 'completed':
      return toOutcome(release);
    default:
      return unreachable(release);
  }
}

function toOutcome(outcome: Omit<RunOutcome, 'retryCount'>): Record<string, unknown> {
  return {
    startTime: outcome.startTime,
    endTime: outcome.endTime,
    state: 'completed',
    ...ifSet('exitCode', outcome.exitCode),
    ...ifSet('failureInfo', outcome.failureInfo),
    result: outcome.result,
  };
}

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
  const preparation = jobPreparationTask && toPreparationInfo(jobNode.preparation);
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

function toOutcome(outcome: RunOutcome): Record<string, unknown> {
  return {
    startTime: outcome.startTime,
    endTime: outcome.endTime,
    state: 'completed',
    ...ifSet('exitCode', outcome.exitCode),
    ...ifSet('failureInfo', outcome.failureInfo),
    result: outcome.result,
  };
}

// A job node as Batch's JSON shows it (JobPreparationAndReleaseTaskExecutionInformation): what ran, or runs, at the two ends of a job there.
import type { Shown } from '../rest/answer-types.js';
import type { preparationAndReleaseStatus } from './job-node-schema.js';
import { taskDirectory } from '../jobs/job-directory.js';
import type { Job } from '../jobs/job.js';
import { nodeUrl } from '../nodes/node-url.js';
import { toPreparationInfo, toReleaseInfo } from './execution-infos.js';
import type { JobNode } from './job-node.js';

/**
 * The entry of one node in the list of preparation and release status, or undefined while neither has started there.
 * A release that waits or was waived is not shown, as it never started.
 */
export function toPreparationAndReleaseStatus(
  jobNode: JobNode,
  job: Job,
  baseUrl: string,
): Shown<typeof preparationAndReleaseStatus> | undefined {
  const { jobPreparationTask, jobReleaseTask, id } = job.definition;
  const url = nodeUrl(jobNode.poolId, jobNode.nodeId, baseUrl);
  const preparation = jobPreparationTask && toPreparationInfo(jobNode);
  const release = jobReleaseTask && toReleaseInfo(jobNode);
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

function toRoot(
  url: string,
  taskRootDirectory: string,
): { readonly taskRootDirectory: string; readonly taskRootDirectoryUrl: string } {
  return { taskRootDirectory, taskRootDirectoryUrl: `${url}/files/${taskRootDirectory}` };
}

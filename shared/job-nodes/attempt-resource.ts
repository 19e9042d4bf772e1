// The attempts of preparation and release on one node in JSON. An extension of Bookend's: Batch shows the last attempt only.
import type { Shown } from '../rest/answer-types.js';
import type { preparationAndReleaseAttempts } from './job-node-schema.js';
import { taskDirectory } from '../jobs/job-directory.js';
import type { Job } from '../jobs/job.js';
import { nodeUrl } from '../nodes/node-url.js';
import { filterable, type FilterTable } from '../rest/odata-filter.js';
import { ifSet } from '../tasks/run-resource.js';
import { signalOf, type Attempt } from './attempt.js';
import type { JobNode } from './job-node.js';

type ShownAttempts = Shown<typeof preparationAndReleaseAttempts>['jobPreparationTaskAttempts'];

export const attemptFilters = {
  poolId: filterable.choice,
  nodeId: filterable.choice,
} as const satisfies FilterTable;

/** Every attempt that is remembered, and the one that runs, in their order; with the reason where a release was waived. */
export function toAttemptsResource(
  jobNode: JobNode,
  job: Job,
  baseUrl: string,
): Shown<typeof preparationAndReleaseAttempts> {
  const { poolId, nodeId, release } = jobNode;
  const url = nodeUrl(poolId, nodeId, baseUrl);
  return {
    poolId,
    nodeId,
    nodeUrl: url,
    jobPreparationTaskAttempts: toAttempts(jobNode, 'preparation', job, url),
    jobReleaseTaskAttempts: toAttempts(jobNode, 'release', job, url),
    ...(release.state === 'waived' && { jobReleaseTaskWaiver: { reason: release.reason, time: release.at } }),
  };
}

function toAttempts(jobNode: JobNode, kind: Attempt['kind'], job: Job, url: string): ShownAttempts {
  const { jobPreparationTask, jobReleaseTask, id } = job.definition;
  const taskId = (kind === 'preparation' ? jobPreparationTask : jobReleaseTask)?.id ?? kind;
  const directory = taskDirectory(id, taskId);
  const logsOf = (attempt: number, retry: number) => ({
    stdoutUrl: `${url}/files/${encodeURIComponent(`${directory}/stdout.${attempt}.${retry}.txt`)}`,
    stderrUrl: `${url}/files/${encodeURIComponent(`${directory}/stderr.${attempt}.${retry}.txt`)}`,
  });
  const ended = (jobNode.attempts ?? [])
    .filter((each) => each.kind === kind)
    .map(({ attempt, retry, startTime, endTime, exitCode, failureInfo, result }) => ({
      attempt,
      retryCount: retry,
      state: 'completed' as const,
      startTime,
      endTime,
      ...ifSet('exitCode', exitCode),
      ...ifSet('signal', signalOf(exitCode)),
      ...ifSet('failureInfo', failureInfo),
      result,
      ...logsOf(attempt, retry),
    }));
  const present = jobNode[kind];
  if (present.state !== 'running') return ended;
  const attempt = kind === 'preparation' ? jobNode.preparationAttempts : jobNode.releaseAttempts;
  const { startTime, retryCount } = present;
  return [...ended, { attempt, retryCount, state: 'running', startTime }];
}

// How the preparation and the release of a job stand on one node, as Batch's JSON has it (JobPreparationTaskExecutionInformation,
// JobReleaseTaskExecutionInformation), without the places of their files.
import type { Shown } from '../rest/answer-types.js';
import type { preparationAndReleaseStatus } from './job-node-schema.js';
import { ifSet } from '../tasks/run-resource.js';
import { unreachable } from '../unreachable.js';
import type { JobNode, Preparation, Release, RunOutcome } from './job-node.js';

type Status = Shown<typeof preparationAndReleaseStatus>;
type Place = 'taskRootDirectory' | 'taskRootDirectoryUrl';
type PreparationInfo = Omit<NonNullable<Status['jobPreparationTaskExecutionInfo']>, Place>;
type ReleaseInfo = Omit<NonNullable<Status['jobReleaseTaskExecutionInfo']>, Place>;

/** What is shown of the preparation; undefined before its first start. One that waits to be run again is shown by its last attempt. */
export function toPreparationInfo(jobNode: JobNode): PreparationInfo | undefined {
  return toPresentInfo(jobNode.preparation) ?? toEarlierInfo(jobNode);
}

/** What is shown of the release; undefined for one that waits or was waived, as it never started. */
export function toReleaseInfo({ release }: { readonly release: Release }): ReleaseInfo | undefined {
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

function toPresentInfo(preparation: Preparation): PreparationInfo | undefined {
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

function toEarlierInfo({ attempts = [] }: JobNode): PreparationInfo | undefined {
  const last = attempts.findLast(({ kind }) => kind === 'preparation');
  if (last === undefined) return undefined;
  const { retry, result, startTime } = last;
  const retries = { retryCount: retry, ...ifSet('lastRetryTime', retry > 0 ? startTime : undefined) };
  if (result === 'interrupted') return { startTime, state: 'running', ...retries };
  return { ...toOutcome({ ...last, result }), ...retries };
}

function toOutcome(outcome: Omit<RunOutcome, 'retryCount'>): ReleaseInfo {
  return {
    startTime: outcome.startTime,
    endTime: outcome.endTime,
    state: 'completed',
    ...ifSet('exitCode', outcome.exitCode),
    ...ifSet('failureInfo', outcome.failureInfo),
    result: outcome.result,
  };
}

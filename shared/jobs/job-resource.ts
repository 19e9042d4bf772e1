// A job as Batch's JSON shows it (CloudJob). Reading request bodies is job-body.ts.
import type { Shown } from '../rest/answer-types.js';
import type { cloudJob, shownPreparation, shownRelease, shownSpecification } from './job-schema.js';
import { etagOf } from '../rest/etag.js';
import { formatDuration } from '../rest/iso-duration.js';
import { ifSet, toConstraints, unlessEmpty } from '../tasks/run-resource.js';
import { toAutoPool } from './auto-pool.js';
import { toJobManager } from './job-manager-resource.js';
import type { Job, JobDefinition, PreparationDefinition, ReleaseDefinition } from './job.js';

/** URL of a job below `baseUrl` (scheme and host, no trailing slash). */
export function jobUrl(jobId: string, baseUrl: string): string {
  return `${baseUrl}/jobs/${encodeURIComponent(jobId)}`;
}

/** The job with every default spelled out, in the order in which Batch writes it. */
export function toJobResource(job: Job, baseUrl: string): Shown<typeof cloudJob> {
  const { definition } = job;
  return {
    id: definition.id,
    ...ifSet('displayName', definition.displayName),
    url: jobUrl(definition.id, baseUrl),
    eTag: etagOf(job.lastModified),
    lastModified: job.lastModified,
    creationTime: job.creationTime,
    state: job.state,
    stateTransitionTime: job.stateTransitionTime,
    ...ifSet('previousState', job.previousState),
    ...ifSet('previousStateTransitionTime', job.previousStateTransitionTime),
    ...toSpecification(definition),
    executionInfo: toExecutionInfo(job),
  };
}

/** What of a job a specification says, with every default spelled out, apart from its ids and names. */
export function toSpecification(
  definition: Omit<JobDefinition, 'id'>,
): Omit<Shown<typeof shownSpecification>, 'displayName'> {
  return {
    priority: definition.priority,
    maxParallelTasks: definition.maxParallelTasks,
    usesTaskDependencies: definition.usesTaskDependencies ?? false,
    allowTaskPreemption: false,
    constraints: {
      maxWallClockTime: formatDuration(definition.constraints.maxWallClockMs),
      maxTaskRetryCount: definition.constraints.maxTaskRetryCount,
    },
    ...ifSet('jobManagerTask', definition.jobManagerTask && toJobManager(definition.jobManagerTask)),
    ...ifSet('jobPreparationTask', definition.jobPreparationTask && toPreparation(definition.jobPreparationTask)),
    ...ifSet('jobReleaseTask', definition.jobReleaseTask && toRelease(definition.jobReleaseTask)),
    ...unlessEmpty('commonEnvironmentSettings', definition.commonEnvironmentSettings),
    poolInfo: definition.autoPool
      ? { autoPoolSpecification: toAutoPool(definition.autoPool) }
      : { poolId: definition.poolId },
    ...unlessEmpty('metadata', definition.metadata),
    ...ifSet('networkConfiguration', definition.networkConfiguration),
    onAllTasksComplete: definition.onAllTasksComplete,
    onTaskFailure: definition.onTaskFailure,
  };
}

function toExecutionInfo(job: Job): Shown<typeof cloudJob>['executionInfo'] {
  return {
    startTime: job.creationTime,
    ...ifSet('endTime', job.endTime),
    poolId: job.definition.poolId,
    // Batch tells the reason once the job has completed, not while it terminates.
    ...ifSet('terminateReason', job.endTime === undefined ? undefined : job.terminateReason),
  };
}

function toPreparation(preparation: PreparationDefinition): Shown<typeof shownPreparation> {
  return {
    id: preparation.id,
    commandLine: preparation.commandLine,
    ...ifSet('resourceFiles', preparation.resourceFiles),
    ...unlessEmpty('environmentSettings', preparation.environmentSettings),
    constraints: toConstraints(preparation.constraints),
    userIdentity: preparation.userIdentity,
    waitForSuccess: preparation.waitForSuccess,
    rerunOnNodeRebootAfterSuccess: preparation.rerunOnNodeRebootAfterSuccess,
  };
}

function toRelease(release: ReleaseDefinition): Shown<typeof shownRelease> {
  return {
    id: release.id,
    commandLine: release.commandLine,
    ...ifSet('resourceFiles', release.resourceFiles),
    ...unlessEmpty('environmentSettings', release.environmentSettings),
    maxWallClockTime: formatDuration(release.maxWallClockMs),
    retentionTime: formatDuration(release.retentionMs),
    userIdentity: release.userIdentity,
  };
}

// A job as it is shown, as a schema (CloudJob). https://learn.microsoft.com/rest/api/batchservice/job/get
import { z } from 'zod';
import { named } from '../rest/named-schemas.js';
import { poolSpecification } from '../pools/pool-schema.js';
import { duration, entityTag, instant, link, metadataList, notShown, oneOf } from '../rest/answer-types.js';
import { shownConstraints, shownEnvironment, shownIdentity, shownResourceFiles } from '../tasks/run-schema.js';
import { shownOutputFiles } from '../tasks/task-schema.js';
import type { JobState } from './job.js';

const jobState = oneOf<JobState>({
  active: true,
  disabling: true,
  disabled: true,
  terminating: true,
  completed: true,
  deleting: true,
});

export const shownPreparation = z
  .strictObject({
    id: z.string(),
    commandLine: z.string(),
    containerSettings: notShown,
    resourceFiles: shownResourceFiles.optional(),
    environmentSettings: shownEnvironment.optional(),
    constraints: shownConstraints,
    waitForSuccess: z.boolean(),
    userIdentity: shownIdentity,
    rerunOnNodeRebootAfterSuccess: z.boolean(),
  })
  .register(named, { id: 'JobPreparationTask' });

export const shownRelease = z
  .strictObject({
    id: z.string(),
    commandLine: z.string(),
    containerSettings: notShown,
    resourceFiles: shownResourceFiles.optional(),
    environmentSettings: shownEnvironment.optional(),
    maxWallClockTime: duration,
    retentionTime: duration,
    userIdentity: shownIdentity,
  })
  .register(named, { id: 'JobReleaseTask' });

export const shownManager = z
  .strictObject({
    id: z.string(),
    displayName: z.string().optional(),
    commandLine: z.string(),
    resourceFiles: shownResourceFiles.optional(),
    outputFiles: shownOutputFiles.optional(),
    environmentSettings: shownEnvironment.optional(),
    constraints: shownConstraints,
    requiredSlots: z.int().min(1),
    killJobOnCompletion: z.boolean(),
    userIdentity: shownIdentity,
    runExclusive: z.boolean(),
    allowLowPriorityNode: z.boolean(),
  })
  .register(named, { id: 'JobManagerTask' });

export const shownPoolInfo = z
  .strictObject({
    poolId: z.string().optional(),
    autoPoolSpecification: z
      .strictObject({
        autoPoolIdPrefix: z.string().optional(),
        poolLifetimeOption: z.enum(['job', 'jobschedule']),
        keepAlive: z.boolean(),
        pool: poolSpecification,
      })
      .register(named, { id: 'AutoPoolSpecification' })
      .optional(),
  })
  .register(named, { id: 'PoolInformation' });

export const shownJobConstraints = z
  .strictObject({ maxWallClockTime: duration, maxTaskRetryCount: z.int().min(-1) })
  .register(named, { id: 'JobConstraints' });

const specificationShape = {
  displayName: z.string().optional(),
  usesTaskDependencies: z.boolean(),
  priority: z.int(),
  allowTaskPreemption: z.boolean(),
  maxParallelTasks: z.int(),
  constraints: shownJobConstraints,
  jobManagerTask: shownManager.optional(),
  jobPreparationTask: shownPreparation.optional(),
  jobReleaseTask: shownRelease.optional(),
  commonEnvironmentSettings: shownEnvironment.optional(),
  poolInfo: shownPoolInfo,
  onAllTasksComplete: z.enum(['noaction', 'terminatejob']),
  onTaskFailure: z.enum(['noaction', 'performexitoptionsjobaction']),
  networkConfiguration: z.looseObject({}).optional(),
  metadata: metadataList.optional(),
};

export const shownSpecification = z.strictObject(specificationShape).register(named, { id: 'JobSpecification' });

export const cloudJob = z
  .strictObject({
    id: z.string(),
    url: link,
    eTag: entityTag,
    lastModified: instant,
    creationTime: instant,
    state: jobState,
    stateTransitionTime: instant,
    previousState: jobState.optional(),
    previousStateTransitionTime: instant.optional(),
    ...specificationShape,
    executionInfo: z
      .strictObject({
        startTime: instant,
        endTime: instant.optional(),
        poolId: z.string(),
        terminateReason: z.string().optional(),
      })
      .register(named, { id: 'JobExecutionInformation' }),
    stats: notShown,
  })
  .register(named, { id: 'CloudJob' });

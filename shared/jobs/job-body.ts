// What a client may say when it adds or terminates a job, and the job it means: Batch's defaults filled in, faults refused by name.
// https://learn.microsoft.com/rest/api/batchservice/job/add
import { z } from 'zod';
import { named } from '../rest/named-schemas.js';
import {
  choice,
  commandLineText,
  displayNameText,
  durationBody,
  idText,
  metadataBody,
  onlyDefault,
  text,
  unsupported,
} from '../rest/body-types.js';
import { parseBody, refuse, requireStorable } from '../rest/request-body.js';
import { fromResourceFiles, resourceFilesBody } from '../tasks/file-body.js';
import {
  constraintsBody,
  defaultRetentionMs,
  environmentSettingsBody,
  fromConstraints,
  fromEnvironmentSettings,
  fromUserIdentity,
  retryCountBody,
  storedDuration,
  userIdentityBody,
} from '../tasks/run-resource.js';
import { autoPoolBody, fromAutoPool } from './auto-pool.js';
import { fromJobManager, jobManagerBody } from './job-manager-resource.js';
import type { DisableTasks, JobDefinition, PreparationDefinition, ReleaseDefinition } from './job.js';

/** Longest time a release may take, and what it gets unless told otherwise. */
export const maxReleaseWallClockMs = 15 * 60_000;

const preparationBody = z
  .strictObject({
    id: idText.default('jobpreparation'),
    commandLine: commandLineText,
    containerSettings: unsupported,
    resourceFiles: resourceFilesBody.optional(),
    environmentSettings: environmentSettingsBody.optional(),
    constraints: constraintsBody.optional(),
    waitForSuccess: z.boolean().default(true),
    userIdentity: userIdentityBody.optional(),
    rerunOnNodeRebootAfterSuccess: z.boolean().default(true),
  })
  .register(named, { id: 'JobPreparationTaskParameter' });

const releaseBody = z
  .strictObject({
    id: idText.default('jobrelease'),
    commandLine: commandLineText,
    containerSettings: unsupported,
    resourceFiles: resourceFilesBody.optional(),
    environmentSettings: environmentSettingsBody.optional(),
    maxWallClockTime: durationBody({ most: maxReleaseWallClockMs }).default(maxReleaseWallClockMs),
    retentionTime: durationBody().optional(),
    userIdentity: userIdentityBody.optional(),
  })
  .register(named, { id: 'JobReleaseTaskParameter' });

export const jobConstraintsBody = z
  .strictObject({
    maxWallClockTime: durationBody().optional(),
    maxTaskRetryCount: retryCountBody.default(0),
  })
  .register(named, { id: 'JobConstraintsParameter' });
export const onAllTasksCompleteBody = choice(['noaction', 'terminatejob']);
export const allowTaskPreemptionBody = onlyDefault(z.boolean(), false);
export const priorityBody = z.int().min(-1000).max(1000);
export const parallelTasksBody = z.int().refine((count) => count === -1 || count > 0, 'expected -1 or more than 0');

const poolInfoBody = z
  .strictObject({ autoPoolSpecification: autoPoolBody.optional(), poolId: idText.optional() })
  .superRefine(({ autoPoolSpecification, poolId }, context) => {
    if (poolId === undefined && autoPoolSpecification === undefined)
      refuse(context, 'MissingRequiredProperty', 'a job needs this or autoPoolSpecification', ['poolId']);
    if (poolId !== undefined && autoPoolSpecification !== undefined)
      refuse(context, 'InvalidPropertyValue', 'a job has either this or autoPoolSpecification', ['poolId']);
  })
  .register(named, { id: 'PoolInformationParameter' });

const specificationShape = {
  displayName: displayNameText.optional(),
  priority: priorityBody.default(0),
  maxParallelTasks: parallelTasksBody.default(-1),
  allowTaskPreemption: allowTaskPreemptionBody,
  constraints: jobConstraintsBody.optional(),
  jobManagerTask: jobManagerBody.optional(),
  jobPreparationTask: preparationBody.optional(),
  jobReleaseTask: releaseBody.optional(),
  commonEnvironmentSettings: environmentSettingsBody.optional(),
  poolInfo: poolInfoBody,
  onAllTasksComplete: onAllTasksCompleteBody.default('noaction'),
  onTaskFailure: choice(['noaction', 'performexitoptionsjobaction']).default('noaction'),
  usesTaskDependencies: z.boolean().default(false),
  networkConfiguration: z.strictObject({ subnetId: text() }).optional(),
  metadata: metadataBody.default([]),
};

type TasksOfJob = Pick<
  z.output<z.ZodObject<typeof specificationShape>>,
  'jobManagerTask' | 'jobPreparationTask' | 'jobReleaseTask'
>;

function refuseTasksThatClash(
  { jobManagerTask: manager, jobPreparationTask: preparation, jobReleaseTask: release }: TasksOfJob,
  context: z.RefinementCtx,
): void {
  for (const other of [preparation, release]) {
    if (manager && manager.id.toLowerCase() === other?.id.toLowerCase())
      refuse(context, 'InvalidPropertyValue', 'the job manager task needs an id of its own', ['jobManagerTask', 'id']);
  }
  if (!release) return;
  if (!preparation)
    return refuse(context, 'InvalidPropertyValue', 'a job release task needs a job preparation task', [
      'jobReleaseTask',
    ]);
  if (preparation.id.toLowerCase() === release.id.toLowerCase())
    refuse(context, 'InvalidPropertyValue', 'job preparation and job release task need different ids', [
      'jobReleaseTask',
      'id',
    ]);
}

/** A job without its id: what each job of a schedule is made from. */
export const jobSpecificationBody = z.strictObject(specificationShape).superRefine(refuseTasksThatClash);

export const jobAddBody = z
  .strictObject({ id: idText, ...specificationShape })
  .superRefine(refuseTasksThatClash)
  .superRefine(({ poolInfo }, context) => {
    if (poolInfo.autoPoolSpecification?.poolLifetimeOption === 'jobschedule')
      refuse(context, 'InvalidPropertyValue', 'only the jobs of a job schedule can share a pool with it', [
        'poolInfo',
        'autoPoolSpecification',
        'poolLifetimeOption',
      ]);
  })
  .register(named, { id: 'JobAddParameter' });

export const jobDisableBody = z
  .strictObject({ disableTasks: choice(['requeue', 'terminate', 'wait']) })
  .register(named, { id: 'JobDisableParameter' });
export const jobTerminateBody = z
  .strictObject({ terminateReason: text(1024).optional() })
  .register(named, { id: 'JobTerminateParameter' });

/**
 * The job that the body of Add Job describes.
 * Throws BatchError: MissingRequiredProperty, InvalidPropertyValue, InvalidRequestBody, EmptyMetadataKey, UnsupportedProperty.
 */
export function parseJobAdd(json: unknown): JobDefinition {
  const body = parseBody(jobAddBody, json);
  return requireStorable({ id: body.id, ...fromJobSpecification(body) });
}

/** The job that a specification describes, apart from its id. */
export function fromJobSpecification(body: z.output<typeof jobSpecificationBody>): Omit<JobDefinition, 'id'> {
  return {
    ...(body.displayName !== undefined && { displayName: body.displayName }),
    priority: body.priority,
    maxParallelTasks: body.maxParallelTasks,
    constraints: fromJobConstraints(body.constraints),
    ...(body.jobManagerTask && {
      jobManagerTask: fromJobManager(body.jobManagerTask, body.constraints?.maxTaskRetryCount ?? 0),
    }),
    ...(body.jobPreparationTask && { jobPreparationTask: fromPreparation(body.jobPreparationTask) }),
    ...(body.jobReleaseTask && { jobReleaseTask: fromRelease(body.jobReleaseTask) }),
    commonEnvironmentSettings: fromEnvironmentSettings(body.commonEnvironmentSettings),
    // The pool that is made for a job gets its id with it.
    poolId: body.poolInfo.poolId ?? '',
    ...(body.poolInfo.autoPoolSpecification && { autoPool: fromAutoPool(body.poolInfo.autoPoolSpecification) }),
    onAllTasksComplete: body.onAllTasksComplete,
    onTaskFailure: body.onTaskFailure,
    ...(body.networkConfiguration && { networkConfiguration: body.networkConfiguration }),
    ...(body.usesTaskDependencies && { usesTaskDependencies: true }),
    metadata: body.metadata,
  };
}

/** What the optional body of Terminate Job says. Throws BatchError as parseJobAdd does. */
export function parseTerminate(json: unknown): { terminateReason?: string } {
  const { terminateReason } = json === undefined ? {} : parseBody(jobTerminateBody, json);
  return terminateReason === undefined ? {} : { terminateReason };
}

/** The job's limits: unlimited and no retries unless told otherwise. */
export function fromJobConstraints(
  body: z.output<typeof jobConstraintsBody> | undefined,
): JobDefinition['constraints'] {
  const wallClock = body?.maxWallClockTime;
  return {
    ...(wallClock !== undefined && Number.isFinite(wallClock) && { maxWallClockMs: storedDuration(wallClock) }),
    maxTaskRetryCount: body?.maxTaskRetryCount ?? 0,
  };
}

/** How the body of Disable Job wants running tasks to be dealt with. Throws BatchError as parseJobAdd does. */
export function parseDisable(json: unknown): { disableTasks: DisableTasks } {
  return parseBody(jobDisableBody, json);
}

function fromPreparation(body: z.output<typeof preparationBody>): PreparationDefinition {
  return {
    id: body.id,
    commandLine: body.commandLine,
    ...fromResourceFiles(body.resourceFiles),
    environmentSettings: fromEnvironmentSettings(body.environmentSettings),
    // The service echoes 0 for an omitted count, whatever the job's own count is.
    constraints: fromConstraints(body.constraints, 0),
    waitForSuccess: body.waitForSuccess,
    rerunOnNodeRebootAfterSuccess: body.rerunOnNodeRebootAfterSuccess,
    userIdentity: fromUserIdentity(body.userIdentity),
  };
}

function fromRelease(body: z.output<typeof releaseBody>): ReleaseDefinition {
  return {
    id: body.id,
    commandLine: body.commandLine,
    ...fromResourceFiles(body.resourceFiles),
    environmentSettings: fromEnvironmentSettings(body.environmentSettings),
    maxWallClockMs: body.maxWallClockTime,
    retentionMs: storedDuration(body.retentionTime ?? defaultRetentionMs),
    userIdentity: fromUserIdentity(body.userIdentity),
  };
}

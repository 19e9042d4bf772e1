// What a client may say when it changes a job: PATCH leaves out what stays, PUT what goes back to its default.
// https://learn.microsoft.com/rest/api/batchservice/job/patch, https://learn.microsoft.com/rest/api/batchservice/job/update
import { z } from 'zod';
import { named } from '../rest/named-schemas.js';
import { idText, metadataBody } from '../rest/body-types.js';
import { parseBody, refuse, requireStorable } from '../rest/request-body.js';
import { ifSet } from '../tasks/run-resource.js';
import {
  allowTaskPreemptionBody,
  fromJobConstraints,
  jobConstraintsBody,
  onAllTasksCompleteBody,
  parallelTasksBody,
  priorityBody,
} from './job-body.js';
import type { JobDefinition } from './job.js';

/** What of a job can be changed once it was added. */
export type JobChanges = Partial<
  Pick<JobDefinition, 'priority' | 'maxParallelTasks' | 'constraints' | 'onAllTasksComplete' | 'poolId' | 'metadata'>
> & {
  /** Whether the pool that was made for the job outlives it. */
  readonly keepAlive?: boolean;
};

// Of the pool that was made for a job only that can be changed.
const poolInfoBody = z
  .strictObject({
    autoPoolSpecification: z.looseObject({ keepAlive: z.boolean().optional() }).optional(),
    poolId: idText.optional(),
  })
  .superRefine(({ autoPoolSpecification, poolId }, context) => {
    if (poolId === undefined && autoPoolSpecification === undefined)
      refuse(context, 'MissingRequiredProperty', 'a job needs this or autoPoolSpecification', ['poolId']);
  });

export const jobPatchBody = z
  .strictObject({
    priority: priorityBody.optional(),
    maxParallelTasks: parallelTasksBody.optional(),
    allowTaskPreemption: allowTaskPreemptionBody,
    onAllTasksComplete: onAllTasksCompleteBody.optional(),
    constraints: jobConstraintsBody.optional(),
    poolInfo: poolInfoBody.optional(),
    metadata: metadataBody.optional(),
  })
  .register(named, { id: 'JobPatchParameter' });

export const jobUpdateBody = jobPatchBody
  .extend({
    priority: priorityBody.default(0),
    maxParallelTasks: parallelTasksBody.default(-1),
    onAllTasksComplete: onAllTasksCompleteBody.default('noaction'),
    poolInfo: poolInfoBody,
    metadata: metadataBody.default([]),
  })
  .register(named, { id: 'JobUpdateParameter' });

/**
 * What the body of Patch Job changes: only what it names, each as a whole, so that constraints without a retry count reset it.
 * Throws BatchError as parseJobAdd does.
 */
export function parseJobPatch(json: unknown): JobChanges {
  const body = parseBody(jobPatchBody, json);
  return requireStorable({
    ...(body.priority !== undefined && { priority: body.priority }),
    ...(body.maxParallelTasks !== undefined && { maxParallelTasks: body.maxParallelTasks }),
    ...(body.onAllTasksComplete !== undefined && { onAllTasksComplete: body.onAllTasksComplete }),
    ...(body.constraints !== undefined && { constraints: fromJobConstraints(body.constraints) }),
    ...(body.poolInfo?.poolId !== undefined && { poolId: body.poolInfo.poolId }),
    ...ifSet('keepAlive', body.poolInfo?.autoPoolSpecification?.keepAlive),
    ...(body.metadata !== undefined && { metadata: body.metadata }),
  });
}

/** What the body of Update Job changes: everything that can be, what it leaves out to the default. Throws BatchError as parseJobAdd does. */
export function parseJobUpdate(json: unknown): JobChanges {
  const body = parseBody(jobUpdateBody, json);
  return requireStorable({
    priority: body.priority,
    maxParallelTasks: body.maxParallelTasks,
    onAllTasksComplete: body.onAllTasksComplete,
    constraints: fromJobConstraints(body.constraints),
    ...(body.poolInfo.poolId !== undefined && { poolId: body.poolInfo.poolId }),
    ...(body.poolInfo.autoPoolSpecification && { keepAlive: body.poolInfo.autoPoolSpecification.keepAlive ?? false }),
    metadata: body.metadata,
  });
}

// The parts of Batch's JSON that preparation, release, tasks and start tasks are shown with.
import { z } from 'zod';
import { named } from '../rest/named-schemas.js';
import { duration, instant, oneOf } from '../rest/answer-types.js';
import { resourceFileSchema } from './resource-file.js';
import { environmentSettingSchema, failureInfoSchema } from './run-definition.js';

export const shownResourceFiles = z
  .array(z.strictObject(resourceFileSchema.shape).register(named, { id: 'ResourceFile' }))
  .min(1);

export const shownEnvironment = z
  .array(z.strictObject(environmentSettingSchema.shape).register(named, { id: 'EnvironmentSetting' }))
  .min(1);

export const shownIdentity = z
  .strictObject({
    autoUser: z.strictObject({ scope: z.enum(['task', 'pool']), elevationLevel: z.enum(['nonadmin', 'admin']) }),
  })
  .register(named, { id: 'UserIdentity' });

export const shownConstraints = z
  .strictObject({ maxWallClockTime: duration, retentionTime: duration, maxTaskRetryCount: z.int().min(-1) })
  .register(named, { id: 'TaskConstraints' });

export const shownFailure = z
  .strictObject({
    ...failureInfoSchema.shape,
    details: z.array(z.strictObject({ name: z.string(), value: z.string() })).optional(),
  })
  .register(named, { id: 'TaskFailureInformation' });

export const shownResult = oneOf<'success' | 'failure'>({ success: true, failure: true });

/** How a run went, as far as it has come. */
export const shownRun = {
  startTime: instant,
  endTime: instant.optional(),
  exitCode: z.int().optional(),
  failureInfo: shownFailure.optional(),
  result: shownResult.optional(),
};

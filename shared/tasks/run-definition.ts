// What a node needs to know to run one command line: the part that preparation, release and tasks have in common.
// Instants and durations are milliseconds here; ISO 8601 stays at the REST edge.
import { z } from 'zod';
import { outputFileSchema, resourceFileSchema } from './resource-file.js';

export const environmentSettingSchema = z.object({ name: z.string(), value: z.string().optional() });
export type EnvironmentSetting = z.infer<typeof environmentSettingSchema>;

export const userIdentitySchema = z.object({
  autoUser: z.object({ scope: z.enum(['task', 'pool']), elevationLevel: z.enum(['nonadmin', 'admin']) }),
});
export type UserIdentity = z.infer<typeof userIdentitySchema>;

/** Limits of one run. Absent `maxWallClockMs` = no limit; `maxTaskRetryCount` -1 = endless, counting retries after a non-zero exit only. */
export const runConstraintsSchema = z.object({
  maxWallClockMs: z.number().optional(),
  retentionMs: z.number(),
  maxTaskRetryCount: z.int().min(-1),
});
export type RunConstraints = z.infer<typeof runConstraintsSchema>;

export const runDefinitionSchema = z.object({
  /** Absent: the pool's own unprivileged user. */
  userIdentity: userIdentitySchema.optional(),
  commandLine: z.string(),
  environmentSettings: z.array(environmentSettingSchema),
  constraints: runConstraintsSchema,
  /** Put into the working directory before the start. */
  resourceFiles: z.array(resourceFileSchema).optional(),
  /** Uploaded after the end; of tasks only. */
  outputFiles: z.array(outputFileSchema).optional(),
});
export type RunDefinition = z.infer<typeof runDefinitionSchema>;

/** Why a run failed, as Batch's TaskFailureInformation. */
export const failureInfoSchema = z.object({
  category: z.enum(['usererror', 'servererror']),
  code: z.string(),
  message: z.string(),
  details: z.array(z.object({ name: z.string(), value: z.string() })).optional(),
});
export type FailureInfo = z.infer<typeof failureInfoSchema>;

// What the journal keeps about the node itself and about jobs, apart from their runs.
import { z } from 'zod';
import { failureInfoSchema } from '../shared/tasks/run-definition.js';
import { instantSchema } from './instant.js';

export const nodeRecordSchema = z.object({
  version: z.literal(1),
  epoch: z.int().min(1),
  imageEpoch: z.int().min(1),
  /** Written into the node root too: a root without it is another image. */
  imageId: z.string(),
  epochBeganAt: instantSchema,
  /** The epoch's marker stands in the node root: from here on orders of this epoch are taken. */
  hasJoined: z.boolean(),
  /** The boot was ended on purpose: whatever still ran is lost. */
  wasShutDown: z.boolean(),
  /** Report numbers up to this one may have been used. */
  reservedSequence: z.int(),
  /** How many users were given to tasks so far. */
  usersTaken: z.int().optional(),
});
export type NodeRecord = z.infer<typeof nodeRecordSchema>;

/** A job that the controller told to forget. Kept for a while, so that a late order of it is not run. */
export const forgottenJobSchema = z.object({
  version: z.literal(1),
  incarnation: z.string(),
  jobDirectory: z.string(),
  at: instantSchema,
  /** Its folder and its runs are gone. */
  isDone: z.boolean(),
});
export type ForgottenJob = z.infer<typeof forgottenJobSchema>;

/** A kill that came before the end of its run, or even before its order: journaled, so that no crash of the agent loses it. */
export const earlyKillSchema = z.object({
  version: z.literal(1),
  runId: z.string(),
  incarnation: z.string(),
  failure: failureInfoSchema,
  at: instantSchema,
});
export type EarlyKill = z.infer<typeof earlyKillSchema>;

// What is to happen to the job and to dependent tasks by how a task ends, as its user said it. What applies when is exit-decisions.ts.
import { z } from 'zod';

export const exitOptionsSchema = z.object({
  jobAction: z.enum(['none', 'disable', 'terminate']).optional(),
  dependencyAction: z.enum(['satisfy', 'block']).optional(),
});
/** Absent actions stand for the defaults of the exit that the options are about. */
export type ExitOptions = z.infer<typeof exitOptionsSchema>;

/** The same with the defaults filled in. */
export type ExitActions = {
  readonly jobAction: 'none' | 'disable' | 'terminate';
  readonly dependencyAction: 'satisfy' | 'block';
};

export const exitConditionsSchema = z.object({
  exitCodes: z.array(z.object({ code: z.int(), exitOptions: exitOptionsSchema })).optional(),
  /** Both bounds belong to the range. */
  exitCodeRanges: z.array(z.object({ start: z.int(), end: z.int(), exitOptions: exitOptionsSchema })).optional(),
  preProcessingError: exitOptionsSchema.optional(),
  fileUploadError: exitOptionsSchema.optional(),
  default: exitOptionsSchema.optional(),
});
export type ExitConditions = z.infer<typeof exitConditionsSchema>;

/** Every set of options that the conditions hold. */
export function optionsIn(conditions: ExitConditions): readonly ExitOptions[] {
  const { exitCodes = [], exitCodeRanges = [], preProcessingError, fileUploadError, default: otherwise } = conditions;
  const single = [preProcessingError, fileUploadError, otherwise].filter((options) => options !== undefined);
  return [...[...exitCodes, ...exitCodeRanges].map(({ exitOptions }) => exitOptions), ...single];
}

// Exit conditions in Batch's JSON; they are stored and shown as they were given.
// https://learn.microsoft.com/rest/api/batchservice/task/add (ExitConditions)
import { z } from 'zod';
import { named } from '../rest/named-schemas.js';
import { choice } from '../rest/body-types.js';
import { refuse } from '../rest/request-body.js';
import type { ExitConditions } from './exit-conditions.js';

const exitOptionsBody = z
  .strictObject({
    jobAction: choice(['none', 'disable', 'terminate']).optional(),
    dependencyAction: choice(['satisfy', 'block']).optional(),
  })
  .register(named, { id: 'ExitOptionsParameter' });

const exitCodeRangeBody = z
  .strictObject({ start: z.int32(), end: z.int32(), exitOptions: exitOptionsBody })
  .superRefine(({ start, end }, context) => {
    if (start > end) refuse(context, 'InvalidPropertyValue', 'a range cannot end before it starts', ['end']);
  });

export const exitConditionsBody = z
  .strictObject({
    exitCodes: z.array(z.strictObject({ code: z.int32(), exitOptions: exitOptionsBody })).optional(),
    exitCodeRanges: z.array(exitCodeRangeBody).optional(),
    preProcessingError: exitOptionsBody.optional(),
    fileUploadError: exitOptionsBody.optional(),
    default: exitOptionsBody.optional(),
  })
  .register(named, { id: 'ExitConditionsParameter' });

/** The conditions without members that were not given. */
export function fromExitConditions(body: z.output<typeof exitConditionsBody>): ExitConditions {
  // Stored as JSON, which leaves out what is undefined.
  return JSON.parse(JSON.stringify(body)) as ExitConditions;
}

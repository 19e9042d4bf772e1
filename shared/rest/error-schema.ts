// A refusal as a schema. https://learn.microsoft.com/rest/api/batchservice/batch-status-and-error-codes
import { z } from 'zod';
import { named } from './named-schemas.js';
import { errorCatalogue, type BatchErrorCode } from './error-catalogue.js';

const codes = Object.keys(errorCatalogue) as [BatchErrorCode, ...BatchErrorCode[]];

const errorShape = {
  code: z.enum(codes),
  message: z.strictObject({ lang: z.literal('en-US'), value: z.string().min(1) }),
  /** What the message speaks of, for programs. */
  values: z
    .array(z.strictObject({ key: z.string(), value: z.string() }))
    .min(1)
    .optional(),
};

/** The whole body of a refusal. */
export const batchError = z
  .strictObject({ 'odata.metadata': z.string(), ...errorShape })
  .meta({ description: 'Why a request was refused.' })
  .register(named, { id: 'BatchError' });

/** Why one of several things that were asked for was refused. */
export const batchErrorOfOne = z.strictObject(errorShape).register(named, { id: 'BatchErrorOfOne' });

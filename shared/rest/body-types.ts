// The building blocks of request body schemas: the conventions that all of Batch's bodies share. What a schema does in code, `meta` says
// to the description of the API. Knows no resource.
import { z } from 'zod';
import { parseDuration } from './iso-duration.js';
import { parseInstant } from './odata-instant.js';
import { refuse } from './request-body.js';

/** A property that Batch knows and Bookend does not act on: only an empty value is let through, and dropped. */
export const unsupported = z
  .unknown()
  .superRefine((value, context) => {
    if (!isEmpty(value)) refuse(context, 'UnsupportedProperty', 'Bookend does not act on it yet');
  })
  .transform(() => undefined)
  .optional()
  .meta({
    description: 'Bookend does not act on it yet: only an empty value is accepted.',
    'x-bookend-unsupported': true,
  });

/** A property of which Bookend supports only the value that Batch takes when it is left out. */
export function onlyDefault<Schema extends z.ZodType>(schema: Schema, value: z.output<Schema>) {
  return schema
    .superRefine((given, context) => {
      if (given !== value) refuse(context, 'UnsupportedProperty', `Bookend acts on ${String(value)} only yet`);
    })
    .optional()
    .meta({ description: 'Bookend acts on this value only yet.', const: value });
}

/** One of `values`, which are lower-case; any letter case is accepted. */
export function choice<const Values extends readonly string[]>(values: Values) {
  return z
    .string()
    .transform((given, context): Values[number] => {
      const found = values.find((value: Values[number]) => value === given.toLowerCase());
      if (found !== undefined) return found;
      context.addIssue({ code: 'custom', message: `expected one of ${values.join(', ')}` });
      return z.NEVER;
    })
    .meta({ description: 'In any letter case.', enum: [...values] });
}

/** Ids that users give to jobs, tasks and pools. */
export const idText = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}$/, 'expected 1 to 64 letters, digits, hyphens and underscores');

/** Text of at most `longest` characters that may reach a process: NUL is refused. */
export function text(longest = Number.POSITIVE_INFINITY) {
  return z
    .string()
    .refine((value) => !value.includes('\0'), 'a NUL character is not allowed')
    .refine((value) => value.length <= longest, `expected at most ${longest} characters`)
    .meta(Number.isFinite(longest) ? { maxLength: longest } : {});
}

export const displayNameText = text(1024);

export const commandLineText = text().refine((value) => value.trim() !== '', 'a command line cannot be empty');

export const metadataBody = z.array(z.strictObject({ name: text().superRefine(refuseEmptyName), value: text() }));

/** An ISO 8601 duration in milliseconds, within `least` and `most` milliseconds. Batch's unlimited duration is infinite. */
export function durationBody({ least = 0, most = Number.POSITIVE_INFINITY } = {}) {
  const rule = durationRule(least, most);
  return z
    .string()
    .transform((given, context): number => {
      const milliseconds = durationOf(given);
      if (milliseconds !== undefined && milliseconds >= least && milliseconds <= most) return milliseconds;
      context.addIssue({ code: 'custom', message: rule });
      return z.NEVER;
    })
    .meta({ description: `${rule.replace('expected an', 'An')}.`, format: 'duration' });
}

/** An instant, in ISO 8601 (UTC unless it says otherwise) or RFC 1123; gives ISO 8601 UTC in milliseconds. */
export const instantBody = z
  .string()
  .transform((given, context): string => {
    const instant = parseInstant(given);
    if (instant !== undefined) return new Date(instant).toISOString();
    context.addIssue({ code: 'custom', message: 'expected an ISO 8601 instant' });
    return z.NEVER;
  })
  .meta({ format: 'date-time' });

function durationOf(given: string): number | undefined {
  try {
    return parseDuration(given) ?? Number.POSITIVE_INFINITY;
  } catch (error) {
    // Not a duration: the caller names the property.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function durationRule(least: number, most: number): string {
  const bounds = [
    ...(least > 0 ? [`at least ${least / 1000} seconds`] : []),
    ...(Number.isFinite(most) ? [`at most ${most / 1000} seconds`] : []),
  ];
  return ['expected an ISO 8601 duration', ...bounds].join(', ');
}

function refuseEmptyName(name: string, context: z.RefinementCtx): void {
  if (name === '') refuse(context, 'EmptyMetadataKey', 'a metadata name cannot be empty');
}

function isEmpty(value: unknown): boolean {
  if (value === undefined) return true;
  if (Array.isArray(value)) return value.length === 0;
  return typeof value === 'object' && value !== null && Object.values(value).every(isEmpty);
}

// From a request's JSON to a checked value, with Batch's codes for what is wrong with it. Knows no property and no resource;
// the building blocks of the schemas are in body-types.ts.
// Codes: https://learn.microsoft.com/rest/api/batchservice/batch-status-and-error-codes
import type { z } from 'zod';
import { BatchError } from '../errors.js';
import type { BatchErrorCode } from './error-catalogue.js';
import { maxDocumentCharacters } from '../tables/document.js';

const maxNesting = 32;
const maxEchoedLength = 256;
// A stored resource is its definition and some states and instants.
const maxDefinitionCharacters = maxDocumentCharacters - 10_000;

/**
 * Checks `json` against `schema` and gives its output. A null counts as absence.
 * Throws BatchError for the first fault: MissingRequiredProperty, InvalidPropertyValue, UnsupportedProperty, the code given to `refuse`,
 * or InvalidRequestBody when an object or a list stands where none belongs (or the other way round).
 */
export function parseBody<Schema extends z.ZodType>(schema: Schema, json: unknown): z.output<Schema> {
  const body = withoutNulls(json, 0);
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const [first] = parsed.error.issues;
  throw first ? toBatchError(first, body) : new BatchError('InvalidRequestBody', 'The request body is not valid.');
}

/** `definition`, unless it is larger than can be stored: throws RequestBodyTooLarge. */
export function requireStorable<Definition>(definition: Definition): Definition {
  const { length } = JSON.stringify(definition);
  if (length <= maxDefinitionCharacters) return definition;
  throw new BatchError(
    'RequestBodyTooLarge',
    `The definition takes ${length} characters; at most ${maxDefinitionCharacters} can be stored.`,
    { MaxLimit: String(maxDefinitionCharacters) },
  );
}

/** Adds a fault that has a Batch code of its own, at `path` below the value being checked. */
export function refuse(context: z.RefinementCtx, batchCode: BatchErrorCode, message: string, path?: string[]): void {
  context.addIssue({ code: 'custom', message, params: { batchCode }, ...(path && { path }) });
}

function toBatchError(issue: z.core.$ZodIssue, body: unknown): BatchError {
  const path = issue.path.map(String);
  const name = path.findLast((_, index) => typeof issue.path[index] === 'string');
  const value = issue.path.reduce(memberOf, body);
  const shape = issue.code === 'invalid_type' && ['object', 'array', 'record'].includes(issue.expected);
  if (issue.code === 'unrecognized_keys') return unsupportedProperty([...path, ...issue.keys.slice(0, 1)]);
  if (name === undefined || (shape && value !== undefined)) {
    const place = path.length === 0 ? 'The request body' : `'${path.join('/')}'`;
    return new BatchError('InvalidRequestBody', `${place} does not have the shape it must have: ${issue.message}.`);
  }
  if (issue.code === 'invalid_type' && value === undefined)
    return new BatchError('MissingRequiredProperty', `The required property '${path.join('/')}' is missing.`, {
      PropertyName: name,
    });
  const code = batchCodeOf(issue);
  if (code === 'UnsupportedProperty') return unsupportedProperty(path, issue.message);
  return new BatchError(code, `The value of property '${path.join('/')}' is not valid: ${issue.message}.`, {
    PropertyName: name,
    PropertyValue: echoOf(value),
    Reason: issue.message,
  });
}

// The value is not echoed: what Bookend does not know may be a secret.
function unsupportedProperty(path: readonly string[], reason = 'it is not known here'): BatchError {
  return new BatchError('UnsupportedProperty', `The property '${path.join('/')}' is not supported: ${reason}.`, {
    PropertyName: path.at(-1) ?? '',
    Reason: reason,
  });
}

function batchCodeOf(issue: z.core.$ZodIssue): BatchErrorCode {
  // Only `refuse` sets this parameter.
  const code: unknown = issue.code === 'custom' ? issue.params?.['batchCode'] : undefined;
  return code === undefined ? 'InvalidPropertyValue' : (code as BatchErrorCode);
}

function memberOf(value: unknown, key: PropertyKey): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined;
}

function echoOf(value: unknown): string {
  const written = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  return written.length <= maxEchoedLength ? written : `${written.slice(0, maxEchoedLength)}…`;
}

function withoutNulls(value: unknown, depth: number): unknown {
  // Later steps recurse over the value too; a body nested deeper than any resource would exhaust the stack there.
  if (depth > maxNesting)
    throw new BatchError('InvalidRequestBody', `The request body is nested deeper than ${maxNesting} levels.`);
  if (Array.isArray(value)) return value.map((item) => withoutNulls(item, depth + 1));
  // A negative zero is a zero, also before it was stored.
  if (value === 0) return 0;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== null)
      .map(([name, item]) => [name, withoutNulls(item, depth + 1)]),
  );
}

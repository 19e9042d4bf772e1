// Conditional requests: whether a resource is still, or no longer, the one the caller knows. Knows no resource.
// https://learn.microsoft.com/rest/api/batchservice/conditional-requests-to-the-batch-service
import { BatchError } from '../errors.js';
import { parseHttpDate } from './http-date.js';

/** The conditional headers of a request; all that are given must hold. Entity tags stand without quotes; `*` is any. */
export type Conditions = {
  readonly ifMatch?: readonly string[];
  readonly ifNoneMatch?: readonly string[];
  /** Milliseconds since 1970, whole seconds. */
  readonly ifModifiedSinceMs?: number;
  readonly ifUnmodifiedSinceMs?: number;
};

/** What conditions are compared with. Files have no entity tag. `lastModified` is ISO 8601. */
export type Validators = { readonly etag?: string; readonly lastModified?: string };

/** No condition: what an operation without conditional headers passes to a verb. */
export const unconditional: Conditions = {};

export const conditionalHeaders = ['if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since'] as const;

/** Reads the conditional headers. Throws InvalidHeaderValue for a date that is none. */
export function parseConditions(header: (name: string) => string | undefined): Conditions {
  const ifMatch = parseTags(header('if-match'));
  const ifNoneMatch = parseTags(header('if-none-match'));
  const ifModifiedSinceMs = parseDate('If-Modified-Since', header('if-modified-since'));
  const ifUnmodifiedSinceMs = parseDate('If-Unmodified-Since', header('if-unmodified-since'));
  return {
    ...(ifMatch && { ifMatch }),
    ...(ifNoneMatch && { ifNoneMatch }),
    ...(ifModifiedSinceMs !== undefined && { ifModifiedSinceMs }),
    ...(ifUnmodifiedSinceMs !== undefined && { ifUnmodifiedSinceMs }),
  };
}

/**
 * Throws ConditionNotMet (412; a read answers 304) unless every condition holds for an existing resource.
 * Dates are compared in whole seconds, as that is all the Last-Modified header shows.
 */
export function requireConditions(conditions: Conditions, validators: Validators): void {
  const { ifMatch, ifNoneMatch, ifModifiedSinceMs, ifUnmodifiedSinceMs } = conditions;
  const modifiedMs =
    validators.lastModified === undefined ? undefined : Math.floor(Date.parse(validators.lastModified) / 1000) * 1000;
  if (ifMatch && !anyMatches(ifMatch, validators.etag)) throw notMet('If-Match');
  if (ifNoneMatch && anyMatches(ifNoneMatch, validators.etag)) throw notMet('If-None-Match');
  if (modifiedMs === undefined) return;
  if (ifModifiedSinceMs !== undefined && modifiedMs <= ifModifiedSinceMs) throw notMet('If-Modified-Since');
  if (ifUnmodifiedSinceMs !== undefined && modifiedMs > ifUnmodifiedSinceMs) throw notMet('If-Unmodified-Since');
}

function anyMatches(tags: readonly string[], etag: string | undefined): boolean {
  return tags.some((tag) => tag === '*' || tag === etag);
}

function notMet(header: string): BatchError {
  return new BatchError('ConditionNotMet', `The condition in header ${header} does not hold for the resource.`);
}

function parseTags(value: string | undefined): readonly string[] | undefined {
  return value?.split(',').map((tag) =>
    tag
      .trim()
      .replace(/^W\//, '')
      .replace(/^"(.*)"$/, '$1'),
  );
}

function parseDate(name: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const instant = parseHttpDate(value);
  if (instant !== undefined) return instant;
  throw new BatchError('InvalidHeaderValue', `Header ${name} is not a date as in RFC 1123.`, {
    HeaderName: name,
    HeaderValue: value,
  });
}

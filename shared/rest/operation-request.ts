// What every operation accepts, checked in one place and one order, and what a handler sees of it. Knows no concept.
import type { HttpRequest } from '@azure/functions';
import { BatchError } from '../errors.js';
import { readBody, type BodyRule } from './body.js';
import { conditionalHeaders, parseConditions, type Conditions } from './conditions.js';
import { decodeSkipToken, largestPage, type PageRequest } from './paging.js';
import { decodeRouteValues, type RequestUrl } from './request-url.js';

export type OperationOptions = {
  /** Query parameters besides `api-version` and `timeout`; `maxresults` brings `$skiptoken`. 'any' accepts all (an operation that refuses anyway). */
  readonly query?: readonly string[] | 'any';
  /** Largest `maxresults`, and its default; 1000 without. */
  readonly largestPage?: number;
  /** Whether the four conditional headers are honoured: by the wrapper on a read, by the handler on a write. */
  readonly conditional?: boolean;
  /** Whether a JSON object is expected; 'none' by default. */
  readonly body?: BodyRule;
  /** Larger bodies are refused; 1 MiB by default, at most 4 MiB. */
  readonly largestBodyBytes?: number;
  /** By an account key, unless the operation looks itself who asks. */
  readonly authentication?: 'account' | 'byOperation';
};

export type OperationRequest = {
  readonly operation: string;
  /** Upper-case. */
  readonly method: string;
  /** Route values, decoded once. */
  readonly params: Readonly<Record<string, string>>;
  /** The route value `name`; throws when the route has none of that name. */
  param(name: string): string;
  /** A query parameter by its name in any letter case; undefined when absent or empty. */
  query(name: string): string | undefined;
  /** A query parameter that is `true` or `false` (absent). Throws InvalidQueryParameterValue for anything else. */
  flag(name: string): boolean;
  header(name: string): string | undefined;
  /** The body, a JSON object that is not yet checked; undefined when there was none. */
  readonly json: unknown;
  readonly requestId: string;
  /** `scheme://host[:port]` as the client used it. */
  readonly baseUrl: string;
  /** The URL of this request without its query. */
  readonly url: string;
  readonly conditions: Conditions;
  readonly apiVersion: string;
  /** How long the operation may take. */
  readonly timeoutMs: number;
  /** What to list: the whole first page unless `maxresults` and `$skiptoken` say otherwise. */
  readonly page: PageRequest;
};

/** The oldest and newest api-version dates that are understood. */
export const oldestVersion = '2019-08-01';
export const newestVersion = '2025-06-01';

const longestTimeoutSeconds = 30;

/**
 * The api-version of a request, which is asked for before anything else, even authentication.
 * Throws MissingRequiredQueryParameter or UnsupportedRequestVersion.
 */
export function requireApiVersion(url: RequestUrl): string {
  const version = findQuery(url, 'api-version');
  if (version === undefined) {
    throw new BatchError('MissingRequiredQueryParameter', 'The query parameter api-version is missing.', {
      QueryParameterName: 'api-version',
    });
  }
  const date = /^(\d{4}-\d{2}-\d{2})(\.\d{1,3}\.\d{1,3})?$/.exec(version)?.[1];
  if (date === undefined || date < oldestVersion || date > newestVersion) {
    throw new BatchError('UnsupportedRequestVersion', 'The api-version of this request is not known.', {
      QueryParameterName: 'api-version',
      QueryParameterValue: version.slice(0, 64),
      Reason: `Known are versions from ${oldestVersion} to ${newestVersion}`,
    });
  }
  return version;
}

/** Checks the rest of an authenticated request and reads its body. Throws a BatchError of status 400 or 413. */
export async function readOperationRequest(
  name: string,
  options: OperationOptions,
  raw: HttpRequest,
  url: RequestUrl,
  requestId: string,
): Promise<OperationRequest> {
  const header = (headerName: string): string | undefined => raw.headers.get(headerName) ?? undefined;
  const query = (queryName: string): string | undefined => findQuery(url, queryName);
  refuseUnknownHeaders(name, options, raw);
  refuseUnknownQuery(name, options, url);
  refuseTwoMeanings(url);
  const timeoutSeconds = requireWholeNumber('timeout', query('timeout'), 0, Number.MAX_SAFE_INTEGER);
  const page = readPage(query, options.largestPage ?? largestPage);
  const conditions = parseConditions(header);
  const params = decodeRouteValues(raw.params, url.rawPath);
  return {
    operation: name,
    method: raw.method.toUpperCase(),
    params,
    param(paramName) {
      const value = params[paramName];
      if (value === undefined) throw new Error(`The route of operation '${name}' has no value '${paramName}'.`);
      return value;
    },
    query,
    flag: (flagName) => readFlag(flagName, query(flagName)),
    header,
    json: await readBody(raw, options.body ?? 'none', options.largestBodyBytes),
    requestId,
    baseUrl: url.baseUrl,
    url: `${url.baseUrl}${url.rawPath}`,
    conditions,
    apiVersion: requireApiVersion(url),
    timeoutMs: toTimeoutMs(timeoutSeconds),
    page,
  };
}

// As the service does: a larger value, and none, count as the longest.
function toTimeoutMs(seconds: number | undefined): number {
  return seconds !== undefined && seconds > 0 && seconds < longestTimeoutSeconds
    ? seconds * 1000
    : longestTimeoutSeconds * 1000;
}

// The first of several counts, as in the signature.
function findQuery(url: RequestUrl, name: string): string | undefined {
  const value = url.query.find((pair) => pair.name.toLowerCase() === name.toLowerCase())?.value;
  return value === '' ? undefined : value;
}

function refuseUnknownHeaders(name: string, { conditional, query }: OperationOptions, raw: HttpRequest): void {
  if (query === 'any') return;
  const known = ['ocp-date', 'ocp-range'];
  for (const header of raw.headers.keys()) {
    const isKnown = known.includes(header) || !header.startsWith('ocp-');
    const isRefusedCondition = conditional !== true && conditionalHeaders.some((condition) => condition === header);
    if (isKnown && !isRefusedCondition) continue;
    throw new BatchError('UnsupportedHeader', `Operation '${name}' does not support header '${header}'.`, {
      HeaderName: header,
    });
  }
}

function refuseUnknownQuery(name: string, { query = [] }: OperationOptions, url: RequestUrl): void {
  if (query === 'any') return;
  const known = ['api-version', 'timeout', ...query, ...(query.includes('maxresults') ? ['$skiptoken'] : [])];
  const knownNames = new Set(known.map((parameter) => parameter.toLowerCase()));
  const unknown = url.query.find((pair) => !knownNames.has(pair.name.toLowerCase()));
  if (unknown === undefined) return;
  const parameter = unknown.name.slice(0, 128);
  throw new BatchError(
    'UnsupportedQueryParameter',
    `Operation '${name}' does not support query parameter '${parameter}'.`,
    { QueryParameterName: parameter },
  );
}

// Which of several counts is read differently by clients, front ends and signatures; one that came in on the way must not count.
function refuseTwoMeanings({ query }: RequestUrl): void {
  const first = new Map<string, string>();
  for (const { name, value } of query) {
    const known = first.get(name.toLowerCase());
    if (known === undefined) first.set(name.toLowerCase(), value);
    else if (known !== value) {
      const parameter = name.slice(0, 128);
      throw new BatchError('InvalidQueryParameterValue', `Query parameter '${parameter}' is given twice.`, {
        QueryParameterName: parameter,
        QueryParameterValue: value.slice(0, 64),
        Reason: 'Given twice, with different values',
      });
    }
  }
}

function readPage(query: OperationRequest['query'], most: number): PageRequest {
  const limit = requireWholeNumber('maxresults', query('maxresults'), 1, most) ?? most;
  const token = query('$skiptoken');
  return token === undefined ? { limit } : { limit, continuation: decodeSkipToken(token) };
}

function requireWholeNumber(name: string, text: string | undefined, least: number, most: number): number | undefined {
  if (text === undefined) return undefined;
  const refuse = (code: 'InvalidQueryParameterValue' | 'OutOfRangeQueryParameterValue'): BatchError =>
    new BatchError(code, `Query parameter '${name}' must be a whole number from ${least} to ${most}.`, {
      QueryParameterName: name,
      QueryParameterValue: text.slice(0, 64),
      Reason: `Must be a whole number from ${least} to ${most}`,
    });
  if (!/^-?\d+$/.test(text)) throw refuse('InvalidQueryParameterValue');
  const number = Number(text);
  if (number < least || number > most) throw refuse('OutOfRangeQueryParameterValue');
  return number;
}

function readFlag(name: string, text: string | undefined): boolean {
  const value = text?.toLowerCase() ?? 'false';
  if (value === 'true' || value === 'false') return value === 'true';
  throw new BatchError('InvalidQueryParameterValue', `Query parameter '${name}' must be true or false.`, {
    QueryParameterName: name,
    QueryParameterValue: value.slice(0, 64),
    Reason: 'Must be true or false',
  });
}

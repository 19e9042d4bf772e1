// Query parameters: filters, selections, tokens and numbers, good and bad.
import fc from 'fast-check';
import { sealContinuation } from '../../shared/rest/continuation.js';
import { encodeSkipToken } from '../../shared/rest/paging.js';
import type { AppOperation } from './app-operations.js';
import { encodeLoosely } from './arbitrary-path.js';
import { oneOf, weighted } from './one-of.js';

const { constantFrom, tuple, array, constant, nat, string: text } = fc;

/** An operation, and the query parameters that it takes. */
export type FuzzOperation = AppOperation & { readonly parameters: readonly string[] };

const filterNames = [
  ...[
    'id',
    'state',
    'creationTime',
    'lastModified',
    'lastModifiedTime',
    'stateTransitionTime',
    'poolId',
    'nodeId',
    'name',
  ],
  ...['executionInfo/poolId', 'executionInfo/startTime', 'executionInfo/exitCode', 'executionInfo/result', 'vmSize'],
  ...['jobPreparationTaskExecutionInfo/state', 'jobReleaseTaskExecutionInfo/exitCode', 'startTaskInfo/state', 'osType'],
  ...['allocationState', 'enableAutoScale', 'nodeAgentSKUId', 'schedule/doNotRunUntil', '__proto__', 'a/b/c', ''],
];
const literals = [
  ...[
    "'Job-1'",
    "'t1'",
    "'active'",
    "'ACTIVE'",
    "''",
    "'it''s'",
    "'",
    '1',
    '-1',
    '1e9',
    '1.5',
    'true',
    'null',
    "'\u0000'",
  ],
  ...["DateTime'2026-01-01T00:00:00Z'", "datetime'2026-01-01'", "DateTime'Thu, 01 Jan 1970 00:00:00 GMT'"],
  ...["DateTime'9999-12-31T23:59:59.9999999Z'", "DateTime'0000-00-00T00:00:00Z'", "DateTime''", 'id', "'%'", "'ü😀'"],
];
const comparison = tuple(
  constantFrom(...filterNames),
  constantFrom('eq', 'ne', 'gt', 'ge', 'lt', 'le', 'EQ', 'is', 'in', 'add'),
  constantFrom(...literals),
).map(([name, operator, literal]) => `${name} ${operator} ${literal}`);
const startsWith = tuple(constantFrom(...filterNames), constantFrom(...literals)).map(
  ([name, literal]) => `startswith(${name},${literal})`,
);
const filter = oneOf(
  weighted(3, comparison),
  weighted(1, startsWith),
  weighted(2, array(oneOf(comparison, startsWith), { minLength: 2, maxLength: 6 }).chain(joinTerms)),
  weighted(
    1,
    nat(60).map((count) => Array.from({ length: count }, (_, index) => `id eq 't${index}'`).join(' or ')),
  ),
  weighted(
    1,
    nat(3_000).map((depth) => `${'('.repeat(depth)}id eq 't1'${')'.repeat(depth)}`),
  ),
  weighted(1, text({ unit: 'grapheme', maxLength: 60 })),
);

function joinTerms(terms: readonly string[]): fc.Arbitrary<string> {
  return array(constantFrom(' and ', ' or ', ' and (', ') or ', ' not '), {
    minLength: terms.length - 1,
    maxLength: terms.length - 1,
  }).map((links) => terms.map((term, index) => `${term}${links[index] ?? ''}`).join(''));
}

const select = oneOf(
  array(constantFrom(...filterNames, 'stats', 'url', 'eTag', 'executionInfo', 'commandLine', 'toString'), {
    minLength: 1,
    maxLength: 5,
  }).map((names) => names.join(', ')),
  constantFrom('*', ',', ' ', 'id,,state', 'ID', 'id/x'),
);

/** Tokens as they look; some are sealed as if they had been given out. */
const skipToken = (operation: string): fc.Arbitrary<string> =>
  oneOf(
    constantFrom('', '1', '1Zm9v', 'x', '%00', '1!!', `1${'A'.repeat(5_000)}`),
    text({ maxLength: 20 }).map((continuation) => encodeSkipToken(continuation || 'x')),
    tuple(
      constantFrom(operation, `${operation} by id`, 'list-jobs'),
      constantFrom('0', '-1', '999999', 'abc', '😀', '{}', '..'),
    ).map(([scope, continuation]) => encodeSkipToken(sealContinuation(scope, continuation))),
  );

const numbers = [
  '0',
  '1',
  '2',
  '3',
  '1000',
  '1001',
  '-1',
  '1.5',
  '1e3',
  '99999999999999999999',
  'abc',
  '',
  ' 1',
  '\u0661',
];

/** Names of query parameters that an operation may take. */
export const parameterNames = [
  ...[
    '$filter',
    '$select',
    '$skiptoken',
    '$expand',
    'maxresults',
    'timeout',
    'recursive',
    'force',
    'starttime',
    'endtime',
  ],
] as const;

const valuesOf = (name: string, operation: string): fc.Arbitrary<string> => {
  switch (name) {
    case '$filter':
      return filter;
    case '$select':
      return select;
    case '$skiptoken':
      return skipToken(operation);
    case '$expand':
      return constantFrom('stats', 'STATS', 'tasks', '');
    case 'maxresults':
    case 'timeout':
      return constantFrom(...numbers, '30', '31');
    case 'starttime':
    case 'endtime':
      return constantFrom('2026-01-01T00:00:00Z', 'yesterday', '');
    default:
      return constantFrom('true', 'false', 'True', '1', '');
  }
};

/** One of the parameters that the operation takes, and now and then something else. */
export const parameter = ({ name, parameters }: FuzzOperation): fc.Arbitrary<string> =>
  oneOf(
    ...parameters.map((each) =>
      weighted(
        10,
        tuple(constantFrom(each, each, each, each.toUpperCase()), valuesOf(each, name)).map(
          ([spelt, value]) => `${spelt}=${encodeLoosely(value)}`,
        ),
      ),
    ),
    weighted(
      1,
      constantFrom(...parameterNames).chain((each) =>
        valuesOf(each, name).map((value) => `${each}=${encodeLoosely(value)}`),
      ),
    ),
    weighted(
      1,
      tuple(text({ maxLength: 12 }), text({ maxLength: 12 })).map((pair) => pair.map(encodeLoosely).join('=')),
    ),
    weighted(
      1,
      constantFrom(
        '&',
        '=',
        '%',
        '%zz=1',
        '%00=1',
        '__proto__=1',
        '$filter',
        '$filter=id+eq+%27t1%27',
        'a[]=1&a[]=2',
        '#x',
      ),
    ),
  );

/** The api-version, mostly. */
export const versions = oneOf(
  weighted(40, constant('api-version=2022-10-01.16.0')),
  weighted(1, constantFrom('api-version=2024-07-01.20.0', 'API-VERSION=2022-10-01.16.0')),
  weighted(
    1,
    constantFrom('', 'api-version=', 'api-version=1', 'api-version=2022-10-01.16.0&api-version=2', 'api-version=%00'),
  ),
);

// Requests at the operations of the app: mostly nearly right, so that they get far, and with something odd in one place or another.
import fc from 'fast-check';
import { sealContinuation } from '../../shared/rest/continuation.js';
import { encodeSkipToken } from '../../shared/rest/paging.js';
import type { AppOperation } from './app-operations.js';
import { bodyExamples, nodeMark } from './body-examples.js';
import type { FuzzAuthentication, FuzzRequest } from './fuzz-request.js';
import { bodyFrom } from './json-mutations.js';

/** A path of an operation on what is there. */
export const plainPath = (route: string, ids: KnownIds): string =>
  `/${route
    .split('/')
    .flatMap((part) => {
      const name = /^\{\*?([A-Za-z]+)\??\}$/.exec(part)?.[1];
      if (name === undefined) return [part];
      return part.startsWith('{*') ? [] : [encodeURIComponent(ids[name]?.[0] ?? 'none')];
    })
    .join('/')}`;

/** What stands in the place of a route's parameters, by name; a name that is not known gets one of all. */
export type KnownIds = Readonly<Record<string, readonly string[]>>;

const { oneof, constantFrom, tuple, constant, array, nat, string: text } = fc;
const weighted = <T>(weight: number, arbitrary: fc.Arbitrary<T>): fc.WeightedArbitrary<T> => ({ weight, arbitrary });

const oddSegments = [
  '..',
  '.',
  '%2e%2e',
  '%2E',
  '..%2f..%2fetc%2fpasswd',
  '..%5C..',
  'a%2Fb',
  'a%5Cb',
  'a%00b',
  '%00',
  '%0d%0aSet-Cookie:x=1',
  '%',
  '%zz',
  '%ff%fe',
  '%C0%AF',
  '%u0041',
  '%2525',
  '%252F',
  'x'.repeat(64),
  'x'.repeat(65),
  'x'.repeat(129),
  'x'.repeat(8_000),
  '%C3%BC',
  '%F0%9F%98%80',
  'a:b',
  'a%3Ajob-1',
  '__proto__',
  'constructor',
  'a;b=c',
  'a,b',
  'a b',
  '%20',
  '+',
  "'",
  '"',
  '(1)',
  '*',
  '$metadata',
  '~',
  '😀',
];

const segment = (ids: readonly string[]): fc.Arbitrary<string> =>
  oneof(
    weighted(60, constantFrom(...ids).map(encodeURIComponent)),
    weighted(
      1,
      constantFrom(...ids).map((id) => encodeURIComponent(id.toUpperCase())),
    ),
    weighted(1, constantFrom(...ids).map(encodeEverything)),
    weighted(
      1,
      constantFrom(...ids).map((id) => `${encodeURIComponent(id)}%20`),
    ),
    weighted(2, constantFrom('Absent', 'nothing-there', '0')),
    weighted(4, constantFrom(...oddSegments)),
    weighted(1, text({ unit: 'grapheme', maxLength: 40 }).map(encodeLoosely)),
  );

const encodeEverything = (id: string): string =>
  [...Buffer.from(id)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');

// A lone surrogate has no encoding.
const encodeLoosely = (given: string): string => encodeURIComponent(Buffer.from(given).toString());

function pathOf(route: string, ids: KnownIds): fc.Arbitrary<string> {
  const all = Object.values(ids).flat();
  const parts = route.split('/').flatMap((part): fc.Arbitrary<string>[] => {
    const name = /^\{\*?([A-Za-z]+)\??\}$/.exec(part)?.[1];
    if (name === undefined) return [oneof(weighted(40, constant(part)), weighted(1, constant(part.toUpperCase())))];
    const known = segment(ids[name] ?? all);
    if (part.startsWith('{*')) return [oneof(weighted(6, constant('')), weighted(1, known))];
    return [known];
  });
  return tuple(...parts).map((segments) => `/${segments.filter((part) => part !== '').join('/')}`);
}

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
const filter = oneof(
  weighted(3, comparison),
  weighted(1, startsWith),
  weighted(2, array(oneof(comparison, startsWith), { minLength: 2, maxLength: 6 }).chain(joinTerms)),
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

const select = oneof(
  array(constantFrom(...filterNames, 'stats', 'url', 'eTag', 'executionInfo', 'commandLine', 'toString'), {
    minLength: 1,
    maxLength: 5,
  }).map((names) => names.join(', ')),
  constantFrom('*', ',', ' ', 'id,,state', 'ID', 'id/x'),
);

/** Tokens as they look; some are sealed as if they had been given out. */
const skipToken = (operation: string): fc.Arbitrary<string> =>
  oneof(
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
const parameter = ({ name, parameters }: FuzzOperation): fc.Arbitrary<string> =>
  oneof(
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

const versions = oneof(
  weighted(40, constant('api-version=2022-10-01.16.0')),
  weighted(1, constantFrom('api-version=2024-07-01.20.0', 'API-VERSION=2022-10-01.16.0')),
  weighted(
    1,
    constantFrom('', 'api-version=', 'api-version=1', 'api-version=2022-10-01.16.0&api-version=2', 'api-version=%00'),
  ),
);

const dates = [
  'Thu, 01 Jan 2026 00:00:00 GMT',
  'Thu, 01 Jan 1970 00:00:00 GMT',
  'Fri, 31 Dec 9999 23:59:59 GMT',
  '2026-01-01T00:00:00Z',
  'Thu, 32 Jan 2026 25:00:00 GMT',
  'never',
  '',
];
const tags = ['*', '"*"', '0x8DE48B7C0F4A000', '"0x8D"', 'W/"0x8D"', '"', '""', 'a,b', '', 'x'.repeat(500)];
const ranges = [
  ...[
    'bytes=0-',
    'bytes=0-3',
    'bytes=3-3',
    'bytes=5-1',
    'bytes=-5',
    'bytes=0-0,2-3',
    'bytes=999999999999999-',
    'bytes',
  ],
  ...['bytes=0-999999999999999', 'bytes=1e3-', 'BYTES=0-1', 'lines=0-', 'bytes=0x0-', 'bytes=99999999999999999999-'],
];
const header: fc.Arbitrary<readonly [string, string]> = oneof(
  tuple(constantFrom('if-match', 'if-none-match'), constantFrom(...tags)),
  tuple(constantFrom('if-modified-since', 'if-unmodified-since'), constantFrom(...dates)),
  tuple(constant('ocp-range'), constantFrom(...ranges)),
  tuple(constant('range'), constantFrom(...ranges)),
  tuple(
    constant('client-request-id'),
    constantFrom('00000000-0000-0000-0000-000000000000', 'x'.repeat(3_000), 'a b', ''),
  ),
  tuple(constant('return-client-request-id'), constantFrom('true', 'TRUE', 'maybe')),
  tuple(constant('idempotency-key'), constantFrom('key-1', 'x'.repeat(3_000), '', 'a"b', '\u00fc')),
  tuple(
    constant('x-forwarded-host'),
    constantFrom('evil.example', 'a b', '"', 'a:99999999', '[::1]:1', 'x'.repeat(300)),
  ),
  tuple(constant('x-forwarded-proto'), constantFrom('https', 'javascript', 'http,https')),
  tuple(constant('accept-language'), constantFrom('de', '*', 'x'.repeat(300))),
  tuple(constant('date'), constantFrom(...dates)),
  tuple(constant('ocp-date'), constantFrom(...dates)),
  tuple(constant('ocp-unknown'), constantFrom('1', '')),
  tuple(constant('content-encoding'), constantFrom('gzip', 'identity')),
  tuple(constant('content-md5'), constantFrom('AAAA', 'x')),
  tuple(constant('accept'), constantFrom('application/xml', '*/*', '')),
  tuple(constant('transfer-encoding-x'), constant('chunked')),
);

const jsonType = 'application/json; odata=minimalmetadata; charset=utf-8';
const contentType = oneof(
  weighted(30, constant(jsonType)),
  weighted(
    1,
    constantFrom(
      'application/json',
      'text/plain',
      'application/jsonp',
      'application/json;charset=utf-16',
      'multipart/form-data',
      '',
    ),
  ),
);

const authentication: fc.Arbitrary<FuzzAuthentication> = oneof(
  weighted(40, constant<FuzzAuthentication>('signed')),
  weighted(1, constantFrom<FuzzAuthentication>('otherKey', 'otherAccount', 'damaged', 'bearer', 'absent', 'staleDate')),
);

const allExamples = Object.values(bodyExamples).flat();

/** An operation, and the query parameters that it takes. */
export type FuzzOperation = AppOperation & { readonly parameters: readonly string[] };

/** A request at one of `operations`. */
export function arbitraryRequest(operations: readonly FuzzOperation[], ids: KnownIds): fc.Arbitrary<FuzzRequest> {
  return constantFrom(...operations).chain((operation) => requestAt(operation, ids));
}

const withIds = (example: object, ids: KnownIds): object =>
  JSON.parse(JSON.stringify(example).replaceAll(nodeMark, ids['nodeId']?.[0] ?? '')) as object;

function requestAt(operation: FuzzOperation, ids: KnownIds): fc.Arbitrary<FuzzRequest> {
  const { name, method, route } = operation;
  const carriesBody = ['POST', 'PUT', 'PATCH'].includes(method);
  const examples = (bodyExamples[name] ?? allExamples).map((example) => withIds(example, ids));
  const body = oneof(
    weighted(bodyExamples[name] ? 14 : 1, bodyFrom(examples)),
    weighted(bodyExamples[name] ? 1 : carriesBody ? 5 : 25, constant(undefined)),
  );
  const someMethod = oneof(
    weighted(40, constant(method)),
    weighted(1, constantFrom('GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS')),
  );
  return fc
    .record({
      method: someMethod,
      path: pathOf(route, ids),
      version: versions,
      parameters: array(parameter(operation), { maxLength: 3 }).chain((all) =>
        oneof(weighted(2, constant([])), weighted(3, constant(all))),
      ),
      headers: array(header, { maxLength: 2 }).chain((all) =>
        oneof(weighted(2, constant([])), weighted(1, constant(all))),
      ),
      type: contentType,
      body,
      authentication,
    })
    .map(({ path, version, parameters, headers, type, body: content, ...rest }) => ({
      ...rest,
      target: `${path}?${[version, ...parameters].filter((part) => part !== '').join('&')}`,
      headers: {
        ...((content !== undefined || type !== jsonType) && { 'content-type': type }),
        ...Object.fromEntries(headers),
      },
      ...(content !== undefined && { body: content }),
    }));
}

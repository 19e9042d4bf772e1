// Headers, and who asks.
import fc from 'fast-check';
import type { FuzzAuthentication } from './fuzz-request.js';
import { oneOf, weighted } from './one-of.js';

const { constantFrom, tuple, constant } = fc;

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
/** A header that an operation may read, or that none does. */
export const header: fc.Arbitrary<readonly [string, string]> = oneOf<readonly [string, string]>(
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
  tuple(constant('content-md5'), constantFrom('AAAA', 'x', 'AAAAAAAAAAAAAAAAAAAAAA==', '1B2M2Y8AsgTpgAmY7PhCfg==')),
  tuple(constant('accept'), constantFrom('application/xml', '*/*', '')),
  tuple(constant('transfer-encoding-x'), constant('chunked')),
);

export const jsonType = 'application/json; odata=minimalmetadata; charset=utf-8';
export const contentType = oneOf(
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

export const authentication: fc.Arbitrary<FuzzAuthentication> = oneOf(
  weighted(40, constant<FuzzAuthentication>('signed')),
  weighted(1, constantFrom<FuzzAuthentication>('otherKey', 'otherAccount', 'damaged', 'bearer', 'absent', 'staleDate')),
);

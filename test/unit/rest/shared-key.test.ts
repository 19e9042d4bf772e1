// SharedKey against signatures that the real JavaScript client makes, and against the ways in which others differ from it.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BatchError } from '../../../shared/errors.js';
import { readRequestUrl } from '../../../shared/rest/request-url.js';
import { authenticate } from '../../../shared/rest/shared-key.js';
import { account, rawRequest, signedAt, signedRequest, version, type RequestParts } from './signed-request.js';
import { stringsToSign } from '../../../shared/rest/string-to-sign.js';
import type { HttpRequest } from '@azure/functions';

const check = (request: HttpRequest, now: Date = signedAt): void =>
  authenticate(request, readRequestUrl(request), account, now);

const refusal = (request: HttpRequest, now: Date = signedAt): BatchError | undefined => {
  try {
    check(request, now);
    return undefined;
  } catch (error) {
    if (error instanceof BatchError) return error;
    throw error;
  }
};

const clientRequests: readonly RequestParts[] = [
  { target: `/jobs?${version}` },
  { target: `/jobs?${version}&$filter=id%20eq%20%27X%27&$select=id%2Cstate` },
  { target: `/jobs/schedule%3Ajob-1?${version}` },
  { target: `/pools/p/nodes/n/files/wd%2Fout%20put.txt?${version}`, headers: { 'ocp-range': 'bytes=0-9' } },
  { target: `/pools/p/nodes/n/files/wd%5Cout.txt?${version}`, method: 'HEAD' },
  {
    target: `/pools/p/nodes/n/files/wd%2Fit's.txt?${version}`,
    sentTarget: `/pools/p/nodes/n/files/wd%2Fit%27s.txt?${version}`,
  },
  { target: `/pools/p/nodes/n/files?recursive=true&${version}` },
  { target: `/jobs?${version}`, method: 'POST', body: '{"id":"ä"}' },
  { target: `/jobs/j/terminate?${version}`, method: 'POST' },
  { target: `/jobs/j?${version}`, method: 'DELETE', headers: { 'if-match': '"0x8D"' } },
  { target: `/jobs?${version}&$filter=`, method: 'GET' },
  {
    target: `/jobs/j?${version}`,
    method: 'PATCH',
    body: '{}',
    headers: { 'if-unmodified-since': signedAt.toUTCString() },
  },
  { target: `/jobs?${version}&$filter=id%20eq%20'it''s'%20and%20(state%20eq%20'active')` },
];

describe('shared key', () => {
  it.each(clientRequests)('accepts what the JavaScript client signs: $method $target', async (parts) => {
    check(await signedRequest(parts));
  });

  it('accepts the secondary key', async () => {
    check(await signedRequest({ target: `/jobs?${version}`, key: account.keys[1] ?? '' }));
  });

  it.each(clientRequests)('refuses another key: $method $target', async (parts) => {
    const error = refusal(await signedRequest({ ...parts, key: 'bm90IHRoZSBrZXk=' }));
    expect(error?.code).toBe('AuthenticationFailed');
  });

  it('refuses a signature once verb, path, query or a signed header differ', async () => {
    const signed = await signedRequest({ target: `/jobs/a?${version}`, headers: { 'if-match': '0x1' } });
    const headers = Object.fromEntries(signed.headers);
    check(rawRequest({ target: `/jobs/a?${version}` }, headers));
    for (const [parts, changed] of [
      [{ target: `/jobs/b?${version}` }, {}],
      [{ target: `/jobs/a?${version}&force=true` }, {}],
      [{ target: `/jobs/a?${version}`, method: 'DELETE' }, {}],
      [{ target: `/jobs/a?${version}` }, { 'if-match': '0x2' }],
      [{ target: `/jobs/a?${version}` }, { 'ocp-range': 'bytes=0-1' }],
      [{ target: `/jobs/a?${version}` }, { 'content-type': 'text/plain' }],
      [{ target: `/jobs/%61?${version}` }, {}],
    ] as const) {
      expect(refusal(rawRequest(parts, { ...headers, ...changed }))?.code).toBe('AuthenticationFailed');
    }
  });

  const date = signedAt.toUTCString();
  const linesOf = (method: string, length: string): string =>
    `${method}\n\n\n${length}\n\n\n\n\n\n\n\n\nocp-date:${date}\n`;

  it('accepts a DELETE whose Content-Length 0 was signed but dropped on the way, and the reverse', () => {
    const text = (length: string): string =>
      `${linesOf('DELETE', length)}/${account.name}/jobs/j\napi-version:2022-10-01.16.0`;
    const parts = { method: 'DELETE', target: `/jobs/j?${version}` } as const;
    check(rawRequest(parts, { 'ocp-date': date }, text('0')));
    check(rawRequest(parts, { 'ocp-date': date, 'content-length': '0' }, text('0')));
    check(rawRequest(parts, { 'ocp-date': date, 'content-length': '0' }, text('')));
    const withBody = { ...parts, body: '{}' };
    const unsignedLength = rawRequest(withBody, { 'ocp-date': date, 'content-length': '2' }, text('0'));
    expect(refusal(unsignedLength)?.code).toBe('AuthenticationFailed');
  });

  it('refuses a body that came in pieces where none was signed', () => {
    const text = `${linesOf('POST', '0')}/${account.name}/jobs/j/terminate\napi-version:2022-10-01.16.0`;
    const parts = { method: 'POST', target: `/jobs/j/terminate?${version}` } as const;
    check(rawRequest(parts, { 'ocp-date': date, 'content-length': '0' }, text));
    const inPieces = rawRequest({ ...parts, body: '{}' }, { 'ocp-date': date, 'transfer-encoding': 'chunked' }, text);
    expect(refusal(inPieces)?.code).toBe('AuthenticationFailed');
  });

  it.each([
    ['left out', `\napi-version:2022-10-01.16.0`],
    ['kept', `\n$filter:\napi-version:2022-10-01.16.0`],
  ])('accepts an empty query value that the client %s', (_, query) => {
    const text = `${linesOf('GET', '')}/${account.name}/jobs${query}`;
    check(rawRequest({ target: `/jobs?${version}&$filter=` }, { 'ocp-date': date }, text));
  });

  it.each([
    ['first of repeated values', '\n$skipToken:x\na:2\napi-version:2022-10-01.16.0'],
    ['joined values', '\n$skipToken:x\na:1,2\napi-version:2022-10-01.16.0'],
    ['lower-case names', '\n$skiptoken:x\na:2\napi-version:2022-10-01.16.0'],
  ])('accepts %s in the query', (_, query) => {
    const text = `${linesOf('GET', '')}/${account.name}/jobs${query}`;
    check(rawRequest({ target: `/jobs?${version}&a=2&a=1&$skipToken=x` }, { 'ocp-date': date }, text));
  });

  it('signs the Date header when ocp-date is absent', () => {
    const text = `GET\n\n\n\n\n\n${date}\n\n\n\n\n\n/${account.name}/jobs\napi-version:2022-10-01.16.0`;
    check(rawRequest({ target: `/jobs?${version}` }, { date }, text));
  });

  it.each([
    ['no Authorization', {}, 'MissingRequiredHeader', 'Authorization'],
    ['no date', { authorization: 'SharedKey bookend:AAAA' }, 'MissingRequiredHeader', 'ocp-date'],
    [
      'a date that is none',
      { authorization: 'SharedKey bookend:AAAA', 'ocp-date': 'today' },
      'InvalidHeaderValue',
      'ocp-date',
    ],
  ])('names the header at fault: %s', (_, headers, code, name) => {
    expect(refusal(rawRequest({ target: `/jobs?${version}` }, headers))).toMatchObject({
      code,
      values: { HeaderName: name },
    });
  });

  it.each([
    ['Basic abc', 'InvalidAuthenticationInfo'],
    ['SharedKey bookend', 'InvalidAuthenticationInfo'],
    ['SharedKey bookend:', 'InvalidAuthenticationInfo'],
    ['SharedKey bookend:!!!', 'InvalidAuthenticationInfo'],
    ['SharedKey other:AAAA', 'AuthenticationFailed'],
  ])('refuses the Authorization %s as %s', (authorization, code) => {
    expect(refusal(rawRequest({ target: `/jobs?${version}` }, { authorization, 'ocp-date': date }))?.code).toBe(code);
  });

  it('tells the text that it computed the signature over, and no key', async () => {
    const error = refusal(await signedRequest({ target: `/jobs?${version}`, key: 'bm90IHRoZSBrZXk=' }));
    const detail = error?.values['AuthenticationErrorDetail'];
    expect(detail).toContain('/bookend/jobs\\napi-version:2022-10-01.16.0');
    for (const key of account.keys) expect(detail).not.toContain(key);
  });

  it('accepts a request within 15 minutes of its date, either way, and none beyond', async () => {
    const request = await signedRequest({ target: `/jobs?${version}` });
    const at = (minutes: number): Date => new Date(signedAt.getTime() + minutes * 60_000);
    check(request, at(15));
    check(request, at(-15));
    expect(refusal(request, new Date(at(15).getTime() + 1))?.code).toBe('AuthenticationFailed');
    expect(refusal(request, new Date(at(-15).getTime() - 1))?.code).toBe('AuthenticationFailed');
  });

  const signedHeaders = [
    ...['content-encoding', 'content-language', 'content-md5', 'content-type', 'if-match', 'if-none-match', 'range'],
    ...['if-modified-since', 'if-unmodified-since', 'date', 'content-length', 'ocp-range', 'ocp-date', 'ocp-x'],
  ];
  const word = fc.stringMatching(/^[a-z0-9]{1,8}$/);
  const pairs = fc.uniqueArray(fc.tuple(word, word), { selector: ([name]) => name, maxLength: 4 });
  const someHeaders = fc.dictionary(fc.constantFrom(...signedHeaders.filter((name) => !/date$/.test(name))), word);
  const anyRequest = fc.record({
    method: fc.constantFrom('GET', 'PUT', 'POST', 'PATCH', 'DELETE', 'HEAD'),
    path: fc.array(word, { minLength: 1, maxLength: 4 }),
    query: pairs,
    headers: someHeaders,
  });
  type AnyRequest = typeof anyRequest extends fc.Arbitrary<infer Value> ? Value : never;

  const sent = ({ method, path, query, headers }: AnyRequest, authorization?: string): HttpRequest => {
    const target = `/${path.join('/')}?${[...query, ['api-version', '1']].map((pair) => pair.join('=')).join('&')}`;
    const parts = { method: method as 'GET', target };
    const all = { 'ocp-date': date, ...headers, ...(authorization !== undefined && { authorization }) };
    return authorization === undefined
      ? rawRequest(
          parts,
          all,
          stringsToSign(rawRequest(parts, all), readRequestUrl(rawRequest(parts, all)), account.name)[0],
        )
      : rawRequest(parts, all);
  };

  it('refuses any request of which any signed part was changed, added or taken away', () => {
    fc.assert(
      fc.property(anyRequest, anyRequest, fc.nat({ max: 3 }), (signed, other, which) => {
        const request = sent(signed);
        check(request);
        const part = (['method', 'path', 'query', 'headers'] as const)[which] ?? 'path';
        const changed = { ...signed, [part]: other[part] };
        fc.pre(JSON.stringify(sortedParts(changed)) !== JSON.stringify(sortedParts(signed)));
        const authorization = request.headers.get('authorization') ?? '';
        expect(refusal(sent(changed, authorization))?.code).toBe('AuthenticationFailed');
      }),
      { numRuns: 1_000 },
    );
  });

  // What stands in another order is signed alike, and a Content-Length of 0 like none.
  const sortedParts = ({ method, path, query, headers }: AnyRequest): unknown => [
    method,
    path,
    query.toSorted(([one], [another]) => (one < another ? -1 : 1)),
    Object.entries(headers)
      .filter(([name, value]) => name !== 'content-length' || value !== '0')
      .sort(([one], [another]) => (one < another ? -1 : 1)),
  ];

  it('refuses any signature but the right one', async () => {
    const request = await signedRequest({ target: `/jobs?${version}` });
    const headers = Object.fromEntries(request.headers);
    const [, right = ''] = /:(.*)$/.exec(headers['authorization'] ?? '') ?? [];
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
    fc.assert(
      fc.property(fc.nat({ max: 41 }), fc.constantFrom(...alphabet), (at, character) => {
        fc.pre(right[at] !== character);
        const authorization = `SharedKey bookend:${right.slice(0, at)}${character}${right.slice(at + 1)}`;
        const forged = rawRequest({ target: `/jobs?${version}` }, { ...headers, authorization });
        expect(refusal(forged)?.code).toBe('AuthenticationFailed');
      }),
    );
  });

  it('answers any Authorization header with a BatchError', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[\x20-\x7e]*$/), (text) => {
        const request = rawRequest({ target: `/jobs?${version}` }, { authorization: text, 'ocp-date': date });
        expect(refusal(request)).toBeInstanceOf(BatchError);
      }),
    );
  });
});

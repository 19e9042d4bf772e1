// SharedKey against signatures that the real JavaScript client makes, and against the ways in which others differ from it.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BatchError } from '../../../shared/errors.js';
import { readRequestUrl } from '../../../shared/rest/request-url.js';
import { authenticate } from '../../../shared/rest/shared-key.js';
import { account, rawRequest, signedAt, signedRequest, version, type RequestParts } from './signed-request.js';
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
    ['Bearer ey.ey.ey', 'AuthenticationFailed'],
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

  it('answers any Authorization header with a BatchError', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[\x20-\x7e]*$/), (text) => {
        const request = rawRequest({ target: `/jobs?${version}` }, { authorization: text, 'ocp-date': date });
        expect(refusal(request)).toBeInstanceOf(BatchError);
      }),
    );
  });
});

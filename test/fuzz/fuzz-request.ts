// A request as the fuzz suite sends it: any text where a client could put any text, signed like a client's unless it says otherwise.
import { Buffer } from 'node:buffer';
import { createHmac } from 'node:crypto';
import { signedHeaders } from '../helpers/signed-headers.js';

export type FuzzAuthentication = 'signed' | 'otherKey' | 'otherAccount' | 'damaged' | 'bearer' | 'absent' | 'staleDate';

export type FuzzRequest = {
  readonly method: string;
  /** Path and query, percent-encoded or not. */
  readonly target: string;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  /** Latin-1 text of the bytes of the body. */
  readonly body?: string;
  readonly authentication: FuzzAuthentication;
};

export type Account = { readonly name: string; readonly key: string };

/** The headers of the request with date and signature, as it would arrive at `now`. */
export function signFuzzRequest(request: FuzzRequest, account: Account, now: Date): Record<string, string> {
  const { method, target, authentication, body } = request;
  const dateMs = now.getTime() - (authentication === 'staleDate' ? 3600_000 : 0);
  const carriesLength = body !== undefined || ['POST', 'PUT', 'PATCH'].includes(method);
  const headers: Record<string, string> = {
    'ocp-date': new Date(dateMs).toUTCString(),
    ...(carriesLength && { 'content-length': String(bytesOf(body).length) }),
    ...request.headers,
  };
  switch (authentication) {
    case 'absent':
      return headers;
    case 'bearer':
      return { ...headers, authorization: 'Bearer a.b.c' };
    case 'damaged':
      return { ...headers, authorization: `SharedKey ${account.name}:no base64 at all` };
    case 'otherAccount':
      return { ...headers, authorization: `SharedKey nobody:${signatureOf(method, target, headers, account)}` };
    case 'otherKey': {
      const key = Buffer.from('another key').toString('base64');
      return {
        ...headers,
        authorization: `SharedKey ${account.name}:${signatureOf(method, target, headers, { ...account, key })}`,
      };
    }
    case 'signed':
    case 'staleDate':
      return {
        ...headers,
        authorization: `SharedKey ${account.name}:${signatureOf(method, target, headers, account)}`,
      };
  }
}

export function bytesOf(body: string | undefined): Buffer {
  return Buffer.from(body ?? '', 'latin1');
}

// By the documents alone, so that the suite is no echo of what it tests. https://learn.microsoft.com/rest/api/batchservice/authenticate-requests-to-the-azure-batch-service
function signatureOf(
  method: string,
  target: string,
  headers: Readonly<Record<string, string>>,
  { name, key }: Account,
): string {
  const url = URL.canParse(target, 'http://host') ? new URL(target, 'http://host') : undefined;
  const ocp = Object.entries(headers)
    .filter(([header]) => header.startsWith('ocp-'))
    .map(([header, value]) => `${header}:${value.trim()}`)
    .sort();
  const query = new Map<string, string>();
  for (const [parameter, value] of url?.searchParams ?? []) if (!query.has(parameter)) query.set(parameter, value);
  const text = [
    method.toUpperCase(),
    ...signedHeaders.map((header) => headers[header]?.trim() ?? ''),
    ...ocp,
    `/${name}${url?.pathname ?? ''}`,
  ].join('\n');
  const parameters = [...query].sort(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0));
  const signed = text + parameters.map(([parameter, value]) => `\n${parameter}:${value}`).join('');
  return createHmac('sha256', Buffer.from(key, 'base64')).update(signed).digest('base64');
}

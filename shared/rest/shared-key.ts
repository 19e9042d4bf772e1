// SharedKey authentication: an HMAC over verb, headers, raw path and query, made with one of the account's keys.
// https://learn.microsoft.com/rest/api/batchservice/authenticate-requests-to-the-azure-batch-service
import { Buffer } from 'node:buffer';
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { HttpRequest } from '@azure/functions';
import { BatchError } from '../errors.js';
import { parseHttpDate } from './http-date.js';
import type { RequestUrl } from './request-url.js';
import { stringsToSign } from './string-to-sign.js';

/** Keys are base64; a request signed with any of them is the account's. */
export type Account = { readonly name: string; readonly keys: readonly string[] };

/** A request is accepted within this time before or after the instant that it was signed at. */
export const allowedSkewMs = 15 * 60_000;

/**
 * Returns when the request was signed by `account` at about `now`; otherwise throws
 * MissingRequiredHeader, InvalidAuthenticationInfo or InvalidHeaderValue (400) or AuthenticationFailed (403).
 */
export function authenticate(
  request: Pick<HttpRequest, 'method' | 'headers'>,
  url: RequestUrl,
  account: Account,
  now: Date,
): void {
  const { accountName, signature } = parseAuthorization(request.headers.get('authorization'));
  const signedAtMs = parseSignedAt(request.headers);
  if (accountName !== account.name) {
    throw authenticationFailed('The account that the request was signed for is not served here.');
  }
  const texts = stringsToSign(request, url, account.name);
  if (!isSignedByAny(texts, signature, account.keys)) {
    // The text holds no secret, and is what someone whose signature differs needs to see.
    const shown = JSON.stringify(texts[0]);
    throw authenticationFailed(`The signature does not match. The service computed it over the text ${shown}.`);
  }
  if (Math.abs(now.getTime() - signedAtMs) > allowedSkewMs) {
    throw authenticationFailed(
      `The request was signed at ${new Date(signedAtMs).toISOString()}, more than 15 minutes from the service's time ${now.toISOString()}.`,
    );
  }
}

function parseAuthorization(value: string | null): { accountName: string; signature: string } {
  if (value === null || value === '') {
    throw new BatchError('MissingRequiredHeader', 'Header Authorization is missing.', { HeaderName: 'Authorization' });
  }
  const [, accountName, signature] = /^SharedKey ([^\s:]+):([A-Za-z0-9+/]+={0,2})$/i.exec(value) ?? [];
  if (accountName === undefined || signature === undefined) {
    throw new BatchError(
      'InvalidAuthenticationInfo',
      'Header Authorization is neither in the form "SharedKey <account>:<signature in base64>" nor "Bearer <token>".',
    );
  }
  return { accountName, signature };
}

function parseSignedAt(headers: HttpRequest['headers']): number {
  const name = headers.get('ocp-date') ? 'ocp-date' : 'Date';
  const value = headers.get(name);
  if (!value) {
    throw new BatchError('MissingRequiredHeader', 'Header ocp-date is missing.', { HeaderName: 'ocp-date' });
  }
  const instant = parseHttpDate(value);
  if (instant !== undefined) return instant;
  throw new BatchError('InvalidHeaderValue', `Header ${name} is not a date as in RFC 1123.`, {
    HeaderName: name,
    HeaderValue: value.slice(0, 64),
  });
}

// Every text is compared with every key, and digests of equal length, so that time tells nothing about a near miss.
function isSignedByAny(texts: readonly string[], signature: string, keys: readonly string[]): boolean {
  const given = createHash('sha256').update(Buffer.from(signature, 'base64')).digest();
  let isSigned = false;
  for (const key of keys) {
    for (const text of texts) {
      const expected = createHmac('sha256', Buffer.from(key, 'base64')).update(text, 'utf8').digest();
      if (timingSafeEqual(createHash('sha256').update(expected).digest(), given)) isSigned = true;
    }
  }
  return isSigned;
}

function authenticationFailed(detail: string): BatchError {
  return new BatchError('AuthenticationFailed', '', { AuthenticationErrorDetail: detail });
}

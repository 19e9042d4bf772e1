// Requests signed by the real JavaScript client's own code, as the Functions host would hand them to a handler.
import { Buffer } from 'node:buffer';
import { createHmac } from 'node:crypto';
import batch from '@azure/batch';
import functions, { type HttpMethod, type HttpRequest } from '@azure/functions';
import { WebResource } from '@azure/ms-rest-js';

export const account = {
  name: 'bookend',
  keys: [
    Buffer.from('the primary key of thirty-two by').toString('base64'),
    Buffer.from('the other key').toString('base64'),
  ],
};
export const baseUrl = 'http://127.0.0.1:7071';
export const version = 'api-version=2022-10-01.16.0';
/** The instant at which requests are signed, where a manual clock starts. */
export const signedAt = new Date('2026-01-01T00:00:00.000Z');

export type RequestParts = {
  readonly method?: Exclude<HttpMethod, 'CONNECT'>;
  /** Path and query. */
  readonly target: string;
  /** The target on the wire, where that is not the one that was signed. */
  readonly sentTarget?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly params?: Readonly<Record<string, string>>;
  readonly key?: string;
  readonly accountName?: string;
};

/** A request as `@azure/batch` sends it. */
export async function signedRequest(parts: RequestParts): Promise<HttpRequest> {
  const { method = 'GET', target, headers = {}, body, key = account.keys[0] ?? '', accountName = account.name } = parts;
  const resource = new WebResource(`${baseUrl}${target}`, method, body);
  resource.headers.set('ocp-date', signedAt.toUTCString());
  resource.headers.set(
    'Content-Type',
    body ? 'application/json; odata=minimalmetadata; charset=utf-8' : 'application/json; charset=utf-8',
  );
  for (const [name, value] of Object.entries(headers)) resource.headers.set(name, value);
  await new batch.BatchSharedKeyCredentials(accountName, key).signRequest(resource);
  const sent = { ...lengthHeader(method, body), ...resource.headers.rawHeaders() };
  return toHttpRequest(parts, sent);
}

/** A request with exactly these headers, signed over exactly this text when there is one. */
export function rawRequest(
  parts: RequestParts,
  headers: Readonly<Record<string, string>>,
  signedText?: string,
): HttpRequest {
  const key = Buffer.from(parts.key ?? account.keys[0] ?? '', 'base64');
  const authorization =
    signedText === undefined
      ? {}
      : { authorization: `SharedKey ${account.name}:${createHmac('sha256', key).update(signedText).digest('base64')}` };
  return toHttpRequest(parts, { ...headers, ...authorization });
}

function toHttpRequest(
  { method = 'GET', target, sentTarget = target, body, params = {} }: RequestParts,
  headers: Readonly<Record<string, string>>,
): HttpRequest {
  return new functions.HttpRequest({
    method,
    url: `${baseUrl}${sentTarget}`,
    headers: { host: new URL(baseUrl).host, ...headers },
    params: { ...params },
    ...(body !== undefined && { body: { bytes: Buffer.from(body) } }),
  });
}

// What the client's HTTP stack adds after signing.
function lengthHeader(method: string, body: string | undefined): Record<string, string> {
  if (body) return { 'content-length': String(Buffer.byteLength(body)) };
  return method === 'POST' ? { 'content-length': '0' } : {};
}

// What a handler answers, and how it looks as an HTTP response in Batch's form. Knows no concept.
import type { HttpResponseInit } from '@azure/functions';
import { formatHttpDate } from './http-date.js';
import type { OperationRequest } from './operation-request.js';
import { encodeSkipToken } from './paging.js';
import type { RequestUrl } from './request-url.js';

export const jsonContentType = 'application/json;odata=minimalmetadata';

export type OperationAnswer = {
  readonly status: number;
  /** What stands after `$metadata#` in `odata.metadata`, e.g. `jobs/@Element`; needed with `json` and `list`. */
  readonly metadata?: string;
  /** The properties of the one thing that is answered. */
  readonly json?: object;
  /** One page of a list: `value` and `odata.nextLink`. */
  readonly list?: { readonly items: readonly unknown[]; readonly continuation?: string };
  /** A body that is not JSON. */
  readonly bytes?: { readonly content: Uint8Array; readonly contentType: string };
  readonly headers?: Readonly<Record<string, string>>;
  /** Without quotes, as the service sends it. */
  readonly etag?: string;
  /** ISO 8601. */
  readonly lastModified?: string;
  /** Absolute URL of what was created. */
  readonly location?: string;
  /** Writes on pools, jobs and tasks tell the URL that they acted on. */
  readonly dataServiceId?: true;
};

/** The headers of any answer; `client-request-id` comes back only when the caller asked for that. */
export function commonHeaders(
  requestId: string,
  header: (name: string) => string | null | undefined,
): Record<string, string> {
  const clientRequestId = header('client-request-id');
  const isWanted = header('return-client-request-id')?.toLowerCase() === 'true';
  return {
    'request-id': requestId,
    DataServiceVersion: '3.0',
    ...(isWanted && clientRequestId ? { 'client-request-id': clientRequestId.slice(0, 128) } : {}),
  };
}

/** The HTTP response for an answer, without the common headers. HEAD, 204 and 304 carry no body. */
export function toResponse(answer: OperationAnswer, request: OperationRequest, url: RequestUrl): HttpResponseInit {
  const body = bodyOf(answer, request, url);
  const hasBody = body !== undefined && request.method !== 'HEAD' && answer.status !== 204 && answer.status !== 304;
  return {
    status: answer.status,
    headers: {
      ...(body && { 'Content-Type': body.contentType }),
      ...(answer.etag !== undefined && { ETag: answer.etag }),
      ...(answer.lastModified !== undefined && { 'Last-Modified': formatHttpDate(answer.lastModified) }),
      ...(answer.location !== undefined && { Location: answer.location }),
      ...(answer.dataServiceId && { DataServiceId: answer.location ?? request.url }),
      ...answer.headers,
    },
    ...(hasBody && { body: body.content }),
  };
}

function bodyOf(
  answer: OperationAnswer,
  request: OperationRequest,
  url: RequestUrl,
): { content: string | Uint8Array<ArrayBuffer>; contentType: string } | undefined {
  if (answer.bytes) return { content: new Uint8Array(answer.bytes.content), contentType: answer.bytes.contentType };
  const properties = answer.list ? listProperties(answer.list, url) : answer.json;
  if (properties === undefined) return undefined;
  const metadata = answer.metadata && { 'odata.metadata': `${request.baseUrl}/$metadata#${answer.metadata}` };
  return { content: JSON.stringify({ ...metadata, ...properties }), contentType: jsonContentType };
}

function listProperties({ items, continuation }: NonNullable<OperationAnswer['list']>, url: RequestUrl): object {
  return continuation === undefined
    ? { value: items }
    : { value: items, 'odata.nextLink': nextLink(url, continuation) };
}

// Clients send a link back as it stands, so it repeats everything that this page was asked with.
function nextLink(url: RequestUrl, continuation: string): string {
  const kept = url.query.filter(({ name }) => name.toLowerCase() !== '$skiptoken').map(({ raw }) => raw);
  return `${url.baseUrl}${url.rawPath}?${[...kept, `$skiptoken=${encodeSkipToken(continuation)}`].join('&')}`;
}

// HTTP in the Functions wire format: a received request on its way in, a function's answer on its way out. Pure.
import type { HttpCookie, HttpData, Nullable, TypedData } from '../app/core-api.js';
import type { RouteParams } from './route-template.js';

export type ReceivedHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;
export type Answer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: Uint8Array;
};

/**
 * The URL of a request, or undefined when target or Host header cannot be one.
 * The target keeps its percent-encoding; only what no URI may hold changes, exactly as the function will see it: a backslash
 * becomes a slash, dot segments are removed, quotes, blanks and brackets become escapes.
 */
export function requestUrl(target: string, hostHeader: string | undefined): URL | undefined {
  // Only HTTP/1.0 may leave the header out.
  const host = hostHeader === undefined || hostHeader === '' ? 'localhost' : hostHeader;
  const absolute = /^https?:\/\/[^/?#]*(.*)$/i.exec(target)?.[1];
  const origin = absolute === undefined ? target : absolute.startsWith('/') ? absolute : `/${absolute}`;
  if (!origin.startsWith('/') || origin.includes('#') || /[/\\?#@\s]/.test(host)) return undefined;
  return URL.canParse(`http://${host}${origin}`) ? new URL(`http://${host}${origin}`) : undefined;
}

/** The request as a function's http input. Repeated headers and query parameters are joined with commas, as Azure does. */
export function toHttpData(request: {
  method: string;
  url: URL;
  headers: ReceivedHeaders;
  params: RouteParams;
  body: Uint8Array;
}): HttpData {
  const query = new Map<string, string>();
  for (const [name, value] of request.url.searchParams) {
    const earlier = query.get(name);
    query.set(name, earlier === undefined ? value : `${earlier},${value}`);
  }
  const headers = Object.entries(request.headers).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[name, typeof value === 'string' ? value : value.join(',')]],
  );
  return {
    method: request.method,
    url: request.url.href,
    nullableHeaders: toNullables(headers),
    nullableQuery: toNullables(query),
    nullableParams: toNullables(Object.entries(request.params)),
    ...(request.body.length > 0 && { body: { bytes: request.body } }),
  };
}

/** The HTTP answer to what a function returned; nothing returned is 204. Throws when it is not an HTTP response. */
export function toAnswer(returned: TypedData | null | undefined): Answer {
  if (returned === null || returned === undefined) return { status: 204, headers: {}, body: new Uint8Array() };
  const { http } = returned;
  if (http === undefined) throw new Error('The function returned no HTTP response');
  const cookies = (http.cookies ?? []).map(toSetCookie);
  const headers: Record<string, string | string[]> = { ...http.headers };
  if (cookies.length > 0) headers['set-cookie'] = [...[headers['set-cookie'] ?? []].flat(), ...cookies];
  return { status: Number(http.statusCode ?? '200'), headers, body: toBytes(http.body) };
}

function toBytes(body: TypedData | null | undefined): Uint8Array {
  if (body === null || body === undefined) return new Uint8Array();
  if (body.bytes !== undefined) return body.bytes;
  return Buffer.from(body.string ?? body.json ?? '');
}

function toNullables(entries: Iterable<readonly [string, string]>): Record<string, Nullable<string>> {
  return Object.fromEntries([...entries].map(([name, value]) => [name, { value }]));
}

function toSetCookie(cookie: HttpCookie): string {
  const seconds = cookie.expires?.value?.seconds;
  const sameSite: Record<string, string> = { lax: 'Lax', strict: 'Strict', explicitNone: 'None' };
  const attributes = [
    cookie.domain?.value !== undefined && `domain=${cookie.domain.value}`,
    cookie.path?.value !== undefined && `path=${cookie.path.value}`,
    seconds !== undefined && `expires=${new Date(seconds * 1000).toUTCString()}`,
    cookie.maxAge?.value !== undefined && `max-age=${cookie.maxAge.value}`,
    cookie.secure?.value === true && 'secure',
    cookie.httpOnly?.value === true && 'httponly',
    cookie.sameSite !== undefined && sameSite[cookie.sameSite] !== undefined && `samesite=${sameSite[cookie.sameSite]}`,
  ];
  const value = `${encodeURIComponent(cookie.name)}=${encodeURIComponent(cookie.value)}`;
  return [value, ...attributes.filter((attribute) => attribute !== false)].join('; ');
}

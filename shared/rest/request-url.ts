// The parts of a request's URL, with the raw text kept where a signature or a link needs it. Knows no route.
import type { HttpRequest } from '@azure/functions';
import { BatchError } from '../errors.js';

export type QueryPair = { readonly name: string; readonly value: string; readonly raw: string };

export type RequestUrl = {
  /** `scheme://host[:port]` as the client used it: what links in answers start with. */
  readonly baseUrl: string;
  /** Percent-encoded as received; starts with `/`. */
  readonly rawPath: string;
  /** In the order received, decoded. */
  readonly query: readonly QueryPair[];
};

/** Takes the URL of a request apart. Throws InvalidUri when its percent-encoding is broken or hides a control character. */
export function readRequestUrl(request: Pick<HttpRequest, 'url' | 'headers'>): RequestUrl {
  const [, scheme, host, rawPath, rawQuery] = /^([a-z]+):\/\/([^/?#]*)([^?#]*)\??([^#]*)/.exec(request.url) ?? [];
  if (scheme === undefined || host === undefined) throw invalidUri('it has no scheme and host');
  for (const segment of (rawPath ?? '').split('/')) decodeComponent(segment);
  return {
    baseUrl: baseUrlOf(request.headers, scheme, host),
    rawPath: rawPath || '/',
    query: (rawQuery ?? '')
      .split('&')
      .filter((raw) => raw !== '')
      .map(toQueryPair),
  };
}

/**
 * Route values as they were meant, decoded exactly once.
 * Hosts differ in what they decode: some all of it, some all but `%2F`, some nothing. The raw path tells which it was.
 */
export function decodeRouteValues(
  values: Readonly<Record<string, string>>,
  rawPath: string,
): Readonly<Record<string, string>> {
  const segments = rawPath.split('/').map((raw) => ({ raw, decoded: decodeComponent(raw) }));
  const meaning = (value: string): string => {
    if (segments.some(({ decoded }) => decoded === value)) return value;
    const half = segments.find(({ raw }) => decodeAllButSlashes(raw) === value || raw === value);
    return half?.decoded ?? value;
  };
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, meaning(value)]));
}

function decodeAllButSlashes(raw: string): string {
  return raw
    .split(/(%2f)/i)
    .map((part) => (/^%2f$/i.test(part) ? part : decodeComponent(part)))
    .join('');
}

// A front end tells the name that the client used; only what can stand in a link is believed.
function baseUrlOf(headers: HttpRequest['headers'], scheme: string, host: string): string {
  const first = (name: string): string | undefined => headers.get(name)?.split(',')[0]?.trim();
  const scheme2 = first('x-forwarded-proto')?.toLowerCase();
  const host2 = [first('x-forwarded-host'), first('host')].find(
    (name) => name !== undefined && /^[A-Za-z0-9._-]+(:\d{1,5})?$|^\[[0-9A-Fa-f:.]+\](:\d{1,5})?$/.test(name),
  );
  return `${scheme2 === 'http' || scheme2 === 'https' ? scheme2 : scheme}://${host2 ?? host}`;
}

function toQueryPair(raw: string): QueryPair {
  const at = raw.indexOf('=');
  const decode = (text: string): string => decodeComponent(text.replaceAll('+', ' '));
  return at < 0
    ? { name: decode(raw), value: '', raw }
    : { name: decode(raw.slice(0, at)), value: decode(raw.slice(at + 1)), raw };
}

function decodeComponent(raw: string): string {
  let decoded: string;
  try {
    decoded = decodeURIComponent(raw);
  } catch {
    throw invalidUri('its percent-encoding is broken');
  }
  if (/[\u0000-\u001f\u007f]/.test(decoded)) throw invalidUri('it holds a control character');
  return decoded;
}

function invalidUri(reason: string): BatchError {
  return new BatchError('InvalidUri', `The URL of this request cannot be used: ${reason}.`, { Reason: reason });
}

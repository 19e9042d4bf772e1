// Shared access signatures: checks a token against the keys there are, and what it gives access to.
// https://learn.microsoft.com/azure/service-bus-messaging/service-bus-sas
import { createHmac, timingSafeEqual } from 'node:crypto';

export const allRights = ['Listen', 'Send', 'Manage'] as const;
/** What a key's tokens are good for; `Manage` includes the other two. */
export type Right = (typeof allRights)[number];

export type AccessKey = { readonly keyName: string; readonly key: string; readonly rights: readonly Right[] };

export type TokenCheck =
  | {
      readonly type: 'valid';
      readonly resource: Resource;
      readonly expiresAtMs: number;
      readonly rights: readonly Right[];
    }
  | { readonly type: 'invalid'; readonly reason: string };

/** What a token or an audience names: a host with its port, and a path of lower-case segments. */
export type Resource = { readonly authority: string; readonly path: readonly string[] };

/**
 * Checks signature, key name and expiry of `SharedAccessSignature sr=…&sig=…&se=…&skn=…`. The signature is the
 * HMAC-SHA256 of the resource as it stands in the token (still URL-encoded), a line feed and the expiry, under the
 * key's UTF-8 bytes. Secrets are compared in constant time.
 */
export function checkToken(token: string, accessKeys: readonly AccessKey[], nowMs: number): TokenCheck {
  const fields = parseToken(token);
  if (fields === undefined) return invalid('The token is no shared access signature.');
  const { sr, sig, se, skn } = fields;
  const name = decode(skn) ?? '';
  // Every key is looked at and its signature made, so that the time taken tells nothing about the names.
  const named = accessKeys.map((each) => ({ each, isNamed: equalInConstantTime(name, each.keyName) }));
  const accessKey = named.find(({ isNamed }) => isNamed)?.each;
  const secret = Buffer.from(accessKey?.key ?? '', 'utf8');
  const expected = createHmac('sha256', secret).update(`${sr}\n${se}`, 'utf8').digest();
  const given = Buffer.from(decode(sig) ?? '', 'base64');
  const isSigned = given.length === expected.length && timingSafeEqual(given, expected);
  if (!isSigned || accessKey === undefined) return invalid('The token has an invalid signature.');
  const expiresAtMs = Number(se) * 1000;
  if (!/^\d{1,12}$/.test(se) || expiresAtMs <= nowMs) return invalid('The token is expired.');
  const resource = parseResource(decode(sr) ?? '');
  return resource === undefined
    ? invalid('The resource of the token is no address.')
    : { type: 'valid', resource, expiresAtMs, rights: rightsOf(accessKey) };
}

/**
 * The rights of whoever names a key and its secret outright, as SASL PLAIN does (RFC 4616: authorization id, name and
 * password, each ended by a zero byte but the last). Undefined when they do not match.
 */
export function rightsOfPlain(response: Buffer, accessKeys: readonly AccessKey[]): readonly Right[] | undefined {
  const [, name, password, ...rest] = response.toString('utf8').split('\0');
  if (name === undefined || password === undefined || rest.length > 0) return undefined;
  const matching = accessKeys.map((each) => {
    const [isNamed, isMatching] = [equalInConstantTime(name, each.keyName), equalInConstantTime(password, each.key)];
    return isNamed && isMatching ? each : undefined;
  });
  const accessKey = matching.find((each) => each !== undefined);
  return accessKey && rightsOf(accessKey);
}

function rightsOf({ rights }: AccessKey): readonly Right[] {
  return rights.includes('Manage') ? allRights : rights;
}

/** Takes `sb://host:port/entity` apart; undefined when it is none. Any scheme is accepted, as clients differ. */
export function parseResource(address: string): Resource | undefined {
  const match = /^[a-z][a-z0-9+.-]*:\/\/([^/]+)(\/.*)?$/i.exec(address);
  if (match?.[1] === undefined) return undefined;
  return { authority: match[1].toLowerCase(), path: pathSegments(match[2] ?? '') };
}

/** The segments of an entity's path, lower case, without empty ones. */
export function pathSegments(path: string): string[] {
  return path
    .toLowerCase()
    .split('/')
    .filter((segment) => segment !== '');
}

/** Whether access to `granted` includes everything at `wanted`: the same path or one above it. */
export function coversPath(granted: readonly string[], wanted: readonly string[]): boolean {
  return granted.length <= wanted.length && granted.every((segment, at) => segment === wanted[at]);
}

type TokenFields = { readonly sr: string; readonly sig: string; readonly se: string; readonly skn: string };

function parseToken(token: string): TokenFields | undefined {
  const prefix = 'SharedAccessSignature ';
  if (!token.startsWith(prefix)) return undefined;
  const fields = new Map<string, string>();
  for (const pair of token.slice(prefix.length).split('&')) {
    const at = pair.indexOf('=');
    const name = pair.slice(0, at);
    // A field given twice could be checked as one value and used as the other.
    if (at <= 0 || fields.has(name)) return undefined;
    fields.set(name, pair.slice(at + 1));
  }
  const [sr, sig, se, skn] = ['sr', 'sig', 'se', 'skn'].map((name) => fields.get(name));
  if (sr === undefined || sig === undefined || se === undefined || skn === undefined) return undefined;
  return { sr, sig, se, skn };
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    // A stray percent sign: the field cannot be what it should be, which the caller's check then says.
    return undefined;
  }
}

function equalInConstantTime(a: string, b: string): boolean {
  const digest = (value: string): Buffer => createHmac('sha256', 'compare').update(value, 'utf8').digest();
  return timingSafeEqual(digest(a), digest(b));
}

function invalid(reason: string): TokenCheck {
  return { type: 'invalid', reason };
}

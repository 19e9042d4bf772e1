// Access tokens of Entra ID (or another OpenID provider): whether one was issued for this service, is good now, and names somebody who may.
// https://learn.microsoft.com/entra/identity-platform/access-tokens#validate-tokens
import { decodeJwt, decodeProtectedHeader, errors, jwtVerify, type JWTHeaderParameters, type JWTPayload } from 'jose';
import { BatchError } from '../errors.js';
import { SigningKeysUnavailable, type SigningKeys } from './signing-keys.js';

export type EntraSettings = {
  /** `iss` is one of these, letter by letter. */
  readonly issuers: readonly string[];
  /** `aud` is this, letter by letter. */
  readonly audience: string;
  readonly jwksUrl: string;
  /** Object ids, subjects, and application ids of applications that act by themselves; `*` is everybody. */
  readonly principals: readonly string[];
  /** Application roles; a token that carries one of them is let in, too. */
  readonly roles: readonly string[];
};

/** Who a token speaks for: an id, fit for logs. Throws InvalidAuthenticationInfo, AuthenticationFailed, InsufficientAccountPermissions or ServerBusy. */
export type VerifyToken = (token: string, now: Date) => Promise<string>;

/** Signatures by private keys only; what a token names beyond these is not even looked at. */
const algorithms = ['RS256', 'PS256', 'ES256'];
/** Between the clocks of issuer and service. */
const toleranceSeconds = 60;

export function createTokenVerifier(settings: EntraSettings, keys: SigningKeys): VerifyToken {
  return async (token, now) => {
    const { header, claims } = decode(token);
    // First what needs no key: a token that could never pass costs no read of keys, and hears of no outage.
    requireOfHere(header, claims, settings, now);
    const payload = await verify(token, settings, keys, now);
    requireAllowed(payload, settings);
    return principalOf(payload);
  };
}

function decode(token: string): { header: Partial<JWTHeaderParameters>; claims: JWTPayload } {
  try {
    return { header: decodeProtectedHeader(token), claims: decodeJwt(token) };
  } catch {
    throw new BatchError('InvalidAuthenticationInfo', 'The bearer token in header Authorization is no JSON Web Token.');
  }
}

function requireOfHere(
  { alg = '', kid }: Partial<JWTHeaderParameters>,
  { iss = '', aud = '', exp, nbf }: JWTPayload,
  { issuers, audience }: EntraSettings,
  now: Date,
): void {
  const seconds = now.getTime() / 1000;
  if (!algorithms.includes(alg)) throw failed(`The token must be signed by one of ${algorithms.join(', ')}`);
  if (kid === undefined || kid === '') throw failed('The token does not name the key that it is signed with');
  if (aud !== audience) throw failed(`The token must be issued for the audience '${audience}', and for no other`);
  if (!issuers.includes(iss)) throw failed('The token was issued by somebody who is not trusted here');
  if (typeof exp !== 'number') throw failed('The token does not tell when it expires');
  if (seconds >= exp + toleranceSeconds) throw failed('The token has expired');
  if (typeof nbf === 'number' && seconds < nbf - toleranceSeconds) throw failed('The token is not valid yet');
}

async function verify(token: string, settings: EntraSettings, keys: SigningKeys, now: Date): Promise<JWTPayload> {
  const findKey = async (...of: Parameters<SigningKeys['find']>) => {
    const key = await keys.find(...of);
    if (key === undefined) throw failed('The token is signed with a key that its issuer does not have');
    return key;
  };
  try {
    const { payload } = await jwtVerify(token, findKey, {
      algorithms,
      issuer: [...settings.issuers],
      audience: settings.audience,
      currentDate: now,
      clockTolerance: toleranceSeconds,
      requiredClaims: ['exp'],
    });
    return payload;
  } catch (error) {
    if (error instanceof BatchError) throw error;
    // The token may well be good: a refusal would send its owner after a fault that is not there. What the client retries is this.
    if (error instanceof SigningKeysUnavailable) throw new BatchError('ServerBusy', '', {}, { cause: error });
    if (error instanceof errors.JOSEError) throw failed('The signature or a claim of the token is not valid');
    throw error;
  }
}

// Anybody in a tenant can get a token for a public audience, so that a good token alone opens nothing.
function requireAllowed(payload: JWTPayload, { principals, roles }: EntraSettings): void {
  const isNamed = principals.includes('*') || namesOf(payload).some((name) => principals.includes(name));
  if (isNamed || rolesOf(payload).some((role) => roles.includes(role))) return;
  throw new BatchError(
    'InsufficientAccountPermissions',
    `The token is good, and '${principalOf(payload)}' may not use this account: neither this principal nor a role of its token is allowed.`,
  );
}

// The application id in a token with a scope is that of the program a person uses, such as `az`: it says nothing about the person.
function namesOf({ oid, sub, scp, appid, azp }: JWTPayload): readonly string[] {
  const applications = scp === undefined ? [appid, azp] : [];
  return [oid, sub, ...applications].flatMap((name) => (typeof name === 'string' ? [name.toLowerCase()] : []));
}

function principalOf({ oid, sub }: JWTPayload): string {
  return [oid, sub].find((name): name is string => typeof name === 'string')?.slice(0, 128) ?? 'nobody';
}

function rolesOf({ roles }: JWTPayload): readonly string[] {
  return Array.isArray(roles) ? roles.filter((role) => typeof role === 'string') : [];
}

function failed(detail: string): BatchError {
  return new BatchError('AuthenticationFailed', '', { AuthenticationErrorDetail: `${detail}.` });
}

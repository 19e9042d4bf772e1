// Who sends a request: the holder of an account key, or a principal with a token. Nobody else gets past here. Knows no operation.
import type { HttpRequest } from '@azure/functions';
import { BatchError } from '../errors.js';
import type { Services } from '../services.js';
import { bearerToken } from './bearer-token.js';
import type { RequestUrl } from './request-url.js';
import { authenticate } from './shared-key.js';

/** The principal of a token, by its id; undefined for the account itself. */
export type Principal = string | undefined;

/**
 * Resolves for a request that is signed with a key of the account, or carries a token that is good here. Otherwise it throws MissingRequiredHeader,
 * InvalidAuthenticationInfo or InvalidHeaderValue (400), AuthenticationFailed or InsufficientAccountPermissions (403), or ServerBusy (503)
 * while the token's issuer cannot be asked.
 */
export async function authenticateCaller(
  request: Pick<HttpRequest, 'method' | 'headers'>,
  url: RequestUrl,
  { config, clock, verifyToken }: Pick<Services, 'config' | 'clock' | 'verifyToken'>,
): Promise<Principal> {
  if (!/^bearer(\s|$)/i.test(request.headers.get('authorization') ?? '')) {
    authenticate(request, url, config.account, clock.now());
    return undefined;
  }
  if (verifyToken === undefined) {
    const detail = 'Bearer tokens are not accepted here, as no issuer of tokens is configured: use SharedKey.';
    throw new BatchError('AuthenticationFailed', '', { AuthenticationErrorDetail: detail });
  }
  const token = bearerToken({ header: (name) => request.headers.get(name) ?? undefined });
  return verifyToken(token, clock.now());
}

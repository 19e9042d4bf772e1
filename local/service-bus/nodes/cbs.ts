// The node `$cbs`: a peer puts a token here for each entity it wants to use (AMQP claims-based security 1.0).
import { encodeResponse, type RequestMessage } from '../amqp/request-message.js';
import { fromMap, int, text, textMap, textOf, nothing, bytesOf } from '../amqp/values.js';
import type { Claims } from './claims.js';
import { checkToken, coversPath, parseResource, type AccessKey } from './sas.js';

// Each claim is kept for as long as its token lasts.
const longestName = 1_024;

export type PutTokenOutcome = { readonly status: number; readonly description: string };

/** Answers a request to `$cbs`, granting the claim when its token is right. 202, 400 or 401. */
export function answerPutToken(
  request: RequestMessage,
  { claims, accessKeys, nowMs }: { claims: Claims; accessKeys: readonly AccessKey[]; nowMs: number },
): Buffer {
  const { status, description } = putToken(request, { claims, accessKeys, nowMs });
  const properties = textMap({ 'status-code': int(status), 'status-description': text(description) });
  return encodeResponse(request.messageId, properties, nothing);
}

function putToken(
  request: RequestMessage,
  { claims, accessKeys, nowMs }: { claims: Claims; accessKeys: readonly AccessKey[]; nowMs: number },
): PutTokenOutcome {
  const property = (name: string): string | undefined => textOf(fromMap(request.applicationProperties, name));
  const refused = (description: string): PutTokenOutcome => ({ status: 401, description });
  if (property('operation') !== 'put-token') return { status: 400, description: 'Only put-token is known here.' };
  if (property('type') !== 'servicebus.windows.net:sastoken') return refused('Only shared access signatures count.');
  const name = property('name') ?? '';
  if (name.length > longestName) return { status: 400, description: 'The name of the token is too long.' };
  const audience = parseResource(name);
  if (audience === undefined) return { status: 400, description: 'The name of the token is no address.' };
  const token = textOf(request.body) ?? bytesOf(request.body)?.toString('utf8') ?? '';
  const check = checkToken(token, accessKeys, nowMs);
  if (check.type === 'invalid') return refused(check.reason);
  // The broker answers under whatever host name leads to it; token and audience must agree on it, and on the path.
  const isSameHost = check.resource.authority === audience.authority;
  if (!isSameHost || !coversPath(check.resource.path, audience.path)) {
    return refused('The token was issued for another resource.');
  }
  if (!claims.grant(audience.path, check.expiresAtMs, check.rights))
    return { status: 403, description: 'Too many claims are held.' };
  return { status: 202, description: 'Accepted' };
}

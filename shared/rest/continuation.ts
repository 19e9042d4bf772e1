// Continuations that come back from clients, checked to be ones that were given out: what stores make of any other text is their affair.
// The check is against accidents and fuzz, not a secret: whoever forges it gets at nothing but their own request's failure.
import { createHash } from 'node:crypto';
import { BatchError } from '../errors.js';

/** `continuation` with the mark of the list that it belongs to. */
export function sealContinuation(scope: string, continuation: string): string {
  return `${markOf(scope, continuation)}.${continuation}`;
}

/** The continuation in a text made by `sealContinuation` for the same scope. Throws InvalidQueryParameterValue for any other. */
export function openContinuation(scope: string, sealed: string): string {
  const at = sealed.indexOf('.');
  const continuation = sealed.slice(at + 1);
  if (at >= 0 && sealed.slice(0, at) === markOf(scope, continuation)) return continuation;
  const reason = 'Use the odata.nextLink of the page before, unchanged';
  throw new BatchError('InvalidQueryParameterValue', 'The $skiptoken does not belong to this list.', {
    QueryParameterName: '$skiptoken',
    Reason: reason,
  });
}

function markOf(scope: string, continuation: string): string {
  return createHash('sha256').update(`${scope}\n${continuation}`).digest('base64url').slice(0, 12);
}

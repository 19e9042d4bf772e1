// The token of a request that is authenticated by its operation itself.
import { BatchError } from '../errors.js';
import type { OperationRequest } from './operation-request.js';

/** Throws MissingRequiredHeader, InvalidAuthenticationInfo. */
export function bearerToken(request: Pick<OperationRequest, 'header'>): string {
  const value = request.header('authorization');
  if (!value)
    throw new BatchError('MissingRequiredHeader', 'Header Authorization is missing.', { HeaderName: 'Authorization' });
  const token = /^bearer\s+([A-Za-z0-9_.-]+)$/i.exec(value)?.[1];
  if (token === undefined)
    throw new BatchError('InvalidAuthenticationInfo', 'Header Authorization is not in the form "Bearer <token>".');
  return token;
}

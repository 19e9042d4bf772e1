// Whether a body is the one that its client sent, where the client tells its digest. The signature of a shared key covers that header, so that
// together they cover the body. Batch has no word on it; codes and rule are those of Azure Storage, whose signatures Batch's are made after.
// https://learn.microsoft.com/rest/api/storageservices/common-rest-api-error-codes
import { createHash } from 'node:crypto';
import { BatchError } from '../errors.js';

/** Throws InvalidMd5 or Md5Mismatch unless `contentMd5`, of header Content-MD5, is that of `body`; without one, any body will do. */
export function requireContentMd5(body: Uint8Array, contentMd5: string | null): void {
  const told = contentMd5?.trim() ?? '';
  if (told === '') return;
  if (!/^[A-Za-z0-9+/]{22}==$/.test(told)) {
    throw new BatchError('InvalidMd5', 'Header Content-MD5 is not the base64 text of 16 bytes.', {
      HeaderName: 'Content-MD5',
      HeaderValue: told.slice(0, 128),
    });
  }
  const found = createHash('md5').update(body).digest();
  if (Buffer.from(told, 'base64').equals(found)) return;
  throw new BatchError('Md5Mismatch', 'The request body is not the one that header Content-MD5 was made of.', {
    UserSpecifiedMd5: told,
    ServerCalculatedMd5: found.toString('base64'),
  });
}

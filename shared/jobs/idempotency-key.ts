// The Idempotency-Key of a request that adds a job, an extension to Batch: docs/idempotency.md. The job keeps it as long as it exists.
import { BatchError } from '../errors.js';
import { hashOf } from '../hash.js';

/** What a job keeps of the request that added it: neither the key nor the body itself. */
export type IdempotentRequest = { readonly keyHash: string; readonly bodyHash: string };

const longestKey = 255;

/**
 * What the key and the JSON body of a request make of it; nothing without a key. Bodies are the same if they are the same JSON, in
 * whatever order their properties stand. Throws InvalidHeaderValue.
 */
export function toIdempotentRequest(key: string | undefined, body: unknown): IdempotentRequest | undefined {
  if (key === undefined) return undefined;
  if (!/^[\x21-\x7e]+$/.test(key) || key.length > longestKey)
    throw new BatchError(
      'InvalidHeaderValue',
      `Header Idempotency-Key must be 1 to ${longestKey} visible ASCII characters.`,
      { HeaderName: 'Idempotency-Key' },
    );
  return { keyHash: hashOf(key), bodyHash: hashOf(JSON.stringify(sorted(body))) };
}

/**
 * Whether `request` is the one that added the job whose request was `known`.
 * Throws IdempotencyKeyReused when it has its key and another body.
 */
export function isRepeated(
  jobId: string,
  request: IdempotentRequest | undefined,
  known: IdempotentRequest | undefined,
): boolean {
  if (request === undefined || request.keyHash !== known?.keyHash) return false;
  if (request.bodyHash === known.bodyHash) return true;
  throw new BatchError(
    'IdempotencyKeyReused',
    `Job '${jobId}' was added with this Idempotency-Key and another body. Use another key for another request.`,
    { HeaderName: 'Idempotency-Key' },
  );
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, member]) => [name, sorted(member)]),
  );
}

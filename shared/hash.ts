// Deterministic ids: the same parts always give the same text.
import { createHash } from 'node:crypto';

/** 32 hex digits of SHA-256 over `parts`, which are kept apart so that ('a','bc') and ('ab','c') differ. */
export function hashOf(...parts: readonly (string | number)[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
}

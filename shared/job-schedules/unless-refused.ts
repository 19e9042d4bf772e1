// Requests of a schedule's own that users may have overtaken.
import { BatchError } from '../errors.js';
import type { BatchErrorCode } from '../rest/error-catalogue.js';

/** Awaits `attempt`; a refusal with one of these codes is as good as success. Other errors are thrown. */
export async function unlessRefused(attempt: Promise<unknown>, codes: readonly BatchErrorCode[]): Promise<void> {
  try {
    await attempt;
  } catch (error) {
    if (error instanceof BatchError && codes.includes(error.code)) return;
    throw error;
  }
}

// What a piece of code refuses a value with.
import { BatchError } from '../../../shared/errors.js';

/** The BatchError that `parse` throws. Fails when it throws nothing or anything else. */
export function refusalOf(parse: () => unknown): BatchError {
  try {
    parse();
  } catch (error) {
    if (error instanceof BatchError) return error;
    throw error;
  }
  throw new Error('It was accepted.');
}

/** As `refusalOf`, for what answers later. */
export async function laterRefusalOf(answer: Promise<unknown>): Promise<BatchError> {
  const settled = await answer.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (settled instanceof BatchError) return settled;
  throw new Error('It was accepted.', { cause: settled });
}

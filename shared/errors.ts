// The three kinds of error that reach an edge besides bugs: a Batch error for a caller, and two ways to settle a message.
import type { BatchErrorCode } from './rest/error-catalogue.js';

/** Named values that go into the `values` list of a Batch error body, e.g. `PropertyName`. */
export type ErrorValues = Readonly<Record<string, string>>;

/** A refusal in Batch's own terms; `rest/` turns it into status and JSON body. `message` says what was attempted, on what, what was found. */
export class BatchError extends Error {
  readonly code: BatchErrorCode;
  readonly values: ErrorValues;

  constructor(code: BatchErrorCode, message: string, values: ErrorValues = {}, options?: ErrorOptions) {
    super(message, options);
    this.name = 'BatchError';
    this.code = code;
    this.values = values;
  }
}

/** The message cannot be handled by anyone: keep it as a dead letter with this reason. */
export class DoNotRetry extends Error {
  override readonly name = 'DoNotRetry';
}

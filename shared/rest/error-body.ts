// A refusal as Batch writes it. https://learn.microsoft.com/rest/api/batchservice/batch-status-and-error-codes
import type { BatchError } from '../errors.js';
import { errorCatalogue } from './error-catalogue.js';

export type ErrorBody = {
  readonly 'odata.metadata': string;
  readonly code: string;
  readonly message: { readonly lang: string; readonly value: string };
  readonly values?: readonly { readonly key: string; readonly value: string }[];
};

/**
 * The body for `error`. The message is an object and ends with request id and time: clients print it as it is.
 * A 5xx tells the catalogue's text only, as ours may name what is no business of the caller.
 */
export function toErrorBody(
  error: Pick<BatchError, 'code' | 'message' | 'values'>,
  { baseUrl, requestId, now }: { baseUrl: string; requestId: string; now: Date },
): ErrorBody {
  const { status, text } = errorCatalogue[error.code];
  const told = status >= 500 || error.message === '' ? text : error.message;
  const values = Object.entries(status >= 500 ? {} : error.values).map(([key, value]) => ({ key, value }));
  return {
    'odata.metadata': `${baseUrl}/$metadata#Microsoft.Azure.Batch.Protocol.Entities.Container.errors/@Element`,
    code: error.code,
    message: { lang: 'en-US', value: `${told}\nRequestId:${requestId}\nTime:${toSevenDigits(now)}` },
    ...(values.length > 0 && { values }),
  };
}

function toSevenDigits(instant: Date): string {
  return instant.toISOString().replace('Z', '0000Z');
}

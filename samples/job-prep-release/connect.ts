// The unmodified @azure/batch client, pointed at an endpoint. Knows nothing of the sample.
import type { BatchServiceClient } from '@azure/batch';
import { withoutLocalProxy } from '../../local/programs/child-program.js';
import type { Endpoint } from './arguments.js';

export type { BatchServiceClient } from '@azure/batch';

/** A client that does not retry by itself: its first pause is half a minute. */
export async function connect({ batchUrl, account, key }: Endpoint): Promise<BatchServiceClient> {
  // The client reads the proxy settings once, when it is loaded: hence before the import.
  Object.assign(process.env, withoutLocalProxy(process.env));
  const { default: batch } = await import('@azure/batch');
  return new batch.BatchServiceClient(new batch.BatchSharedKeyCredentials(account, key), batchUrl, {
    noRetryPolicy: true,
  });
}

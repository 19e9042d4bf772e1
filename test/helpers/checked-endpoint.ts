// An endpoint behind the proxy that checks every answer, and the real client for it: the only way for end-to-end suites to talk to a stack.
import { onTestFinished } from 'vitest';
import { connect, type BatchServiceClient } from '../../samples/job-prep-release/connect.js';
import { startCheckingProxy, type CheckingProxy } from './checking-proxy.js';

type Endpoint = { readonly batchUrl: string; readonly account: string; readonly key: string };
declare const checked: unique symbol;
/** One whose answers are checked. */
export type CheckedEndpoint = Endpoint & { readonly [checked]: true };

/** Puts a proxy in front of a stack, until it is stopped: that fails when any answer was not as described. */
export async function startCheckedEndpoint({ batchUrl, account, key }: Endpoint): Promise<{
  readonly endpoint: CheckedEndpoint;
  readonly proxy: CheckingProxy;
}> {
  const proxy = await startCheckingProxy(batchUrl);
  return { endpoint: { batchUrl: proxy.url, account, key } as CheckedEndpoint, proxy };
}

/** The same until the end of the test that asks for it, which fails when any answer was not as described. */
export async function checkedInTest(stack: Endpoint): Promise<CheckedEndpoint> {
  const { endpoint, proxy } = await startCheckedEndpoint(stack);
  onTestFinished(() => proxy.stop());
  return endpoint;
}

export const connectChecked = (endpoint: CheckedEndpoint): Promise<BatchServiceClient> => connect(endpoint);

// What `npm start` prints once the stack is up: the endpoint and how each client is pointed at it. Pure text.

export type Endpoint = {
  readonly batchUrl: string;
  readonly account: string;
  readonly key: string;
  /** Connection strings; storage is the account that is linked to the Batch account. */
  readonly connectionStrings: { readonly storage: string };
};

/** The one line of `--json`. */
export function jsonGreeting({ batchUrl, account, key, connectionStrings: { storage } }: Endpoint): string {
  return `${JSON.stringify({ batchUrl, account, key, storage })}\n`;
}

/** For people: everything here can be copied and pasted as it stands. */
export function greeting(
  { batchUrl, account, key, connectionStrings: { storage } }: Endpoint,
  dataDir: string | undefined,
): string {
  return `Bookend is up. The account is a fixed, public one for local use.

  endpoint  ${batchUrl}
  account   ${account}
  key       ${key}
  data      ${dataDir ?? 'temporary, removed at the end (--data DIR keeps it)'}

az batch
  az batch pool list --account-endpoint ${batchUrl} --account-name ${account} --account-key '${key}'

Python (azure-batch)
  from azure.batch import BatchServiceClient
  from azure.batch.batch_auth import SharedKeyCredentials
  client = BatchServiceClient(SharedKeyCredentials('${account}', '${key}'), batch_url='${batchUrl}')

JavaScript (@azure/batch)
  import batch from '@azure/batch';
  const credentials = new batch.BatchSharedKeyCredentials('${account}', '${key}');
  const client = new batch.BatchServiceClient(credentials, '${batchUrl}');

The article's sample, against this stack
  npm run sample -- --url ${batchUrl} --account ${account} --key '${key}'

For the other samples, for az, and for files in the linked storage account (docs/files.md)
  export AZURE_BATCH_ENDPOINT='${batchUrl}' AZURE_BATCH_ACCOUNT='${account}'
  export AZURE_BATCH_ACCESS_KEY='${key}'
  export AZURE_STORAGE_CONNECTION_STRING='${storage}'

Ctrl-C stops everything.
`;
}

// Azurite for a test file, inside its process and in memory, on free ports.
import { azuriteAccount } from '../../local/account.js';
import { startAzuriteServers } from '../../local/azurite/azurite-servers.js';

export type TestAzurite = {
  readonly connectionString: string;
  stop(): Promise<void>;
};

export async function startAzurite(): Promise<TestAzurite> {
  const { tablePort, blobPort, stop } = await startAzuriteServers({ tablePort: 0, blobPort: 0 });
  const endpoint = (port: number): string => `http://127.0.0.1:${port}/${azuriteAccount.name}`;
  const connectionString = [
    'DefaultEndpointsProtocol=http',
    `AccountName=${azuriteAccount.name}`,
    `AccountKey=${azuriteAccount.key}`,
    `TableEndpoint=${endpoint(tablePort)}`,
    `BlobEndpoint=${endpoint(blobPort)}`,
  ].join(';');
  return { connectionString, stop };
}

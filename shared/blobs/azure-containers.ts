// Containers in Azure Blob Storage or Azurite, through the official client.
import {
  BlobServiceClient,
  ContainerSASPermissions,
  generateBlobSASQueryParameters,
  RestError,
  SASProtocol,
  StorageSharedKeyCredential,
} from '@azure/storage-blob';
import type { Clock } from '../clock.js';
import { clockSkewMs, retryOptions, told } from './azure-blobs.js';
import type { ListedBlob } from './blobs.js';
import type { Containers } from './containers.js';

// Somebody may remove a container that was made; for so long nobody looks.
const madeForMs = 10 * 60_000;
const mostRemembered = 1_000;

/** The containers behind a storage connection string with an account key. */
export function createAzureContainers(connectionString: string, clock: Clock): Containers {
  const account = BlobServiceClient.fromConnectionString(connectionString, { retryOptions });
  const madeAtMs = new Map<string, number>();
  const make = async (name: string): Promise<void> => {
    const nowMs = clock.monotonicMs();
    if (nowMs - (madeAtMs.get(name) ?? -Infinity) < madeForMs) return;
    await told(`creating container '${name}'`, () => account.getContainerClient(name).createIfNotExists());
    if (madeAtMs.size >= mostRemembered) madeAtMs.clear();
    madeAtMs.set(name, nowMs);
  };
  return {
    async writeUrl(name, validMs) {
      await make(name);
      if (!(account.credential instanceof StorageSharedKeyCredential))
        throw new Error(
          `The URL of container '${name}' was to be signed, but the connection string has no account key`,
        );
      const now = clock.now().getTime();
      const query = generateBlobSASQueryParameters(
        {
          containerName: name,
          permissions: ContainerSASPermissions.parse('cw'),
          startsOn: new Date(now - clockSkewMs),
          expiresOn: new Date(now + validMs),
          protocol: SASProtocol.HttpsAndHttp,
        },
        account.credential,
      );
      return `${account.getContainerClient(name).url}?${query.toString()}`;
    },
    list: (name, prefix) =>
      told(`listing container '${name}'`, () =>
        unlessAbsent(async () => {
          const found: ListedBlob[] = [];
          for await (const blob of account.getContainerClient(name).listBlobsFlat({ prefix }))
            found.push({
              name: blob.name,
              sizeBytes: blob.properties.contentLength ?? 0,
              modified: blob.properties.lastModified,
            });
          return found;
        }),
      ).then((found) => found ?? []),
    get: (name, blob) =>
      told(`reading blob '${blob}' of container '${name}'`, () =>
        unlessAbsent(() => account.getContainerClient(name).getBlobClient(blob).downloadToBuffer()),
      ),
    remove: async (name, blob) => {
      await told(`removing blob '${blob}' of container '${name}'`, () =>
        unlessAbsent(() => account.getContainerClient(name).getBlobClient(blob).delete()),
      );
    },
  };
}

async function unlessAbsent<T>(attempt: () => Promise<T>): Promise<T | undefined> {
  try {
    return await attempt();
  } catch (error) {
    if (error instanceof RestError && error.statusCode === 404) return undefined;
    throw error;
  }
}

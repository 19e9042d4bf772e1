// Blobs in Azure Blob Storage or Azurite, through the official client.
import {
  BlobSASPermissions,
  ContainerClient,
  RestError,
  SASProtocol,
  type ContainerClient as Container,
} from '@azure/storage-blob';
import type { Clock } from '../clock.js';
import type { Blobs } from './blobs.js';

// A URL made here may be used on a machine whose clock is behind.
const clockSkewMs = 15 * 60_000;

/** Opens container `name` behind a storage connection string with an account key; creates it when first written to. */
export function createAzureBlobs(connectionString: string, name: string, clock: Clock): Blobs {
  const container: Container = new ContainerClient(connectionString, name, {
    retryOptions: { maxTries: 4, retryDelayInMs: 100, maxRetryDelayInMs: 1000 },
  });
  let created: Promise<unknown> | undefined;
  const ensureContainer = async (): Promise<void> => {
    created ??= container.createIfNotExists();
    try {
      await created;
    } catch (error) {
      created = undefined;
      throw error;
    }
  };
  return {
    async put(blob, content) {
      await ensureContainer();
      await container.getBlockBlobClient(blob).uploadData(content);
    },
    async get(blob) {
      try {
        return await container.getBlobClient(blob).downloadToBuffer();
      } catch (error) {
        if (error instanceof RestError && error.statusCode === 404) return undefined;
        throw error;
      }
    },
    async remove(blob) {
      await ensureContainer();
      await container.getBlobClient(blob).deleteIfExists();
    },
    async urlFor(blob, right, validMs) {
      await ensureContainer();
      const now = clock.now().getTime();
      return container.getBlobClient(blob).generateSasUrl({
        permissions: BlobSASPermissions.parse(right === 'read' ? 'r' : 'cw'),
        startsOn: new Date(now - clockSkewMs),
        expiresOn: new Date(now + validMs),
        protocol: SASProtocol.HttpsAndHttp,
      });
    },
  };
}

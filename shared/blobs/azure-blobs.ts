// Blobs in Azure Blob Storage or Azurite, through the official client.
import {
  BlobSASPermissions,
  ContainerClient,
  RestError,
  SASProtocol,
  type ContainerClient as Container,
} from '@azure/storage-blob';
import type { Clock } from '../clock.js';
import { BlobsUnavailable, type Blobs } from './blobs.js';

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
    put: (blob, content) =>
      told(`writing blob '${blob}'`, async () => {
        await ensureContainer();
        await container.getBlockBlobClient(blob).uploadData(content);
      }),
    get: (blob) =>
      told(`reading blob '${blob}'`, async () => {
        try {
          return await container.getBlobClient(blob).downloadToBuffer();
        } catch (error) {
          if (error instanceof RestError && error.statusCode === 404) return undefined;
          throw error;
        }
      }),
    remove: (blob) =>
      told(`removing blob '${blob}'`, async () => {
        await ensureContainer();
        await container.getBlobClient(blob).deleteIfExists();
      }),
    async urlFor(blob, right, validMs) {
      await told('creating the container', ensureContainer);
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

async function told<T>(attempted: string, attempt: () => Promise<T>): Promise<T> {
  try {
    return await attempt();
  } catch (error) {
    if (!isBusy(error)) throw error;
    throw new BlobsUnavailable(`While ${attempted}: the blob service did not answer`, { cause: error });
  }
}

function isBusy(error: unknown): boolean {
  if (!(error instanceof RestError)) return error instanceof Error && error.name === 'AbortError';
  const { statusCode } = error;
  return statusCode === undefined || statusCode === 408 || statusCode === 429 || statusCode >= 500;
}

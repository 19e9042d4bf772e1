// Blobs in Azure Blob Storage or Azurite, through the official client.
import {
  BlobSASPermissions,
  BlobServiceClient,
  ContainerSASPermissions,
  RestError,
  SASProtocol,
  StorageSharedKeyCredential,
  generateBlobSASQueryParameters,
  type ContainerClient,
} from '@azure/storage-blob';
import type { Clock } from '../clock.js';
import { BlobsUnavailable, type Blobs, type ListedBlob } from './blobs.js';

// A URL made here may be used on a machine whose clock is behind.
export const clockSkewMs = 15 * 60_000;

export const retryOptions = { maxTries: 4, retryDelayInMs: 100, maxRetryDelayInMs: 1000 };

/** Opens container `name` behind a storage connection string with an account key; creates it when first written to. */
export function createAzureBlobs(connectionString: string, name: string, clock: Clock): Blobs {
  const account = BlobServiceClient.fromConnectionString(connectionString, { retryOptions });
  const container: ContainerClient = account.getContainerClient(name);
  const lifetime = (validMs: number): { startsOn: Date; expiresOn: Date; protocol: SASProtocol } => {
    const now = clock.now().getTime();
    return {
      startsOn: new Date(now - clockSkewMs),
      expiresOn: new Date(now + validMs),
      protocol: SASProtocol.HttpsAndHttp,
    };
  };
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
      const permissions = BlobSASPermissions.parse(right === 'read' ? 'r' : 'cw');
      return container.getBlobClient(blob).generateSasUrl({ permissions, ...lifetime(validMs) });
    },
    containerUrlFor(other, validMs) {
      if (other === name) return undefined;
      const { credential } = account;
      if (!(credential instanceof StorageSharedKeyCredential))
        throw new Error(
          `The URL of container '${other}' was to be signed, but the connection string has no account key`,
        );
      const permissions = ContainerSASPermissions.parse('rl');
      const values = { containerName: other, permissions, ...lifetime(validMs) };
      return `${account.getContainerClient(other).url}?${generateBlobSASQueryParameters(values, credential).toString()}`;
    },
    list: (prefix) =>
      told(`listing blobs below '${prefix}'`, async () => {
        await ensureContainer();
        const found: ListedBlob[] = [];
        for await (const { name: blob, properties } of container.listBlobsFlat({ prefix }))
          found.push({ name: blob, sizeBytes: properties.contentLength ?? 0, modified: properties.lastModified });
        return found;
      }),
  };
}

/** Tells a service that did not answer apart from every other fault. */
export async function told<T>(attempted: string, attempt: () => Promise<T>): Promise<T> {
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

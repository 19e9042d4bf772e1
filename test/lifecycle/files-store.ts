// Containers of a stack's storage as its users have them: made, filled, looked into, and opened to others for a while.
import { BlobServiceClient, ContainerSASPermissions, SASProtocol, type ContainerClient } from '@azure/storage-blob';

export type UserContainer = {
  readonly name: string;
  /** URL with these rights, e.g. `rl`, `w`; good for an hour unless told otherwise. */
  url(rights: string, validMs?: number): Promise<string>;
  blobUrl(blob: string, rights?: string): Promise<string>;
  put(blob: string, content: string): Promise<void>;
  names(): Promise<readonly string[]>;
  read(blob: string): Promise<string>;
  readonly client: ContainerClient;
};

/** A fresh container of this name. */
export async function createContainer(storage: string, name: string): Promise<UserContainer> {
  const client = BlobServiceClient.fromConnectionString(storage).getContainerClient(name);
  await client.create();
  const url: UserContainer['url'] = (rights, validMs = 3600_000) =>
    client.generateSasUrl({
      permissions: ContainerSASPermissions.parse(rights),
      expiresOn: new Date(Date.now() + validMs),
      protocol: SASProtocol.HttpsAndHttp,
    });
  return {
    name,
    client,
    url,
    async blobUrl(blob, rights = 'r') {
      const [place, query] = (await url(rights)).split('?');
      return `${place}/${blob}?${query}`;
    },
    async put(blob, content) {
      await client.getBlockBlobClient(blob).upload(content, Buffer.byteLength(content));
    },
    async names() {
      const names: string[] = [];
      for await (const { name: found } of client.listBlobsFlat()) names.push(found);
      return names;
    },
    read: async (blob) => (await client.getBlobClient(blob).downloadToBuffer()).toString(),
  };
}

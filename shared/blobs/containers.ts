// The containers of the storage account apart from Bookend's own, as an interface: Azure Blob Storage (or Azurite) and the simulator's.
// Knows no concept.
import type { ListedBlob } from './blobs.js';

/** All methods reject with BlobsUnavailable when the service did not answer. */
export type Containers = {
  /** An URL with which its holder may write any blob of `container` for `validMs`, and read none. The container is made if absent. */
  writeUrl(container: string, validMs: number): Promise<string>;
  /** The blobs whose names start with `prefix`; none when there is no such container. */
  list(container: string, prefix: string): Promise<readonly ListedBlob[]>;
  /** The whole blob, or undefined when there is none. */
  get(container: string, blob: string): Promise<Uint8Array | undefined>;
  /** Removes a blob; an absent one is fine. */
  remove(container: string, blob: string): Promise<void>;
};

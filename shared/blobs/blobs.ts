// Larger content than a row or a message can hold, as an interface: Azure Blob Storage (or Azurite) and the simulator's. Knows no concept.

/** All methods reject with BlobsUnavailable when the service did not answer. */
export type Blobs = {
  /** Writes the whole blob, replacing an older one. */
  put(name: string, content: Uint8Array): Promise<void>;
  /** The whole blob, or undefined when there is none. */
  get(name: string): Promise<Uint8Array | undefined>;
  /** Removing what is not there is no error. */
  remove(name: string): Promise<void>;
  /** An URL with which its holder may read or write this one blob for `validMs`. */
  urlFor(name: string, right: 'read' | 'write', validMs: number): Promise<string>;
};

/** Throttled, timed out or unreachable: what was asked for may or may not have happened. */
export class BlobsUnavailable extends Error {
  override readonly name = 'BlobsUnavailable';
}

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
  /**
   * An URL with which its holder may list and read another container of the same account for `validMs`, whether or not there is one.
   * Undefined for the own container: nobody is let into that.
   */
  containerUrlFor(container: string, validMs: number): string | undefined;
  /** The blobs whose names start with `prefix`. */
  list(prefix: string): Promise<readonly ListedBlob[]>;
};

export type ListedBlob = { readonly name: string; readonly sizeBytes: number; readonly modified: Date };

/** Throttled, timed out or unreachable: what was asked for may or may not have happened. */
export class BlobsUnavailable extends Error {
  override readonly name = 'BlobsUnavailable';
}

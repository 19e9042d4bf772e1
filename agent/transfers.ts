// Streaming files to and from URLs that users and the controller name, as an interface: the web (adapters/http-transfers.ts) and a simulator's.
// Nothing is ever held in memory as a whole.
import type { OpenFile } from './disk.js';

export type ListedBlob = { readonly name: string; readonly isDirectory: boolean };

/** All methods, and the reading of what they answer, reject with TransferFailed, or with the signal's reason once it is aborted. */
export type Transfers = {
  /** The content behind a URL. */
  readUrl(url: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
  /** The content of a blob of a container, whose URL carries the right to read. */
  readBlob(containerUrl: string, name: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
  /** The blobs whose names begin with `prefix`, page by page. */
  listBlobs(containerUrl: string, prefix: string, signal: AbortSignal): AsyncIterable<readonly ListedBlob[]>;
  /** Writes a whole file as a blob, replacing an older one. The container must exist. */
  writeBlob(upload: BlobUpload, signal: AbortSignal): Promise<void>;
};

export type BlobUpload = {
  readonly containerUrl: string;
  readonly name: string;
  readonly file: OpenFile;
  readonly headers: readonly { readonly name: string; readonly value: string }[];
};

/** What went wrong, as far as it matters to a task. */
export type TransferFault = 'denied' | 'notFound' | 'conflict' | 'timedOut' | 'other';

/** A transfer failed. The message holds no URL: those carry signatures. */
export class TransferFailed extends Error {
  override readonly name = 'TransferFailed';
  readonly fault: TransferFault;
  /** Whether the same transfer may go well a little later. */
  readonly mayPass: boolean;

  constructor(message: string, fault: TransferFault, mayPass: boolean, options?: ErrorOptions) {
    super(message, options);
    this.fault = fault;
    this.mayPass = mayPass;
  }
}

/** The failure that an HTTP status means. */
export function failureOfStatus(status: number, what: string): TransferFailed {
  const message = `${what}: status ${status}`;
  if (status === 401 || status === 403) return new TransferFailed(message, 'denied', false);
  if (status === 404 || status === 410) return new TransferFailed(message, 'notFound', false);
  if (status === 409 || status === 412) return new TransferFailed(message, 'conflict', false);
  if (status === 408) return new TransferFailed(message, 'timedOut', true);
  return new TransferFailed(message, 'other', status >= 500 || status === 425 || status === 429);
}

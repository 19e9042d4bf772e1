// Transfers over HTTP: plain requests for reading, the official client for what only Blob Storage has. It is loaded when first needed.
import { Readable } from 'node:stream';
import type { BlobHTTPHeaders, RestError } from '@azure/storage-blob';
import type { OpenFile } from '../disk.js';
import { failureOfStatus, TransferFailed, type ListedBlob, type Transfers } from '../transfers.js';

// A transfer of which nothing was heard for this long has failed.
const stallMs = 60_000;
const blockBytes = 4 * 1024 * 1024;
const blocksAtOnce = 2;

export function createHttpTransfers({ pageSize = 1000 } = {}): Transfers {
  return {
    readUrl: (url, signal) => read(url, signal),
    readBlob: (containerUrl, name, signal) => read(blobUrl(containerUrl, name), signal),
    async *listBlobs(containerUrl, prefix, signal) {
      const { ContainerClient } = await loadClient();
      const stall = stallSignal(signal);
      try {
        const pages = new ContainerClient(containerUrl, undefined, once)
          .listBlobsFlat({ prefix, includeMetadata: true, abortSignal: stall.signal })
          .byPage({ maxPageSize: pageSize });
        for await (const page of pages) {
          stall.heard();
          yield page.segment.blobItems.map(({ name, metadata }): ListedBlob => {
            // Storage with folders lists these as empty blobs.
            return { name, isDirectory: name.endsWith('/') || metadata?.['hdi_isfolder'] === 'true' };
          });
        }
      } catch (error) {
        throw toFailure(error, 'A container could not be listed', signal);
      } finally {
        stall.end();
      }
    },
    async writeBlob({ containerUrl, name, file, headers }, signal) {
      const { BlockBlobClient } = await loadClient();
      const stall = stallSignal(signal);
      try {
        const client = new BlockBlobClient(blobUrl(containerUrl, name), undefined, once);
        const options = { ...toUploadOptions(headers), abortSignal: stall.signal, onProgress: stall.heard };
        const { sizeBytes } = file.facts;
        if (sizeBytes <= blockBytes) {
          const content = await file.read(0, sizeBytes);
          await client.upload(content, content.length, options);
        } else {
          await client.uploadStream(Readable.from(chunksOf(file)), blockBytes, blocksAtOnce, options);
        }
      } catch (error) {
        throw toFailure(error, 'A file could not be uploaded', signal);
      } finally {
        stall.end();
      }
    },
  };
}

// Whoever asks tries again by rules of its own.
const once = { retryOptions: { maxTries: 1 } };

const loadClient = () => import('@azure/storage-blob');

async function read(url: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
  const stall = stallSignal(signal);
  const what = 'A file could not be downloaded';
  try {
    const response = await fetch(url, { signal: stall.signal });
    if (!response.ok) {
      await response.body?.cancel();
      throw failureOfStatus(response.status, what);
    }
    return chunks(response.body, stall, (error) => toFailure(error, what, signal));
  } catch (error) {
    stall.end();
    throw toFailure(error, what, signal);
  }
}

async function* chunks(
  body: ReadableStream<Uint8Array> | null,
  stall: Stall,
  failureOf: (error: unknown) => Error,
): AsyncIterable<Uint8Array> {
  if (body === null) return stall.end();
  // Read by hand: what the receiver throws must not be taken for a failure of the source.
  const reader = body.getReader();
  try {
    while (true) {
      const next = await reader.read().catch((error: unknown) => {
        throw failureOf(error);
      });
      if (next.done) return;
      stall.heard();
      yield next.value;
    }
  } finally {
    stall.end();
    await reader.cancel().catch(() => undefined);
  }
}

async function* chunksOf(file: OpenFile): AsyncIterable<Uint8Array> {
  const { sizeBytes } = file.facts;
  for (let from = 0; from < sizeBytes; from += blockBytes) {
    const chunk = await file.read(from, Math.min(blockBytes, sizeBytes - from));
    // The file became shorter meanwhile.
    if (chunk.length === 0) return;
    yield chunk;
  }
}

function blobUrl(containerUrl: string, name: string): string {
  const url = new URL(containerUrl);
  const path = name.split('/').map(encodeURIComponent).join('/');
  url.pathname = `${url.pathname.replace(/\/$/, '')}/${path}`;
  return url.href;
}

type Stall = { readonly signal: AbortSignal; readonly heard: () => void; readonly end: () => void };

class Stalled extends Error {
  override readonly name = 'Stalled';
}

/** A signal that is aborted with `signal`, and when nothing was heard for too long. */
function stallSignal(signal: AbortSignal): Stall {
  const stalled = new AbortController();
  const arm = (): NodeJS.Timeout => setTimeout(() => stalled.abort(new Stalled('Nothing was heard')), stallMs);
  let timer = arm();
  const forward = (): void => stalled.abort(signal.reason);
  if (signal.aborted) forward();
  signal.addEventListener('abort', forward, { once: true });
  return {
    signal: stalled.signal,
    heard() {
      clearTimeout(timer);
      timer = arm();
    },
    end() {
      clearTimeout(timer);
      signal.removeEventListener('abort', forward);
    },
  };
}

function toFailure(error: unknown, what: string, signal: AbortSignal): Error {
  if (signal.aborted) return signal.reason as Error;
  if (error instanceof TransferFailed) return error;
  if (error instanceof Stalled || isAbort(error))
    return new TransferFailed(`${what}: nothing was heard for ${stallMs / 1000} seconds`, 'timedOut', true);
  if (isRestError(error) && error.statusCode !== undefined) return failureOfStatus(error.statusCode, what);
  const code = codeOf(error);
  if (code === 'ERR_INVALID_URL') return new TransferFailed(`${what}: its URL is not valid`, 'other', false);
  const isTimeout = code.includes('TIMEOUT') || code === 'ETIMEDOUT';
  return new TransferFailed(`${what}: ${code || 'the connection failed'}`, isTimeout ? 'timedOut' : 'other', true);
}

const isAbort = (error: unknown): boolean => error instanceof Error && error.name === 'AbortError';

// By its shape: the class is loaded with the client only.
function isRestError(error: unknown): error is RestError {
  return error instanceof Error && error.name === 'RestError';
}

/** The operating system's word for it, however deep the clients wrapped it. */
function codeOf(error: unknown): string {
  for (let inner = error, depth = 0; inner instanceof Error && depth < 5; inner = inner.cause, depth += 1)
    if ('code' in inner && typeof inner.code === 'string') return inner.code;
  return '';
}

function toUploadOptions(headers: readonly { readonly name: string; readonly value: string }[]): {
  readonly blobHTTPHeaders: BlobHTTPHeaders;
  readonly metadata: Record<string, string>;
} {
  const blobHTTPHeaders: BlobHTTPHeaders = {};
  const metadata: Record<string, string> = {};
  for (const { name, value } of headers) {
    const key = name.toLowerCase().replace(/^x-ms-blob-/, '');
    if (key.startsWith('x-ms-meta-')) metadata[key.slice('x-ms-meta-'.length)] = value;
    else if (key in properties) blobHTTPHeaders[properties[key as keyof typeof properties]] = value;
  }
  return { blobHTTPHeaders, metadata };
}

const properties = {
  'content-type': 'blobContentType',
  'content-encoding': 'blobContentEncoding',
  'content-language': 'blobContentLanguage',
  'content-disposition': 'blobContentDisposition',
  'cache-control': 'blobCacheControl',
} as const satisfies Record<string, keyof BlobHTTPHeaders>;

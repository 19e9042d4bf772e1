// Buffers a request's body up to a bound. A body that is too large is read on but not kept, so that the client can read its answer.
import type { IncomingMessage } from 'node:http';

export type Body =
  | { readonly kind: 'complete'; readonly bytes: Buffer }
  | { readonly kind: 'tooLarge' }
  /** The client went away or took longer than the server's request timeout. */
  | { readonly kind: 'aborted' };

/** Resolves as soon as the outcome is known; never rejects. */
export function readBody(request: IncomingMessage, maxSizeBytes: number): Promise<Body> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const refuse = (): void => {
      chunks.length = 0;
      request.off('data', onData);
      request.resume();
      resolve({ kind: 'tooLarge' });
    };
    const onData = (chunk: Buffer): void => {
      size += chunk.length;
      if (size > maxSizeBytes) return refuse();
      chunks.push(chunk);
    };
    request.on('error', () => resolve({ kind: 'aborted' }));
    request.on('close', () => resolve({ kind: 'aborted' }));
    request.on('end', () => resolve({ kind: 'complete', bytes: Buffer.concat(chunks, size) }));
    if (Number(request.headers['content-length'] ?? 0) > maxSizeBytes) return refuse();
    request.on('data', onData);
  });
}

// Buffers a request's body up to a bound. A body that is too large is read on but not kept, so that the client can read its answer.
import type { IncomingMessage } from 'node:http';
import type { BodyAccount } from './body-budget.js';

export type Body =
  | { readonly kind: 'complete'; readonly bytes: Buffer }
  | { readonly kind: 'tooLarge' }
  /** The host holds as much as it may. */
  | { readonly kind: 'noRoom' }
  /** The client went away or took longer than the server's request timeout. */
  | { readonly kind: 'aborted' };

/** Resolves as soon as the outcome is known; never rejects. What is held of the body counts on `account`. */
export function readBody(request: IncomingMessage, maxSizeBytes: number, account: BodyAccount): Promise<Body> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const refuse = (kind: 'tooLarge' | 'noRoom'): void => {
      chunks.length = 0;
      request.off('data', onData);
      request.resume();
      resolve({ kind });
    };
    const onData = (chunk: Buffer): void => {
      size += chunk.length;
      if (size > maxSizeBytes) return refuse('tooLarge');
      if (!account.take(chunk.length)) return refuse('noRoom');
      chunks.push(chunk);
    };
    request.on('error', () => resolve({ kind: 'aborted' }));
    request.on('close', () => resolve({ kind: 'aborted' }));
    request.on('end', () => resolve({ kind: 'complete', bytes: Buffer.concat(chunks, size) }));
    if (declaresMoreThan(request, maxSizeBytes)) return refuse('tooLarge');
    request.on('data', onData);
  });
}

/** Whether the head alone tells that the body is larger than `bytes`. */
export function declaresMoreThan(request: IncomingMessage, bytes: number): boolean {
  return Number(request.headers['content-length'] ?? 0) > bytes;
}

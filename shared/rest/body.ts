// The body of a request: bounded, and a JSON object where one is expected. Knows no property.
import type { HttpRequest } from '@azure/functions';
import { BatchError } from '../errors.js';
import { requireContentMd5 } from './content-md5.js';

/** 'ignored' accepts anything unread, for operations that refuse whatever they are asked. */
export type BodyRule = 'none' | 'optional' | 'required' | 'ignored';

const usualBodyBytes = 1024 * 1024;
const largestBodyBytes = 4 * 1024 * 1024;

/**
 * The body's JSON object, or undefined. Throws RequestBodyTooLarge, InvalidMd5, Md5Mismatch, InvalidRequestBody, MissingRequiredHeader or
 * InvalidHeaderValue.
 */
export async function readBody(
  request: HttpRequest,
  rule: BodyRule,
  limitBytes: number = usualBodyBytes,
): Promise<unknown> {
  if (rule === 'ignored') return undefined;
  const limit = Math.min(limitBytes, largestBodyBytes);
  // The declared length is only a reason not to read; what counts is what came.
  if (Number(request.headers.get('content-length') ?? 0) > limit) throw tooLarge(limit);
  const bytes = new Uint8Array(await request.arrayBuffer());
  if (bytes.byteLength > limit) throw tooLarge(limit);
  requireContentMd5(bytes, request.headers.get('content-md5'));
  if (bytes.byteLength === 0) {
    if (rule === 'required') throw invalidBody('it is empty, a JSON object was expected');
    return undefined;
  }
  if (rule === 'none') throw invalidBody('it was expected to be empty');
  requireJsonType(request.headers.get('content-type'));
  return parseObject(bytes);
}

function parseObject(bytes: Uint8Array): object {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw invalidBody('it is not JSON in UTF-8');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalidBody('it is not a JSON object');
  return value;
}

function requireJsonType(type: string | null): void {
  if (type === null) {
    throw new BatchError('MissingRequiredHeader', 'Header Content-Type is missing.', { HeaderName: 'Content-Type' });
  }
  if (/^application\/json\s*(;|$)/i.test(type)) return;
  throw new BatchError('InvalidHeaderValue', 'Header Content-Type must be application/json.', {
    HeaderName: 'Content-Type',
    HeaderValue: type.slice(0, 128),
  });
}

function tooLarge(limit: number): BatchError {
  return new BatchError('RequestBodyTooLarge', `The request body is larger than ${limit} bytes.`, {
    MaxLimit: String(limit),
  });
}

function invalidBody(reason: string): BatchError {
  return new BatchError('InvalidRequestBody', `The request body cannot be used: ${reason}.`, { Reason: reason });
}

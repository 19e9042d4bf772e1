// One page of a list, and the token that leads to the next. Knows neither what is listed nor how it is stored.
import { Buffer } from 'node:buffer';
import { BatchError } from '../errors.js';
import type { Filter } from './odata-filter.js';

/** What a caller may be given at most in one answer, and where to go on; `continuation` is what a list handed out before. */
export type PageRequest = { readonly limit: number; readonly continuation?: string };

/** What a list may leave out already when it reads: nothing that passes the filter. */
export type ListRequest = PageRequest & { readonly filter?: Filter };

/** A page may be short or empty; only an absent `continuation` says that it was the last. */
export type ItemPage<Item> = { readonly items: readonly Item[]; readonly continuation?: string };

/** Largest `maxresults`, and its default. */
export const largestPage = 1000;

const tokenMark = '1';
const longestToken = 4096;

/** Packs a continuation for an URL: letters, digits, `-` and `_` only, as clients disagree on how to decode the rest. */
export function encodeSkipToken(continuation: string): string {
  return tokenMark + Buffer.from(continuation, 'utf8').toString('base64url');
}

/**
 * The continuation in a `$skiptoken`.
 * Throws InvalidQueryParameterValue for a text that `encodeSkipToken` cannot have made.
 */
export function decodeSkipToken(token: string): string {
  if (token.length <= longestToken && token.startsWith(tokenMark)) {
    const continuation = Buffer.from(token.slice(tokenMark.length), 'base64url').toString('utf8');
    // Decoding forgives stray characters and bits; encoding again does not.
    if (continuation !== '' && encodeSkipToken(continuation) === token) return continuation;
  }
  throw new BatchError(
    'InvalidQueryParameterValue',
    'The list cannot be continued: its $skiptoken is not one that was given out.',
    {
      QueryParameterName: '$skiptoken',
      QueryParameterValue: token.slice(0, 128),
      Reason: 'Use the odata.nextLink of the page before, unchanged',
    },
  );
}

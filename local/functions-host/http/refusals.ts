// What the host refuses by itself, before or instead of a function. How a refusal looks is for whoever starts the host to say.
import type { Answer } from './http-messages.js';

export type Refusal =
  /** What came is no HTTP request. */
  | 'unreadable'
  /** Target or Host header can be no URL. */
  | 'badTarget'
  | 'targetTooLong'
  | 'headersTooLarge'
  | 'bodyTooLarge'
  /** The request did not come to its end in time. */
  | 'tooSlow'
  /** An Expect header that asks for something else than 100-continue. */
  | 'badExpectation'
  /** No function answers this method on this path. */
  | 'noFunction'
  | 'keyMissing'
  /** As many requests, or bytes of them, as the host takes are in it. */
  | 'tooMany'
  /** The function failed, or gave no answer. */
  | 'failed'
  | 'stopping';

/** How answers look where HTTP leaves that open. */
export type AnswerForm = {
  refuse(refusal: Refusal): Answer;
  /** The reason phrase of the status line; undefined for the usual one. */
  reasonPhrase(answer: Answer): string | undefined;
};

/** Statuses without a body, as Azure's own host answers. */
export const plainForm: AnswerForm = {
  refuse: (refusal) => ({
    status: statuses[refusal],
    headers: refusal === 'tooMany' ? { 'retry-after': '1' } : {},
    body: new Uint8Array(),
  }),
  reasonPhrase: () => undefined,
};

const statuses: Readonly<Record<Refusal, number>> = {
  unreadable: 400,
  badTarget: 400,
  targetTooLong: 414,
  headersTooLarge: 431,
  bodyTooLarge: 413,
  tooSlow: 408,
  badExpectation: 417,
  noFunction: 404,
  keyMissing: 401,
  tooMany: 429,
  failed: 500,
  stopping: 503,
};

/** What an error of Node's HTTP parser means; undefined when nobody is left to be told. https://nodejs.org/api/http.html#event-clienterror */
export function refusalOfClientError(code: string | undefined): Refusal | undefined {
  switch (code) {
    case 'ECONNRESET':
    case 'EPIPE':
      return undefined;
    case 'HPE_HEADER_OVERFLOW':
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return 'headersTooLarge';
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return 'tooSlow';
    default:
      return 'unreadable';
  }
}

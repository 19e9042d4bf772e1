// How the functions host looks to Batch's clients where no function speaks: its own refusals as Batch writes them, and the reason phrase
// of the service, the first line of an error's message. In Azure the platform says these things, in its own words.
import { z } from 'zod';
import { BatchError } from '../shared/errors.js';
import { systemClock } from '../shared/clock.js';
import { systemIds } from '../shared/ids.js';
import { toErrorBody } from '../shared/rest/error-body.js';
import { errorCatalogue, type BatchErrorCode } from '../shared/rest/error-catalogue.js';
import type { AnswerForm, Refusal } from './functions-host/index.js';

const codes: Readonly<Record<Refusal, BatchErrorCode>> = {
  unreadable: 'InvalidInput',
  badTarget: 'InvalidUri',
  targetTooLong: 'RequestUrlTooLong',
  headersTooLarge: 'RequestHeadersTooLarge',
  bodyTooLarge: 'RequestBodyTooLarge',
  tooSlow: 'RequestTimedOut',
  badExpectation: 'InvalidHeaderValue',
  // The app's catch-all has every path, and every verb that Batch has.
  noFunction: 'InvalidHttpVerb',
  keyMissing: 'AuthenticationFailed',
  tooMany: 'TooManyRequests',
  failed: 'InternalError',
  stopping: 'ServerBusy',
};
const messages: Partial<Record<Refusal, string>> = {
  unreadable: 'What arrived is no HTTP request: its request line, its headers or its framing cannot be read.',
  badTarget: 'The URL of this request cannot be used: its target or its Host header can be part of none.',
  badExpectation: 'Header Expect asks for something else than 100-continue.',
};
const retryAfter = { tooMany: '1', stopping: '2' };

const errorSchema = z.object({ code: z.string(), message: z.object({ value: z.string() }) });

export const answerForm: AnswerForm = {
  refuse(refusal) {
    const code = codes[refusal];
    const requestId = systemIds.uuid();
    const body = toErrorBody(new BatchError(code, messages[refusal] ?? ''), {
      baseUrl: '',
      requestId,
      now: systemClock.now(),
    });
    const seconds = Object.entries(retryAfter).find(([name]) => name === refusal)?.[1];
    return {
      status: errorCatalogue[code].status,
      headers: {
        'request-id': requestId,
        DataServiceVersion: '3.0',
        'Content-Type': 'application/json;odata=minimalmetadata',
        ...(seconds !== undefined && { 'Retry-After': seconds }),
      },
      body: Buffer.from(JSON.stringify(body)),
    };
  },
  reasonPhrase({ status, body }) {
    return status < 400 || body.length > 64 * 1024 ? undefined : firstLineOf(body);
  },
};

function firstLineOf(body: Uint8Array): string | undefined {
  try {
    const error = errorSchema.safeParse(JSON.parse(Buffer.from(body).toString('utf8')));
    return error.data?.message.value.split('\n')[0];
  } catch {
    return undefined; // It is no error of Batch's.
  }
}

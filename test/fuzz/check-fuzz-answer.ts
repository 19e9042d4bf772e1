// What has to hold for every answer, whatever was asked.
import { expect } from 'vitest';
import { z } from 'zod';
import type { Answer } from '../../local/functions-host/http/http-messages.js';
import { errorCatalogue } from '../../shared/rest/error-catalogue.js';
import { checkAnswer } from '../helpers/check-answer.js';
import type { FuzzRequest } from './fuzz-request.js';

const errorBodySchema = z.strictObject({
  'odata.metadata': z.string().endsWith('/$metadata#Microsoft.Azure.Batch.Protocol.Entities.Container.errors/@Element'),
  code: z.string().refine((code) => Object.hasOwn(errorCatalogue, code), 'not in the catalogue'),
  message: z.strictObject({
    lang: z.literal('en-US'),
    value: z.string().regex(/^[^]+\nRequestId:[0-9a-f-]{36}\nTime:\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z$/),
  }),
  values: z
    .array(z.strictObject({ key: z.string().min(1), value: z.string() }))
    .nonempty()
    .optional(),
});

/** Whether the answer is a refusal, 304 among them. */
export const isRefusal = ({ status }: Pick<Answer, 'status'>): boolean => status >= 300;

export const textOf = ({ body }: Pick<Answer, 'body'>): string => Buffer.from(body).toString('utf8');

/**
 * Whether a refusal may leave lists and hints written anew. They are written before what they tell of, so that nothing that was accepted is
 * ever missed; that it is there already is found only then, and what the lists say is put right by the next pass.
 */
export const isBeforeTruth = (text: string): boolean =>
  /"code":"(JobExists|TaskExists|PoolExists|JobBeingDeleted)"/.test(text);

/** Throws unless the answer is one that a client can work with. */
export function checkFuzzAnswer(request: FuzzRequest, answer: Answer): void {
  const { status } = answer;
  const text = textOf(answer);
  const told = `${request.method} ${request.target.slice(0, 300)} -> ${status} ${text.slice(0, 600)}`;
  expect(status, told).toBeGreaterThanOrEqual(200);
  expect(status, told).toBeLessThan(500);
  const headers = new Map(Object.entries(answer.headers).map(([name, value]) => [name.toLowerCase(), String(value)]));
  for (const value of headers.values()) expect(value, told).not.toMatch(/[\r\n\0]/);
  // Health and the description of the API are as open as they are plain.
  if (status >= 300 || headers.has('dataserviceversion'))
    expect(headers.get('request-id'), told).toMatch(/^[0-9a-f-]{36}$/);
  // A target with a fragment is none of HTTP: it reaches no operation.
  const { faults } = checkAnswer(request.method, targetOf(request), status, Object.fromEntries(headers), text);
  if (!request.target.includes('#')) expect(faults, told).toEqual([]);
  if (request.method === 'HEAD' || status === 204 || status === 304) return expect(text, told).toBe('');
  if (status < 300) return checkSuccess(headers.get('content-type'), text, told);
  expect(headers.get('content-type'), told).toBe('application/json;odata=minimalmetadata');
  const body = errorBodySchema.safeParse(JSON.parse(text));
  expect(body.error?.issues ?? [], told).toEqual([]);
  const code = (body.data?.code ?? '') as keyof typeof errorCatalogue;
  expect(errorCatalogue[code].status, told).toBe(status);
}

// As the host hands it on: without dot segments, also where they are escaped.
function targetOf({ target }: FuzzRequest): string {
  const { pathname, search } = new URL(`http://host${target}`);
  return `${pathname}${search}`;
}

function checkSuccess(contentType: string | undefined, text: string, told: string): void {
  if (contentType?.startsWith('application/json;odata') !== true) return;
  const body: unknown = JSON.parse(text);
  expect(typeof body === 'object' && body !== null, told).toBe(true);
  expect(JSON.stringify(body), told).not.toContain('"odata.nextLink":""');
}

// What operations answer: how they succeed, and the ways in which they refuse, each with the codes that it can have.
import { allOperations } from './all-operations.js';
import { batchError } from '../rest/error-schema.js';
import { errorCatalogue } from '../rest/error-catalogue.js';
import { jsonContentType } from '../rest/operation-answer.js';
import type { OperationDefinition } from '../rest/operation-definition.js';
import type { Success } from '../rest/success.js';
import { refTo, type JsonObject } from './describe-schemas.js';

const header = (description: string, schema: JsonObject = { type: 'string' }): JsonObject => ({
  ...{ description, required: true, schema },
});
const optionalHeader = (description: string, schema: JsonObject = { type: 'string' }): JsonObject => ({
  ...{ description, schema },
});
const tag = { type: 'string', pattern: '^0x[0-9A-F]+$' };

/** Headers of answers, by their names. */
export const sharedHeaders: Readonly<Record<string, JsonObject>> = {
  'request-id': header('Names the request in the logs of the service.', { type: 'string', format: 'uuid' }),
  DataServiceVersion: header('The version of the protocol.', { type: 'string', const: '3.0' }),
  'client-request-id': optionalHeader("The caller's own name for the request, where it asked for that."),
  ETag: header('Without quotes, as in the body.', tag),
  'Last-Modified': header('As in RFC 1123.'),
  DataServiceId: header('The URL that was acted on.', { type: 'string', format: 'uri' }),
  Location: header('The URL of what was added.', { type: 'string', format: 'uri' }),
  'ocp-batch-file-isdirectory': header('Whether it is a directory.', { type: 'string', enum: ['true', 'false'] }),
  'ocp-batch-file-url': header('The URL of the file, percent-encoded.'),
  'ocp-batch-file-mode': optionalHeader('The permission bits, octal.', { type: 'string', pattern: '^0o[0-7]+$' }),
  'Retry-After': header('Seconds to wait before another try.', { type: 'string', pattern: '^\\d+$' }),
};

const ofEvery = ['request-id', 'DataServiceVersion', 'client-request-id'];
const toHeaders = (names: readonly string[]): JsonObject =>
  Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));

const catalogue = Object.entries(errorCatalogue);
const refusedWith = [...new Set(catalogue.map(([, { status }]) => status))];

/** Of any request: it is not understood, not allowed, too slow, too much, or met by an outage. */
const ofAny = [400, 403, 408, 413, 414, 429, 431, 500, 503];

/** One answer per status of the catalogue of errors, and the one to a read whose condition does not hold. */
export const sharedAnswers: Readonly<Record<string, JsonObject>> = {
  NotModified: {
    description: 'A conditional header of this read does not hold. There is no body.',
    headers: toHeaders(ofEvery),
  },
  ...Object.fromEntries(refusedWith.map((status) => [`Refused${status}`, toRefusal(status)])),
  ...Object.fromEntries(
    statusesOfHead().map((status) => [`Refused${status}WithoutBody`, withoutContent(toRefusal(status))]),
  ),
};

function toRefusal(status: number): JsonObject {
  const codes = catalogue.filter(([, entry]) => entry.status === status);
  const ofStatus = { properties: { code: { enum: codes.map(([code]) => code) } } };
  return {
    description: codes.map(([code, { text }]) => `\`${code}\`: ${text}`).join('\n\n'),
    headers: toHeaders([...ofEvery, ...(status === 503 ? ['Retry-After'] : [])]),
    content: { [jsonContentType]: { schema: { allOf: [refTo(batchError), ofStatus] } } },
  };
}

/** The answers of an operation, by status. Those to HEAD never have a body. */
export function describeAnswers(definition: OperationDefinition): JsonObject {
  const { success, verb } = definition;
  return {
    [success.status]: verb === 'HEAD' ? withoutContent(toSuccess(success)) : toSuccess(success),
    ...Object.fromEntries(
      statusesOf(definition).map((status) => {
        const name = `Refused${status}${verb === 'HEAD' ? 'WithoutBody' : ''}`;
        return [status, { $ref: `#/components/responses/${status === 304 ? 'NotModified' : name}` }];
      }),
    ),
  };
}

function statusesOfHead(): number[] {
  const ofHead = allOperations.filter(({ verb }) => verb === 'HEAD').flatMap(statusesOf);
  return [...new Set(ofHead)].filter((status) => status !== 304);
}

function withoutContent({ content: _, ...answer }: JsonObject): JsonObject {
  return answer;
}

function statusesOf({ route, verb, conditional, success }: OperationDefinition): number[] {
  const isRead = verb === 'GET' || verb === 'HEAD';
  const isAboutOne = route.includes('{');
  return [
    ...ofAny,
    ...(isAboutOne ? [404, 409] : []),
    ...(!isAboutOne && !isRead ? [409] : []),
    ...(conditional ? [isRead ? 304 : 412] : []),
    ...(success.content === 'file' ? [416] : []),
  ];
}

function toSuccess({ status, content, headers, schema }: Success): JsonObject {
  const isFile = content === 'file';
  return {
    description: descriptions[content],
    headers: toHeaders([...ofEvery, ...headers, ...(isFile ? ['ocp-batch-file-mode'] : [])]),
    ...(isFile && { content: { '*/*': {} } }),
    ...(schema && content === 'element' && { content: { [jsonContentType]: { schema: toElement(refTo(schema)) } } }),
    ...(schema && content === 'list' && { content: { [jsonContentType]: { schema: toPage(refTo(schema)) } } }),
    ...(status === 202 && { description: 'Accepted: it comes about by itself from here on.' }),
  };
}

const descriptions: Readonly<Record<Success['content'], string>> = {
  none: 'Done.',
  element: 'What was asked for.',
  list: 'One page of the list; only the last one has no odata.nextLink.',
  file: 'The file, or the part of it that was asked for.',
};

const toElement = (reference: JsonObject): JsonObject => ({ allOf: [reference, { required: ['odata.metadata'] }] });

const toPage = (reference: JsonObject): JsonObject => ({
  type: 'object',
  properties: {
    'odata.metadata': { type: 'string' },
    value: { type: 'array', items: reference },
    'odata.nextLink': { type: 'string', format: 'uri' },
  },
  required: ['odata.metadata', 'value'],
  additionalProperties: false,
});

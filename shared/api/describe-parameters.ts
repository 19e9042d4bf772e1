// The parameters of operations: in the path, in the query, in headers. What several operations take is a component.
import type { OperationDefinition } from '../rest/operation-definition.js';
import { conditionalHeaders } from '../rest/conditions.js';
import { newestVersion, oldestVersion } from '../rest/operation-request.js';
import { largestPage } from '../rest/paging.js';
import type { JsonObject } from './describe-schemas.js';

const query = (name: string, description: string, schema: JsonObject, isRequired = false): JsonObject => ({
  ...{ name, in: 'query', description, schema },
  ...(isRequired && { required: true }),
});
const header = (name: string, description: string, schema: JsonObject = { type: 'string' }): JsonObject => ({
  ...{ name, in: 'header', description, schema },
});
const flag = { type: 'boolean', default: false };

/** By the name that an operation's definition has for it. Names of query parameters are taken in any letter case. */
const known: Readonly<Record<string, JsonObject>> = {
  'api-version': query(
    'api-version',
    `A version of the Batch service from ${oldestVersion} to ${newestVersion}.`,
    { type: 'string', pattern: '^\\d{4}-\\d{2}-\\d{2}(\\.\\d{1,3}\\.\\d{1,3})?$', examples: ['2022-10-01.16.0'] },
    true,
  ),
  timeout: query('timeout', 'How many seconds the operation may take; at most 30.', { type: 'integer', minimum: 0 }),
  $filter: query('$filter', 'Which items to list, in the part of OData that Batch documents.', { type: 'string' }),
  $select: query(
    '$select',
    'The names of the properties to show, separated by commas. All others are left out, also those that are required otherwise.',
    { type: 'string' },
  ),
  $expand: query('$expand', 'Statistics, of which there are none yet.', { type: 'string', enum: ['stats'] }),
  maxresults: toMaxResults(largestPage),
  $skiptoken: query('$skiptoken', 'Where a list goes on; part of odata.nextLink, never made by a client.', {
    type: 'string',
  }),
  force: query('force', 'Do not wait for what the nodes still owe the job.', flag),
  recursive: query('recursive', 'Also what is in directories.', flag),
  'client-request-id': header('client-request-id', "The caller's own name for the request."),
  'return-client-request-id': header('return-client-request-id', 'Whether to answer with that name.', flag),
  'ocp-date': header('ocp-date', 'When the request was signed; instead of Date, which browsers do not let be set.'),
  'ocp-range': header(
    'ocp-range',
    'Which bytes of the file, both included. The answer is 200, as for the whole file.',
    {
      ...{ type: 'string', pattern: '^bytes=\\d+-(\\d+)?$' },
    },
  ),
  'Idempotency-Key': header(
    'Idempotency-Key',
    'Repeating the request with the same key is answered as the first time.',
    {
      ...{ type: 'string', minLength: 1, maxLength: 255 },
    },
  ),
  'if-match': header('If-Match', 'Only if the entity tag is one of these, or * for any.'),
  'if-none-match': header('If-None-Match', 'Only if the entity tag is none of these.'),
  'if-modified-since': header('If-Modified-Since', 'Only if it was modified after this time, in whole seconds.'),
  'if-unmodified-since': header('If-Unmodified-Since', 'Only if it was not modified after this time.'),
};

const ofEvery = ['api-version', 'timeout', 'client-request-id', 'return-client-request-id', 'ocp-date'];

/** The parameters that operations share. */
export const sharedParameters: Readonly<Record<string, JsonObject>> = Object.fromEntries(
  Object.entries(known).map(([name, parameter]) => [componentName(name), parameter]),
);

/** References to the parameters of an operation, and those of its path. Throws for a query parameter that is not described here. */
export function describeParameters(definition: OperationDefinition): JsonObject[] {
  const { route, query = [], conditional, reads = [], largestPage: ownLargest } = definition;
  const names = [
    ...ofEvery,
    ...query,
    ...(query.includes('maxresults') ? ['$skiptoken'] : []),
    ...reads,
    ...(conditional ? conditionalHeaders : []),
  ];
  const inPath = [...route.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    ...{ name, in: 'path', required: true, schema: { type: 'string' } },
  }));
  return [
    ...inPath,
    ...names.map((name) =>
      name === 'maxresults' && ownLargest !== undefined ? toMaxResults(ownLargest) : toReference(name),
    ),
  ];
}

/** The path of a route: a file's path is one segment, with `%2F` between its names. */
export const pathOf = (route: string): string => `/${route.replace(/\/\{\*\w+\}$/, '')}`;

function toMaxResults(most: number): JsonObject {
  return query('maxresults', 'How many items a page may have.', {
    ...{ type: 'integer', minimum: 1, maximum: most, default: most },
  });
}

function toReference(name: string): JsonObject {
  if (known[name] === undefined) throw new Error(`The parameter '${name}' is not described.`);
  return { $ref: `#/components/parameters/${componentName(name)}` };
}

function componentName(name: string): string {
  return name.replace('$', '');
}

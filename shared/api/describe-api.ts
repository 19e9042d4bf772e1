// The description of the whole API, in OpenAPI 3.1. It is made from the definitions of the operations and the schemas that they check
// with, so that it cannot say anything else than the service does. https://spec.openapis.org/oas/v3.1.1
import type { OperationDefinition } from '../rest/operation-definition.js';
import { operationsByResource } from './all-operations.js';
import { describeAnswers, sharedAnswers, sharedHeaders } from './describe-answers.js';
import { describeParameters, pathOf, sharedParameters } from './describe-parameters.js';
import { describeSchemas, refTo, type JsonObject } from './describe-schemas.js';

/** What carries no data and needs no key: answered by functions of their own. */
const anonymousPaths: Readonly<Record<string, JsonObject>> = {
  '/health': { get: toAnonymous('health', 'Tells that the app answers.') },
  '/openapi.json': { get: toAnonymous('get-api-description', 'Shows this description.', 'application/json') },
};

/** The OpenAPI document. The same for every request. */
export function describeApi(): JsonObject {
  const paths: Record<string, Record<string, JsonObject>> = {};
  for (const [tag, operations] of Object.entries(operationsByResource)) {
    for (const definition of operations) {
      const path = (paths[pathOf(definition.route)] ??= {});
      path[definition.verb.toLowerCase()] = describeOperation(definition, tag);
    }
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Bookend',
      version: '2022-10-01.16.0',
      summary: 'The data plane of the Azure Batch service, as far as Bookend serves it.',
      description: [
        'Ids are taken in any letter case, and so are the values of properties that name one of several choices.',
        'A null in a request body is as good as nothing. Operations marked `x-bookend-extension` are no part of Batch.',
      ].join(' '),
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    security: [{ SharedKey: [] }, { bearer: [] }],
    tags: Object.keys(operationsByResource).map((name) => ({ name })),
    paths: { ...paths, ...anonymousPaths },
    components: {
      securitySchemes,
      schemas: describeSchemas(),
      parameters: sharedParameters,
      headers: sharedHeaders,
      responses: sharedAnswers,
    },
  };
}

const securitySchemes = {
  SharedKey: {
    type: 'apiKey',
    in: 'header',
    name: 'Authorization',
    description:
      '`SharedKey <account>:<signature>`, as https://learn.microsoft.com/rest/api/batchservice/authenticate-requests-to-the-azure-batch-service has it.',
  },
  bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'A token of Microsoft Entra ID.' },
  joinToken: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'Signed with a join key of the pool.',
  },
};

function describeOperation(definition: OperationDefinition, tag: string): JsonObject {
  const { name, summary, body, bodySchema, isExtension, authentication } = definition;
  return {
    operationId: name,
    summary,
    tags: [tag],
    ...(isExtension && { 'x-bookend-extension': true }),
    ...(authentication === 'byOperation' && { security: [{ joinToken: [] }] }),
    parameters: describeParameters(definition),
    ...(body && {
      requestBody: {
        required: body === 'required',
        content: { 'application/json': { schema: bodySchema ? refTo(bodySchema) : { type: 'object' } } },
      },
    }),
    responses: describeAnswers(definition),
  };
}

function toAnonymous(operationId: string, summary: string, contentType?: string): JsonObject {
  return {
    operationId,
    summary,
    'x-bookend-extension': true,
    security: [],
    responses: {
      200: {
        description: 'It does.',
        ...(contentType !== undefined && { content: { [contentType]: { schema: { type: 'object' } } } }),
      },
    },
  };
}

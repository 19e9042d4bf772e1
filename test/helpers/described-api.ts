// The description of the API as tests use it: which operation a request is of, and a validator for each schema in it.
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { z } from 'zod';
import { describeApi } from '../../shared/api/describe-api.js';

const jsonSchema = z.record(z.string(), z.unknown());
const referenceSchema = z.object({ $ref: z.string() });
const contentSchema = z.record(z.string(), z.object({ schema: jsonSchema.optional() }));
const headerSchema = z.object({ required: z.boolean().optional(), schema: jsonSchema });
const answerSchema = z.object({
  headers: z.record(z.string(), referenceSchema).optional(),
  content: contentSchema.optional(),
});
const parameterSchema = z.object({ name: z.string(), in: z.enum(['path', 'query', 'header']) });
const operationSchema = z.object({
  operationId: z.string(),
  parameters: z.array(z.union([referenceSchema, parameterSchema])).default([]),
  requestBody: z.object({ content: contentSchema }).optional(),
  responses: z.record(z.string(), z.union([referenceSchema, answerSchema])),
});
const apiSchema = z.object({
  paths: z.record(z.string(), z.record(z.string(), operationSchema)),
  components: z.object({
    schemas: z.record(z.string(), jsonSchema),
    headers: z.record(z.string(), headerSchema),
    parameters: z.record(z.string(), parameterSchema),
    responses: z.record(z.string(), answerSchema),
  }),
});

export type JsonSchema = z.infer<typeof jsonSchema>;
export type DescribedAnswer = z.infer<typeof answerSchema>;
export type DescribedHeader = z.infer<typeof headerSchema>;
export type DescribedOperation = {
  readonly id: string;
  readonly parameters: readonly z.infer<typeof parameterSchema>[];
  /** Of its body, if it takes one. */
  readonly body: JsonSchema | undefined;
  readonly answers: Readonly<Record<string, DescribedAnswer>>;
};

export type DescribedApi = {
  /** The operation of a target, which is path and query as they are sent. */
  find(method: string, target: string): DescribedOperation | undefined;
  /** How a request that reaches no operation is refused. */
  refusal(status: number): DescribedAnswer | undefined;
  header(reference: { readonly $ref: string }): DescribedHeader;
  /** Compiles a schema once. */
  validatorOf(schema: JsonSchema): ValidateFunction;
};

let described: DescribedApi | undefined;

/** As it is in the source. Throws when it cannot be used: a schema that cannot be compiled, a reference that leads nowhere. */
export function describedApi(): DescribedApi {
  return (described ??= loadDescription());
}

function loadDescription(): DescribedApi {
  const { paths, components } = apiSchema.parse(JSON.parse(JSON.stringify(describeApi())));
  const validatorOf = createValidators(components.schemas);
  const operations = Object.entries(paths).map(([path, verbs]) => ({
    pattern: toPattern(path),
    verbs: Object.fromEntries(Object.entries(verbs).map(([verb, operation]) => [verb, resolve(operation)])),
  }));
  for (const { verbs } of operations) {
    for (const { body, answers } of Object.values(verbs)) {
      if (body) validatorOf(body);
      for (const { content = {} } of Object.values(answers))
        for (const { schema } of Object.values(content)) if (schema) validatorOf(schema);
    }
  }
  return {
    find(method, target) {
      const [path = ''] = target.split('?');
      return operations.find(({ pattern }) => pattern.test(path))?.verbs[method.toLowerCase()];
    },
    refusal: (status) => components.responses[`Refused${status}`],
    header: ({ $ref }) => follow($ref, 'headers', components.headers),
    validatorOf,
  };

  function resolve({
    operationId,
    parameters,
    requestBody,
    responses,
  }: z.infer<typeof operationSchema>): DescribedOperation {
    const answers = Object.entries(responses).map(
      ([status, answer]) =>
        [status, '$ref' in answer ? follow(answer.$ref, 'responses', components.responses) : answer] as const,
    );
    return {
      id: operationId,
      parameters: parameters.map((each) =>
        '$ref' in each ? follow(each.$ref, 'parameters', components.parameters) : each,
      ),
      body: requestBody?.content['application/json']?.schema,
      answers: Object.fromEntries(answers),
    };
  }
}

function follow<Member>(reference: string, kind: string, members: Readonly<Record<string, Member>>): Member {
  const found = members[reference.replace(`#/components/${kind}/`, '')];
  if (found === undefined) throw new Error(`The description refers to ${reference}, which it does not have.`);
  return found;
}

function createValidators(schemas: Readonly<Record<string, JsonSchema>>): DescribedApi['validatorOf'] {
  const ajv = new Ajv2020({ strict: true, allErrors: true, strictTypes: false, strictRequired: false });
  ajv.addVocabulary(['x-bookend-unsupported', 'components']);
  for (const [name, format] of Object.entries(formats)) ajv.addFormat(name, format);
  ajv.addSchema({ $id: 'api', components: { schemas } });
  const compiled = new Map<string, ValidateFunction>();
  return (schema) => {
    const key = JSON.stringify(schema);
    const found = compiled.get(key) ?? ajv.compile(JSON.parse(key.replaceAll('"$ref":"#/', '"$ref":"api#/')) as object);
    compiled.set(key, found);
    return found;
  };
}

// A file path is one segment, but a link may have it with plain slashes.
function toPattern(path: string): RegExp {
  const source = path
    .replace(/[.()]/g, '\\$&')
    .replace(/\{filePath\}$/, '.+')
    .replace(/\{\w+\}/g, '[^/]+');
  return new RegExp(`^${source}/?$`, 'i');
}

const formats: Readonly<Record<string, RegExp | ((text: string) => boolean)>> = {
  'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?Z$/,
  duration: /^P(?=.)(\d+Y)?(\d+M)?(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+(\.\d{1,7})?S)?)?$/,
  uri: (text) => URL.canParse(text),
  uuid: /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i,
};

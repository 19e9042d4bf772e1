// Whether an answer is as the description of the API has it: of a described operation, with a status, headers and a body that belong there.
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { z } from 'zod';
import { describeApi } from '../../shared/api/describe-api.js';

/** An answer as a client gets it, with the target of its request: path and query as they were sent. */
export type GivenAnswer = {
  readonly method: string;
  readonly target: string;
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Of a JSON answer; files are not looked into. */
  readonly body: string;
};

/** The operation that answered, if the path has one, and everything in which the answer is not as described. */
export type CheckedAnswer = { readonly operation: string | undefined; readonly faults: readonly string[] };

const jsonSchema = z.record(z.string(), z.unknown());
const referenceSchema = z.object({ $ref: z.string() });
const headerSchema = z.object({ required: z.boolean().optional(), schema: jsonSchema });
const answerSchema = z.object({
  headers: z.record(z.string(), referenceSchema).optional(),
  content: z.record(z.string(), z.object({ schema: jsonSchema.optional() })).optional(),
});
const apiSchema = z.object({
  paths: z.record(
    z.string(),
    z.record(
      z.string(),
      z.object({ operationId: z.string(), responses: z.record(z.string(), z.union([referenceSchema, answerSchema])) }),
    ),
  ),
  components: z.object({
    schemas: z.record(z.string(), jsonSchema),
    headers: z.record(z.string(), headerSchema),
    responses: z.record(z.string(), answerSchema),
  }),
});
type Api = z.infer<typeof apiSchema>;

const errorSchema = z.looseObject({ code: z.string() });

let checker: ((given: GivenAnswer) => CheckedAnswer) | undefined;

/** Checks one answer against the description of the API as it is in the source. */
export function checkAnswer(
  method: string,
  target: string,
  status: number,
  headers: GivenAnswer['headers'],
  body: string,
): CheckedAnswer {
  checker ??= createAnswerChecker();
  return checker({ method, target, status, headers, body });
}

export function createAnswerChecker(): (given: GivenAnswer) => CheckedAnswer {
  const api = apiSchema.parse(JSON.parse(JSON.stringify(describeApi())));
  const ajv = new Ajv2020({ strict: true, allErrors: true, strictTypes: false, strictRequired: false });
  ajv.addVocabulary(['x-bookend-unsupported', 'components']);
  for (const [name, format] of Object.entries(formats)) ajv.addFormat(name, format);
  ajv.addSchema({ $id: 'api', components: api.components.schemas && { schemas: api.components.schemas } });
  const compiled = new Map<string, ValidateFunction>();
  const validatorOf = (schema: Readonly<Record<string, unknown>>): ValidateFunction => {
    const key = JSON.stringify(schema);
    const found = compiled.get(key) ?? ajv.compile(JSON.parse(key.replaceAll('"$ref":"#/', '"$ref":"api#/')));
    compiled.set(key, found);
    return found;
  };
  for (const schema of Object.keys(api.components.schemas)) validatorOf({ $ref: `#/components/schemas/${schema}` });
  for (const answer of answersOf(api)) {
    for (const { schema } of Object.values(answer.content ?? {})) if (schema) validatorOf(schema);
  }
  const paths = Object.entries(api.paths).map(([path, verbs]) => ({ pattern: toPattern(path), verbs }));

  return (given) => {
    const [path = ''] = given.target.split('?');
    const found = paths.find(({ pattern }) => pattern.test(path))?.verbs[given.method.toLowerCase()];
    if (!found) return { operation: undefined, faults: faultsOfUnanswered(given, api, validatorOf) };
    const described = found.responses[String(given.status)];
    if (!described) {
      return { operation: found.operationId, faults: [`status ${given.status} is not described: ${given.body}`] };
    }
    return { operation: found.operationId, faults: faultsOf(given, resolve(described, api), api, validatorOf) };
  };
}

function answersOf(api: Api): Answer[] {
  const operations = Object.values(api.paths).flatMap((verbs) => Object.values(verbs));
  return operations.flatMap(({ responses }) => Object.values(responses).map((answer) => resolve(answer, api)));
}

type ValidatorOf = (schema: Readonly<Record<string, unknown>>) => ValidateFunction;
type Answer = z.infer<typeof answerSchema>;

// What reaches no operation is refused by its status and code all the same.
function faultsOfUnanswered(given: GivenAnswer, api: Api, validatorOf: ValidatorOf): string[] {
  const refusal = api.components.responses[`Refused${given.status}`];
  if (!refusal) return [`no operation is described here, and status ${given.status} is no refusal`];
  const answer = given.method === 'HEAD' ? { ...refusal, content: undefined } : refusal;
  return faultsOf(given, answer, api, validatorOf);
}

function faultsOf(given: GivenAnswer, answer: Answer, api: Api, validatorOf: ValidatorOf): string[] {
  return [...headerFaults(given, answer, api, validatorOf), ...bodyFaults(given, answer, validatorOf)];
}

function headerFaults({ headers }: GivenAnswer, answer: Answer, api: Api, validatorOf: ValidatorOf): string[] {
  return Object.entries(answer.headers ?? {}).flatMap(([name, { $ref }]) => {
    const described = api.components.headers[$ref.replace('#/components/headers/', '')];
    const value = headers[name.toLowerCase()];
    if (value === undefined) return described?.required === true ? [`header ${name} is missing`] : [];
    const validate = validatorOf(described?.schema ?? {});
    return validate(value) ? [] : [`header ${name} is '${String(value)}': ${told(validate)}`];
  });
}

function bodyFaults(given: GivenAnswer, answer: Answer, validatorOf: ValidatorOf): string[] {
  const [described] = Object.entries(answer.content ?? {});
  if (!described) return given.body === '' ? [] : [`there is a body where none belongs: ${given.body.slice(0, 200)}`];
  const [type, { schema }] = described;
  if (type === '*/*') return [];
  if (given.headers['content-type'] !== type) {
    return [`the content type is '${String(given.headers['content-type'])}' instead of '${type}'`];
  }
  const body: unknown = parse(given.body);
  if (body === undefined) return [`the body is no JSON: ${given.body.slice(0, 200)}`];
  const validate = validatorOf(schema ?? {});
  if (validate(body)) return [];
  const isSelection = /[?&](\$|%24)select=/i.test(given.target);
  const errors = (validate.errors ?? []).filter((error) => !isSelection || !isLeftOut(error));
  const code = errorSchema.safeParse(body).data?.code;
  return errors.map(({ instancePath, message, params }) =>
    [`body${code === undefined ? '' : ` (${code})`}`, instancePath, message, JSON.stringify(params)].join(' '),
  );
}

// `$select` may leave out what is required otherwise: of the answer itself, or of an item of a list.
function isLeftOut({ keyword, instancePath }: { keyword: string; instancePath: string }): boolean {
  return keyword === 'required' && /^(\/value\/\d+)?$/.test(instancePath);
}

function told({ errors }: ValidateFunction): string {
  return (errors ?? []).map(({ message }) => message).join(', ');
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Told as a fault by the caller.
    return undefined;
  }
}

function resolve(answer: Answer | z.infer<typeof referenceSchema>, api: Api): Answer {
  if (!('$ref' in answer)) return answer;
  const name = answer.$ref.replace('#/components/responses/', '');
  const found = api.components.responses[name];
  if (!found) throw new Error(`The description has no answer '${name}'.`);
  return found;
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

// Whether an answer is as the description of the API has it: of a described operation, with a status, headers and a body that belong there.
import type { ValidateFunction } from 'ajv/dist/2020.js';
import { z } from 'zod';
import { describedApi, type DescribedAnswer } from './described-api.js';

/** The operation that answered, if the path has one, and everything in which the answer is not as described. */
export type CheckedAnswer = { readonly operation: string | undefined; readonly faults: readonly string[] };

/** Names in lower case. */
export type AnswerHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

type GivenAnswer = {
  readonly method: string;
  readonly target: string;
  readonly headers: AnswerHeaders;
  readonly body: string;
};

const errorSchema = z.looseObject({ code: z.string() });

/**
 * Checks one answer against the description of the API as it is in the source. `target` is path and query as they were sent; `body` is
 * that of a JSON answer, as files are not looked into.
 */
export function checkAnswer(
  method: string,
  target: string,
  status: number,
  headers: AnswerHeaders,
  body: string,
): CheckedAnswer {
  const given = { method: method.toUpperCase(), target, headers, body };
  const operation = describedApi().find(method, target);
  if (!operation) return { operation: undefined, faults: faultsOfUnanswered(given, status) };
  const answer = operation.answers[String(status)];
  return {
    operation: operation.id,
    faults: answer ? faultsOf(given, answer) : [`status ${status} is not described: ${body.slice(0, 200)}`],
  };
}

// What reaches no operation is refused by its status and code all the same.
function faultsOfUnanswered(given: GivenAnswer, status: number): string[] {
  const refusal = describedApi().refusal(status);
  if (!refusal) return [`no operation is described here, and status ${status} is no refusal`];
  const { content: _, ...withoutContent } = refusal;
  return faultsOf(given, given.method === 'HEAD' ? withoutContent : refusal);
}

function faultsOf(given: GivenAnswer, answer: DescribedAnswer): string[] {
  return [...headerFaults(given, answer), ...bodyFaults(given, answer)];
}

function headerFaults({ headers }: GivenAnswer, answer: DescribedAnswer): string[] {
  return Object.entries(answer.headers ?? {}).flatMap(([name, reference]) => {
    const described = describedApi().header(reference);
    const value = headers[name.toLowerCase()];
    if (value === undefined) return described.required === true ? [`header ${name} is missing`] : [];
    const validate = describedApi().validatorOf(described.schema);
    return validate(value) ? [] : [`header ${name} is '${String(value)}': ${told(validate)}`];
  });
}

function bodyFaults(given: GivenAnswer, answer: DescribedAnswer): string[] {
  const [described] = Object.entries(answer.content ?? {});
  if (!described) return given.body === '' ? [] : [`there is a body where none belongs: ${given.body.slice(0, 200)}`];
  const [type, { schema }] = described;
  if (type === '*/*') return [];
  if (given.headers['content-type'] !== type) {
    return [`the content type is '${String(given.headers['content-type'])}' instead of '${type}'`];
  }
  const body: unknown = parse(given.body);
  if (body === undefined) return [`the body is no JSON: ${given.body.slice(0, 200)}`];
  const validate = describedApi().validatorOf(schema ?? {});
  if (validate(body)) return [];
  const isSelection = /[?&](\$|%24)select=/i.test(given.target);
  const code = errorSchema.safeParse(body).data?.code;
  return (validate.errors ?? [])
    .filter((error) => !isSelection || !isLeftOut(error))
    .map(({ instancePath, message, params }) =>
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

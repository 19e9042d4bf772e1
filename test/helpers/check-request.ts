// Whether a request that was accepted is one that the description of the API allows: who goes by it must be able to say all that works.
import type { ErrorObject } from 'ajv/dist/2020.js';
import { describedApi } from './described-api.js';

/** Everything in which a request that was answered with a success is not as described. `body` is its text. */
export function checkAcceptedRequest(method: string, target: string, body: string): readonly string[] {
  const operation = describedApi().find(method, target);
  if (!operation) return [];
  const known = operation.parameters.filter(({ in: place }) => place === 'query').map(({ name }) => name.toLowerCase());
  const asked = [...new URL(target, 'http://localhost').searchParams.keys()];
  return [
    ...asked.filter((name) => !known.includes(name.toLowerCase())).map((name) => `query ${name} is not described`),
    ...(body === '' ? [] : bodyFaults(operation.body, JSON.parse(body))),
  ];
}

function bodyFaults(schema: Readonly<Record<string, unknown>> | undefined, given: unknown): string[] {
  if (schema === undefined) return ['a body is not described'];
  const body = withoutNulls(given);
  const validate = describedApi().validatorOf(schema);
  if (validate(body)) return [];
  return (validate.errors ?? [])
    .filter((error) => !isOtherCase(error, body))
    .map(({ instancePath, message, params }) => `accepted body ${instancePath} ${message} ${JSON.stringify(params)}`);
}

// A null is as good as nothing.
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== null)
      .map(([name, item]) => [name, withoutNulls(item)]),
  );
}

// JSON Schema cannot say that letter case does not matter; the description says it in words.
function isOtherCase({ keyword, params, instancePath }: ErrorObject, body: unknown): boolean {
  if (keyword !== 'enum') return false;
  const given = instancePath
    .split('/')
    .slice(1)
    .reduce<unknown>((at, name) => (typeof at === 'object' && at !== null ? Reflect.get(at, name) : undefined), body);
  const { allowedValues } = params as { allowedValues: readonly unknown[] };
  return typeof given === 'string' && allowedValues.includes(given.toLowerCase());
}

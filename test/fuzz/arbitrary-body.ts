// Bodies of an operation: what its own schema allows, beside examples of what it accepts, with faults in some of them.
import fc from 'fast-check';
import { z } from 'zod';
import { allOperations } from '../../shared/api/all-operations.js';
import type { AppOperation } from './app-operations.js';
import type { KnownIds } from './arbitrary-path.js';
import { bodyExamples, nodeMark } from './body-examples.js';
import { bodyFrom } from './json-mutations.js';
import { oneOf, weighted } from './one-of.js';
import { valuesOfSchema } from './schema-values.js';

const allExamples = Object.values(bodyExamples).flat();

/** Latin-1 text of bodies for `operation`, or none. */
export function bodiesOf({ name, method }: AppOperation, ids: KnownIds): fc.Arbitrary<string | undefined> {
  const schema = schemaOf(name);
  const own = bodyExamples[name];
  const examples = (own ?? (schema === undefined ? allExamples : [])).map((example) => withIds(example, ids));
  const sources = [
    ...(schema === undefined ? [] : [weighted(1, valuesOfSchema(schema, namedValues(ids)))]),
    ...(examples.length === 0 ? [] : [weighted(1, fc.constantFrom<unknown>(...examples))]),
  ];
  const takesOne = own !== undefined || schema !== undefined;
  const carriesOne = ['POST', 'PUT', 'PATCH'].includes(method);
  return oneOf<string | undefined>(
    weighted(takesOne ? 1 : carriesOne ? 5 : 25, fc.constant(undefined)),
    weighted(takesOne ? 14 : 1, bodyFrom(fc.oneof(...sources))),
  );
}

/** What the body of an operation is checked with, as JSON Schema; undefined for one without. */
export function schemaOf(name: string): unknown {
  const schema = allOperations.find((operation) => operation.name === name)?.bodySchema;
  return schema && z.toJSONSchema(schema, { io: 'input' });
}

/** Values for the properties of bodies that name something: what is there, and what may be added. */
export const namedValues = (ids: KnownIds): Readonly<Record<string, readonly string[]>> => ({
  ...ids,
  id: freshIds,
  affinityId: ids['nodeId'] ?? [],
  nodeList: ids['nodeId'] ?? [],
  taskIds: ids['taskId'] ?? [],
});

/** Of whatever is added: few, so that requests that follow find it. */
export const freshIds = ['Fresh-1', 'Fresh-2', 't1'] as const;

/** What is there, and what may have been added. */
export function withFresh(ids: KnownIds): KnownIds {
  const added = Object.keys(ids).filter((name) =>
    ['poolId', 'jobId', 'jobScheduleId', 'scheduleId', 'taskId'].includes(name),
  );
  return { ...ids, ...Object.fromEntries(added.map((name) => [name, [...(ids[name] ?? []), ...freshIds]])) };
}

const withIds = (example: object, ids: KnownIds): object =>
  JSON.parse(JSON.stringify(example).replaceAll(nodeMark, ids['nodeId']?.[0] ?? '')) as object;

// The description of the API: whole, valid, and no other than what the service goes by.
import { Validator } from '@seriousme/openapi-schema-validator';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { supportedImageFilters } from '../../../shared/account/supported-image.js';
import { allOperations } from '../../../shared/api/all-operations.js';
import { describeApi } from '../../../shared/api/describe-api.js';
import { unsupportedOperations } from '../../../shared/api/unsupported-operations.js';
import { attemptFilters } from '../../../shared/job-nodes/attempt-resource.js';
import { preparationAndReleaseFilters } from '../../../shared/job-nodes/job-node-filters.js';
import { jobFilters } from '../../../shared/jobs/job-filters.js';
import { fileFilters, nodeFilters } from '../../../shared/nodes/node-filters.js';
import { nodeCountFilters } from '../../../shared/pools/node-counts.js';
import { poolFilters } from '../../../shared/pools/pool-filters.js';
import type { FilterTable } from '../../../shared/rest/odata-filter.js';
import { taskFilters } from '../../../shared/tasks/task-filters.js';
import { describedApi } from '../../helpers/described-api.js';

const anyObject = z.record(z.string(), z.unknown());
const api = z
  .object({
    paths: z.record(z.string(), z.record(z.string(), z.object({ operationId: z.string() }))),
    components: z.record(z.string(), z.record(z.string(), anyObject)),
  })
  .parse(describeApi());
const { schemas = {} } = api.components;

test('it is valid OpenAPI 3.1', async () => {
  const validator = new Validator();
  const { valid, errors } = await validator.validate(JSON.parse(JSON.stringify(describeApi())));
  expect(errors).toBeUndefined();
  expect(valid).toBe(true);
  expect(validator.version).toBe('3.1');
});

test('it describes every operation, and beside them what needs no key', () => {
  const described = Object.values(api.paths).flatMap((verbs) => Object.values(verbs).map((each) => each.operationId));
  expect(described.sort()).toEqual([...allOperations.map(({ name }) => name), 'get-api-description', 'health'].sort());
});

test('it describes nothing that is refused as not supported', () => {
  const served = Object.entries(api.paths).flatMap(([path, verbs]) =>
    Object.keys(verbs).map((verb) => `${verb.toUpperCase()} ${path.replace(/\{[^}]*\}/g, '{}')}`),
  );
  const refused = Object.entries(unsupportedOperations).flatMap(([path, verbs]) =>
    Object.keys(verbs).map((verb) => `${verb} /${path.replace('{*}', '{}')}`),
  );
  expect(served.filter((operation) => refused.includes(operation))).toEqual([]);
});

test('every reference leads somewhere, and every component is referred to', () => {
  const text = JSON.stringify(describeApi());
  const used = new Set([...text.matchAll(/"\$ref":"#\/components\/([^"]*)"/g)].map(([, place]) => place));
  const there = Object.entries(api.components)
    .filter(([kind]) => kind !== 'securitySchemes')
    .flatMap(([kind, members]) => Object.keys(members).map((name) => `${kind}/${name}`));
  expect([...used].filter((place) => !there.includes(place ?? ''))).toEqual([]);
  // Refusals of requests that reach no operation.
  const ofNoOperation = [405, 411].map((status) => `responses/Refused${status}`);
  expect(there.filter((place) => !used.has(place) && !ofNoOperation.includes(place))).toEqual([]);
});

test('every schema can be checked with', () => {
  expect(() => describedApi()).not.toThrow();
});

test('every default is a value that the property may have', () => {
  const { validatorOf } = describedApi();
  const all = withDefault(JSON.parse(JSON.stringify(schemas)));
  expect(all.length).toBeGreaterThan(30);
  const refused = all.filter((schema) => {
    const { default: value, ...rest } = schema;
    return !validatorOf(rest)(value);
  });
  expect(refused).toEqual([]);

  function withDefault(at: unknown): z.infer<typeof anyObject>[] {
    if (Array.isArray(at)) return at.flatMap(withDefault);
    const found = anyObject.safeParse(at);
    if (!found.success) return [];
    // A property may itself be called so, as exit conditions have it.
    const isDefault = 'default' in found.data && typeof found.data['type'] === 'string';
    return [...(isDefault ? [found.data] : []), ...Object.values(found.data).flatMap(withDefault)];
  }
});

describe('what a list can be filtered by is shown in it', () => {
  const lists: readonly (readonly [string, FilterTable])[] = [
    ['CloudPool', poolFilters],
    ['PoolNodeCounts', nodeCountFilters],
    ['ComputeNode', nodeFilters],
    ['NodeFile', fileFilters],
    ['CloudJob', jobFilters],
    ['JobPreparationAndReleaseTaskExecutionInformation', preparationAndReleaseFilters],
    ['PreparationAndReleaseAttempts', attemptFilters],
    ['CloudTask', taskFilters],
    ['ImageInformation', supportedImageFilters],
  ];
  const cases = lists.flatMap(([schema, filters]) =>
    Object.entries(filters).map(([name, { kind, path = name }]) => ({ schema, name, kind, path })),
  );
  test.each(cases)('$schema $name', ({ schema, kind, path }) => {
    const shown = path.split('/').reduce<z.infer<typeof anyObject>>((at, name) => member(at, name), { $ref: schema });
    const types = { text: 'string', instant: 'string', number: 'integer', boolean: 'boolean' };
    expect(shown['type']).toBe(types[kind]);
    expect(shown['format'] === 'date-time').toBe(kind === 'instant');
  });

  function member(at: z.infer<typeof anyObject>, name: string): z.infer<typeof anyObject> {
    const id = z.string().optional().parse(at['$ref'])?.replace('#/components/schemas/', '');
    const schema = id === undefined ? at : schemas[id];
    return anyObject.parse(anyObject.parse(schema?.['properties'])[name]);
  }
});

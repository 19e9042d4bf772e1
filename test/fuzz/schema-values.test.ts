// Whether bodies made from schemas get past them: a generator that is always refused tests nothing but refusals.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { allOperations } from '../../shared/api/all-operations.js';
import { freshIds, schemaOf } from './arbitrary-body.js';
import { shrinkableJson, simpler } from './shrinkable-json.js';
import { valuesOfSchema } from './schema-values.js';

const withBody = allOperations.flatMap(({ name, bodySchema }) => (bodySchema ? [{ name, bodySchema }] : []));

describe('bodies made from the schema of an operation', () => {
  test.each(withBody)('$name are accepted by it often enough, and say each property', ({ name, bodySchema }) => {
    const values = valuesOfSchema(schemaOf(name), { id: freshIds, poolId: ['Pool-1'] });
    const drawn = fc.sample(values, { numRuns: 300, seed: 1 });
    const accepted = drawn.filter((value) => bodySchema.safeParse(JSON.parse(JSON.stringify(value))).success);
    expect(accepted.length).toBeGreaterThan(drawn.length / 20);
    const shape =
      'shape' in bodySchema && typeof bodySchema.shape === 'object' ? Object.keys(bodySchema.shape ?? {}) : [];
    const said = new Set(
      drawn.flatMap((value) => (typeof value === 'object' && value !== null ? Object.keys(value) : [])),
    );
    expect(shape.filter((property) => !said.has(property))).toEqual([]);
  });

  test('a keyword that is not known is an error, and not passed over', () => {
    expect(() => valuesOfSchema({ type: 'string', contentEncoding: 'base64' }, {})).toThrow('contentEncoding');
  });
});

describe('what is simpler than a value', () => {
  const sizeOf = (value: unknown): number => {
    if (typeof value === 'string') return 1 + value.length;
    if (typeof value === 'number') return value === 0 ? 1 : 2 + Math.abs(value);
    if (typeof value !== 'object' || value === null) return 1;
    return Object.values(value).reduce<number>((sum, item) => sum + sizeOf(item), 2);
  };

  test('is smaller, so that shrinking comes to an end', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 3 }), (drawn) => {
        // Sums of the largest numbers would be rounded.
        const value: unknown = JSON.parse(JSON.stringify(drawn), (_, item: unknown) =>
          typeof item === 'number' ? Math.trunc(item % 1_000) : item,
        );
        for (const each of simpler(value)) expect(sizeOf(each)).toBeLessThan(sizeOf(value));
      }),
      { seed: 1 },
    );
  });

  test('leads to the least that still fails', () => {
    const values = shrinkableJson(fc.constant({ a: { b: [1, 2, { secret: 'xyz' }], c: true }, d: ['e'] }));
    const holds = (value: unknown): boolean => !JSON.stringify(value).includes('secret');
    const { counterexample } = fc.check(fc.property(values, holds));
    expect(counterexample).toEqual([{ a: { b: [{ secret: '' }] } }]);
  });
});

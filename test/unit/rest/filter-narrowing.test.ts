// What of a filter a table can answer: conditions on columns and ranges of keys. Both may let more through than the filter, never less.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toColumns, toCondition, type FilterColumns } from '../../../shared/rest/filter-columns.js';
import { toKeyRange } from '../../../shared/rest/filter-keys.js';
import { filterable, parseFilter, type FilterTable } from '../../../shared/rest/odata-filter.js';
import { matchesFilter, mayMatch } from '../../../shared/rest/odata-match.js';
import { isMet, refuseUnaskable, type Condition } from '../../../shared/tables/condition.js';

const table: FilterTable = {
  id: filterable.text,
  state: filterable.choice,
  creationTime: filterable.instant,
  lastModifiedTime: { ...filterable.instant, path: 'lastModified' },
  lastModified: filterable.instant,
  enabled: filterable.boolean,
  'info/exitCode': filterable.number,
  'info/poolId': filterable.text,
  vmSize: filterable.choice,
};
const columns: FilterColumns = {
  state: { column: 'state', kind: 'text' },
  creationTime: { column: 'creationTime', kind: 'instant' },
  lastModified: { column: 'lastModified', kind: 'instant' },
  enabled: { column: 'enabled', kind: 'boolean' },
  'info/exitCode': { column: 'exitCode', kind: 'number' },
  'info/poolId': { column: 'poolId', kind: 'text' },
};

const conditionOf = (expression: string): Condition | undefined => toCondition(parseFilter(expression, table), columns);
const compare = (column: string, operator: 'eq' | 'ne' | 'gt' | 'ge' | 'lt' | 'le', value: string): Condition => ({
  type: 'compare',
  column,
  operator,
  value,
});

const times = ['2026-01-01T00:00:00Z', '2026-01-01T00:00:00.5Z', 'Fri, 02 Jan 2026 03:04:06 GMT', '2027-01-01'];
const ids = ['a', 'B', 'a-1', 'a_1', 'a:1', 'ab', 'abc', 'z', 'é', '', "it's"];
const comparison = fc.oneof(
  fc.tuple(fc.constantFrom('eq', 'ne', 'gt', 'ge', 'lt', 'le'), fc.constantFrom(...ids)).map(quoted('id')),
  fc.constantFrom(...ids).map((id) => `startswith(id,'${id.replaceAll("'", "''")}')`),
  fc.tuple(fc.constantFrom('eq', 'ne'), fc.constantFrom('active', 'Completed', 'é', '')).map(quoted('state')),
  fc
    .tuple(fc.constantFrom('eq', 'gt', 'le', 'ne'), fc.constantFrom('p', 'P2', 'x'.repeat(200)))
    .map(quoted('info/poolId')),
  fc.constantFrom("startswith(info/poolId,'p')", "vmSize eq 'small'", 'enabled eq true', 'enabled ne true'),
  fc
    .tuple(
      fc.constantFrom('creationTime', 'lastModifiedTime'),
      fc.constantFrom('eq', 'ne', 'gt', 'ge', 'lt', 'le'),
      fc.constantFrom(...times),
    )
    .map(([name, operator, time]) => `${name} ${operator} DateTime'${time}'`),
  fc
    .tuple(fc.constantFrom('eq', 'ne', 'gt', 'ge', 'lt', 'le'), fc.constantFrom('0', '3', '-1', '2.5', '3.0'))
    .map(([operator, number]) => `info/exitCode ${operator} ${number}`),
);
const expression = fc.letrec<{ any: string }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 5 },
    comparison,
    fc
      .tuple(fc.array(tie('any'), { minLength: 2, maxLength: 5 }), fc.constantFrom('and', 'or'))
      .map(([parts, word]) => `(${parts.join(` ${word} `)})`),
  ),
})).any;
const resource = fc.record(
  {
    id: fc.constantFrom('a', 'B', 'a-1', 'A_1', 'a:1', 'ab', 'ABC', 'z', '0', '_'),
    state: fc.constantFrom('active', 'completed', 'running'),
    creationTime: fc.constantFrom(
      '2026-01-01T00:00:00.000Z',
      '2026-01-01T00:00:00.500Z',
      '2026-06-01T00:00:00.1234567Z',
    ),
    lastModified: fc.constantFrom('2026-01-02T03:04:06.000Z', '2027-01-01T00:00:00.000Z'),
    enabled: fc.boolean(),
    info: fc.record({ exitCode: fc.constantFrom(0, 3, -1), poolId: fc.constantFrom('p', 'P2') }, { requiredKeys: [] }),
    vmSize: fc.constantFrom('small', 'large'),
  },
  { requiredKeys: ['id'] },
);

function quoted(property: string) {
  return ([operator, text]: readonly [string, string]): string =>
    `${property} ${operator} '${text.replaceAll("'", "''")}'`;
}

describe('the condition on columns', () => {
  test.each<[string, Condition | undefined]>([
    ["state eq 'Completed'", compare('state', 'eq', 'completed')],
    ["id eq 'x'", undefined],
    ["id eq 'x' and state ne 'active'", compare('state', 'ne', 'active')],
    ["id eq 'x' or state ne 'active'", undefined],
    ["state eq 'a' or state eq 'A'", compare('state', 'eq', 'a')],
    ["creationTime ge DateTime'2026-01-01'", compare('creationTime', 'ge', '2026-01-01T00:00:00.000Z')],
    [
      "lastModifiedTime lt DateTime'Fri, 02 Jan 2026 03:04:06 GMT'",
      {
        type: 'all',
        parts: [compare('lastModified', 'gt', ''), compare('lastModified', 'lt', '2026-01-02T03:04:06.000Z')],
      },
    ],
    ['info/exitCode eq 3.0', compare('exitCode', 'eq', '3')],
    ['info/exitCode gt 0', compare('exitCode', 'gt', '')],
    ["vmSize eq 'small'", undefined],
    ["state eq 'é'", undefined],
  ])('of %s', (text, expected) => {
    expect(conditionOf(text)).toEqual(expected);
  });

  test('of a filter with more comparisons than a table takes keeps those that fit', () => {
    const states = Array.from({ length: 12 }, (_, index) => `state eq 's${index}'`).join(' or ');
    expect(conditionOf(states)).toBeUndefined();
    expect(conditionOf(`(${states}) and enabled eq true`)).toEqual({
      type: 'all',
      parts: [compare('enabled', 'eq', 'true')],
    });
  });

  test('holds for every row whose resource passes the filter, and can be asked', () => {
    fc.assert(
      fc.property(expression, resource, (text, shown) => {
        const filter = parseFilter(text, table);
        const condition = toCondition(filter, columns);
        if (condition === undefined) return;
        refuseUnaskable(condition);
        if (matchesFilter(filter, shown)) expect(isMet(condition, toColumns(columns, shown))).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });
});

describe('the range of keys', () => {
  const rangeOf = (text: string): unknown => toKeyRange(parseFilter(text, table), 'id', 'task:');

  test.each([
    ["id eq 'Ab'", { from: 'task:ab', below: 'task:ab!' }],
    ["startswith(id,'AB')", { from: 'task:ab', below: 'task:ab{' }],
    ["id ge 'a' and id lt 'c'", { from: 'task:a', below: 'task:c' }],
    ["(id eq 'c' or startswith(id,'a')) and state eq 'x'", { from: 'task:a', below: 'task:c!' }],
    ["id eq 'c' or state eq 'x'", { from: 'task:', below: 'task:{' }],
    ["id gt 'é'", { from: 'task:', below: 'task:{' }],
    ["id gt 'b' and id lt 'a'", { from: 'task:b', below: 'task:a' }],
  ])('of %s', (text, expected) => {
    expect(rangeOf(text)).toEqual(expected);
  });

  test('holds every id that passes the filter', () => {
    fc.assert(
      fc.property(expression, resource, (text, shown) => {
        const filter = parseFilter(text, table);
        if (!matchesFilter(filter, shown)) return;
        const { from = '', below = '' } = toKeyRange(filter, 'id', '');
        const key = shown.id.toLowerCase();
        expect(key >= from && key < below).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });
});

test('what may pass a filter, for all that is known of it, includes whatever passes', () => {
  const known = fc.constantFrom<readonly (readonly string[])[]>([], [['id']], [['id'], ['creationTime']], [['state']]);
  fc.assert(
    fc.property(expression, resource, known, (text, shown, names) => {
      const filter = parseFilter(text, table);
      if (!matchesFilter(filter, shown)) return;
      const facts = Object.fromEntries(names.flat().map((name) => [name, [Reflect.get(shown, name), 'other']]));
      expect(mayMatch(filter, facts)).toBe(true);
    }),
    { numRuns: 2000 },
  );
});

test('what cannot pass is known from a part of it', () => {
  const filter = parseFilter("state eq 'active' and creationTime gt DateTime'2026-01-01'", table);
  expect(mayMatch(filter, { state: ['completed', 'deleting'] })).toBe(false);
  expect(mayMatch(filter, { state: ['active'] })).toBe(true);
  expect(mayMatch(filter, { creationTime: ['2025-01-01T00:00:00Z'] })).toBe(false);
  expect(mayMatch(filter, {})).toBe(true);
});

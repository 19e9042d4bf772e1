// `$filter`: what parses, what it means for a resource, which ids it pins, and that nothing else ever comes of it.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BatchError } from '../../../shared/errors.js';
import { filterable, parseFilter, type FilterTable } from '../../../shared/rest/odata-filter.js';
import { equalitiesOf, equalityOf, matchesFilter } from '../../../shared/rest/odata-match.js';

const table: FilterTable = {
  id: filterable.text,
  state: filterable.choice,
  name: filterable.prefix,
  creationTime: filterable.instant,
  lastModifiedTime: { ...filterable.instant, path: 'lastModified' },
  enableAutoScale: filterable.boolean,
  'executionInfo/exitCode': filterable.number,
  'executionInfo/result': filterable.choice,
};

const task = {
  id: 'Task001',
  state: 'completed',
  name: 'wd/out.txt',
  creationTime: '2026-01-02T03:04:05.678Z',
  lastModified: '2026-02-02T00:00:00Z',
  enableAutoScale: false,
  executionInfo: { exitCode: 3, result: 'failure' },
};

const matches = (expression: string, resource: object = task): boolean =>
  matchesFilter(parseFilter(expression, table), resource);
const reasonOf = (expression: string): string | undefined => {
  try {
    parseFilter(expression, table);
    return undefined;
  } catch (error) {
    if (!(error instanceof BatchError)) throw error;
    expect(error.code).toBe('InvalidQueryParameterValue');
    expect(error.values).toMatchObject({ QueryParameterName: '$filter' });
    return error.values['Reason'];
  }
};

describe('a filter', () => {
  it.each([
    ["id eq 'Task001'", true],
    ["id eq 'tASK001'", true],
    ["id ne 'task001'", false],
    ["id gt 'task000' and id lt 'task002'", true],
    ["id ge 'task001' and id le 'TASK001'", true],
    ["startswith(id,'TASK')", true],
    ["startswith( id , 'x' )", false],
    ["startswith(name,'wd/')", true],
    ["state eq 'COMPLETED'", true],
    ["state eq 'active' or state eq 'completed'", true],
    ["creationTime gt DateTime'2026-01-02T03:04:05Z'", true],
    ["creationTime lt datetime'2026-01-02T03:04:05.679Z'", true],
    ["creationTime eq DateTime'2026-01-02T03:04:05.6780000Z'", true],
    ["creationTime ge DATETIME'Fri, 02 Jan 2026 03:04:06 GMT'", false],
    ["creationTime le DateTime'2026-01-02T05:04:06+02:00'", true],
    ["creationTime gt DateTime'2026-01-02'", true],
    ["lastModifiedTime gt DateTime'2026-01-31'", true],
    ['executionInfo/exitCode eq 3', true],
    ['executionInfo/exitCode lt -1', false],
    ['executionInfo/exitCode ge 2.5', true],
    ['enableAutoScale eq false', true],
    ['enableAutoScale ne True', true],
    ["executionInfo/result eq 'Failure'", true],
    ["state eq 'active' and id eq 'x' or id eq 'task001'", true],
    ["state eq 'active' and (id eq 'x' or id eq 'task001')", false],
    ["((state eq 'completed'))", true],
  ])('%s is %s', (expression, expected) => {
    expect(matches(expression)).toBe(expected);
  });

  it("reads '' in a text as one quote", () => {
    expect(matches("id eq 'it''s'", { id: "it's" })).toBe(true);
    expect(matches("id eq ''", { id: '' })).toBe(true);
  });

  it('takes an absent value as different from every value and without order', () => {
    expect(matches('executionInfo/exitCode ne 0', {})).toBe(true);
    for (const operator of ['eq', 'gt', 'ge', 'lt', 'le']) {
      expect(matches(`executionInfo/exitCode ${operator} 0`, { executionInfo: {} })).toBe(false);
    }
    expect(matches("startswith(id,'')", {})).toBe(false);
  });

  it('looks at a resource’s own properties only', () => {
    const inherited: FilterTable = { 'constructor/name': filterable.text };
    expect(matchesFilter(parseFilter("constructor/name eq 'Object'", inherited), {})).toBe(false);
    expect(reasonOf("toString eq 'x'")).toContain("property 'toString'");
  });
});

describe('a filter is refused, with its reason,', () => {
  it.each([
    ['', 'expected a property'],
    ['id', 'expected one of eq'],
    ['id eq', 'found the end'],
    ["id eq 'a' id", "expected 'and', 'or' or the end"],
    ["id eq 'a' and", 'found the end'],
    ["(id eq 'a'", "expected ')'"],
    ["id eq 'a')", 'position 9'],
    ["id eq 'a", 'position 6'],
    ["ID eq 'a'", "cannot be filtered by property 'ID'"],
    ["executionInfo/none eq 'a'", "cannot be filtered by property 'executionInfo/none'"],
    ["state gt 'a'", "'state' does not support operator 'gt'"],
    ["startswith(state,'a')", "'state' does not support operator 'startswith'"],
    ["name eq 'a'", "'name' does not support operator 'eq'"],
    ["endswith(id,'a')", "unknown function 'endswith'"],
    ["not id eq 'a'", 'expected one of eq'],
    ["id has 'a'", 'expected one of eq'],
    ["'a' eq id", 'expected a property'],
    ['id eq 1', "'text'"],
    ['id eq null', "'text'"],
    ['executionInfo/exitCode eq true', 'a number'],
    ["executionInfo/exitCode eq '1'", 'a number'],
    ["creationTime gt '2026-01-01'", 'DateTime'],
    ["creationTime gt DateTime'yesterday'", 'neither ISO 8601 nor RFC 1123'],
    ["creationTime gt DateTime'2026-02-31T00:00:00Z x'", 'neither ISO 8601 nor RFC 1123'],
    ['enableAutoScale eq 1', 'true or false'],
    ["id eq 'a' & state eq 'b'", 'unexpected character'],
    [`${'('.repeat(33)}id eq 'a'${')'.repeat(33)}`, 'nested more than 32 deep'],
    [`id eq '${'x'.repeat(16_384)}'`, 'longer than 16384'],
  ])('%s', (expression, reason) => {
    expect(reasonOf(expression)).toContain(reason);
  });

  it('only as a BatchError, whatever the text', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void reasonOf(text)));
  });

  it('only as a BatchError, whatever order its words come in', () => {
    const words = [
      'id',
      'state',
      'eq',
      'gt',
      'and',
      'or',
      '(',
      ')',
      ',',
      "'a'",
      "DateTime'2026-01-01'",
      '1',
      'true',
      'startswith',
      "'",
      'executionInfo/exitCode',
    ];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...words), { maxLength: 40 }), (picked) => {
        const expression = picked.join(' ');
        if (reasonOf(expression) === undefined) expect(matches(expression)).toBeTypeOf('boolean');
      }),
      { numRuns: 2000 },
    );
  });

  it('never for text that is quoted as it should be', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const quoted = `'${text.replaceAll("'", "''")}'`;
        expect(matches(`id eq ${quoted}`, { id: text })).toBe(true);
        expect(matches(`startswith(id,${quoted})`, { id: `${text}more` })).toBe(true);
        expect(equalityOf(parseFilter(`id eq ${quoted}`, table), 'id')).toBe(text);
      }),
    );
  });
});

describe('the ids that a filter leaves possible', () => {
  const idsOf = (expression: string): readonly string[] | undefined =>
    equalitiesOf(parseFilter(expression, table), 'id');

  it.each<[string, readonly string[] | undefined]>([
    ["id eq 'Task001'", ['Task001']],
    ["id eq 'a' or id eq 'b' or id eq 'c'", ['a', 'b', 'c']],
    ["id eq 'a' or id eq 'A'", ['A']],
    ["(id eq 'a' or id eq 'b') and state eq 'active'", ['a', 'b']],
    ["(id eq 'a' or id eq 'b') and (id eq 'b' or id eq 'c')", ['b']],
    ["id eq 'a' and id eq 'b'", []],
    ["id eq 'a' or state eq 'active'", undefined],
    ["id ne 'a'", undefined],
    ["startswith(id,'a')", undefined],
    ["state eq 'active'", undefined],
  ])('by %s are %j', (expression, expected) => {
    expect(idsOf(expression)).toEqual(expected);
  });

  it('are one only when the filter names exactly one', () => {
    expect(equalityOf(parseFilter("id eq 'a' and state ne 'b'", table), 'id')).toBe('a');
    expect(equalityOf(parseFilter("id eq 'a' or id eq 'b'", table), 'id')).toBeUndefined();
  });

  it('include every id that passes the filter', () => {
    const comparison = fc.constantFrom("id eq 'a'", "id eq 'b'", "id ne 'a'", "state eq 'x'", "id gt 'a'");
    const expression = fc.letrec<{ any: string }>((tie) => ({
      any: fc.oneof(
        { maxDepth: 4 },
        comparison,
        fc
          .tuple(tie('any'), fc.constantFrom('and', 'or'), tie('any'))
          .map(([one, word, other]) => `(${one} ${word} ${other})`),
      ),
    })).any;
    fc.assert(
      fc.property(expression, fc.constantFrom('a', 'b', 'c', 'A'), fc.constantFrom('x', 'y'), (text, id, state) => {
        const ids = idsOf(text)?.map((each) => each.toLowerCase());
        if (ids && matches(text, { id, state })) expect(ids).toContain(id.toLowerCase());
      }),
    );
  });

  it('of a thousand comparisons are found without trouble', () => {
    const many = Array.from({ length: 1000 }, (_, index) => `id eq 'x${index}'`).join(' or ');
    expect(idsOf(many.slice(0, many.lastIndexOf(' or ', 16_000)))?.length).toBeGreaterThan(700);
  });
});

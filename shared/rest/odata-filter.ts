// `$filter`: the documented part of OData, checked against what a list can be filtered by. Knows no list.
// https://learn.microsoft.com/rest/api/batchservice/odata-filters-in-batch
import { BatchError } from '../errors.js';
import { parseInstant } from './odata-instant.js';
import { FilterFault, tokenize, type Token } from './odata-tokens.js';

export type Comparator = 'eq' | 'ne' | 'gt' | 'ge' | 'lt' | 'le';
export type FilterOperator = Comparator | 'startswith';
/** What a property's values are; an instant is ISO 8601 text. */
export type FilterKind = 'text' | 'instant' | 'number' | 'boolean';

export type FilterableProperty = {
  readonly kind: FilterKind;
  readonly operators: readonly FilterOperator[];
  /** Where the value stands in the resource, when not under the property's own name. */
  readonly path?: string;
};

/** What a list can be filtered by: property names as in JSON, nested ones with `/`. */
export type FilterTable = Readonly<Record<string, FilterableProperty>>;

export type Filter =
  | { readonly type: 'all'; readonly parts: readonly Filter[] }
  | { readonly type: 'any'; readonly parts: readonly Filter[] }
  | {
      readonly type: 'comparison';
      readonly path: string;
      readonly operator: FilterOperator;
      readonly kind: FilterKind;
      /** Lower-case text, milliseconds since 1970, a number or a truth value, as `kind` says. */
      readonly value: string | number | boolean;
      /** The literal's text as it was written, for a text. */
      readonly written: string;
    };

const comparators: readonly Comparator[] = ['eq', 'ne', 'gt', 'ge', 'lt', 'le'];

/** The usual kinds of property, for filter tables. */
export const filterable = {
  text: { kind: 'text', operators: [...comparators, 'startswith'] },
  prefix: { kind: 'text', operators: ['startswith'] },
  choice: { kind: 'text', operators: ['eq', 'ne'] },
  instant: { kind: 'instant', operators: comparators },
  number: { kind: 'number', operators: comparators },
  boolean: { kind: 'boolean', operators: ['eq', 'ne'] },
} as const satisfies Record<string, FilterableProperty>;

const longestExpression = 16_384;
const deepestNesting = 32;

/**
 * Parses a `$filter`. Throws InvalidQueryParameterValue, whose Reason says what is wrong with it, for what is not of the
 * documented grammar, too long or too deeply nested, or uses a property or an operator that `table` does not have.
 */
export function parseFilter(expression: string, table: FilterTable): Filter {
  try {
    if (expression.length > longestExpression) throw new FilterFault(`longer than ${longestExpression} characters`);
    const reader = createReader(tokenize(expression), table);
    const filter = readAny(reader, 0);
    const rest = reader.peek();
    if (rest.type !== 'end') throw unexpected(rest, "'and', 'or' or the end");
    return filter;
  } catch (error) {
    if (!(error instanceof FilterFault)) throw error;
    throw new BatchError('InvalidQueryParameterValue', `The $filter cannot be used: ${error.message}.`, {
      QueryParameterName: '$filter',
      QueryParameterValue: expression.slice(0, 1024),
      Reason: error.message,
    });
  }
}

type Reader = { readonly table: FilterTable; peek(): Token; next(): Token };

function createReader(tokens: readonly Token[], table: FilterTable): Reader {
  let index = 0;
  const at = (position: number): Token => tokens[position] ?? { type: 'end', at: 0 };
  return { table, peek: () => at(index), next: () => at(index++) };
}

function readAny(reader: Reader, depth: number): Filter {
  return readSeries(reader, 'or', 'any', () => readSeries(reader, 'and', 'all', () => readTerm(reader, depth)));
}

function readSeries(reader: Reader, connector: string, type: 'any' | 'all', readPart: () => Filter): Filter {
  const first = readPart();
  const parts = [first];
  for (let token = reader.peek(); token.type === 'word' && token.text === connector; token = reader.peek()) {
    reader.next();
    parts.push(readPart());
  }
  return parts.length === 1 ? first : { type, parts };
}

function readTerm(reader: Reader, depth: number): Filter {
  const token = reader.next();
  if (token.type === 'mark' && token.text === '(') {
    if (depth >= deepestNesting) throw new FilterFault(`nested more than ${deepestNesting} deep`);
    const inner = readAny(reader, depth + 1);
    expectMark(reader, ')');
    return inner;
  }
  if (token.type !== 'word') throw unexpected(token, "a property, 'startswith' or '('");
  const after = reader.peek();
  if (after.type === 'mark' && after.text === '(') return readStartsWith(reader, token);
  const operator = readComparator(reader);
  return toComparison(reader.table, token, operator, reader.next());
}

function readStartsWith(reader: Reader, name: Token & { type: 'word' }): Filter {
  if (name.text !== 'startswith') throw new FilterFault(`unknown function '${name.text}' at position ${name.at}`);
  expectMark(reader, '(');
  const property = reader.next();
  if (property.type !== 'word') throw unexpected(property, 'a property');
  expectMark(reader, ',');
  const comparison = toComparison(reader.table, property, 'startswith', reader.next());
  expectMark(reader, ')');
  return comparison;
}

function readComparator(reader: Reader): Comparator {
  const token = reader.next();
  const operator = token.type === 'word' ? comparators.find((comparator) => comparator === token.text) : undefined;
  if (operator === undefined) throw unexpected(token, `one of ${comparators.join(', ')}`);
  return operator;
}

function toComparison(
  table: FilterTable,
  { text: name }: Token & { type: 'word' },
  operator: FilterOperator,
  literal: Token,
): Filter {
  const property = Object.hasOwn(table, name) ? table[name] : undefined;
  if (property === undefined) throw new FilterFault(`this list cannot be filtered by property '${name}'`);
  if (!property.operators.includes(operator)) {
    throw new FilterFault(`property '${name}' does not support operator '${operator}'`);
  }
  const { kind, path = name } = property;
  return { type: 'comparison', path, operator, kind, ...readLiteral(kind, name, literal) };
}

function readLiteral(
  kind: FilterKind,
  name: string,
  literal: Token,
): { value: string | number | boolean; written: string } {
  if (kind === 'text' && literal.type === 'text') return { value: literal.value.toLowerCase(), written: literal.value };
  if (kind === 'number' && literal.type === 'number') return { value: literal.value, written: String(literal.value) };
  if (kind === 'boolean' && literal.type === 'word' && /^(true|false)$/i.test(literal.text)) {
    return { value: literal.text.toLowerCase() === 'true', written: literal.text };
  }
  if (kind === 'instant' && literal.type === 'instant') {
    const instant = parseInstant(literal.text);
    if (instant !== undefined) return { value: instant, written: literal.text };
    throw new FilterFault(`the date and time at position ${literal.at} is neither ISO 8601 nor RFC 1123`);
  }
  throw unexpected(literal, `a value that property '${name}' can be compared with: ${literalForms[kind]}`);
}

const literalForms: Readonly<Record<FilterKind, string>> = {
  text: "'text'",
  number: 'a number',
  boolean: 'true or false',
  instant: "DateTime'2026-01-31T12:00:00Z'",
};

function expectMark(reader: Reader, mark: '(' | ')' | ','): void {
  const token = reader.next();
  if (token.type !== 'mark' || token.text !== mark) throw unexpected(token, `'${mark}'`);
}

function unexpected(token: Token, expected: string): FilterFault {
  const found = token.type === 'end' ? 'the end' : `something else at position ${token.at}`;
  return new FilterFault(`expected ${expected}, found ${found}`);
}

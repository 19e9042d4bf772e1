// What a query may ask of the rows in its range besides their keys: a small language over text columns, never a store's own.
//
// A row that lacks a column must not be asked about it: Azure Table Storage and Azurite disagree on what holds for it
// (https://github.com/Azure/Azurite/issues/2342). Whoever asks has to know that every row of the range has the column.
import { unreachable } from '../unreachable.js';
import type { EntityValues } from './table.js';

export type ColumnOperator = 'eq' | 'ne' | 'gt' | 'ge' | 'lt' | 'le';

/** Texts compare by their characters' codes; values are printable ASCII of bounded length, so that every store agrees on the order. */
export type Condition = { readonly type: 'all' | 'any'; readonly parts: readonly Condition[] } | Comparison;
export type Comparison = {
  readonly type: 'compare';
  readonly column: string;
  readonly operator: ColumnOperator;
  readonly value: string;
};

/** The service takes 15 comparisons in one query, of which the keys need three. */
export const maxComparisons = 10;
const longestValue = 128;

/** Whether `value` can be compared with a column's. */
export const isComparable = (value: string): boolean => value.length <= longestValue && /^[\x20-\x7e]*$/.test(value);

/** Throws for a condition that the interface rules out: too many comparisons, none, or names and values that no column has. */
export function refuseUnaskable(condition: Condition): void {
  const comparisons = comparisonsOf(condition);
  if (comparisons.length > maxComparisons)
    throw new Error(`A condition of ${comparisons.length} comparisons was asked`);
  for (const { column, value } of comparisons) {
    if (!/^[A-Za-z][A-Za-z0-9]*$/.test(column)) throw new Error(`'${column}' is no name of a column`);
    if (!isComparable(value)) throw new Error(`Column '${column}' cannot be compared with such a value`);
  }
  if (hasEmptyPart(condition)) throw new Error('A condition without parts was asked');
}

/** Every comparison in the condition, in its order. */
export function comparisonsOf(condition: Condition): readonly Comparison[] {
  return condition.type === 'compare' ? [condition] : condition.parts.flatMap(comparisonsOf);
}

/** The columns that the condition asks about. */
export const columnsIn = (condition: Condition): readonly string[] => [
  ...new Set(comparisonsOf(condition).map(({ column }) => column)),
];

function hasEmptyPart(condition: Condition): boolean {
  if (condition.type === 'compare') return false;
  return condition.parts.length === 0 || condition.parts.some(hasEmptyPart);
}

/** Whether the condition holds for a row with these values. Throws when it asks about a column that the row lacks. */
export function isMet(condition: Condition, values: EntityValues): boolean {
  const missing = comparisonsOf(condition).find(({ column }) => typeof values[column] !== 'string');
  if (missing !== undefined) throw new Error(`A row was asked about column '${missing.column}', which it lacks`);
  return holds(condition, values);
}

/** Whether the condition may hold for a row with these values: one that lacks a column may be anything. */
export function mayBeMet(condition: Condition, values: EntityValues): boolean {
  return comparisonsOf(condition).some(({ column }) => typeof values[column] !== 'string') || holds(condition, values);
}

function holds(condition: Condition, values: EntityValues): boolean {
  if (condition.type === 'compare')
    return isInRelation(condition.operator, String(values[condition.column]), condition.value);
  return condition.type === 'all'
    ? condition.parts.every((part) => holds(part, values))
    : condition.parts.some((part) => holds(part, values));
}

function isInRelation(operator: ColumnOperator, found: string, value: string): boolean {
  switch (operator) {
    case 'eq':
      return found === value;
    case 'ne':
      return found !== value;
    case 'gt':
      return found > value;
    case 'ge':
      return found >= value;
    case 'lt':
      return found < value;
    case 'le':
      return found <= value;
    default:
      return unreachable(operator);
  }
}

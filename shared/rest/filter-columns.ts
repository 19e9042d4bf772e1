// What of a `$filter` a table can answer: which columns rows carry for it, and the weaker condition on them. Knows no list.
// Both sides come from here, so that a column always says of a resource what the filter would find in it.
import { comparisonsOf, isComparable, maxComparisons, type Comparison, type Condition } from '../tables/condition.js';
import type { EntityValues } from '../tables/table.js';
import type { Filter, FilterKind } from './odata-filter.js';
import { comparableAt } from './odata-match.js';

/** By path in the resource, the column that says the same. Columns are texts, and empty where the resource has no such value. */
export type FilterColumns = Readonly<Record<string, { readonly column: string; readonly kind: FilterKind }>>;

/** The columns of a row, for what of `resource` is shown in JSON. */
export function toColumns(columns: FilterColumns, resource: object): EntityValues {
  return Object.fromEntries(
    Object.entries(columns).map(([path, { column, kind }]) => [
      column,
      toColumnText(kind, comparableAt(kind, resource, path)),
    ]),
  );
}

/**
 * A condition that holds for every row whose resource passes the filter, and perhaps for others: the filter has to be looked at again.
 * Undefined where nothing can be said. Never more comparisons than a table takes.
 */
export function toCondition(filter: Filter, columns: FilterColumns): Condition | undefined {
  const condition = weaken(filter, columns);
  return condition && fit(condition, maxComparisons);
}

type FilterComparison = Filter & { readonly type: 'comparison' };

// Filters have no negation, so whatever is left out of an `and` only makes more rows pass.
function weaken(filter: Filter, columns: FilterColumns): Condition | undefined {
  if (filter.type === 'comparison') return weakenComparison(filter, columns);
  const parts = filter.parts.map((part) => weaken(part, columns));
  const known = distinct(parts.filter((part) => part !== undefined));
  if (known.length === 0 || (filter.type === 'any' && parts.includes(undefined))) return undefined;
  return known.length === 1 ? known[0] : { type: filter.type, parts: known };
}

function weakenComparison(filter: FilterComparison, columns: FilterColumns): Condition | undefined {
  const found = Object.hasOwn(columns, filter.path) ? columns[filter.path] : undefined;
  if (found === undefined) return undefined;
  const { column } = found;
  const value = toColumnText(filter.kind, filter.value);
  const compare = (operator: Comparison['operator'], text: string): Comparison => ({
    type: 'compare',
    column,
    operator,
    value: text,
  });
  const { operator } = filter;
  // An absent value differs from every value, also from the empty one that its column has.
  if (operator === 'ne') return value !== '' && isComparable(value) ? compare('ne', value) : undefined;
  const exists = compare('gt', '');
  // As texts, numbers are equal or not, and in no order.
  const isOrdered = filter.kind !== 'number' && filter.kind !== 'boolean';
  if (!isComparable(value) || operator === 'startswith' || (operator !== 'eq' && !isOrdered))
    return filter.kind === 'text' ? undefined : exists;
  if (operator === 'lt' || operator === 'le') return { type: 'all', parts: [exists, compare(operator, value)] };
  return compare(operator, value);
}

function distinct(conditions: readonly Condition[]): readonly Condition[] {
  return [...new Map(conditions.map((condition) => [JSON.stringify(condition), condition])).values()];
}

// The small parts of an `and` first: what does not fit is left to whoever looks at the filter again.
function fit(condition: Condition, most: number): Condition | undefined {
  const size = (part: Condition): number => comparisonsOf(part).length;
  if (size(condition) <= most) return condition;
  if (condition.type !== 'all') return undefined;
  const parts: Condition[] = [];
  let left = most;
  for (const part of [...condition.parts].sort((one, other) => size(one) - size(other))) {
    if (size(part) > left) break;
    parts.push(part);
    left -= size(part);
  }
  return parts.length === 0 ? undefined : { type: 'all', parts };
}

// In one form each, so that instants compare as texts.
function toColumnText(kind: FilterKind, value: string | number | boolean | undefined): string {
  if (value === undefined) return '';
  if (kind !== 'instant') return String(value);
  const date = new Date(Number(value));
  const text = Number.isNaN(date.getTime()) ? '' : date.toISOString();
  return /^\d/.test(text) ? text : unordered;
}

// Years before 0 and after 9999 have no place among the others: nothing is asked about them.
const unordered = '\u{10ffff}';

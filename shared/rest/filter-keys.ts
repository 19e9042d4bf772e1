// Which keys a `$filter` leaves possible, where rows are ordered by the lower-case id of what they hold. Knows no list.
import type { RowRange } from '../tables/table.js';
import type { Filter } from './odata-filter.js';

type Bounds = { readonly from?: string; readonly below?: string };

/**
 * The rows that a list by `filter` has to look at: those with `prefix` and an id that `property` may have. Wider than the filter,
 * never narrower. Ids are letters, digits, `-`, `_` and `:`.
 */
export function toKeyRange(filter: Filter | undefined, property: string, prefix: string): RowRange {
  const { from = '', below = afterIds } = filter === undefined ? {} : boundsOf(filter, property);
  return { from: `${prefix}${from}`, below: `${prefix}${below}` };
}

// Characters beside those of ids: one before them all, one behind.
const beforeIds = '!';
const afterIds = '{';
const isPossible = (text: string): boolean => /^[a-z0-9_:-]{0,128}$/.test(text);

function boundsOf(filter: Filter, property: string): Bounds {
  if (filter.type === 'comparison') return boundsOfComparison(filter, property);
  const bounds = filter.parts.map((part) => boundsOf(part, property));
  const froms = bounds.map(({ from }) => from);
  const belows = bounds.map(({ below }) => below);
  if (filter.type === 'all')
    return { ...optional('from', froms.filter(isDefined).reduce(later, '')), ...earliest(belows.filter(isDefined)) };
  return {
    ...(froms.every(isDefined) && optional('from', froms.reduce(earlier))),
    ...(belows.every(isDefined) && optional('below', belows.reduce(later))),
  };
}

function boundsOfComparison(filter: Filter & { readonly type: 'comparison' }, property: string): Bounds {
  const { path, operator, value } = filter;
  if (path !== property || typeof value !== 'string' || !isPossible(value)) return {};
  switch (operator) {
    case 'eq':
      return { from: value, below: value + beforeIds };
    case 'startswith':
      return { from: value, below: value + afterIds };
    case 'gt':
    case 'ge':
      return { from: value };
    case 'lt':
      return { below: value };
    case 'le':
      return { below: value + beforeIds };
    case 'ne':
      return {};
  }
}

const isDefined = (text: string | undefined): text is string => text !== undefined;
const later = (one: string, other: string): string => (one > other ? one : other);
const earlier = (one: string, other: string): string => (one < other ? one : other);
const optional = (name: 'from' | 'below', text: string): Bounds => ({ [name]: text });
const earliest = (texts: readonly string[]): Bounds =>
  texts.length === 0 ? {} : optional('below', texts.reduce(earlier));

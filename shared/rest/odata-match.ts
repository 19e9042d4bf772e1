// What a parsed `$filter` says about one resource, and which ids it leaves possible at all. Knows no list.
import { unreachable } from '../unreachable.js';
import type { Filter, FilterKind, FilterOperator } from './odata-filter.js';

/**
 * Whether a resource, as it is shown in JSON, passes the filter. Texts compare without regard to letter case.
 * An absent value differs from every value (`ne` holds) and has no order.
 */
export function matchesFilter(filter: Filter, resource: object): boolean {
  if (filter.type === 'all') return filter.parts.every((part) => matchesFilter(part, resource));
  if (filter.type === 'any') return filter.parts.some((part) => matchesFilter(part, resource));
  const found = comparableAt(filter.kind, resource, filter.path);
  return isPassed(filter, found);
}

function isPassed(
  { operator, value }: Filter & { readonly type: 'comparison' },
  found: string | number | boolean | undefined,
): boolean {
  return found === undefined ? operator === 'ne' : holds(operator, found, value);
}

/** What a filter compares with at `path` of the resource: lower-case text, milliseconds since 1970, a number or a truth value. */
export function comparableAt(kind: FilterKind, resource: object, path: string): string | number | boolean | undefined {
  return toComparable(kind, valueAt(resource, path));
}

/**
 * Whether something of which only this much is known may pass the filter: by path, the values of which it has one; what is left out may be
 * anything.
 */
export function mayMatch(filter: Filter, known: Readonly<Record<string, readonly unknown[]>>): boolean {
  if (filter.type === 'all') return filter.parts.every((part) => mayMatch(part, known));
  if (filter.type === 'any') return filter.parts.some((part) => mayMatch(part, known));
  const values = Object.hasOwn(known, filter.path) ? known[filter.path] : undefined;
  return values === undefined || values.some((value) => isPassed(filter, toComparable(filter.kind, value)));
}

/**
 * The texts, as they were written, of which `property` must be one for the filter to hold; undefined when the filter
 * leaves it open. So a list by `id eq 'a' or id eq 'b'` can be a few reads instead of a walk.
 */
export function equalitiesOf(filter: Filter, property: string): readonly string[] | undefined {
  const pinned = pinnedTexts(filter, property);
  return pinned && [...pinned.values()];
}

/** The one text that `property` must equal for the filter to hold, if there is exactly one. */
export function equalityOf(filter: Filter, property: string): string | undefined {
  const pinned = equalitiesOf(filter, property);
  return pinned?.length === 1 ? pinned[0] : undefined;
}

// Lower-case text to text as written, so that the same id in two letter cases counts once.
function pinnedTexts(filter: Filter, property: string): ReadonlyMap<string, string> | undefined {
  if (filter.type === 'comparison') {
    const isPin = filter.path === property && filter.operator === 'eq' && filter.kind === 'text';
    return isPin ? new Map([[filter.written.toLowerCase(), filter.written]]) : undefined;
  }
  const parts = filter.parts.map((part) => pinnedTexts(part, property));
  const pinned = parts.filter((part) => part !== undefined);
  if (filter.type === 'any') {
    return pinned.length === parts.length ? new Map(pinned.flatMap((part) => [...part])) : undefined;
  }
  return pinned.length === 0 ? undefined : pinned.reduce(commonTexts);
}

function commonTexts(one: ReadonlyMap<string, string>, other: ReadonlyMap<string, string>): Map<string, string> {
  return new Map([...one].filter(([key]) => other.has(key)));
}

function valueAt(resource: object, path: string): unknown {
  let value: unknown = resource;
  for (const name of path.split('/')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = Reflect.get(value, name);
  }
  return value;
}

function toComparable(kind: FilterKind, value: unknown): string | number | boolean | undefined {
  switch (kind) {
    case 'text':
      return typeof value === 'string' ? value.toLowerCase() : undefined;
    case 'number':
      return typeof value === 'number' ? value : undefined;
    case 'boolean':
      return typeof value === 'boolean' ? value : undefined;
    case 'instant': {
      const instant = typeof value === 'string' ? Date.parse(value) : Number.NaN;
      return Number.isNaN(instant) ? undefined : instant;
    }
    default:
      return unreachable(kind);
  }
}

function holds(operator: FilterOperator, found: string | number | boolean, wanted: string | number | boolean): boolean {
  switch (operator) {
    case 'eq':
      return found === wanted;
    case 'ne':
      return found !== wanted;
    case 'gt':
      return found > wanted;
    case 'ge':
      return found >= wanted;
    case 'lt':
      return found < wanted;
    case 'le':
      return found <= wanted;
    case 'startswith':
      return String(found).startsWith(String(wanted));
    default:
      return unreachable(operator);
  }
}

// `$select`: which properties of a resource the caller wants to see. Knows no resource.
import { BatchError } from '../errors.js';

/** The names of the wanted properties; undefined = all of them. */
export type Select = ReadonlySet<string> | undefined;

/** Parses a `$select` (top-level names, commas, spaces). Throws InvalidQueryParameterValue for a name not in `properties`. */
export function parseSelect(text: string | undefined, properties: readonly string[]): Select {
  if (text === undefined || text.trim() === '') return undefined;
  const names = text.split(',').map((name) => name.trim());
  const unknown = names.find((name) => !properties.includes(name));
  if (unknown === undefined) return new Set(names);
  throw new BatchError(
    'InvalidQueryParameterValue',
    `The $select names '${unknown.slice(0, 128)}', which cannot be selected.`,
    {
      QueryParameterName: '$select',
      QueryParameterValue: text.slice(0, 1024),
      Reason: `Unknown property '${unknown.slice(0, 128)}'`,
    },
  );
}

/** The resource with the selected properties only; those that are unset stay absent. */
export function applySelect(select: Select, resource: object): object {
  if (select === undefined) return resource;
  return Object.fromEntries(Object.entries(resource).filter(([name]) => select.has(name)));
}

// The schemas that requests are checked with and answers are shown by, as JSON Schema 2020-12: the components of the description.
import { z } from 'zod';
import { formatDuration } from '../rest/iso-duration.js';
import { named } from '../rest/named-schemas.js';
import { allOperations } from './all-operations.js';

export type JsonObject = Readonly<Record<string, unknown>>;
type Schema = { properties?: Record<string, unknown>; [keyword: string]: unknown };

const place = (id: string): string => `#/components/schemas/${id}`;

/** A reference to the component of `schema`. Throws for a schema without an id: what is shown to users has a name. */
export function refTo(schema: z.ZodType): { readonly $ref: string } {
  const id = named.get(schema)?.id;
  if (id === undefined) throw new Error('A schema that an operation takes or shows has no id.');
  return { $ref: place(id) };
}

/** Every schema with an id, by it. */
export function describeSchemas(): Readonly<Record<string, Schema>> {
  // What a request may hold is what counts: defaults and conversions happen inside.
  const { schemas } = z.toJSONSchema(named, { io: 'input', uri: place, override: sayDefault });
  const described = Object.fromEntries(Object.entries(schemas).map(([id, schema]) => [id, cleaned(schema) as Schema]));
  for (const { success } of allOperations) {
    if (success.content !== 'element' || success.schema === undefined) continue;
    const shown = described[named.get(success.schema)?.id ?? ''];
    // Only where it is the whole answer: an item of a list does not have it.
    if (shown) shown.properties = { 'odata.metadata': { type: 'string' }, ...shown.properties };
  }
  return described;
}

// A default is what a value is converted to; it is said as a client would write it.
function sayDefault({ zodSchema, jsonSchema }: { zodSchema: unknown; jsonSchema: Schema }): void {
  if (!(zodSchema instanceof z.ZodDefault) || jsonSchema['default'] !== undefined) return;
  const value: unknown = zodSchema.def.defaultValue;
  jsonSchema['default'] = typeof value === 'number' ? formatDuration(value) : value;
}

// Marks that only a schema on its own needs, and bounds that say no more than that a number is whole.
function cleaned(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(cleaned);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(
        ([name, item]) => name !== '$schema' && name !== '$id' && Math.abs(Number(item)) !== Number.MAX_SAFE_INTEGER,
      )
      .map(([name, item]) => [name, cleaned(item)]),
  );
}

// The building blocks of answer schemas: how Batch writes instants, durations and the like. An answer's schema says what is shown, it
// changes nothing; the description of the API is made from it and answers are checked against it in tests. Knows no resource.
import { z } from 'zod';

/** ISO 8601 in UTC. */
export const instant = z.string().meta({ format: 'date-time' });

/** ISO 8601, with fractions of a second where there are any; Batch's longest one stands for "no limit". */
export const duration = z.string().meta({ format: 'duration' });

/** Without quotes, as in the header. */
export const entityTag = z.string().regex(/^0x[0-9A-F]+$/);

export const link = z.string().meta({ format: 'uri' });

/** A 64-bit number: text, as numbers of JSON are not that exact everywhere. */
export const longNumber = z.string().regex(/^\d+$/);

export const metadataList = z.array(z.strictObject({ name: z.string(), value: z.string() }));

/** A property that Batch's resource has, so that it can be selected, and that is never there in Bookend. */
export const notShown = z.never().optional();

/** One of the values of a union of texts: naming them all is checked by the compiler. */
export function oneOf<Value extends string>(values: Readonly<Record<Value, true>>) {
  return z.enum(Object.keys(values) as [Value, ...Value[]]);
}

type DeepReadonly<Value> = Value extends readonly (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : Value extends object
    ? { readonly [Name in keyof Value]: DeepReadonly<Value[Name]> }
    : Value;

/** What a mapper gives of which `Schema` says how it is shown. That there is no property besides is checked where answers are. */
export type Shown<Schema extends z.ZodType> = DeepReadonly<z.output<Schema>>;

/** The names of a resource's properties, for `$select`. */
export function propertiesOf<Shape extends Record<string, z.ZodType>>(
  schema: z.ZodObject<Shape>,
): readonly (keyof Shape & string)[] {
  return Object.keys(schema.shape);
}

// Values that a JSON Schema allows, with its bounds met and now and then just missed: bodies of every operation from what the operation says
// of itself. Knows the keywords that the schemas of bodies use, and refuses any other, so that none is passed over in silence.
import fc from 'fast-check';
import { z } from 'zod';
import { secretMark } from './body-examples.js';
import { weighted } from './one-of.js';
import { durations, instants, urls } from './odd-values.js';

const schemaSchema = z.strictObject({
  $schema: z.string().optional(),
  description: z.string().optional(),
  type: z.enum(['object', 'array', 'string', 'integer', 'number', 'boolean', 'null']).optional(),
  properties: z.record(z.string(), z.unknown()).optional(),
  required: z.array(z.string()).optional(),
  additionalProperties: z.unknown().optional(),
  items: z.unknown().optional(),
  minItems: z.int().optional(),
  maxItems: z.int().optional(),
  enum: z.array(z.string()).optional(),
  const: z.unknown().optional(),
  default: z.unknown().optional(),
  pattern: z.string().optional(),
  format: z.enum(['duration', 'date-time', 'uri']).optional(),
  minLength: z.int().optional(),
  maxLength: z.int().optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  anyOf: z.array(z.unknown()).optional(),
  oneOf: z.array(z.unknown()).optional(),
  'x-bookend-unsupported': z.boolean().optional(),
});
type Schema = z.infer<typeof schemaSchema>;

/** What stands where a property has one of these names: what is there already, or will be. */
export type NamedValues = Readonly<Record<string, readonly string[]>>;

const { constant, constantFrom, oneof } = fc;

/** Values of `schema`, a JSON Schema without references. Throws on a keyword that it does not know. */
export function valuesOfSchema(schema: unknown, names: NamedValues): fc.Arbitrary<unknown> {
  return valuesOf(schemaSchema.parse(schema), names, '');
}

function valuesOf(schema: Schema, names: NamedValues, name: string): fc.Arbitrary<unknown> {
  const choices = [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])];
  if (choices.length > 0) return oneof(...choices.map((each) => valuesOf(schemaSchema.parse(each), names, name)));
  const plain = plainValues(schema, names, name);
  if (schema.const !== undefined) return oneof(weighted(40, constant(schema.const)), weighted(1, plain));
  return schema.default === undefined ? plain : oneof(weighted(1, constant(schema.default)), weighted(3, plain));
}

function plainValues(schema: Schema, names: NamedValues, name: string): fc.Arbitrary<unknown> {
  switch (schema.type) {
    case 'object':
      return objects(schema, names);
    case 'array':
      return lists(schema, names, name);
    case 'string':
      return texts(schema, names[name] ?? []);
    case 'integer':
    case 'number':
      return numbers(schema);
    case 'boolean':
      return fc.boolean();
    case 'null':
      return constant(null);
    case undefined:
      return schema['x-bookend-unsupported'] === true
        ? oneof(weighted(9, constantFrom<unknown>({}, [])), weighted(1, fc.jsonValue({ maxDepth: 2 })))
        : fc.jsonValue({ maxDepth: 2 });
  }
}

/** What is not required is there seldom, sometimes or mostly: an object with everything in it contradicts itself. */
function objects(
  { properties, required = [], additionalProperties }: Schema,
  names: NamedValues,
): fc.Arbitrary<unknown> {
  if (properties === undefined)
    return fc.dictionary(fc.string({ maxLength: 8 }), fc.jsonValue({ maxDepth: 1 }), {
      maxKeys: additionalProperties === false ? 0 : 3,
    });
  const all = Object.entries(properties).map(([name, each]) => {
    const schema = schemaSchema.parse(each);
    const isRequired = required.includes(name);
    return {
      name,
      isRequired,
      isUnsupported: schema['x-bookend-unsupported'] === true,
      value: valuesOf(schema, names, name),
    };
  });
  const oneIn = (count: number): fc.Arbitrary<unknown> =>
    fc
      .tuple(
        ...all.map(({ name, isRequired, isUnsupported, value }) => {
          const absent = isRequired ? 0 : isUnsupported ? 80 : count - 1;
          return oneof(
            weighted(absent, constant([])),
            weighted(
              1,
              value.map((each) => [[name, each] as const]),
            ),
          );
        }),
      )
      .map((entries) => Object.fromEntries(entries.flat()));
  return oneof(weighted(2, oneIn(12)), weighted(2, oneIn(3)), weighted(1, oneIn(1)));
}

function lists(
  { items = {}, minItems = 0, maxItems }: Schema,
  names: NamedValues,
  name: string,
): fc.Arbitrary<unknown> {
  const item = valuesOf(schemaSchema.parse(items), names, name);
  const some = fc.array(item, { minLength: minItems, maxLength: Math.min(minItems + 3, maxItems ?? Infinity) });
  if (maxItems === undefined) return some;
  // Of one kind: a hundred different ones are slow to draw, and no better.
  const alike = (length: number): fc.Arbitrary<unknown> => item.map((each) => Array.from({ length }, () => each));
  return oneof(weighted(30, some), weighted(1, alike(maxItems)), weighted(1, alike(maxItems + 1)));
}

function texts(schema: Schema, known: readonly string[]): fc.Arbitrary<unknown> {
  const plain = plainTexts(schema);
  return known.length === 0 ? plain : oneof(weighted(9, constantFrom(...known)), weighted(1, plain));
}

function plainTexts({ enum: values, pattern, format, minLength = 0, maxLength }: Schema): fc.Arbitrary<unknown> {
  if (values !== undefined)
    return oneof(
      weighted(4, constantFrom(...values)),
      weighted(
        1,
        constantFrom(...values).map((value) => value.toUpperCase()),
      ),
    );
  if (pattern !== undefined) return textsOfPattern(pattern);
  switch (format) {
    case 'duration':
      return mostlyGood(durations);
    case 'date-time':
      return mostlyGood(instants);
    case 'uri':
      return mostlyGood(urls);
    case undefined: {
      const ordinary = oneof(
        weighted(6, fc.string({ minLength: Math.max(1, minLength), maxLength: Math.min(12, maxLength ?? 12) })),
        weighted(1, fc.string({ unit: 'grapheme', minLength, maxLength: Math.min(40, maxLength ?? 40) })),
        weighted(1, constant(secretMark.slice(0, maxLength))),
      );
      if (maxLength === undefined) return ordinary;
      const atBound = weighted(1, constant('x'.repeat(maxLength)));
      return oneof(weighted(40, ordinary), atBound, weighted(1, constant('x'.repeat(maxLength + 1))));
    }
  }
}

const mostlyGood = ({ good, odd }: { good: readonly string[]; odd: readonly string[] }): fc.Arbitrary<string> =>
  oneof(weighted(14, constantFrom(...good)), weighted(1, constantFrom(...odd)));

// Lookahead is more than the generator knows; what it would rule out is passed over.
function textsOfPattern(pattern: string): fc.Arbitrary<string> {
  const whole = new RegExp(pattern);
  return fc.stringMatching(new RegExp(pattern.replace(/\(\?=[^)]*\)/g, ''))).filter((text) => whole.test(text));
}

function numbers({ type, minimum = -(2 ** 53), maximum = 2 ** 53 }: Schema): fc.Arbitrary<unknown> {
  const least = Math.max(minimum, -1_000_000);
  const most = Math.min(maximum, 1_000_000);
  const inside =
    type === 'integer' ? fc.integer({ min: least, max: most }) : fc.double({ min: least, max: most, noNaN: true });
  return oneof(
    weighted(10, fc.integer({ min: Math.ceil(least), max: Math.floor(Math.min(most, Math.max(least, 0) + 3)) })),
    weighted(4, inside),
    weighted(2, constantFrom(minimum, maximum)),
    weighted(1, constantFrom(minimum - 1, maximum + 1, 0.5)),
  );
}

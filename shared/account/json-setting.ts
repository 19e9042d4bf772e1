// A setting that is a JSON text, as an app setting can hold: what its schema makes of it, or a fault that names where in it and what was
// expected there, never what was found.
import { z } from 'zod';

/** `whenEmpty` counts where the setting is absent or empty. */
export function jsonSetting<Value>(
  schema: z.ZodType<Value>,
  { expected, whenEmpty }: { readonly expected: string; readonly whenEmpty: Value },
): z.ZodType<Value, string | undefined> {
  return z
    .string()
    .default('')
    .transform((text, context): Value => {
      if (text.trim() === '') return whenEmpty;
      const parsed = schema.safeParse(parseJson(text));
      if (parsed.success) return parsed.data;
      context.addIssue({ code: 'custom', message: `expected ${expected}${whereOf(parsed.error)}` });
      return z.NEVER;
    });
}

// Names of unknown properties are left out: they are the setting's own text.
function whereOf({ issues: [first] }: z.ZodError): string {
  if (first === undefined || first.path.length === 0) return '';
  const fault = first.code === 'unrecognized_keys' ? 'an unknown property' : first.message;
  return ` (at ${first.path.join('.')}: ${fault})`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Whatever the schema is, it does not take this.
    return undefined;
  }
}

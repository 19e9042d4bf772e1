// The app's settings: local.settings.json under the real environment, and the %NAME% references to them.
// It reads no file and no environment itself; both are handed in.
import { z } from 'zod';
import { parseJsonWithComments } from './json-with-comments.js';

export type Settings = Readonly<Record<string, string | undefined>>;

const localSettingsSchema = z.object({
  IsEncrypted: z.literal(false, { error: 'encrypted settings cannot be read here; decrypt them first' }).default(false),
  Values: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]).transform(String)).default({}),
});

/**
 * The `Values` of a local.settings.json (comments and trailing commas allowed).
 * Throws an Error naming the property when it is of another shape; values are never repeated in it.
 */
export function parseLocalSettings(text: string): Record<string, string> {
  let json: unknown;
  try {
    json = parseJsonWithComments(text);
  } catch {
    // The parser's own message would quote the text, which holds secrets.
    throw new Error('local.settings.json is not JSON');
  }
  const result = localSettingsSchema.safeParse(json);
  if (result.success) return result.data.Values;
  const faults = result.error.issues.map((issue) => `${issue.path.join('.') || '(root)'}: ${issue.message}`);
  throw new Error(`local.settings.json cannot be used: ${faults.join('; ')}`);
}

/** Replaces each `%NAME%` in `text` by that setting. Throws an Error naming the setting and `place` when it is missing. */
export function resolveReferences(text: string, settings: Settings, place: string): string {
  return text.replace(/%([^%]+)%/g, (_match, name: string) => {
    const value = settings[name];
    if (value === undefined) throw new Error(`Setting '${name}', named in ${place}, is not defined`);
    return value;
  });
}

/**
 * The connection string that a binding's `connection` names: setting `X`, or `AzureWebJobsX`.
 * Throws an Error naming the setting when neither is defined, also for identity-based connections, which need Azure.
 */
export function resolveConnection(connection: string, settings: Settings, place: string): string {
  const value = settings[connection] ?? settings[`AzureWebJobs${connection}`];
  if (value !== undefined && value !== '') return value;
  const identity = settings[`${connection}__fullyQualifiedNamespace`] !== undefined;
  const found = identity ? 'only an identity-based connection is defined, which works in Azure alone' : 'not defined';
  throw new Error(`Setting '${connection}', the connection of ${place}, must be a connection string: ${found}`);
}

/** Whether the setting `AzureWebJobs.<name>.Disabled` (or its Linux spelling) switches the function off. */
export function isDisabled(functionName: string, settings: Settings): boolean {
  const value = settings[`AzureWebJobs.${functionName}.Disabled`] ?? settings[`AzureWebJobs_${functionName}_Disabled`];
  return value !== undefined && ['true', '1'].includes(value.toLowerCase());
}

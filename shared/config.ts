// Every setting of the function app, read and checked once. Only this file reads process.env.
import { z } from 'zod';
import { applicationsSchema, type Application } from './account/application.js';
import { jsonSetting } from './account/json-setting.js';
import { defaultImages, supportedImagesSchema, type SupportedImage } from './account/supported-image.js';
import type { EntraSettings } from './entra/access-token.js';
import { entraShape, refuseHalfOfEntra, toEntraSettings } from './entra/entra-settings.js';

const base64Key = z
  .string()
  .refine((text) => /^[A-Za-z0-9+/]+={0,2}$/.test(text) && Buffer.from(text, 'base64').length >= 16, {
    error: 'expected a base64 key of at least 16 bytes',
  });

/** The settings by their names; `local.settings.sample.json` lists the same ones. */
export const settingsSchema = z.object({
  /** Connection string of the Service Bus namespace (or the embedded broker). */
  ServiceBusConnection: z.string().min(1, { error: 'expected a Service Bus connection string' }),
  /** The same namespace with rights to listen and to send only: what nodes are given when they join. */
  NodesServiceBusConnection: z.string().min(1, { error: 'expected a Service Bus connection string' }),
  /** Connection string of the storage account with the state table and the blob container. */
  StorageConnection: z.string().min(1, { error: 'expected a storage connection string' }),
  /** Name of the Batch account that clients sign with. */
  BatchAccountName: z.string().regex(/^[a-z0-9]{3,24}$/, { error: 'expected 3 to 24 lower-case letters and digits' }),
  /** Its primary shared key, base64. */
  BatchAccountKey: base64Key,
  /** Its secondary shared key, base64, so that one can be rotated. */
  BatchAccountSecondaryKey: base64Key.optional(),
  /** Table with all state. */
  BookendTable: z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9]{2,62}$/, { error: 'expected a table name' })
    .default('bookend'),
  /** Container for large definitions, file transfers and dead letters. */
  BookendContainer: z
    .string()
    .regex(/^[a-z0-9](?:[a-z0-9-]{1,61})[a-z0-9]$/, { error: 'expected a container name' })
    .default('bookend'),
  /** Where a job's release is owed: where a `task` of it ran after its preparation, or wherever its `preparation` ran. Counts for jobs added from then on. */
  BookendReleaseAfter: z.enum(['task', 'preparation']).default('task'),
  /** For how many seconds a URL in an order is good; a node that comes late asks for a fresh one. */
  BookendOrderUrlSeconds: z.coerce
    .number({ error: 'expected a number of seconds' })
    .int({ error: 'expected whole seconds' })
    .min(1, { error: 'expected at least 1 second' })
    .max(7 * 86_400, { error: 'expected at most 604800 seconds' })
    .default(86_400),
  ...entraShape,
  /** The account's applications: a JSON list of `id`, `displayName` and `versions`. */
  BookendApplications: jsonSetting<readonly Application[]>(applicationsSchema, {
    expected: 'a JSON list of applications',
    whenEmpty: [],
  }),
  /** The images that pools are told they can name, as in Batch's JSON; a list of Bookend's own when empty. */
  BookendSupportedImages: jsonSetting<readonly SupportedImage[]>(supportedImagesSchema, {
    expected: 'a JSON list of supported images',
    whenEmpty: defaultImages,
  }),
  /** Least level that is logged. */
  BookendLogLevel: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
});

export type Config = {
  readonly serviceBusConnection: string;
  readonly nodesServiceBusConnection: string;
  readonly storageConnection: string;
  readonly account: { readonly name: string; readonly keys: readonly string[] };
  /** Absent where tokens are not accepted. */
  readonly entra?: EntraSettings;
  readonly table: string;
  readonly container: string;
  readonly releaseAfter: 'task' | 'preparation';
  readonly orderUrlValidMs: number;
  readonly applications: readonly Application[];
  readonly supportedImages: readonly SupportedImage[];
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
};

/**
 * Reads the settings from the environment.
 * Throws one error that names every setting at fault and what was expected of it (never its value: some are secrets).
 */
export function loadConfig(environment: Readonly<Record<string, string | undefined>> = process.env): Config {
  const parsed = settingsSchema.superRefine(refuseHalfOfEntra).safeParse(environment);
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
    throw new Error(`The settings cannot be used. ${faults.join('; ')}. See local.settings.sample.json.`);
  }
  const settings = parsed.data;
  const secondary = settings.BatchAccountSecondaryKey;
  const entra = toEntraSettings(settings);
  return {
    serviceBusConnection: settings.ServiceBusConnection,
    nodesServiceBusConnection: settings.NodesServiceBusConnection,
    storageConnection: settings.StorageConnection,
    account: {
      name: settings.BatchAccountName,
      keys: [settings.BatchAccountKey, ...(secondary === undefined ? [] : [secondary])],
    },
    ...(entra && { entra }),
    table: settings.BookendTable,
    container: settings.BookendContainer,
    releaseAfter: settings.BookendReleaseAfter,
    orderUrlValidMs: settings.BookendOrderUrlSeconds * 1000,
    applications: settings.BookendApplications,
    supportedImages: settings.BookendSupportedImages,
    logLevel: settings.BookendLogLevel,
  };
}

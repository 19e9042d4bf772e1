// What this host takes from host.json, with Azure's defaults, and a clear refusal of what it cannot do.
// Keys it does not use (logging, extensionBundle …) are left to Azure.
import { z } from 'zod';
import { parseJsonWithComments } from './json-with-comments.js';
import { parseTimeSpanMs } from './time-span.js';

const durationMs = z.string().transform((text, context) => {
  const value = parseTimeSpanMs(text);
  if (value !== undefined) return value;
  context.addIssue({ code: 'custom', message: `expected a duration such as 00:05:00, found "${text}"` });
  return z.NEVER;
});
/** -1 means without bound, as in Azure. */
const bound = z
  .number()
  .int()
  .min(-1)
  .transform((value) => (value === -1 ? Number.POSITIVE_INFINITY : value));
const count = z.number().int().min(1);

const httpSchema = z.object({
  routePrefix: z.string().default('api'),
  maxOutstandingRequests: bound.default(200),
  maxConcurrentRequests: bound.default(100),
});

const clientRetrySchema = z.object({
  mode: z
    .string()
    .toLowerCase()
    .pipe(z.enum(['fixed', 'exponential']))
    .default('exponential'),
  tryTimeout: durationMs.default(60_000),
  delay: durationMs.default(800),
  maxDelay: durationMs.default(60_000),
  maxRetries: z.number().int().min(0).default(3),
});

const serviceBusSchema = z.object({
  prefetchCount: z.literal(0, { error: 'this host supports 0 only' }).default(0),
  autoCompleteMessages: z.boolean().default(true),
  maxConcurrentCalls: count.default(16),
  maxConcurrentSessions: count.default(8),
  maxConcurrentCallsPerSession: z.literal(1, { error: 'this host supports 1 only' }).default(1),
  maxMessageBatchSize: count.max(2047).default(1000),
  minMessageBatchSize: z.literal(1, { error: 'this host supports 1 only' }).default(1),
  maxAutoLockRenewalDuration: durationMs.default(5 * 60_000),
  sessionIdleTimeout: durationMs.optional(),
  clientRetryOptions: clientRetrySchema.prefault({}),
});

const hostJsonSchema = z.object({
  version: z.literal('2.0', { error: 'expected "2.0"' }),
  functionTimeout: z.union([z.literal('-1'), durationMs]).nullish(),
  extensions: z.object({ http: httpSchema.prefault({}), serviceBus: serviceBusSchema.prefault({}) }).prefault({}),
});

export type HttpOptions = z.infer<typeof httpSchema>;
export type ServiceBusOptions = z.infer<typeof serviceBusSchema> & { readonly sessionIdleTimeout: number };
export type HostJson = {
  /** How long one invocation may take, in milliseconds; infinite for `-1`. */
  readonly functionTimeoutMs: number;
  readonly http: HttpOptions;
  /** Durations in milliseconds. */
  readonly serviceBus: ServiceBusOptions;
};

const defaultFunctionTimeoutMs = 30 * 60_000;

/**
 * Reads the text of a host.json.
 * Throws one Error that names every property it cannot accept and what was expected.
 * Defaults: https://learn.microsoft.com/azure/azure-functions/functions-host-json and …/functions-bindings-service-bus
 */
export function parseHostJson(text: string): HostJson {
  const { functionTimeout, extensions } = parse(text);
  const { http, serviceBus } = extensions;
  return {
    functionTimeoutMs:
      functionTimeout === '-1' ? Number.POSITIVE_INFINITY : (functionTimeout ?? defaultFunctionTimeoutMs),
    http,
    serviceBus: {
      ...serviceBus,
      sessionIdleTimeout: serviceBus.sessionIdleTimeout ?? serviceBus.clientRetryOptions.tryTimeout,
    },
  };
}

function parse(text: string): z.infer<typeof hostJsonSchema> {
  let json: unknown;
  try {
    json = parseJsonWithComments(text);
  } catch (cause) {
    throw new Error('host.json is not JSON', { cause });
  }
  const result = hostJsonSchema.safeParse(json);
  if (result.success) return result.data;
  const faults = result.error.issues.map((issue) => `${issue.path.join('.') || '(root)'}: ${issue.message}`);
  throw new Error(`host.json cannot be used: ${faults.join('; ')}`);
}

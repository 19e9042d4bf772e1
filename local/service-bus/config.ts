// The broker's queues, in the format of the official emulator's Config.json, so that the same file serves both.
// https://learn.microsoft.com/azure/service-bus-messaging/overview-emulator
import { z } from 'zod';
import { parseDuration } from './duration.js';
import type { QueueRules } from './engine/queue.js';

const duration = z.string().transform((text, context) => {
  const milliseconds = parseDuration(text);
  if (milliseconds !== undefined && milliseconds > 0) return milliseconds;
  context.addIssue({ code: 'custom', message: `'${text}' is no ISO 8601 duration such as PT1M` });
  return z.NEVER;
});

const queueProperties = z.strictObject({
  LockDuration: duration.optional(),
  MaxDeliveryCount: z.int().min(1).optional(),
  RequiresSession: z.boolean().optional(),
  RequiresDuplicateDetection: z.boolean().optional(),
  DuplicateDetectionHistoryTimeWindow: duration.optional(),
  DefaultMessageTimeToLive: duration.optional(),
  DeadLetteringOnMessageExpiration: z.boolean().optional(),
  ForwardTo: z.literal('', 'forwarding is not supported').optional(),
  ForwardDeadLetteredMessagesTo: z.literal('', 'forwarding is not supported').optional(),
});

const queueName = z
  .string()
  .min(1)
  .max(260)
  .regex(/^[A-Za-z0-9](?:[A-Za-z0-9._/-]*[A-Za-z0-9_])?$/, 'a name has letters, digits, . - _ and / between them');

const namespace = z.looseObject({
  Name: z.string().optional(),
  Queues: z.array(z.strictObject({ Name: queueName, Properties: queueProperties.optional() })).optional(),
  Topics: z.array(z.unknown()).optional(),
});

const schema = z.looseObject({
  UserConfig: z.looseObject({ Namespaces: z.array(namespace).length(1, 'exactly one namespace is served') }),
});

/** A configuration as it stands in the file. */
export type ServiceBusConfig = z.input<typeof schema>;

export type ParsedConfig = { readonly queues: readonly QueueRules[]; readonly warnings: readonly string[] };

// What Azure takes when a property is missing. The emulator would let messages die after an hour and three deliveries,
// which a queue that says nothing about it does not mean.
const defaults = { lockDurationMs: 60_000, maxDeliveryCount: 10, duplicateWindowMs: 600_000 };
const maxSizeBytes = 1024 * 1024 * 1024;

/**
 * Checks a configuration. Throws one error that names every property that is wrong. Values that the official emulator
 * would refuse but this broker can serve only bring a warning.
 */
export function parseConfig(input: unknown): ParsedConfig {
  const parsed = schema.safeParse(input);
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => `${describePath(issue.path, input)}: ${issue.message}`);
    throw new Error(`The Service Bus configuration is wrong: ${faults.join('; ')}`);
  }
  const [only] = parsed.data.UserConfig.Namespaces;
  const queues = only?.Queues ?? [];
  const names = new Set<string>();
  for (const { Name } of queues) {
    const name = Name.toLowerCase();
    if (names.has(name)) throw new Error(`The Service Bus configuration is wrong: queue '${Name}' is defined twice`);
    names.add(name);
  }
  const warnings = queues.flatMap((queue) => warningsAbout(queue.Name, queue.Properties ?? {}));
  if ((only?.Topics ?? []).length > 0) warnings.push('Topics are not served; they were left out');
  return { queues: queues.map(toRules), warnings };
}

type Properties = z.output<typeof queueProperties>;

function toRules({ Name, Properties }: { Name: string; Properties?: Properties | undefined }): QueueRules {
  const given = Properties ?? {};
  return {
    name: Name,
    requiresSession: given.RequiresSession ?? false,
    lockDurationMs: given.LockDuration ?? defaults.lockDurationMs,
    maxDeliveryCount: given.MaxDeliveryCount ?? defaults.maxDeliveryCount,
    defaultTimeToLiveMs: given.DefaultMessageTimeToLive,
    deadLettersExpired: given.DeadLetteringOnMessageExpiration ?? false,
    duplicateWindowMs:
      given.RequiresDuplicateDetection === true
        ? (given.DuplicateDetectionHistoryTimeWindow ?? defaults.duplicateWindowMs)
        : undefined,
    maxSizeBytes,
  };
}

// The emulator's own ranges, milliseconds or counts.
const ranges: readonly (readonly [keyof Properties, number, number, string])[] = [
  ['LockDuration', 5_000, 300_000, 'PT5S to PT5M'],
  ['MaxDeliveryCount', 1, 10, '1 to 10'],
  ['DuplicateDetectionHistoryTimeWindow', 5_000, 300_000, 'PT5S to PT5M'],
  ['DefaultMessageTimeToLive', 300_000, 3_600_000, 'PT5M to PT1H'],
];

function warningsAbout(queue: string, properties: Properties): string[] {
  return ranges.flatMap(([property, least, most, range]) => {
    const value = properties[property];
    if (typeof value !== 'number' || (value >= least && value <= most)) return [];
    return [`Queue '${queue}': ${property} is outside what the official emulator accepts (${range})`];
  });
}

// Arrays are named by their element's Name where it has one: "Queues['job-events'].Properties.LockDuration".
function describePath(path: readonly PropertyKey[], input: unknown): string {
  let at: unknown = input;
  let text = '';
  for (const key of path) {
    at = typeof at === 'object' && at !== null ? Reflect.get(at, key) : undefined;
    const name: unknown = typeof at === 'object' && at !== null ? Reflect.get(at, 'Name') : undefined;
    if (typeof key === 'number') text += typeof name === 'string' ? `['${name}']` : `[${key}]`;
    else text += text === '' ? String(key) : `.${String(key)}`;
  }
  return text === '' ? 'the whole' : text;
}

// The properties of a configuration's queues, topics and subscriptions: their form, defaults and the emulator's ranges.
import { z } from 'zod';
import { parseDuration } from './duration.js';
import type { QueueRules } from './engine/queue.js';

/** ISO 8601, in milliseconds. */
export const entityDuration = z.string().transform((text, context) => {
  const milliseconds = parseDuration(text);
  if (milliseconds !== undefined && milliseconds > 0) return milliseconds;
  context.addIssue({ code: 'custom', message: `'${text}' is no ISO 8601 duration such as PT1M` });
  return z.NEVER;
});

export const queueProperties = z.strictObject({
  LockDuration: entityDuration.optional(),
  MaxDeliveryCount: z.int().min(1).optional(),
  RequiresSession: z.boolean().optional(),
  RequiresDuplicateDetection: z.boolean().optional(),
  DuplicateDetectionHistoryTimeWindow: entityDuration.optional(),
  DefaultMessageTimeToLive: entityDuration.optional(),
  DeadLetteringOnMessageExpiration: z.boolean().optional(),
  ForwardTo: z.literal('', 'forwarding is not supported').optional(),
  ForwardDeadLetteredMessagesTo: z.literal('', 'forwarding is not supported').optional(),
});

export const entityName = z
  .string()
  .min(1)
  .max(260)
  .regex(/^[A-Za-z0-9](?:[A-Za-z0-9._/-]*[A-Za-z0-9_])?$/, 'a name has letters, digits, . - _ and / between them');

// What Azure takes when a property is missing. The emulator would let messages die after an hour and three deliveries,
// which a queue that says nothing about it does not mean.
const defaults = { lockDurationMs: 60_000, maxDeliveryCount: 10, duplicateWindowMs: 600_000 };
const maxSizeBytes = 1024 * 1024 * 1024;

export type Properties = Partial<z.output<typeof queueProperties>>;

/** The rules of a queue, topic or subscription; each kind has some of the properties. */
export function toQueueRules(name: string, given: Properties = {}): QueueRules {
  return {
    name,
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

/** What the official emulator would not accept. */
export function warningsAbout(entity: string, properties: Properties = {}): string[] {
  return ranges.flatMap(([property, least, most, range]) => {
    const value = properties[property];
    if (typeof value !== 'number' || (value >= least && value <= most)) return [];
    return [`${entity}: ${property} is outside what the official emulator accepts (${range})`];
  });
}

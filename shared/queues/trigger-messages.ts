// The messages of one invocation of a batch trigger: bodies and what the host tells of them in parallel arrays.
// https://learn.microsoft.com/azure/azure-functions/functions-bindings-service-bus-trigger#message-metadata
import { z } from 'zod';

const metadataSchema = z.looseObject({
  messageIdArray: z.array(z.string()).default([]),
  deliveryCountArray: z.array(z.number()).default([]),
  sessionIdArray: z.array(z.string()).default([]),
});

const singleSchema = z.looseObject({
  messageId: z.string().default(''),
  deliveryCount: z.number().default(1),
  deadLetterReason: z.string().optional(),
  applicationProperties: z.looseObject({ deadLetterReason: z.unknown() }).optional(),
});

export type TriggerMessage = {
  readonly body: unknown;
  readonly messageId: string;
  readonly sessionId?: string;
  /** 1 on the first delivery. */
  readonly deliveryCount: number;
};

/** The messages of a batch. The host leaves empty texts out of its arrays, so an array of another length than the batch is not used. */
export function toMessages(bodies: unknown, metadata: unknown): readonly TriggerMessage[] {
  const all: readonly unknown[] = Array.isArray(bodies) ? bodies : [bodies];
  const { messageIdArray, deliveryCountArray, sessionIdArray } = metadataSchema.parse(metadata ?? {});
  const at = <T>(values: readonly T[], index: number): T | undefined =>
    values.length === all.length ? values[index] : undefined;
  return all.map((body, index) => {
    const sessionId = at(sessionIdArray, index);
    return {
      body,
      messageId: at(messageIdArray, index) ?? '',
      deliveryCount: at(deliveryCountArray, index) ?? 1,
      ...(sessionId === undefined ? {} : { sessionId }),
    };
  });
}

/** The one message of a trigger without batches, with the reason why its queue gave it up where it is a dead letter. */
export function toMessage(body: unknown, metadata: unknown): TriggerMessage & { readonly deadLetterReason: string } {
  const { messageId, deliveryCount, deadLetterReason, applicationProperties } = singleSchema.parse(metadata ?? {});
  const told = deadLetterReason ?? applicationProperties?.deadLetterReason;
  return {
    body,
    messageId,
    deliveryCount,
    deadLetterReason: typeof told === 'string' ? told : 'The queue gave no reason',
  };
}

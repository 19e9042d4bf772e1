// The shape of a management operation, and the arguments and answers several of them share.
import { fromMap, integerOf, type AmqpValue } from '../amqp/values.js';
import type { Queue } from '../engine/queue.js';
import type { Right } from './sas.js';

/** What a request to a queue's management node is answered from. `owner` is the connection that asks. */
export type ManagementContext = {
  readonly queue: Queue;
  readonly owner: unknown;
  readonly newMessageId: () => string;
  /** Whether whoever asks has this right on the entity. */
  readonly may: (right: Right) => boolean;
};

/** `status` is in the manner of HTTP; `error` an AMQP condition. */
export type Answer = {
  readonly status: number;
  readonly description: string;
  readonly error?: string;
  readonly body?: AmqpValue;
};

export type Operation = (body: AmqpValue | undefined, context: ManagementContext) => Answer;

export function ok(body?: AmqpValue): Answer {
  return { status: 200, description: 'OK', ...(body === undefined ? {} : { body }) };
}

export function badArgument(description: string): Answer {
  return { status: 400, description, error: 'com.microsoft:argument-error' };
}

export const messageNotFound: Answer = {
  status: 404,
  description: 'No message with that sequence number is in the state that was asked for.',
  error: 'com.microsoft:message-not-found',
};

export const messageLockLost: Answer = {
  status: 410,
  description: 'The lock supplied is invalid. Either it expired or the message was already settled.',
  error: 'com.microsoft:message-lock-lost',
};

export const sessionLockLost: Answer = {
  status: 410,
  description: 'The session lock has expired or is held by another receiver.',
  error: 'com.microsoft:session-lock-lost',
};

/** An array or list of sequence numbers; undefined when it is something else. */
export function sequencesIn(body: AmqpValue | undefined): number[] | undefined {
  const numbers = itemsOf(fromMap(body, 'sequence-numbers'))?.map(integerOf);
  return numbers?.every((number) => number !== undefined) ? numbers : undefined;
}

/** The lock tokens of a request as delivery-tags: a uuid travels in another byte order than a tag. */
export function lockTokensIn(body: AmqpValue | undefined): Buffer[] | undefined {
  const tokens = itemsOf(fromMap(body, 'lock-tokens'))?.map((item) =>
    item.type === 'uuid' ? swapGuidOrder(item.value) : undefined,
  );
  return tokens?.every((token) => token !== undefined) ? tokens : undefined;
}

export function itemsOf(value: AmqpValue | undefined): readonly AmqpValue[] | undefined {
  return value?.type === 'array' || value?.type === 'list' ? value.items : undefined;
}

/** Between the order of RFC 9562 and .NET's, whose first three groups are little-endian. Its own inverse. */
export function swapGuidOrder(guid: Buffer): Buffer {
  const swapped = Buffer.from(guid);
  swapped.subarray(0, 4).reverse();
  swapped.subarray(4, 6).reverse();
  swapped.subarray(6, 8).reverse();
  return swapped;
}

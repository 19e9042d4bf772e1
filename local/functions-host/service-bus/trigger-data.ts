// Received messages in the Functions wire format: the function's input and its trigger metadata. Pure.
// Names, shapes and traps are those of Azure's own extension, so that an app cannot come to rely on something kinder.
import type { InvocationRequest, TypedData } from '../app/core-api.js';

/** What the host reads of a received message; `@azure/service-bus` messages have this shape. */
export type ReceivedMessage = {
  readonly body: unknown;
  readonly deliveryCount?: number | undefined;
  readonly deadLetterSource?: string | undefined;
  readonly lockToken?: string | undefined;
  readonly expiresAtUtc?: Date | undefined;
  readonly enqueuedTimeUtc?: Date | undefined;
  readonly messageId?: unknown;
  readonly contentType?: string | undefined;
  readonly replyTo?: string | undefined;
  readonly sequenceNumber?: { readonly low: number; readonly high: number; toString(): string } | undefined;
  readonly to?: string | undefined;
  readonly subject?: string | undefined;
  readonly correlationId?: unknown;
  readonly applicationProperties?: Readonly<Record<string, unknown>> | undefined;
  readonly sessionId?: string | undefined;
  readonly replyToSessionId?: string | undefined;
  readonly partitionKey?: string | undefined;
};

type MessageForm = { readonly bindingName: string; readonly isBinary: boolean };

/** The request of a `cardinality: 'one'` function. */
export function singleRequest(message: ReceivedMessage, { bindingName, isBinary }: MessageForm): InvocationRequest {
  const bytes = bodyBytes(message.body);
  const data: TypedData = isBinary ? { bytes } : { string: bytes.toString('utf8') };
  const number = (value: number | undefined): TypedData | undefined =>
    value === undefined ? undefined : { int: value };
  const text = (value: string | undefined): TypedData | undefined =>
    value === undefined ? undefined : { string: value };
  const facts = messageFacts(message);
  const { low, high } = message.sequenceNumber ?? { low: 0, high: 0 };
  return {
    inputData: [{ name: bindingName, data }],
    triggerMetadata: defined({
      ...mapValues(facts.texts, text),
      ...mapValues(facts.dates, (value) => json(value)),
      ...mapValues(facts.objects, json),
      deliveryCount: number(facts.deliveryCount),
      sequenceNumber: message.sequenceNumber && number(high * 2 ** 32 + (low >>> 0)),
    }),
  };
}

/**
 * The request of a `cardinality: 'many'` function. Unless the app asked for the capability
 * IncludeEmptyEntriesInMessagePayload, empty bodies and empty texts are left out, so that arrays may differ in length.
 */
export function batchRequest(
  messages: readonly ReceivedMessage[],
  { bindingName, isBinary, keepEmpty }: MessageForm & { readonly keepEmpty: boolean },
): InvocationRequest {
  const texts = (values: readonly (string | undefined)[]): TypedData => ({
    collectionString: { string: values.map((value) => value ?? '').filter((value) => keepEmpty || value !== '') },
  });
  const bodies = messages.map(({ body }) => bodyBytes(body));
  const data: TypedData = isBinary
    ? { collectionBytes: { bytes: bodies.filter((bytes) => keepEmpty || bytes.length > 0) } }
    : texts(bodies.map((bytes) => bytes.toString('utf8')));
  const facts = messages.map(messageFacts);
  const [first] = facts;
  const arrays: Record<string, TypedData> = {
    deliveryCountArray: { json: JSON.stringify(facts.map(({ deliveryCount }) => deliveryCount)) },
    sequenceNumberArray: {
      collectionSint64: {
        sint64: messages.map(({ sequenceNumber }) => ({
          low: sequenceNumber?.low ?? 0,
          high: sequenceNumber?.high ?? 0,
          unsigned: false,
        })),
      },
    },
  };
  for (const name of keysOf(first?.texts)) arrays[`${name}Array`] = texts(facts.map((fact) => fact.texts[name]));
  for (const name of keysOf(first?.dates)) arrays[`${name}Array`] = toJson(facts.map((fact) => fact.dates[name]));
  for (const name of keysOf(first?.objects)) arrays[`${name}Array`] = toJson(facts.map((fact) => fact.objects[name]));
  return { inputData: [{ name: bindingName, data }], triggerMetadata: arrays };
}

/** The facts of one message under their names in the trigger metadata. */
function messageFacts(message: ReceivedMessage) {
  const text = (value: unknown): string | undefined =>
    value === undefined || value === null ? undefined : String(value);
  return {
    // On the wire a first delivery counts 0; Azure's extension shows 1.
    deliveryCount: (message.deliveryCount ?? 0) + 1,
    texts: {
      deadLetterSource: message.deadLetterSource,
      lockToken: message.lockToken,
      messageId: text(message.messageId),
      contentType: message.contentType,
      replyTo: message.replyTo,
      to: message.to,
      subject: message.subject,
      label: message.subject,
      correlationId: text(message.correlationId),
      sessionId: message.sessionId,
      replyToSessionId: message.replyToSessionId,
      partitionKey: message.partitionKey,
    },
    dates: {
      expiresAtUtc: message.expiresAtUtc,
      expiresAt: message.expiresAtUtc,
      enqueuedTimeUtc: message.enqueuedTimeUtc,
      enqueuedTime: message.enqueuedTimeUtc,
    },
    objects: {
      applicationProperties: message.applicationProperties ?? {},
      userProperties: message.applicationProperties ?? {},
    },
  };
}

/** The body as it was sent. A body that is no data section is given as its JSON, since .NET would give none at all. */
function bodyBytes(body: unknown): Buffer {
  if (body === undefined || body === null) return Buffer.alloc(0);
  if (Buffer.isBuffer(body)) return body;
  if (body instanceof Uint8Array) return Buffer.from(body);
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
}

function json(value: unknown): TypedData | undefined {
  return value === undefined || isInvalidDate(value) ? undefined : { json: JSON.stringify(value) };
}

function toJson(values: readonly unknown[]): TypedData {
  return { json: JSON.stringify(values.map((value) => (isInvalidDate(value) ? null : (value ?? null)))) };
}

function isInvalidDate(value: unknown): boolean {
  return value instanceof Date && Number.isNaN(value.getTime());
}

function keysOf<T extends object>(value: T | undefined): (keyof T & string)[] {
  const keys: (keyof T & string)[] = [];
  for (const key in value) keys.push(key);
  return keys;
}

function mapValues<V, R>(record: Readonly<Record<string, V>>, map: (value: V) => R): Record<string, R> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]));
}

function defined(record: Readonly<Record<string, TypedData | undefined>>): Record<string, TypedData> {
  return Object.fromEntries(
    Object.entries(record).flatMap(([name, value]): [string, TypedData][] =>
      value === undefined ? [] : [[name, value]],
    ),
  );
}

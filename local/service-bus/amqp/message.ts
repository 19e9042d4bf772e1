// A message as the broker keeps it: the sender's properties, application properties and body byte for byte, the header
// and annotations apart, because the broker writes those anew on every delivery. Never looks into a body.
import { cursorOver, readDescriptor, readValue } from './reader.js';
import { text, textOf, type AmqpValue } from './values.js';
import {
  beginCompound,
  createWriter,
  encodeValue,
  endCompound,
  writeBoolean,
  writeDescriptor,
  writeNull,
  writeRaw,
  writeUbyte,
  writeUint,
  writeValue,
  written,
  type Writer,
} from './writer.js';

/** Descriptors of a message's sections (AMQP 1.0 part 3, 3.2). */
export const sections = {
  header: 0x70,
  deliveryAnnotations: 0x71,
  messageAnnotations: 0x72,
  properties: 0x73,
  applicationProperties: 0x74,
  data: 0x75,
  amqpValue: 0x77,
} as const;

/** The parts that come back to a receiver as the sender wrote them. */
export type MessageContent = {
  readonly durable: boolean;
  readonly priority: number;
  /** The sender's own annotations as encoded keys and values, without those the broker sets. */
  readonly annotations: Buffer;
  readonly annotationCount: number;
  /** The whole section; holds a message-id always. */
  readonly properties: Buffer;
  /** The whole section; empty when there is none. */
  readonly applicationProperties: Buffer;
  /** Body sections and footer. */
  readonly body: Buffer;
};

export type IncomingMessage = {
  readonly content: MessageContent;
  /** The message-id as text, whatever its type. */
  readonly messageId: string;
  /** properties.group-id. */
  readonly sessionId: string | undefined;
  readonly timeToLiveMs: number | undefined;
  readonly scheduledAtMs: number | undefined;
};

/** What the broker says about a message on a delivery. */
export type DeliveryFacts = {
  readonly deliveryCount: number;
  readonly timeToLiveMs: number | undefined;
  readonly enqueuedAtMs: number;
  readonly sequence: number;
  readonly enqueueSequence: number;
  readonly state: 'active' | 'deferred' | 'scheduled';
  readonly lockedUntilMs: number | undefined;
  readonly deadLetterSource: string | undefined;
};

const stateNumbers = { active: 0, deferred: 1, scheduled: 2 } as const;

// Written by the broker on delivery; a sender's own values for them (a message sent on as received) are stale.
export const brokerAnnotations = new Set([
  'x-opt-enqueued-time',
  'x-opt-sequence-number',
  'x-opt-enqueue-sequence-number',
  'x-opt-locked-until',
  'x-opt-message-state',
  'x-opt-deadletter-source',
]);

/** Writes a message for a receiver: fresh header and annotations, then the sender's bytes. */
export function writeDelivery(out: Writer, content: MessageContent, facts: DeliveryFacts): void {
  writeDescriptor(out, sections.header);
  const header = beginCompound(out, 0xd0);
  writeBoolean(out, content.durable);
  writeUbyte(out, content.priority);
  if (facts.timeToLiveMs === undefined) writeNull(out);
  else writeUint(out, Math.min(facts.timeToLiveMs, 0xffffffff));
  writeBoolean(out, facts.deliveryCount === 0);
  writeUint(out, facts.deliveryCount);
  endCompound(out, header, 5);

  writeDescriptor(out, sections.messageAnnotations);
  const map = beginCompound(out, 0xd1);
  writeRaw(out, content.annotations);
  let count = content.annotationCount;
  const annotate = (key: string, value: AmqpValue | undefined): void => {
    if (value === undefined) return;
    writeRaw(out, annotationKeys[key] ?? encodeValue({ type: 'symbol', value: key }));
    writeValue(out, value);
    count += 2;
  };
  annotate('x-opt-enqueued-time', { type: 'timestamp', value: BigInt(facts.enqueuedAtMs) });
  annotate('x-opt-sequence-number', { type: 'long', value: BigInt(facts.sequence) });
  annotate('x-opt-enqueue-sequence-number', { type: 'long', value: BigInt(facts.enqueueSequence) });
  annotate('x-opt-message-state', { type: 'int', value: stateNumbers[facts.state] });
  if (facts.lockedUntilMs !== undefined) {
    annotate('x-opt-locked-until', { type: 'timestamp', value: BigInt(facts.lockedUntilMs) });
  }
  if (facts.deadLetterSource !== undefined) annotate('x-opt-deadletter-source', text(facts.deadLetterSource));
  endCompound(out, map, count);

  writeRaw(out, content.properties);
  writeRaw(out, content.applicationProperties);
  writeRaw(out, content.body);
}

/** Bytes the message occupies, for limits. */
export function contentBytes(content: MessageContent): number {
  const { annotations, properties, applicationProperties, body } = content;
  return annotations.length + properties.length + applicationProperties.length + body.length;
}

/** The content with `changes` laid over its application properties; keys are text, as everywhere in that section. */
export function withApplicationProperties(
  content: MessageContent,
  changes: readonly (readonly [string, AmqpValue])[],
): MessageContent {
  if (changes.length === 0) return content;
  const merged = new Map<string, AmqpValue>();
  for (const [key, value] of applicationPropertiesOf(content)) merged.set(textOf(key) ?? '', value);
  for (const [key, value] of changes) merged.set(key, value);
  const out = createWriter(256);
  writeDescriptor(out, sections.applicationProperties);
  const entries = [...merged].map(([key, value]) => [text(key), value] as const);
  writeValue(out, { type: 'map', entries });
  return { ...content, applicationProperties: Buffer.from(written(out)) };
}

/** The fields of the properties section. */
export function propertiesOf(content: MessageContent): readonly AmqpValue[] {
  if (content.properties.length === 0) return [];
  const cursor = cursorOver(content.properties);
  readDescriptor(cursor);
  const list = readValue(cursor);
  return list.type === 'list' ? list.items : [];
}

/** The entries of the application properties; none when there is no such section. */
export function applicationPropertiesOf(content: MessageContent): readonly (readonly [AmqpValue, AmqpValue])[] {
  if (content.applicationProperties.length === 0) return [];
  const cursor = cursorOver(content.applicationProperties);
  readDescriptor(cursor);
  const map = readValue(cursor);
  return map.type === 'map' ? map.entries : [];
}

const annotationKeys: Readonly<Record<string, Buffer>> = Object.fromEntries(
  [...brokerAnnotations].map((key) => [key, encodeValue({ type: 'symbol', value: key })]),
);

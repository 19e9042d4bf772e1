// Splits what a sender sent into messages as the broker keeps them. Checks what a receiver will have to read, except for
// bodies. Throws decode errors only.
import { malformed } from './fault.js';
import { brokerAnnotations, sections, type IncomingMessage, type MessageContent } from './message.js';
import { cursorOver, hasMore, readCompound, readDescriptor, readValue, skipValue, type Cursor } from './reader.js';
import { integerOf, textOf, undescribed, type AmqpValue } from './values.js';
import { beginCompound, createWriter, endCompound, writeDescriptor, writeRaw, writeText, written } from './writer.js';

/** The message-format of a transfer that carries many messages, each in a data section. */
export const batchFormat = 0x80013700;

/**
 * Splits an encoded message at its sections. `newMessageId` names a message whose sender did not: the client's lock
 * renewal cannot work without. The result shares no memory with `received`. Throws a decode error.
 */
export function readMessage(received: Buffer, newMessageId: () => string): IncomingMessage {
  const bytes = Buffer.from(received);
  const cursor = cursorOver(bytes);
  let header: Header = { durable: true, priority: 4, timeToLiveMs: undefined };
  let annotations: SenderAnnotations = { kept: Buffer.alloc(0), count: 0, scheduledAtMs: undefined };
  let properties: Buffer | undefined;
  let applicationProperties: Buffer = Buffer.alloc(0);
  let bodyStart = bytes.length;
  while (hasMore(cursor)) {
    const start = cursor.offset;
    const section = readDescriptor(cursor);
    if (section === sections.header) header = readHeader(cursor);
    else if (section === sections.deliveryAnnotations) skipValue(cursor);
    else if (section === sections.messageAnnotations) annotations = readAnnotations(cursor);
    else if (section === sections.properties) {
      skipValue(cursor);
      properties = bytes.subarray(start, cursor.offset);
    } else if (section === sections.applicationProperties) {
      checkMap(cursor);
      applicationProperties = bytes.subarray(start, cursor.offset);
    } else {
      bodyStart = start;
      break;
    }
  }
  const body = bytes.subarray(bodyStart);
  checkSections(body);
  const named = nameMessage(properties, newMessageId);
  const { durable, priority, timeToLiveMs } = header;
  const content: MessageContent = {
    durable,
    priority,
    annotations: annotations.kept,
    annotationCount: annotations.count,
    properties: named.properties,
    applicationProperties,
    body,
  };
  const { messageId, sessionId } = named;
  return { content, messageId, sessionId, timeToLiveMs, scheduledAtMs: annotations.scheduledAtMs };
}

/** Takes a batch apart: every data section holds one whole message; the envelope's own sections say nothing new. */
export function readBatch(bytes: Buffer, newMessageId: () => string): IncomingMessage[] {
  const cursor = cursorOver(bytes);
  const messages: IncomingMessage[] = [];
  while (hasMore(cursor)) {
    const section = readDescriptor(cursor);
    if (section !== sections.data) {
      skipValue(cursor);
      continue;
    }
    const value = readValue(cursor);
    if (value.type !== 'binary') throw malformed('a data section holds no binary');
    messages.push(readMessage(value.value, newMessageId));
  }
  return messages;
}

type Header = { durable: boolean; priority: number; timeToLiveMs: number | undefined };

function readHeader(cursor: Cursor): Header {
  const value = readValue(cursor);
  if (value.type !== 'list') throw malformed('a header is no list');
  const [durable, priority, timeToLive] = value.items;
  return {
    durable: durable?.type === 'boolean' ? durable.value : false,
    priority: priority?.type === 'ubyte' ? priority.value : 4,
    timeToLiveMs: timeToLive?.type === 'uint' ? timeToLive.value : undefined,
  };
}

type SenderAnnotations = { kept: Buffer; count: number; scheduledAtMs: number | undefined };

function readAnnotations(cursor: Cursor): SenderAnnotations {
  const { count, inner } = readCompound(cursor, 'map');
  if (count % 2 !== 0) throw malformed('a map holds a key without a value');
  const kept: Buffer[] = [];
  let keptCount = 0;
  let scheduledAtMs: number | undefined;
  for (let read = 0; read < count; read += 2) {
    const start = inner.offset;
    const key = textOf(readValue(inner));
    const value = readValue(inner);
    if (key !== undefined && brokerAnnotations.has(key)) continue;
    if (key === 'x-opt-scheduled-enqueue-time') scheduledAtMs = integerOf(value);
    kept.push(inner.buffer.subarray(start, inner.offset));
    keptCount += 2;
  }
  return { kept: Buffer.concat(kept), count: keptCount, scheduledAtMs };
}

// Application properties are handed on unread, but a receiver must be able to read them.
function checkMap(cursor: Cursor): void {
  const { count, inner } = readCompound(cursor, 'map');
  if (count % 2 !== 0) throw malformed('a map holds a key without a value');
  for (let read = 0; read < count; read++) readValue(inner);
}

function checkSections(body: Buffer): void {
  const cursor = cursorOver(body);
  while (hasMore(cursor)) {
    readDescriptor(cursor);
    skipValue(cursor);
  }
}

const messageIdField = 0;
const sessionIdField = 10;

function nameMessage(
  section: Buffer | undefined,
  newMessageId: () => string,
): { properties: Buffer; messageId: string; sessionId: string | undefined } {
  let givenId: AmqpValue | undefined;
  let sessionId: string | undefined;
  let rest: Buffer = Buffer.alloc(0);
  let count = 0;
  if (section !== undefined) {
    const cursor = cursorOver(section);
    readDescriptor(cursor);
    const list = readCompound(cursor, 'list');
    count = list.count;
    for (let field = 0; field < count; field++) {
      const value = readValue(list.inner);
      if (field === messageIdField) {
        givenId = value.type === 'null' ? undefined : value;
        rest = section.subarray(list.inner.offset, list.inner.end);
      } else if (field === sessionIdField) sessionId = textOf(value);
    }
  }
  if (section !== undefined && givenId !== undefined) {
    return { properties: section, messageId: describeId(givenId), sessionId };
  }
  const messageId = newMessageId();
  const out = createWriter(64 + rest.length);
  writeDescriptor(out, sections.properties);
  const start = beginCompound(out, 0xd0);
  writeText(out, messageId);
  writeRaw(out, rest);
  endCompound(out, start, Math.max(count, 1));
  return { properties: Buffer.from(written(out)), messageId, sessionId };
}

// Ids of other types than string are legal; for duplicate detection only equality counts.
function describeId(id: AmqpValue): string {
  const bare = undescribed(id);
  if (bare.type === 'string') return bare.value;
  if ('value' in bare && Buffer.isBuffer(bare.value)) return `${bare.type}:${bare.value.toString('hex')}`;
  return 'value' in bare ? `${bare.type}:${String(bare.value)}` : bare.type;
}

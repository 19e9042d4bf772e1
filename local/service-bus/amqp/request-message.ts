// Messages to and from the broker's own nodes ($cbs, $management), decoded whole.
import { sections } from './message.js';
import { cursorOver, hasMore, readDescriptor, readValue } from './reader.js';
import { nothing, textOf, type AmqpValue } from './values.js';
import { createWriter, writeDescriptor, writeValue, written } from './writer.js';

/** A request to one of the broker's own nodes ($cbs, $management), decoded whole. */
export type RequestMessage = {
  readonly messageId: AmqpValue;
  readonly replyTo: string | undefined;
  readonly applicationProperties: AmqpValue | undefined;
  readonly body: AmqpValue | undefined;
};

export function readRequest(bytes: Buffer): RequestMessage {
  const cursor = cursorOver(bytes);
  let properties: readonly AmqpValue[] = [];
  let applicationProperties: AmqpValue | undefined;
  let body: AmqpValue | undefined;
  while (hasMore(cursor)) {
    const section = readDescriptor(cursor);
    const value = readValue(cursor);
    if (section === sections.properties && value.type === 'list') properties = value.items;
    else if (section === sections.applicationProperties) applicationProperties = value;
    else if (section >= sections.data && section <= sections.amqpValue) body = value;
  }
  return { messageId: properties[0] ?? nothing, replyTo: textOf(properties[4]), applicationProperties, body };
}

/** Encodes an answer to `correlationId` with the given application properties and a value as its body. */
export function encodeResponse(correlationId: AmqpValue, applicationProperties: AmqpValue, body: AmqpValue): Buffer {
  const out = createWriter(256);
  const described = (code: number, value: AmqpValue): void => {
    writeDescriptor(out, code);
    writeValue(out, value);
  };
  described(sections.properties, { type: 'list', items: [nothing, nothing, nothing, nothing, nothing, correlationId] });
  described(sections.applicationProperties, applicationProperties);
  described(sections.amqpValue, body);
  return written(out);
}

// Changes as bytes: each a described list in AMQP's own encoding, the descriptor saying which change it is.
import { malformed } from '../amqp/fault.js';
import {
  binaryField,
  booleanField,
  describedFields,
  required,
  textField,
  unsignedField,
  valueField,
  writeFields,
  type Fields,
} from '../amqp/fields.js';
import { hasMore, type Cursor } from '../amqp/reader.js';
import { integerOf, long } from '../amqp/values.js';
import { writeBinary, writeBoolean, writeText, writeUint, writeValue, type Writer } from '../amqp/writer.js';
import { readRuleValue, toRuleValue } from '../amqp/rule-values.js';
import type { Change, StoredMessage } from '../engine/changes.js';

const codes = { enqueued: 1, removed: 2, returned: 3, sessionState: 4, seen: 5, numbering: 6, rules: 7 } as const;
const places = ['scheduled', 'ready', 'deferred'] as const;

export function writeChange(out: Writer, change: Change): void {
  const number = (value: number | undefined) => (value === undefined ? undefined : () => writeValue(out, long(value)));
  const string = (value: string | undefined) => (value === undefined ? undefined : () => writeText(out, value));
  const bytes = (value: Buffer | undefined) => (value === undefined ? undefined : () => writeBinary(out, value));
  const place = (value: StoredMessage['place']) => () => writeUint(out, places.indexOf(value));
  const fields: ((() => void) | undefined)[] = [string(change.queue)];
  switch (change.type) {
    case 'enqueued': {
      const { message } = change;
      const { content } = message;
      fields.push(number(message.sequence), number(message.enqueueSequence), number(message.enqueuedAtMs));
      fields.push(string(message.messageId), string(message.sessionId), string(message.deadLetterSource));
      fields.push(number(message.timeToLiveMs), number(message.scheduledAtMs), number(message.expiresAtMs));
      fields.push(number(message.deliveryCount), place(message.place));
      fields.push(() => writeBoolean(out, content.durable), number(content.priority));
      fields.push(bytes(content.annotations), number(content.annotationCount));
      fields.push(bytes(content.properties), bytes(content.applicationProperties), bytes(content.body));
      break;
    }
    case 'removed':
      fields.push(number(change.sequence));
      break;
    case 'returned':
      fields.push(number(change.sequence), number(change.deliveryCount), place(change.place));
      fields.push(bytes(change.applicationProperties));
      break;
    case 'sessionState':
      fields.push(string(change.sessionId), bytes(change.state));
      break;
    case 'seen':
      fields.push(string(change.messageId), number(change.untilMs));
      break;
    case 'numbering':
      fields.push(number(change.next));
      break;
    case 'rules':
      fields.push(() => writeValue(out, { type: 'list', items: change.rules.map(toRuleValue) }));
      break;
  }
  writeFields(out, codes[change.type], fields);
}

/** Reads changes to the end of the cursor. They share no memory with it. Throws a decode error. */
export function* readChanges(cursor: Cursor): Generator<Change> {
  while (hasMore(cursor)) yield readChange(cursor);
}

function readChange(cursor: Cursor): Change {
  const { descriptor, fields } = describedFields(cursor);
  const queue = required(textField(fields), 'queue');
  switch (descriptor) {
    case codes.enqueued:
      return { type: 'enqueued', queue, message: readStored(fields) };
    case codes.removed:
      return { type: 'removed', queue, sequence: number(fields) };
    case codes.returned: {
      const [sequence, deliveryCount] = [number(fields), number(fields)];
      const place = readPlace(fields);
      if (place === 'scheduled') throw malformed('a returned message cannot be scheduled');
      return {
        type: 'returned',
        queue,
        sequence,
        deliveryCount,
        place,
        applicationProperties: copy(binaryField(fields)),
      };
    }
    case codes.sessionState: {
      const sessionId = required(textField(fields), 'session-id');
      return { type: 'sessionState', queue, sessionId, state: copy(binaryField(fields)) };
    }
    case codes.seen: {
      const messageId = required(textField(fields), 'message-id');
      return { type: 'seen', queue, messageId, untilMs: number(fields) };
    }
    case codes.rules: {
      const list = required(valueField(fields), 'rules');
      const rules = list.type === 'list' ? list.items.map((item) => readRuleValue(item)) : [];
      return { type: 'rules', queue, rules: rules.map((rule) => required(rule, 'rule')) };
    }
    case codes.numbering:
      return { type: 'numbering', queue, next: number(fields) };
    default:
      throw malformed(`no change has the descriptor ${descriptor}`);
  }
}

// In the order they were written: an object literal is evaluated from top to bottom.
function readStored(fields: Fields): StoredMessage {
  const head = {
    sequence: number(fields),
    enqueueSequence: number(fields),
    enqueuedAtMs: number(fields),
    messageId: required(textField(fields), 'message-id'),
    sessionId: textField(fields),
    deadLetterSource: textField(fields),
    timeToLiveMs: optionalNumber(fields),
    scheduledAtMs: optionalNumber(fields),
    expiresAtMs: optionalNumber(fields),
    deliveryCount: number(fields),
    place: readPlace(fields),
  };
  const content = {
    durable: required(booleanField(fields), 'durable'),
    priority: number(fields),
    annotations: bytes(fields),
    annotationCount: number(fields),
    properties: bytes(fields),
    applicationProperties: bytes(fields),
    body: bytes(fields),
  };
  return { ...head, content };
}

function readPlace(fields: Fields): StoredMessage['place'] {
  return required(places[unsignedField(fields) ?? -1], 'place');
}

function optionalNumber(fields: Fields): number | undefined {
  return integerOf(valueField(fields));
}

function number(fields: Fields): number {
  return required(optionalNumber(fields), 'number');
}

function bytes(fields: Fields): Buffer {
  return required(copy(binaryField(fields)), 'bytes');
}

function copy(slice: Buffer | undefined): Buffer | undefined {
  return slice && Buffer.from(slice);
}

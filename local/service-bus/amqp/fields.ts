// Reads and writes the fields of a performative one by one: a missing or null field is undefined, a field of another
// type is a decode error. Knows field types, not which performative they belong to.
import { malformed } from './fault.js';
import {
  readByte,
  readCompound,
  readDescriptor,
  readValue,
  readVariable,
  skipValue,
  take,
  type Cursor,
} from './reader.js';
import { textOf, type AmqpValue } from './values.js';
import { beginCompound, endCompound, writeDescriptor, writeNull, type Writer } from './writer.js';

export type Fields = { readonly cursor: Cursor; left: number };

export function fieldsOf(cursor: Cursor): Fields {
  const { count, inner } = readCompound(cursor, 'list');
  return { cursor: inner, left: count };
}

export function skipField(fields: Fields): void {
  if (fields.left === 0) return;
  fields.left--;
  skipValue(fields.cursor);
}

export function booleanField(fields: Fields): boolean | undefined {
  const code = nextCode(fields);
  if (code === undefined) return undefined;
  if (code === 0x41 || code === 0x42) return code === 0x41;
  if (code === 0x56) return readByte(fields.cursor) !== 0;
  throw wrongType(code, 'boolean');
}

/** An unsigned integer of up to 32 bits. */
export function unsignedField(fields: Fields): number | undefined {
  const code = nextCode(fields);
  const { cursor } = fields;
  switch (code) {
    case undefined:
      return undefined;
    case 0x43:
      return 0;
    case 0x50:
    case 0x52:
      return readByte(cursor);
    case 0x60:
      return cursor.buffer.readUInt16BE(take(cursor, 2));
    case 0x70:
      return cursor.buffer.readUInt32BE(take(cursor, 4));
    default:
      throw wrongType(code, 'unsigned integer');
  }
}

export function textField(fields: Fields): string | undefined {
  const code = nextCode(fields);
  if (code === undefined) return undefined;
  if (code === 0xa1 || code === 0xb1 || code === 0xa3 || code === 0xb3) {
    return readVariable(fields.cursor, code).toString('utf8');
  }
  throw wrongType(code, 'string');
}

/** The bytes of a binary, still in the frame's buffer. */
export function binaryField(fields: Fields): Buffer | undefined {
  const code = nextCode(fields);
  if (code === undefined) return undefined;
  if (code === 0xa0 || code === 0xb0) return readVariable(fields.cursor, code);
  throw wrongType(code, 'binary');
}

export function valueField(fields: Fields): AmqpValue | undefined {
  if (fields.left === 0) return undefined;
  fields.left--;
  const value = readValue(fields.cursor);
  return value.type === 'null' ? undefined : value;
}

/** An AMQP error as it arrived inside an outcome. */
export type ReceivedError = {
  readonly condition: string;
  readonly description: string | undefined;
  /** The error's map, if it has one. */
  readonly details: AmqpValue | undefined;
};

/** Takes the error out of a value; undefined when there is none. */
export function receivedError(value: AmqpValue | undefined): ReceivedError | undefined {
  if (value === undefined || value.type === 'null') return undefined;
  const list = value.type === 'described' ? value.value : value;
  if (list.type !== 'list') throw malformed('an error was expected');
  return {
    condition: textOf(list.items[0]) ?? '',
    description: textOf(list.items[1]),
    details: list.items[2],
  };
}

/** What a performative that was asked for must carry. */
export function required<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw malformed(`the mandatory field '${name}' is missing`);
  return value;
}

/** Reads the descriptor and gives the fields of the described list behind it. */
export function describedFields(cursor: Cursor): { descriptor: number; fields: Fields } {
  const descriptor = readDescriptor(cursor);
  return { descriptor, fields: fieldsOf(cursor) };
}

/** Writes a described list; each field is a function that writes one value, undefined is null. */
export function writeFields(writer: Writer, descriptor: number, fields: readonly ((() => void) | undefined)[]): void {
  writeDescriptor(writer, descriptor);
  const start = beginCompound(writer, 0xd0);
  for (const field of fields) {
    if (field === undefined) writeNull(writer);
    else field();
  }
  endCompound(writer, start, fields.length);
}

function nextCode(fields: Fields): number | undefined {
  if (fields.left === 0) return undefined;
  fields.left--;
  const code = readByte(fields.cursor);
  return code === 0x40 ? undefined : code;
}

function wrongType(code: number, expected: string): Error {
  return malformed(`a field holds 0x${code.toString(16)} where a ${expected} belongs`);
}

// Reads AMQP 1.0 values from bytes that may be hostile: every length is checked, nesting and counts are bounded, and
// the only thing thrown is a decode error. Knows no performative and no message.
import { malformed } from './fault.js';
import type { AmqpType, AmqpValue } from './values.js';

export type Cursor = { readonly buffer: Buffer; offset: number; readonly end: number };

// Deeper values exist nowhere in this protocol; the bound keeps the stack safe.
const deepestNesting = 32;

export function cursorOver(buffer: Buffer, offset = 0, end = buffer.length): Cursor {
  return { buffer, offset, end };
}

export function hasMore(cursor: Cursor): boolean {
  return cursor.offset < cursor.end;
}

/** The position of the next `bytes` bytes, which are taken. */
export function take(cursor: Cursor, bytes: number): number {
  const start = cursor.offset;
  if (bytes > cursor.end - start) throw malformed(`${bytes} bytes were announced where ${cursor.end - start} are left`);
  cursor.offset = start + bytes;
  return start;
}

export function readByte(cursor: Cursor): number {
  return cursor.buffer.readUInt8(take(cursor, 1));
}

export function takeBytes(cursor: Cursor, bytes: number): Buffer {
  const start = take(cursor, bytes);
  return cursor.buffer.subarray(start, start + bytes);
}

/** A value of any type. */
export function readValue(cursor: Cursor, depth = 0): AmqpValue {
  if (depth > deepestNesting) throw malformed(`values are nested deeper than ${deepestNesting}`);
  const code = readByte(cursor);
  if (code !== 0x00) return readBody(cursor, code, depth);
  const descriptor = readValue(cursor, depth + 1);
  return { type: 'described', descriptor, value: readValue(cursor, depth + 1) };
}

/** Passes over one value, checking only what is needed to find its end. */
export function skipValue(cursor: Cursor, depth = 0): void {
  if (depth > deepestNesting) throw malformed(`values are nested deeper than ${deepestNesting}`);
  const code = readByte(cursor);
  if (code === 0x00) {
    skipValue(cursor, depth + 1);
    return skipValue(cursor, depth + 1);
  }
  if (typeNames.get(code) === undefined) throw malformed(`0x${code.toString(16)} is no constructor`);
  const fixed = fixedWidths[code >> 4];
  if (fixed !== undefined) return void take(cursor, fixed);
  take(cursor, isLongForm(code) ? cursor.buffer.readUInt32BE(take(cursor, 4)) : readByte(cursor));
}

/** The descriptor of a described value as a number (all descriptors of the protocol are known ulongs). */
export function readDescriptor(cursor: Cursor): number {
  if (readByte(cursor) !== 0x00) throw malformed('a described value was expected');
  const code = readByte(cursor);
  if (code === 0x53) return readByte(cursor);
  if (code === 0x44) return 0;
  if (code === 0x80) {
    const wide = cursor.buffer.readBigUInt64BE(take(cursor, 8));
    return wide > 0xffffn ? -1 : Number(wide);
  }
  if (code === 0xa3 || code === 0xb3) {
    // Symbolic descriptors are legal; nobody known to us sends them, so they count as unknown.
    take(cursor, code === 0xa3 ? readByte(cursor) : cursor.buffer.readUInt32BE(take(cursor, 4)));
    return -1;
  }
  throw malformed(`0x${code.toString(16)} starts no descriptor`);
}

/** A list or map header: how many items follow and a cursor that ends where the value ends. */
export function readCompound(cursor: Cursor, kind: 'list' | 'map'): { count: number; inner: Cursor } {
  const code = readByte(cursor);
  if (typeNames.get(code) !== kind) throw malformed(`a ${kind} was expected and 0x${code.toString(16)} was found`);
  return readCompoundBody(cursor, code);
}

function readCompoundBody(cursor: Cursor, code: number): { count: number; inner: Cursor } {
  if (code === 0x45) return { count: 0, inner: cursorOver(cursor.buffer, cursor.offset, cursor.offset) };
  const isLong = isLongForm(code);
  const size = isLong ? cursor.buffer.readUInt32BE(take(cursor, 4)) : readByte(cursor);
  const start = take(cursor, size);
  const inner = cursorOver(cursor.buffer, start, start + size);
  const count = isLong ? inner.buffer.readUInt32BE(take(inner, 4)) : readByte(inner);
  // Every item takes at least a byte, except in arrays of zero-width items, where this bounds memory.
  if (count > size) throw malformed(`${count} items were announced in ${size} bytes`);
  return { count, inner };
}

// The low bit of the upper nibble tells a four-byte length from a one-byte length in the variable-width families.
function isLongForm(code: number): boolean {
  return (code & 0x10) !== 0;
}

function readBody(cursor: Cursor, code: number, depth: number): AmqpValue {
  const type = typeNames.get(code);
  const { buffer } = cursor;
  switch (type) {
    case 'null':
      return { type };
    case 'boolean':
      return { type, value: code === 0x56 ? readByte(cursor) !== 0 : code === 0x41 };
    case 'ubyte':
      return { type, value: readByte(cursor) };
    case 'byte':
      return { type, value: buffer.readInt8(take(cursor, 1)) };
    case 'ushort':
      return { type, value: buffer.readUInt16BE(take(cursor, 2)) };
    case 'short':
      return { type, value: buffer.readInt16BE(take(cursor, 2)) };
    case 'uint':
      return {
        type,
        value: code === 0x43 ? 0 : code === 0x52 ? readByte(cursor) : buffer.readUInt32BE(take(cursor, 4)),
      };
    case 'int':
      return { type, value: code === 0x54 ? buffer.readInt8(take(cursor, 1)) : buffer.readInt32BE(take(cursor, 4)) };
    case 'char':
      return { type, value: buffer.readUInt32BE(take(cursor, 4)) };
    case 'float':
      return { type, value: buffer.readFloatBE(take(cursor, 4)) };
    case 'double':
      return { type, value: buffer.readDoubleBE(take(cursor, 8)) };
    case 'ulong':
      if (code === 0x44) return { type, value: 0n };
      return { type, value: code === 0x53 ? BigInt(readByte(cursor)) : buffer.readBigUInt64BE(take(cursor, 8)) };
    case 'long':
      if (code === 0x55) return { type, value: BigInt(buffer.readInt8(take(cursor, 1))) };
      return { type, value: buffer.readBigInt64BE(take(cursor, 8)) };
    case 'timestamp':
      return { type, value: buffer.readBigInt64BE(take(cursor, 8)) };
    case 'uuid':
    case 'decimal128':
      return { type, value: takeBytes(cursor, 16) };
    case 'decimal64':
      return { type, value: takeBytes(cursor, 8) };
    case 'decimal32':
      return { type, value: takeBytes(cursor, 4) };
    case 'binary':
      return { type, value: readVariable(cursor, code) };
    case 'string':
      return { type, value: readVariable(cursor, code).toString('utf8') };
    case 'symbol':
      return { type, value: readVariable(cursor, code).toString('latin1') };
    case 'list': {
      const { count, inner } = readCompoundBody(cursor, code);
      return { type, items: readItems(inner, count, depth) };
    }
    case 'map': {
      const { count, inner } = readCompoundBody(cursor, code);
      if (count % 2 !== 0) throw malformed('a map holds a key without a value');
      const items = readItems(inner, count, depth);
      const entries: (readonly [AmqpValue, AmqpValue])[] = [];
      for (let at = 0; at + 1 < items.length; at += 2) entries.push([items[at]!, items[at + 1]!]);
      return { type, entries };
    }
    case 'array': {
      const { count, inner } = readCompoundBody(cursor, code);
      return readArray(inner, count, depth);
    }
    default:
      throw malformed(`0x${code.toString(16)} is no constructor`);
  }
}

export function readVariable(cursor: Cursor, code: number): Buffer {
  return takeBytes(cursor, isLongForm(code) ? cursor.buffer.readUInt32BE(take(cursor, 4)) : readByte(cursor));
}

function readItems(inner: Cursor, count: number, depth: number): AmqpValue[] {
  const items: AmqpValue[] = [];
  for (let read = 0; read < count; read++) items.push(readValue(inner, depth + 1));
  return items;
}

function readArray(inner: Cursor, count: number, depth: number): AmqpValue {
  if (depth > deepestNesting) throw malformed(`values are nested deeper than ${deepestNesting}`);
  const descriptors: AmqpValue[] = [];
  let code = readByte(inner);
  while (code === 0x00) {
    if (descriptors.length >= deepestNesting) throw malformed('an array carries too many descriptors');
    descriptors.push(readValue(inner, depth + 1));
    code = readByte(inner);
  }
  const of: AmqpType | undefined = typeNames.get(code);
  if (of === undefined) throw malformed(`0x${code.toString(16)} is no constructor`);
  const items: AmqpValue[] = [];
  for (let read = 0; read < count; read++) {
    const bare = readBody(inner, code, depth + 1);
    items.push(
      descriptors.reduceRight<AmqpValue>((value, descriptor) => ({ type: 'described', descriptor, value }), bare),
    );
  }
  return { type: 'array', of: descriptors.length > 0 ? 'described' : of, items };
}

// Bytes after the constructor, by its upper nibble, for the fixed-width families.
const fixedWidths: readonly (number | undefined)[] = [
  ...[undefined, undefined, undefined, undefined],
  ...[0, 1, 2, 4, 8, 16],
  ...[undefined, undefined, undefined, undefined, undefined, undefined],
];

const typeNames: ReadonlyMap<number, AmqpType> = new Map<number, AmqpType>([
  [0x40, 'null'],
  [0x41, 'boolean'],
  [0x42, 'boolean'],
  [0x56, 'boolean'],
  [0x50, 'ubyte'],
  [0x60, 'ushort'],
  [0x43, 'uint'],
  [0x52, 'uint'],
  [0x70, 'uint'],
  [0x44, 'ulong'],
  [0x53, 'ulong'],
  [0x80, 'ulong'],
  [0x51, 'byte'],
  [0x61, 'short'],
  [0x54, 'int'],
  [0x71, 'int'],
  [0x55, 'long'],
  [0x81, 'long'],
  [0x72, 'float'],
  [0x82, 'double'],
  [0x73, 'char'],
  [0x83, 'timestamp'],
  [0x98, 'uuid'],
  [0x74, 'decimal32'],
  [0x84, 'decimal64'],
  [0x94, 'decimal128'],
  [0xa0, 'binary'],
  [0xb0, 'binary'],
  [0xa1, 'string'],
  [0xb1, 'string'],
  [0xa3, 'symbol'],
  [0xb3, 'symbol'],
  [0x45, 'list'],
  [0xc0, 'list'],
  [0xd0, 'list'],
  [0xc1, 'map'],
  [0xd1, 'map'],
  [0xe0, 'array'],
  [0xf0, 'array'],
]);

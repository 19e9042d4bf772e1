// Writes AMQP 1.0 values into one growing buffer (part 1, "Types"). Compact encodings where they are cheap to pick.
// Knows no performative and no message.
import { unreachable } from '../../../shared/unreachable.js';
import type { AmqpType, AmqpValue } from './values.js';

export type Writer = { buffer: Buffer; length: number };

export function createWriter(initialBytes = 1024): Writer {
  return { buffer: Buffer.allocUnsafe(initialBytes), length: 0 };
}

/** Everything written so far; valid until the next write. */
export function written(writer: Writer): Buffer {
  return writer.buffer.subarray(0, writer.length);
}

/** Makes room for `bytes` more and returns where they start; the caller fills all of them. */
export function reserve(writer: Writer, bytes: number): number {
  const start = writer.length;
  const needed = start + bytes;
  if (needed > writer.buffer.length) {
    const larger = Buffer.allocUnsafe(Math.max(needed, writer.buffer.length * 2));
    writer.buffer.copy(larger, 0, 0, start);
    writer.buffer = larger;
  }
  writer.length = needed;
  return start;
}

export function writeRaw(writer: Writer, bytes: Buffer): void {
  const start = reserve(writer, bytes.length);
  bytes.copy(writer.buffer, start);
}

export function writeByte(writer: Writer, value: number): void {
  const start = reserve(writer, 1);
  writer.buffer[start] = value;
}

export function writeNull(writer: Writer): void {
  writeByte(writer, 0x40);
}

export function writeBoolean(writer: Writer, value: boolean): void {
  writeByte(writer, value ? 0x41 : 0x42);
}

export function writeUbyte(writer: Writer, value: number): void {
  const start = reserve(writer, 2);
  writer.buffer[start] = 0x50;
  writer.buffer[start + 1] = value;
}

export function writeUint(writer: Writer, value: number): void {
  if (value === 0) return writeByte(writer, 0x43);
  if (value < 256) {
    const start = reserve(writer, 2);
    writer.buffer[start] = 0x52;
    writer.buffer[start + 1] = value;
    return;
  }
  const start = reserve(writer, 5);
  writer.buffer[start] = 0x70;
  writer.buffer.writeUInt32BE(value, start + 1);
}

export function writeText(writer: Writer, value: string): void {
  writeBytes(writer, Buffer.from(value, 'utf8'), 0xa1);
}

export function writeSymbol(writer: Writer, value: string): void {
  writeBytes(writer, Buffer.from(value, 'latin1'), 0xa3);
}

export function writeBinary(writer: Writer, value: Buffer): void {
  writeBytes(writer, value, 0xa0);
}

/** Starts a described list, map or section body: 0x00, the descriptor as smallulong. */
export function writeDescriptor(writer: Writer, descriptor: number): void {
  const start = reserve(writer, 3);
  writer.buffer[start] = 0x00;
  writer.buffer[start + 1] = 0x53;
  writer.buffer[start + 2] = descriptor;
}

/** Starts a list (0xd0) or map (0xd1) whose size and count are not known yet; give the answer to `endCompound`. */
export function beginCompound(writer: Writer, code: 0xd0 | 0xd1): number {
  const start = reserve(writer, 9);
  writer.buffer[start] = code;
  return start;
}

/** Fills in size and count of what `beginCompound` started; a map counts keys and values. */
export function endCompound(writer: Writer, start: number, count: number): void {
  writer.buffer.writeUInt32BE(writer.length - start - 5, start + 1);
  writer.buffer.writeUInt32BE(count, start + 5);
}

export function writeValue(writer: Writer, value: AmqpValue): void {
  switch (value.type) {
    case 'null':
      return writeNull(writer);
    case 'boolean':
      return writeBoolean(writer, value.value);
    case 'uint':
      return writeUint(writer, value.value);
    case 'string':
      return writeText(writer, value.value);
    case 'symbol':
      return writeSymbol(writer, value.value);
    case 'binary':
      return writeBinary(writer, value.value);
    case 'described':
      writeByte(writer, 0x00);
      writeValue(writer, value.descriptor);
      return writeValue(writer, value.value);
    case 'ulong':
      if (value.value < 256n) {
        const start = reserve(writer, 2);
        writer.buffer[start] = 0x53;
        writer.buffer[start + 1] = Number(value.value);
        return;
      }
      break;
    default:
  }
  writeByte(writer, wideCodes[value.type]);
  writeWide(writer, value);
}

/** One value as bytes of its own. */
export function encodeValue(value: AmqpValue): Buffer {
  const writer = createWriter(256);
  writeValue(writer, value);
  return written(writer);
}

function writeBytes(writer: Writer, bytes: Buffer, shortCode: number): void {
  if (bytes.length < 256) {
    const start = reserve(writer, 2 + bytes.length);
    writer.buffer[start] = shortCode;
    writer.buffer[start + 1] = bytes.length;
    bytes.copy(writer.buffer, start + 2);
    return;
  }
  writeByte(writer, shortCode + 0x10);
  writeLongBytes(writer, bytes);
}

function writeLongBytes(writer: Writer, bytes: Buffer): void {
  const start = reserve(writer, 4 + bytes.length);
  writer.buffer.writeUInt32BE(bytes.length, start);
  bytes.copy(writer.buffer, start + 4);
}

// The widest encoding of each type: the one that holds every value, as an array's single constructor must.
const wideCodes: Readonly<Record<AmqpType, number>> = {
  null: 0x40,
  boolean: 0x56,
  ubyte: 0x50,
  ushort: 0x60,
  uint: 0x70,
  ulong: 0x80,
  byte: 0x51,
  short: 0x61,
  int: 0x71,
  long: 0x81,
  float: 0x72,
  double: 0x82,
  char: 0x73,
  timestamp: 0x83,
  uuid: 0x98,
  decimal32: 0x74,
  decimal64: 0x84,
  decimal128: 0x94,
  binary: 0xb0,
  string: 0xb1,
  symbol: 0xb3,
  list: 0xd0,
  map: 0xd1,
  array: 0xf0,
  described: 0x00,
};

// Everything but the constructor, in the widest encoding.
function writeWide(writer: Writer, value: AmqpValue): void {
  switch (value.type) {
    case 'null':
      return;
    case 'boolean':
      return writeByte(writer, value.value ? 1 : 0);
    case 'ubyte':
      return writeByte(writer, value.value);
    case 'byte':
      return writeByte(writer, value.value & 0xff);
    case 'ushort': {
      const start = reserve(writer, 2);
      return void writer.buffer.writeUInt16BE(value.value, start);
    }
    case 'short': {
      const start = reserve(writer, 2);
      return void writer.buffer.writeInt16BE(value.value, start);
    }
    case 'uint':
    case 'char': {
      const start = reserve(writer, 4);
      return void writer.buffer.writeUInt32BE(value.value, start);
    }
    case 'int': {
      const start = reserve(writer, 4);
      return void writer.buffer.writeInt32BE(value.value, start);
    }
    case 'float': {
      const start = reserve(writer, 4);
      return void writer.buffer.writeFloatBE(value.value, start);
    }
    case 'double': {
      const start = reserve(writer, 8);
      return void writer.buffer.writeDoubleBE(value.value, start);
    }
    case 'ulong': {
      const start = reserve(writer, 8);
      return void writer.buffer.writeBigUInt64BE(value.value, start);
    }
    case 'long':
    case 'timestamp': {
      const start = reserve(writer, 8);
      return void writer.buffer.writeBigInt64BE(value.value, start);
    }
    case 'uuid':
    case 'decimal32':
    case 'decimal64':
    case 'decimal128':
      return writeRaw(writer, value.value);
    case 'binary':
      return writeLongBytes(writer, value.value);
    case 'string':
      return writeLongBytes(writer, Buffer.from(value.value, 'utf8'));
    case 'symbol':
      return writeLongBytes(writer, Buffer.from(value.value, 'latin1'));
    case 'list':
      return writeSized(writer, value.items.length, () => value.items.forEach((item) => writeValue(writer, item)));
    case 'map':
      return writeSized(writer, value.entries.length * 2, () =>
        value.entries.forEach(([key, item]) => {
          writeValue(writer, key);
          writeValue(writer, item);
        }),
      );
    case 'array':
      return writeSized(writer, value.items.length, () => writeArrayItems(writer, value.of, value.items));
    case 'described':
      throw new Error('A described value has no wide encoding of its own');
    default:
      return unreachable(value);
  }
}

function writeArrayItems(writer: Writer, of: AmqpType, items: readonly AmqpValue[]): void {
  const first = items[0];
  if (of === 'described') {
    if (first?.type !== 'described') throw new Error('An array of described values needs a first item to name them');
    writeByte(writer, 0x00);
    writeValue(writer, first.descriptor);
    const bodies = items.map((item) => (item.type === 'described' ? item.value : item));
    return writeArrayItems(writer, first.value.type, bodies);
  }
  writeByte(writer, wideCodes[of]);
  for (const item of items) writeWide(writer, item);
}

function writeSized(writer: Writer, count: number, writeItems: () => void): void {
  const start = reserve(writer, 8);
  writeItems();
  writer.buffer.writeUInt32BE(writer.length - start - 4, start);
  writer.buffer.writeUInt32BE(count, start + 4);
}

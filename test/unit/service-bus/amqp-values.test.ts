// The codec on its own: whatever is written is read back, whatever is read cannot do harm.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AmqpFault } from '../../../local/service-bus/amqp/fault.js';
import { readPerformative } from '../../../local/service-bus/amqp/performatives.js';
import { cursorOver, hasMore, readValue, skipValue } from '../../../local/service-bus/amqp/reader.js';
import type { AmqpType, AmqpValue } from '../../../local/service-bus/amqp/values.js';
import { encodeValue } from '../../../local/service-bus/amqp/writer.js';

const bytes = (least: number, most: number): fc.Arbitrary<Buffer> =>
  fc.uint8Array({ minLength: least, maxLength: most }).map((array) => Buffer.from(array));
const whole = (min: number, max: number): fc.Arbitrary<number> => fc.integer({ min, max });
const wide = (min: bigint, max: bigint): fc.Arbitrary<bigint> => fc.bigInt({ min, max });

const scalars: Readonly<Partial<Record<AmqpType, fc.Arbitrary<AmqpValue>>>> = {
  boolean: fc.boolean().map((value) => ({ type: 'boolean', value })),
  ubyte: whole(0, 255).map((value) => ({ type: 'ubyte', value })),
  ushort: whole(0, 65_535).map((value) => ({ type: 'ushort', value })),
  uint: whole(0, 0xffffffff).map((value) => ({ type: 'uint', value })),
  byte: whole(-128, 127).map((value) => ({ type: 'byte', value })),
  short: whole(-32_768, 32_767).map((value) => ({ type: 'short', value })),
  int: whole(-(2 ** 31), 2 ** 31 - 1).map((value) => ({ type: 'int', value })),
  char: whole(0, 0x10ffff).map((value) => ({ type: 'char', value })),
  float: fc.float({ noNaN: true }).map((value) => ({ type: 'float', value })),
  double: fc.double({ noNaN: true }).map((value) => ({ type: 'double', value })),
  ulong: wide(0n, 2n ** 64n - 1n).map((value) => ({ type: 'ulong', value })),
  long: wide(-(2n ** 63n), 2n ** 63n - 1n).map((value) => ({ type: 'long', value })),
  timestamp: wide(-(2n ** 63n), 2n ** 63n - 1n).map((value) => ({ type: 'timestamp', value })),
  binary: bytes(0, 300).map((value) => ({ type: 'binary', value })),
  uuid: bytes(16, 16).map((value) => ({ type: 'uuid', value })),
  decimal32: bytes(4, 4).map((value) => ({ type: 'decimal32', value })),
  decimal64: bytes(8, 8).map((value) => ({ type: 'decimal64', value })),
  decimal128: bytes(16, 16).map((value) => ({ type: 'decimal128', value })),
  string: fc.string({ unit: 'grapheme', maxLength: 300 }).map((value) => ({ type: 'string', value })),
  symbol: fc.string({ unit: 'grapheme-ascii', maxLength: 300 }).map((value) => ({ type: 'symbol', value })),
};
const scalar: fc.Arbitrary<AmqpValue> = fc.oneof(
  fc.constant<AmqpValue>({ type: 'null' }),
  ...Object.values(scalars).filter((each) => each !== undefined),
);
const arrayOfScalars: fc.Arbitrary<AmqpValue> = fc
  .constantFrom(...Object.entries(scalars))
  .chain(([of, arbitrary]) =>
    fc.array(arbitrary, { maxLength: 5 }).map((items): AmqpValue => ({ type: 'array', of: of as AmqpType, items })),
  );
const { value: anyValue } = fc.letrec<{ value: AmqpValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    scalar,
    arrayOfScalars,
    fc.array(tie('value'), { maxLength: 5 }).map((items): AmqpValue => ({ type: 'list', items })),
    fc
      .array(fc.tuple(tie('value'), tie('value')), { maxLength: 4 })
      .map((entries): AmqpValue => ({ type: 'map', entries })),
    fc
      .tuple(fc.constant<AmqpValue>({ type: 'ulong', value: 0x77n }), tie('value'))
      .map(([descriptor, value]): AmqpValue => ({ type: 'described', descriptor, value })),
  ),
}));

describe('AMQP values', () => {
  test('every value is read back as it was written, to its last byte', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        const cursor = cursorOver(encodeValue(value));
        expect(readValue(cursor)).toEqual(value);
        expect(hasMore(cursor)).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  test('passing over a value ends where reading it ends', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        const cursor = cursorOver(encodeValue(value));
        skipValue(cursor);
        expect(hasMore(cursor)).toBe(false);
      }),
    );
  });

  test('a value cut short is a decode error, wherever it is cut', () => {
    fc.assert(
      fc.property(anyValue, fc.nat(), (value, at) => {
        const encoded = encodeValue(value);
        const cut = encoded.subarray(0, at % encoded.length);
        expect(() => readValue(cursorOver(cut))).toThrow(AmqpFault);
      }),
    );
  });

  test('arbitrary bytes are a value, a performative or a decode error, and nothing else', () => {
    const onlyFaults = (read: () => unknown): void => {
      try {
        read();
      } catch (error) {
        expect(error).toBeInstanceOf(AmqpFault);
      }
    };
    fc.assert(
      fc.property(bytes(0, 64), whole(0x10, 0x18), (garbage, descriptor) => {
        onlyFaults(() => readValue(cursorOver(garbage)));
        onlyFaults(() => skipValue(cursorOver(garbage)));
        onlyFaults(() => readPerformative(cursorOver(garbage)));
        onlyFaults(() => readPerformative(cursorOver(Buffer.concat([Buffer.from([0, 0x53, descriptor]), garbage]))));
      }),
      { numRuns: 2_000 },
    );
  });

  test('a few bytes cannot announce more items or deeper nesting than they hold', () => {
    // An array of four thousand million nulls, which take no bytes.
    const hugeArray = Buffer.from([0xf0, 0, 0, 0, 5, 0xff, 0xff, 0xff, 0xff, 0x40]);
    expect(() => readValue(cursorOver(hugeArray))).toThrow(/items were announced/);
    const nested = Buffer.alloc(10_000);
    expect(() => readValue(cursorOver(nested))).toThrow(/nested/);
    expect(() => skipValue(cursorOver(nested))).toThrow(/nested/);
  });
});

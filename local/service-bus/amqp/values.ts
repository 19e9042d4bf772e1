// The AMQP 1.0 type system as one discriminated union, so that a value read can be written back as the type it had.
// Knows no performative and no message.

export type AmqpValue =
  | { readonly type: 'null' }
  | { readonly type: 'boolean'; readonly value: boolean }
  | { readonly type: NumberType; readonly value: number }
  | { readonly type: WideType; readonly value: bigint }
  | { readonly type: BytesType; readonly value: Buffer }
  | { readonly type: 'string' | 'symbol'; readonly value: string }
  | { readonly type: 'list'; readonly items: readonly AmqpValue[] }
  | { readonly type: 'map'; readonly entries: readonly (readonly [AmqpValue, AmqpValue])[] }
  | { readonly type: 'array'; readonly of: AmqpType; readonly items: readonly AmqpValue[] }
  | { readonly type: 'described'; readonly descriptor: AmqpValue; readonly value: AmqpValue };

/** Numbers a JavaScript number holds exactly; a char is its code point. */
export type NumberType = 'ubyte' | 'ushort' | 'uint' | 'byte' | 'short' | 'int' | 'float' | 'double' | 'char';
/** 64-bit numbers; a timestamp is milliseconds since 1970. */
export type WideType = 'ulong' | 'long' | 'timestamp';
/** Byte strings, among them those whose content the broker never looks into (decimals). */
export type BytesType = 'binary' | 'uuid' | 'decimal32' | 'decimal64' | 'decimal128';
export type AmqpType = AmqpValue['type'];

export const nothing: AmqpValue = { type: 'null' };
export const text = (value: string): AmqpValue => ({ type: 'string', value });
export const symbol = (value: string): AmqpValue => ({ type: 'symbol', value });
export const int = (value: number): AmqpValue => ({ type: 'int', value });
export const long = (value: number | bigint): AmqpValue => ({ type: 'long', value: BigInt(value) });
export const timestamp = (milliseconds: number): AmqpValue => ({ type: 'timestamp', value: BigInt(milliseconds) });
export const binary = (value: Buffer): AmqpValue => ({ type: 'binary', value });

/** A map with string keys, in the order given. */
export function textMap(entries: Readonly<Record<string, AmqpValue>>): AmqpValue {
  return { type: 'map', entries: Object.entries(entries).map(([key, value]) => [text(key), value] as const) };
}

/** The value under a string or symbol key; undefined when `map` is no map or lacks the key or holds null there. */
export function fromMap(map: AmqpValue | undefined, key: string): AmqpValue | undefined {
  if (map?.type !== 'map') return undefined;
  const found = map.entries.find(([name]) => (name.type === 'string' || name.type === 'symbol') && name.value === key);
  return found === undefined || found[1].type === 'null' ? undefined : found[1];
}

/** The entries of a map whose keys are strings or symbols; none when `map` is no map. */
export function namedEntries(map: AmqpValue | undefined): (readonly [string, AmqpValue])[] {
  if (map?.type !== 'map') return [];
  return map.entries.flatMap(([key, value]) => {
    const name = textOf(key);
    return name === undefined ? [] : [[name, value] as const];
  });
}

/** The text of a string or symbol; undefined for everything else. */
export function textOf(value: AmqpValue | undefined): string | undefined {
  return value?.type === 'string' || value?.type === 'symbol' ? value.value : undefined;
}

/** Any integer as a number; undefined for everything else and for what a number cannot hold exactly. */
export function integerOf(value: AmqpValue | undefined): number | undefined {
  if (value === undefined || !('value' in value)) return undefined;
  if (typeof value.value !== 'number' && typeof value.value !== 'bigint') return undefined;
  const number = Number(value.value);
  return Number.isSafeInteger(number) ? number : undefined;
}

/** The bytes of a binary; undefined for everything else. */
export function bytesOf(value: AmqpValue | undefined): Buffer | undefined {
  return value?.type === 'binary' ? value.value : undefined;
}

/** The value below any descriptors. */
export function undescribed(value: AmqpValue): AmqpValue {
  return value.type === 'described' ? undescribed(value.value) : value;
}

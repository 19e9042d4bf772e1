// Bodies made from good ones by a few changes, and the text of them by a few more.
import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { secretMark } from './body-examples.js';

/** Values that have broken something somewhere. */
const oddValues: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -0,
  -1,
  1,
  1.5,
  2 ** 31,
  2 ** 53,
  -(2 ** 63),
  1e308,
  '',
  ' ',
  '0',
  'true',
  'null',
  'NaN',
  'x'.repeat(65),
  'x'.repeat(2_000),
  'x'.repeat(70_000),
  '../../etc/passwd',
  'a/b',
  'a\\b',
  'a\u0000b',
  'a\nb',
  '\ud800',
  '\u202e\u0000',
  'ünïcödé ☃ 😀',
  '__proto__',
  'constructor',
  'toString',
  '%00',
  '$TargetDedicated',
  "' or 1 eq 1",
  'PT0S',
  'PT1S',
  'P7D',
  'P1Y2M3DT4H5M6.789S',
  'P99999999999999999999D',
  'P10675199DT2H48M5.4775807S',
  '-PT1H',
  'PT',
  'PT1.5H',
  '2026-01-01T00:00:00Z',
  '2026-13-45T99:99:99Z',
  '9999-12-31T23:59:59.9999999Z',
  '+275760-09-13T00:00:00.001Z',
  '0001-01-01T00:00:00Z',
  '2026-01-01T00:00:00+14:00',
  'Thu, 01 Jan 1970 00:00:00 GMT',
  'http://127.0.0.1:1/',
  'file:///etc/passwd',
  `https://a.blob.core.windows.net/c?sig=${secretMark}`,
  'http://[::1',
  'javascript:alert(1)',
  'terminatejob',
  'TerminateJob',
  'poolId',
  'Pool-1',
  'Job-1',
  't1',
  [],
  [[]],
  [null],
  {},
  { __proto__: null },
  Array.from({ length: 101 }, (_, index) => `t${index}`),
  Array.from({ length: 101 }, (_, index) => ({ name: `n${index}`, value: 'v' })),
];

const oddNames = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'ID',
  '',
  'a b',
  'x'.repeat(300),
];

type Mutation = { readonly at: number; readonly kind: MutationKind; readonly value: unknown; readonly name: string };
const kinds = ['replace', 'replace', 'replace', 'remove', 'add', 'rename', 'wrap', 'repeat', 'letterCase'] as const;
type MutationKind = (typeof kinds)[number];

const oddValue: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...oddValues) },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme', maxLength: 80 }) },
  { weight: 1, arbitrary: fc.double({ noNaN: true }) },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
);

const mutation: fc.Arbitrary<Mutation> = fc.record({
  at: fc.nat(10_000),
  kind: fc.constantFrom(...kinds),
  value: oddValue,
  name: fc.oneof(fc.constantFrom(...oddNames), fc.string({ maxLength: 20 })),
});

const mutations = fc.oneof(
  { weight: 3, arbitrary: fc.constant([]) },
  { weight: 5, arbitrary: fc.tuple(mutation) },
  { weight: 2, arbitrary: fc.array(mutation, { minLength: 2, maxLength: 4 }) },
);

const textChanges = [
  'cut',
  'trailing',
  'mark',
  'twice',
  'deep',
  'badUtf8',
  'comment',
  'nothing',
  'large',
  'list',
] as const;

/** Text of a body that is one of `examples`, or nearly; as latin-1 text of its bytes. */
export function bodyFrom(examples: readonly object[]): fc.Arbitrary<string> {
  const json = fc
    .tuple(fc.constantFrom(...examples), mutations)
    .map(([example, changes]) => changes.reduce<unknown>(mutate, example));
  const text = json.map((value) => JSON.stringify(value) ?? 'null');
  const broken = fc
    .tuple(text, fc.constantFrom(...textChanges), fc.nat(10_000))
    .map(([whole, change, at]) => breakText(whole, change, at));
  return fc.oneof({ weight: 14, arbitrary: text.map(toLatin1) }, { weight: 1, arbitrary: broken });
}

const toLatin1 = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

function breakText(text: string, change: (typeof textChanges)[number], at: number): string {
  switch (change) {
    case 'cut':
      return toLatin1(text.slice(0, at % (text.length + 1)));
    case 'trailing':
      return toLatin1(`${text}}`);
    case 'mark':
      return toLatin1(`\ufeff${text}`);
    case 'twice':
      return toLatin1(text.replace(/"id":/, '"id":"first","id":'));
    case 'deep':
      return `{"a":${'['.repeat(at)}${']'.repeat(at)}}`;
    case 'badUtf8':
      return `${toLatin1(text).slice(0, -1)},"x":"\xff\xfe"}`;
    case 'comment':
      return toLatin1(`/* c */${text}`);
    case 'nothing':
      return '';
    case 'large':
      return `{"id":"${'x'.repeat(1024 * 1024 + (at % 2))}"}`;
    case 'list':
      return toLatin1(`[${text}]`);
  }
}

function mutate(value: unknown, change: Mutation): unknown {
  const places = countPlaces(value);
  return changeAt(value, change, { left: change.at % places });
}

function countPlaces(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 1;
  return Object.values(value).reduce<number>((sum, item) => sum + countPlaces(item), 1);
}

// Counts down through all places of the value, in order, and changes the one where nothing is left.
function changeAt(value: unknown, change: Mutation, place: { left: number }): unknown {
  const isHere = place.left === 0;
  place.left -= 1;
  if (isHere) return changed(value, change);
  if (Array.isArray(value)) return value.map((item) => changeAt(item, change, place));
  if (typeof value !== 'object' || value === null) return value;
  return fromEntries(Object.entries(value).map(([name, item]) => [name, changeAt(item, change, place)]));
}

function changed(value: unknown, { kind, value: other, name, at }: Mutation): unknown {
  const isList = Array.isArray(value);
  const entries = typeof value === 'object' && value !== null && !isList ? Object.entries(value) : undefined;
  const index = at % Math.max(1, entries?.length ?? 1);
  switch (kind) {
    case 'replace':
      return other;
    case 'remove':
      return entries ? fromEntries(entries.filter((_, position) => position !== index)) : null;
    case 'add':
      return entries ? fromEntries([...entries, [name, other]]) : isList ? [...value, other] : other;
    case 'rename':
      return entries
        ? fromEntries(entries.map((entry, position) => (position === index ? [name, entry[1]] : entry)))
        : other;
    case 'wrap':
      return [value];
    case 'repeat':
      return isList ? [...value, ...value] : { value };
    case 'letterCase':
      return typeof value === 'string' ? value.toUpperCase() : value;
  }
}

// As JSON.parse does: a property of the name __proto__, not another prototype.
const fromEntries = (entries: readonly (readonly [string, unknown])[]): object => Object.fromEntries(entries);

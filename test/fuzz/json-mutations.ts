// Faults put into good bodies: at some place of the JSON, and in its text.
import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { oddNames, oddValues } from './odd-values.js';
import { shrinkableJson } from './shrinkable-json.js';

type Mutation = { readonly at: number; readonly kind: MutationKind; readonly value: unknown; readonly name: string };
const kinds = [
  'replace',
  'replace',
  'replace',
  'remove',
  'add',
  'rename',
  'wrap',
  'nest',
  'repeat',
  'letterCase',
] as const;
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
  { weight: 7, arbitrary: fc.constant([]) },
  { weight: 5, arbitrary: fc.tuple(mutation) },
  { weight: 2, arbitrary: fc.array(mutation, { minLength: 2, maxLength: 4 }) },
);

const textChanges = [
  'cut',
  'trailing',
  'mark',
  'twice',
  'huge',
  'deep',
  'badUtf8',
  'comment',
  'nothing',
  'large',
  'list',
] as const;

/** Text of a body that is one of `bodies`, or nearly; as latin-1 text of its bytes. */
export function bodyFrom(bodies: fc.Arbitrary<unknown>): fc.Arbitrary<string> {
  const faulty = fc
    .tuple(bodies, mutations)
    .map(([body, changes]) => changes.reduce<unknown>(mutate, JSON.parse(JSON.stringify(body) ?? 'null')));
  const text = shrinkableJson(faulty).map((value) => JSON.stringify(value) ?? 'null');
  const broken = fc
    .tuple(text, fc.constantFrom(...textChanges), fc.nat(10_000))
    .map(([whole, change, at]) => breakText(whole, change, at));
  return fc.oneof(
    { withCrossShrink: true },
    { weight: 14, arbitrary: text.map(toLatin1) },
    { weight: 1, arbitrary: broken },
  );
}

// Numbers that JSON can write and a program cannot hold.
const huge = ['1e999', '-1e999', `1${'0'.repeat(400)}`, '9007199254740993', '1e-999', '-0', `0.${'1'.repeat(1_000)}`];

/** The text with one of the places of `pattern` changed, if there is any. */
function atSome(text: string, pattern: RegExp, at: number, change: (found: string) => string): string {
  const places = [...text.matchAll(pattern)];
  const place = places[at % Math.max(1, places.length)];
  if (place === undefined) return text;
  return `${text.slice(0, place.index)}${change(place[0])}${text.slice(place.index + place[0].length)}`;
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
      return toLatin1(atSome(text, /"\w+":/g, at, (name) => `${name}"first",${name}`));
    case 'huge':
      return toLatin1(atSome(text, /(?<=":)("\w*"|[\d.]+|true|false|null)/g, at, () => huge[at % huge.length] ?? ''));
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
    case 'nest':
      return Array.from({ length: at % 600 }).reduce<unknown>(
        (inner, _, depth) => (depth % 2 ? [inner] : { inner }),
        value,
      );
    case 'repeat':
      return isList ? [...value, ...value] : { value };
    case 'letterCase':
      return typeof value === 'string' ? value.toUpperCase() : value;
  }
}

// As JSON.parse does: a property of the name __proto__, not another prototype.
const fromEntries = (entries: readonly (readonly [string, unknown])[]): object => Object.fromEntries(entries);

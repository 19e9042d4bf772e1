// Paths of operations: mostly of what is there, now and then of what is not, or of what no path should be.
import fc from 'fast-check';
import { oneOf, weighted } from './one-of.js';

/** A path of an operation on what is there. */
export const plainPath = (route: string, ids: KnownIds): string =>
  `/${route
    .split('/')
    .flatMap((part) => {
      const name = /^\{\*?([A-Za-z]+)\??\}$/.exec(part)?.[1];
      if (name === undefined) return [part];
      return part.startsWith('{*') ? [] : [encodeURIComponent(ids[name]?.[0] ?? 'none')];
    })
    .join('/')}`;

/** What stands in the place of a route's parameters, by name; a name that is not known gets one of all. */
export type KnownIds = Readonly<Record<string, readonly string[]>>;

const { constantFrom, tuple, constant, string: text } = fc;

const oddSegments = [
  '..',
  '.',
  '%2e%2e',
  '%2E',
  '..%2f..%2fetc%2fpasswd',
  '..%5C..',
  'a%2Fb',
  'a%5Cb',
  'a%00b',
  '%00',
  '%0d%0aSet-Cookie:x=1',
  '%',
  '%zz',
  '%ff%fe',
  '%C0%AF',
  '%u0041',
  '%2525',
  '%252F',
  'x'.repeat(64),
  'x'.repeat(65),
  'x'.repeat(129),
  'x'.repeat(8_000),
  '%C3%BC',
  '%F0%9F%98%80',
  'a:b',
  'a%3Ajob-1',
  '__proto__',
  'constructor',
  'a;b=c',
  'a,b',
  'a b',
  '%20',
  '+',
  "'",
  '"',
  '(1)',
  '*',
  '$metadata',
  '~',
  '😀',
];

const segment = (ids: readonly string[]): fc.Arbitrary<string> =>
  oneOf(
    weighted(60, constantFrom(...ids).map(encodeURIComponent)),
    weighted(
      1,
      constantFrom(...ids).map((id) => encodeURIComponent(id.toUpperCase())),
    ),
    weighted(1, constantFrom(...ids).map(encodeEverything)),
    weighted(
      1,
      constantFrom(...ids).map((id) => `${encodeURIComponent(id)}%20`),
    ),
    weighted(2, constantFrom('Absent', 'nothing-there', '0')),
    weighted(4, constantFrom(...oddSegments)),
    weighted(1, text({ unit: 'grapheme', maxLength: 40 }).map(encodeLoosely)),
  );

const encodeEverything = (id: string): string =>
  [...Buffer.from(id)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');

/** A lone surrogate has no encoding. */
export const encodeLoosely = (given: string): string => encodeURIComponent(Buffer.from(given).toString());

/** Paths of `route`. */
export function pathOf(route: string, ids: KnownIds): fc.Arbitrary<string> {
  const all = Object.values(ids).flat();
  const parts = route.split('/').flatMap((part): fc.Arbitrary<string>[] => {
    const name = /^\{\*?([A-Za-z]+)\??\}$/.exec(part)?.[1];
    if (name === undefined) return [oneOf(weighted(40, constant(part)), weighted(1, constant(part.toUpperCase())))];
    const known = segment(ids[name] ?? all);
    if (part.startsWith('{*')) return [oneOf(weighted(6, constant('')), weighted(1, known))];
    return [known];
  });
  return tuple(...parts).map((segments) => `/${segments.filter((part) => part !== '').join('/')}`);
}

// A JSON document in the properties of an entity: split where it is longer than one property may be. Knows no concept.
import type { EntityValues } from './table.js';

// A property holds 64 KiB of UTF-16; some room is left.
const maxPropertyCharacters = 30_000;
/** Longest document that is stored: with its copy in a second row of the same transaction it stays well below 1 MiB an entity. */
export const maxDocumentCharacters = 400_000;

/** The properties `name`, `name1`, `name2` … that together hold `document` as JSON. */
export function toDocument(name: string, document: unknown): EntityValues {
  const text = JSON.stringify(document);
  const pieces: Record<string, string> = {};
  for (let start = 0, index = 0; start < text.length; index += 1) {
    const end = endOfPiece(text, start);
    pieces[index === 0 ? name : `${name}${index}`] = text.slice(start, end);
    start = end;
  }
  return pieces;
}

/** The document that `toDocument` put into `values`; what Bookend wrote itself is trusted to have its shape. */
export function fromDocument<T>(name: string, values: EntityValues): T {
  const pieces: string[] = [];
  for (let index = 0; ; index += 1) {
    const piece = values[index === 0 ? name : `${name}${index}`];
    if (typeof piece !== 'string') break;
    pieces.push(piece);
  }
  return JSON.parse(pieces.join('')) as T;
}

// Never between the two halves of a surrogate pair: each alone is not valid text.
function endOfPiece(text: string, start: number): number {
  const end = Math.min(start + maxPropertyCharacters, text.length);
  const last = text.charCodeAt(end - 1);
  return end < text.length && last >= 0xd800 && last <= 0xdbff ? end - 1 : end;
}

/** Roughly how many bytes an entity with these values takes in a transaction, for keeping below its 4 MiB. */
export function sizeOf(values: EntityValues): number {
  let size = 500;
  for (const [name, value] of Object.entries(values))
    size += name.length + (typeof value === 'string' ? 3 * value.length : 16);
  return size;
}

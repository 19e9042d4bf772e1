// A list that is all in memory, as what a deployment declares: in order of its keys, and read in pages like any other.
import type { ItemPage, PageRequest } from './paging.js';
import type { ListSource } from './resource-query.js';

/** Where to read `items` from, each of a key of its own. */
export function fixedList<Item extends object>(
  items: readonly Item[],
  keyOf: (item: Item) => string,
): Pick<ListSource<Item>, 'readPage' | 'continueAfter' | 'toResource'> {
  const sorted = [...items].sort((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1));
  return {
    readPage: (page) => Promise.resolve(pageOf(sorted, keyOf, page)),
    continueAfter: keyOf,
    toResource: (item) => item,
  };
}

function pageOf<Item>(
  sorted: readonly Item[],
  keyOf: (item: Item) => string,
  { limit, continuation }: PageRequest,
): ItemPage<Item> {
  const rest = continuation === undefined ? sorted : sorted.filter((item) => keyOf(item) > continuation);
  const items = rest.slice(0, limit);
  const last = items.at(-1);
  return { items, ...(last !== undefined && rest.length > items.length && { continuation: keyOf(last) }) };
}

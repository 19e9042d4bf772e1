// Doing something for each of many, a bounded number at a time.

/** What `map` makes of each item, in their order; at most `groupSize` are under way at once. */
export async function mapInGroups<Item, Result>(
  items: readonly Item[],
  groupSize: number,
  map: (item: Item) => Promise<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = [];
  for (let first = 0; first < items.length; first += groupSize)
    results.push(...(await Promise.all(items.slice(first, first + groupSize).map(map))));
  return results;
}

// Paging through lists that are filtered, by reads of bounded number and size.
import { describe, expect, test } from 'vitest';
import { BatchError } from '../../../shared/errors.js';
import { listResources, pathId, selectFrom, type Asked, type ListSource } from '../../../shared/rest/resource-query.js';
import { filterable } from '../../../shared/rest/odata-filter.js';
import { laterRefusalOf, refusalOf } from './refusal.js';

type Item = { readonly id: string; readonly state: string };

const asked = (parameters: Record<string, string>, limit = 1000, continuation?: string): Asked => ({
  operation: 'list-things',
  query: (name) => parameters[name],
  page: { limit, ...(continuation !== undefined && { continuation }) },
});

/** A list of items in order of id, and the reads it was asked for. */
function createSource(items: readonly Item[]): ListSource<Item> & { reads: string[] } {
  const reads: string[] = [];
  return {
    reads,
    filters: { id: filterable.text, state: filterable.choice },
    properties: ['id', 'state'],
    readPage({ limit, continuation = '0' }) {
      reads.push(`page of ${limit}`);
      const start = Number(continuation);
      const end = start + limit;
      return Promise.resolve({ items: items.slice(start, end), ...(end < items.length && { continuation: `${end}` }) });
    },
    byId: {
      read(id) {
        reads.push(id);
        const found = items.find((item) => item.id.toLowerCase() === id.toLowerCase());
        return found ? Promise.resolve(found) : Promise.reject(new BatchError('TaskNotFound', 'None.'));
      },
      absent: 'TaskNotFound',
    },
    toResource: (item) => (item.state === 'hidden' ? undefined : item),
  };
}

const numbered = (count: number, stateOf = (_: number): string => 'active'): Item[] =>
  Array.from({ length: count }, (_, index) => ({ id: `t${String(index).padStart(4, '0')}`, state: stateOf(index) }));

async function readAll(
  source: ListSource<Item>,
  parameters: Record<string, string>,
  limit: number,
): Promise<object[][]> {
  const pages: object[][] = [];
  let continuation: string | undefined;
  do {
    const page = await listResources(asked(parameters, limit, continuation), source);
    pages.push([...page.items]);
    continuation = page.continuation;
  } while (continuation !== undefined);
  return pages;
}

describe('a list', () => {
  test('is read in pages that lead from one to the next', async () => {
    const pages = await readAll(createSource(numbered(8)), {}, 3);
    expect(pages.map((page) => page.length)).toEqual([3, 3, 2]);
  });

  test('goes on reading until a filtered page is full', async () => {
    const items = numbered(37, (index) => (index % 4 === 0 ? 'completed' : 'active'));
    const pages = await readAll(createSource(items), { $filter: "state eq 'completed'" }, 5);
    expect(pages.map((page) => page.length)).toEqual([5, 5]);
  });

  test('passes over items of which nothing is shown', async () => {
    const source = createSource(numbered(6, (index) => (index < 4 ? 'hidden' : 'active')));
    expect((await listResources(asked({}, 2), source)).items).toHaveLength(2);
  });

  test('gives up after some reads with a link, and loses nothing on the way', async () => {
    const items = numbered(300, (index) => (index === 299 ? 'completed' : 'active'));
    const source = createSource(items);
    const first = await listResources(asked({ $filter: "state eq 'completed'" }, 3), source);
    expect(first.items).toEqual([]);
    expect(first.continuation).toContain('60');
    expect(source.reads).toHaveLength(20);
    const pages = await readAll(source, { $filter: "state eq 'completed'" }, 3);
    expect(pages.flat()).toEqual([items[299]]);
  });

  test('that can go on behind any item asks for more and more where few pass the filter, and shows each once', async () => {
    const items = numbered(3000, (index) => (index % 500 === 499 ? 'completed' : 'active'));
    const source = { ...createSource(items), continueAfter: ({ id }: Item) => String(Number(id.slice(1)) + 1) };
    const filter = { $filter: "state eq 'completed'" };
    const first = await listResources(asked(filter, 2), source);
    expect(first.items.map((item) => (item as Item).id)).toEqual(['t0499', 't0999']);
    expect(source.reads).toEqual([
      'page of 2',
      'page of 8',
      'page of 32',
      'page of 128',
      'page of 512',
      'page of 1000',
    ]);
    const pages = await readAll(source, filter, 2);
    expect(pages.flat()).toEqual(items.filter(({ state }) => state === 'completed'));
    expect(pages.every((page) => page.length <= 2)).toBe(true);
  });

  test('shows what was selected only', async () => {
    const { items } = await listResources(asked({ $select: 'id', $expand: 'stats' }), createSource(numbered(1)));
    expect(items).toEqual([{ id: 't0000' }]);
  });

  test.each([
    ['a property that it cannot be filtered by', { $filter: "colour eq 'red'" }],
    ['a property that nothing has', { $select: 'id,colour' }],
    ['an expansion that does not exist', { $expand: 'everything' }],
  ])('refuses %s', async (_, parameters) => {
    const refusal = await laterRefusalOf(listResources(asked(parameters), createSource([])));
    expect(refusal.code).toBe('InvalidQueryParameterValue');
  });
});

describe('a list by ids', () => {
  const chain = (ids: readonly string[]): string => ids.map((id) => `id eq '${id}'`).join(' or ');

  test('costs one read for each id', async () => {
    const source = createSource(numbered(500));
    const { items } = await listResources(asked({ $filter: chain(['t0400', 'T0007', 't0007']) }), source);
    expect(items.map((item) => (item as Item).id)).toEqual(['t0007', 't0400']);
    expect(source.reads).toHaveLength(2);
  });

  test('leaves out ids that nothing has, that cannot be ids, and that other conditions rule out', async () => {
    const source = createSource(numbered(3, (index) => (index === 0 ? 'completed' : 'active')));
    const filter = `(${chain(['t0000', 't0001', 't9999', 'a/b'])}) and state eq 'active'`;
    expect((await listResources(asked({ $filter: filter }), source)).items).toEqual([{ id: 't0001', state: 'active' }]);
    expect(source.reads).not.toContain('a/b');
  });

  test('is paged through', async () => {
    const source = createSource(numbered(9));
    const pages = await readAll(source, { $filter: chain(numbered(8).map(({ id }) => id)) }, 3);
    expect(pages.map((page) => page.length)).toEqual([3, 3, 2]);
  });

  test('fails for another reason than absence', async () => {
    const source = {
      ...createSource([]),
      byId: { read: () => Promise.reject(new BatchError('JobNotFound', 'None.')), absent: 'TaskNotFound' as const },
    };
    expect((await laterRefusalOf(listResources(asked({ $filter: chain(['t1']) }), source))).code).toBe('JobNotFound');
  });

  test.each(['elsewhere', '', '.', 'abc.5'])(
    "refuses a continuation that was never given: '%s'",
    async (continuation) => {
      const answer = listResources(asked({}, 5, continuation), createSource(numbered(9)));
      expect((await laterRefusalOf(answer)).code).toBe('InvalidQueryParameterValue');
    },
  );

  test('refuses the continuation of another list', async () => {
    const source = createSource(numbered(9));
    const { continuation } = await listResources(asked({}, 5), source);
    const answer = listResources(asked({ $filter: chain(['t0001']) }, 5, continuation), source);
    expect((await laterRefusalOf(answer)).code).toBe('InvalidQueryParameterValue');
    const elsewhere = { ...asked({}, 5, continuation), operation: 'list-others' };
    expect((await laterRefusalOf(listResources(elsewhere, source))).code).toBe('InvalidQueryParameterValue');
  });
});

test('one resource shows what was selected only', () => {
  expect(
    selectFrom({ query: (name) => (name === '$select' ? 'state, id' : undefined) }, { id: 'a', state: 's', x: 1 }, [
      'id',
      'state',
      'x',
    ]),
  ).toEqual({ id: 'a', state: 's' });
});

test.each(['a b', '', 'a/b', '.', 'x'.repeat(200)])("an id in a path cannot be '%s'", (id) => {
  expect(refusalOf(() => pathId({ param: () => id }, 'jobId')).code).toBe('InvalidUri');
});

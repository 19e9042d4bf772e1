// What every Table keeps to, whatever is behind it. Each case has a partition of its own.
import { expect, test } from 'vitest';
import { maxComparisons, type Condition } from '../../../shared/tables/condition.js';
import { fromDocument, toDocument } from '../../../shared/tables/document.js';
import {
  ContinuationUnusable,
  TableConflict,
  type ConflictKind,
  type Entity,
  type Table,
  type Write,
} from '../../../shared/tables/table.js';

const row = (number: number): string => `row:${String(number).padStart(4, '0')}`;
const inserts = (from: number, below: number): Write[] =>
  Array.from({ length: below - from }, (_, index) => ({
    type: 'insert',
    row: row(from + index),
    values: { n: from + index },
  }));

const compare = (column: string, operator: 'eq' | 'ne' | 'gt' | 'ge' | 'lt' | 'le', value: string): Condition => ({
  type: 'compare',
  column,
  operator,
  value,
});
const all = (...parts: readonly Condition[]): Condition => ({ type: 'all', parts });
const any = (...parts: readonly Condition[]): Condition => ({ type: 'any', parts });

async function writeStates(table: Table, partition: string): Promise<void> {
  const time = (day: number): string => `2026-01-0${day}T00:00:00.000Z`;
  await table.write(partition, [
    { type: 'insert', row: 'a', values: { state: 'active', result: '', time: time(1), slots: 2 } },
    { type: 'insert', row: 'b', values: { state: 'done', result: "it's '' or 1 eq 1", time: time(2) } },
    { type: 'insert', row: 'c', values: { state: 'done', result: 'failure', time: time(3), other: true } },
    { type: 'insert', row: 'd', values: { state: 'active', result: '', time: time(4) } },
  ]);
}

export function testTable(tableOf: () => Table): void {
  let count = 0;
  const fresh = (): { table: Table; partition: string } => ({ table: tableOf(), partition: `case:${++count}` });

  async function expectConflict(kind: ConflictKind, attempt: Promise<unknown>): Promise<void> {
    const error: unknown = await attempt.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(TableConflict);
    expect((error as TableConflict).kind).toBe(kind);
  }

  async function readAll(table: Table, partition: string, limit: number): Promise<readonly Entity[]> {
    const found: Entity[] = [];
    let continuation: string | undefined;
    do {
      const page = await table.query(partition, {}, limit, continuation);
      expect(page.entities.length).toBeLessThanOrEqual(limit);
      found.push(...page.entities);
      continuation = page.continuation;
    } while (continuation !== undefined);
    return found;
  }

  test('gives back what was put in: text of any kind, numbers, truth values', async () => {
    const { table, partition } = fresh();
    const values = {
      text: 'a "quoted" text\n\t\\ with ünïcode, 😀 and \u0000',
      empty: '',
      whole: 42,
      broken: 1.5,
      negative: -7,
      large: 9_007_199_254_740_991,
      yes: true,
      no: false,
    };
    const [etag] = await table.write(partition, [{ type: 'insert', row: 'a', values }]);
    expect(await table.get(partition, 'a')).toEqual({ partition, row: 'a', values, etag });
    const page = await table.query(partition, {}, 10);
    expect(page).toEqual({ entities: [{ partition, row: 'a', values, etag }] });
  });

  test('keeps a document of 400,000 characters in one row', async () => {
    const { table, partition } = fresh();
    const document = { text: 'ä'.repeat(399_000) };
    await table.write(partition, [{ type: 'insert', row: 'a', values: toDocument('document', document) }]);
    const kept = fromDocument<typeof document>('document', (await table.get(partition, 'a'))?.values ?? {});
    // Not by comparing the texts: a difference would fill the screen.
    expect(kept.text === document.text).toBe(true);
  });

  test('knows nothing of a row that is not there', async () => {
    const { table, partition } = fresh();
    expect(await table.get(partition, 'a')).toBeUndefined();
    expect(await table.query(partition, {}, 10)).toEqual({ entities: [] });
  });

  test('takes keys with every sign that Bookend uses in them', async () => {
    const { table, partition } = fresh();
    const keys = ["task:it's", 'event:2026-01-01T00:00:00.000Z:x', 'node:tvmps_1_d', 'a b', 'a+b&c=d%', 'ü'];
    for (const key of keys) await table.write(partition, [{ type: 'insert', row: key, values: { key } }]);
    for (const key of keys) expect((await table.get(partition, key))?.values).toEqual({ key });
    const quoted = await table.query(partition, { from: "task:it's", below: "task:it's!" }, 10);
    expect(quoted.entities.map((entity) => entity.row)).toEqual(["task:it's"]);
  });

  test.each<[attempted: string, write: Write, kind: ConflictKind]>([
    ['an insert of a row that is there', { type: 'insert', row: 'there', values: {} }, 'exists'],
    [
      'a replacement of a row that is not there',
      { type: 'replace', row: 'gone', values: {}, etag: 'W/"1"' },
      'missing',
    ],
    ['a merge into a row that is not there', { type: 'merge', row: 'gone', values: {} }, 'missing'],
    ['a removal of a row that is not there', { type: 'delete', row: 'gone' }, 'missing'],
    ['a replacement of a row that changed', { type: 'replace', row: 'there', values: {}, etag: 'old' }, 'changed'],
    ['a merge into a row that changed', { type: 'merge', row: 'there', values: {}, etag: 'old' }, 'changed'],
    ['a removal of a row that changed', { type: 'delete', row: 'there', etag: 'old' }, 'changed'],
  ])('refuses %s, alone and among others, and changes nothing', async (_, write, kind) => {
    const { table, partition } = fresh();
    const [old = ''] = await table.write(partition, [{ type: 'insert', row: 'there', values: { n: 1 } }]);
    await table.write(partition, [{ type: 'replace', row: 'there', values: { n: 2 }, etag: old }]);
    const attempted = 'etag' in write && write.etag === 'old' ? { ...write, etag: old } : write;
    const before = await readAll(table, partition, 100);
    await expectConflict(kind, table.write(partition, [attempted]));
    const isAlone = attempted.type === 'delete' && attempted.etag !== undefined;
    const others: Write[] = isAlone ? [] : [{ type: 'upsert', row: 'other', values: {} }];
    await expectConflict(kind, table.write(partition, [...others, attempted]));
    await expectConflict(kind, table.write(partition, [attempted, ...others]));
    expect(await readAll(table, partition, 100)).toEqual(before);
  });

  test('takes a removal with a condition only alone', async () => {
    const { table, partition } = fresh();
    const [etag = ''] = await table.write(partition, inserts(0, 2));
    const removal: Write = { type: 'delete', row: row(0), etag };
    const attempt = table.write(partition, [removal, { type: 'delete', row: row(1) }]);
    await expect(attempt).rejects.toThrow(/condition/);
    expect(await readAll(table, partition, 10)).toHaveLength(2);
    expect(await table.write(partition, [removal])).toEqual(['']);
  });

  test('writes a hundred rows at once, and tells the etag of each in its place', async () => {
    const { table, partition } = fresh();
    const etags = await table.write(partition, inserts(0, 100));
    const found = await readAll(table, partition, 1000);
    expect(found.map((entity) => entity.etag)).toEqual(etags);
  });

  test('mixes every kind of write in one transaction', async () => {
    const { table, partition } = fresh();
    const [a = '', b = ''] = await table.write(partition, inserts(0, 4));
    const etags = await table.write(partition, [
      { type: 'replace', row: row(0), values: { only: 'new' }, etag: a },
      { type: 'merge', row: row(1), values: { more: true }, etag: b },
      { type: 'upsert', row: row(2), values: { upserted: 1 } },
      { type: 'delete', row: row(3) },
      { type: 'insert', row: row(4), values: { fresh: true } },
      { type: 'upsert', row: row(5), values: { upserted: 2 } },
    ]);
    const found = await readAll(table, partition, 10);
    expect(found.map((entity) => entity.values)).toEqual([
      { only: 'new' },
      { n: 1, more: true },
      { upserted: 1 },
      { fresh: true },
      { upserted: 2 },
    ]);
    expect(etags.filter((_, index) => index !== 3)).toEqual(found.map((entity) => entity.etag));
    expect(etags[3]).toBe('');
  });

  test('a merge of nothing holds a transaction back unless the row is as it was, and changes its etag', async () => {
    const { table, partition } = fresh();
    const rows: Write[] = ['guard', 'a', 'b'].map((each) => ({ type: 'insert', row: each, values: { n: 1 } }));
    const [guard = ''] = await table.write(partition, rows);
    const removal = (etag: string, name: string): Promise<readonly string[]> =>
      table.write(partition, [
        { type: 'merge', row: 'guard', values: {}, etag },
        { type: 'delete', row: name },
      ]);
    const [next = ''] = await removal(guard, 'a');
    expect(next).not.toBe(guard);
    await expectConflict('changed', removal(guard, 'b'));
    expect((await readAll(table, partition, 10)).map(({ row: name, values }) => [name, values])).toEqual([
      ['b', { n: 1 }],
      ['guard', { n: 1 }],
    ]);
    await removal(next, 'b');
    expect(await table.get(partition, 'guard')).toMatchObject({ values: { n: 1 } });
  });

  test('takes each kind of write alone, and tells its etag', async () => {
    const { table, partition } = fresh();
    const [inserted = ''] = await table.write(partition, [{ type: 'insert', row: 'a', values: { n: 1, kept: true } }]);
    const [merged = ''] = await table.write(partition, [{ type: 'merge', row: 'a', values: { n: 2 }, etag: inserted }]);
    expect(await table.get(partition, 'a')).toMatchObject({ values: { n: 2, kept: true }, etag: merged });
    const [blind] = await table.write(partition, [{ type: 'merge', row: 'a', values: { n: 3 } }]);
    expect(await table.get(partition, 'a')).toMatchObject({ values: { n: 3, kept: true }, etag: blind });
    const [upserted = ''] = await table.write(partition, [{ type: 'upsert', row: 'a', values: { n: 4 } }]);
    expect(await table.get(partition, 'a')).toMatchObject({ values: { n: 4 }, etag: upserted });
    expect((await table.get(partition, 'a'))?.values).toEqual({ n: 4 });
    const [replaced = ''] = await table.write(partition, [
      { type: 'replace', row: 'a', values: { m: 1 }, etag: upserted },
    ]);
    expect(await table.get(partition, 'a')).toEqual({ partition, row: 'a', values: { m: 1 }, etag: replaced });
    expect(await table.write(partition, [{ type: 'delete', row: 'a', etag: replaced }])).toEqual(['']);
    expect(await table.get(partition, 'a')).toBeUndefined();
  });

  test('changes the etag with every write, also of the same values', async () => {
    const { table, partition } = fresh();
    const [first] = await table.write(partition, [{ type: 'upsert', row: 'a', values: { n: 1 } }]);
    const [second] = await table.write(partition, [{ type: 'upsert', row: 'a', values: { n: 1 } }]);
    expect(second).not.toBe(first);
  });

  test('writes nothing when there is nothing to write', async () => {
    const { table, partition } = fresh();
    expect(await table.write(partition, [])).toEqual([]);
  });

  test('lists rows in order, from the first bound up to but without the second', async () => {
    const { table, partition } = fresh();
    const keys = ['task:b', 'head', 'node:1', 'ready:0002', 'event:x', 'task:a', 'ready:0001', 'node;'];
    await table.write(
      partition,
      keys.map((key) => ({ type: 'insert', row: key, values: {} })),
    );
    const rowsOf = async (from?: string, below?: string): Promise<readonly string[]> => {
      const range = { ...(from === undefined ? {} : { from }), ...(below === undefined ? {} : { below }) };
      return (await table.query(partition, range, 100)).entities.map((entity) => entity.row);
    };
    expect(await rowsOf()).toEqual([
      'event:x',
      'head',
      'node:1',
      'node;',
      'ready:0001',
      'ready:0002',
      'task:a',
      'task:b',
    ]);
    expect(await rowsOf('head', 'task:')).toEqual(['head', 'node:1', 'node;', 'ready:0001', 'ready:0002']);
    expect(await rowsOf('node:', 'node;')).toEqual(['node:1']);
    expect(await rowsOf('ready:0002')).toEqual(['ready:0002', 'task:a', 'task:b']);
    expect(await rowsOf(undefined, 'head')).toEqual(['event:x']);
  });

  test('lists rows behind one that need not be there any more', async () => {
    const { table, partition } = fresh();
    await table.write(partition, inserts(0, 6));
    await table.write(partition, [{ type: 'delete', row: row(2) }]);
    const { entities } = await table.query(partition, { above: row(2), below: row(5) }, 10);
    expect(entities.map((entity) => entity.row)).toEqual([row(3), row(4)]);
    expect((await table.query(partition, { above: row(3) }, 10)).entities.map((entity) => entity.row)).toEqual([
      row(4),
      row(5),
    ]);
  });

  test.each<[string, Condition, readonly string[]]>([
    ['equality', compare('state', 'eq', 'active'), ['a', 'd']],
    ['difference, also from nothing', compare('result', 'ne', 'failure'), ['a', 'b', 'd']],
    ['a bound on instants', compare('time', 'ge', '2026-01-02T00:00:00.000Z'), ['b', 'c', 'd']],
    ['a value that is quoted', compare('result', 'eq', "it's '' or 1 eq 1"), ['b']],
    ['nothing at all', compare('state', 'eq', 'none'), []],
    ['all of several', all(compare('state', 'ne', 'done'), compare('time', 'gt', '2026-01-02T00:00:00.000Z')), ['d']],
    ['one of several', any(compare('time', 'lt', '2026-01-02'), compare('time', 'le', '2026-01-02')), ['a']],
    [
      'nested ones',
      all(any(compare('state', 'eq', 'done'), compare('result', 'eq', '')), any(compare('time', 'gt', '2026-01-03'))),
      ['c', 'd'],
    ],
    [
      'as many comparisons as may be asked',
      any(...Array.from({ length: maxComparisons }, (_, index) => compare('state', 'eq', index === 7 ? 'done' : 'x'))),
      ['b', 'c'],
    ],
  ])('lists the rows of which a condition holds: %s', async (_, where, expected) => {
    const { table, partition } = fresh();
    await writeStates(table, partition);
    const { entities } = await table.query(partition, { from: 'a', below: 'e', where }, 10);
    expect(entities.map((entity) => entity.row)).toEqual(expected);
  });

  test('gives every row that meets a condition once, in pages', async () => {
    const { table, partition } = fresh();
    const states = Array.from({ length: 60 }, (_, index) => (index % 3 === 0 ? 'failed' : 'done'));
    await table.write(
      partition,
      states.map((state, index) => ({ type: 'insert', row: row(index), values: { state, n: index } })),
    );
    const found: unknown[] = [];
    let continuation: string | undefined;
    do {
      const query = { where: compare('state', 'eq', 'failed') } as const;
      const page = await table.query(partition, query, 7, continuation);
      expect(page.entities.length).toBeLessThanOrEqual(7);
      found.push(...page.entities.map((entity) => entity.values['n']));
      continuation = page.continuation;
    } while (continuation !== undefined);
    expect(found).toEqual(Array.from({ length: 20 }, (_, index) => index * 3));
  });

  test('reads the wanted columns only, where a row has them', async () => {
    const { table, partition } = fresh();
    await writeStates(table, partition);
    const query = { columns: ['state', 'slots'], where: compare('result', 'eq', 'failure') };
    const { entities } = await table.query(partition, query, 10);
    expect(entities).toHaveLength(1);
    expect(entities[0]).toMatchObject({ partition, row: 'c' });
    expect(entities[0]?.values).toEqual({ state: 'done' });
    const [whole] = (await table.query(partition, { from: 'a', below: 'b' }, 1)).entities;
    const [part] = (await table.query(partition, { from: 'a', below: 'b', columns: ['slots'] }, 1)).entities;
    expect(part?.values).toEqual({ slots: 2 });
    expect(part?.etag).toBe(whole?.etag);
  });

  test.each<[string, Condition]>([
    ['too many comparisons', any(...Array.from({ length: maxComparisons + 1 }, () => compare('state', 'eq', 'x')))],
    ['none', all()],
    ['a name that is no column', compare("state eq 'x' or state", 'eq', 'x')],
    ['a value whose order is anybody’s guess', compare('state', 'gt', 'ä')],
    ['a value without bounds', compare('state', 'gt', 'x'.repeat(129))],
  ])('refuses a condition of %s', async (_, where) => {
    const { table, partition } = fresh();
    await expect(table.query(partition, { where }, 10)).rejects.toThrow(Error);
  });

  test('gives one row of every partition in a range, in their order and in pages, whole or some columns of it', async () => {
    const { table, partition } = fresh();
    const names = ['b', 'a', 'c:1', 'C', 'z'].map((name) => `${partition}:${name}`);
    for (const [n, name] of names.entries())
      await table.write(name, [
        { type: 'insert', row: 'head', values: { n, more: true } },
        { type: 'insert', row: 'heads', values: { n: -1 } },
        { type: 'insert', row: 'a', values: { n: -2 } },
      ]);
    await table.write(`${partition}:none`, [{ type: 'insert', row: 'a', values: {} }]);
    const inOrder = ['C', 'a', 'b', 'c:1'].map((name) => `${partition}:${name}`);
    const partitions = { from: `${partition}:`, below: `${partition}:z` };
    const pageOf = async (limit: number, continuation?: string): Promise<readonly Entity[]> => {
      const page = await table.queryAcross({ partitions, row: 'head', columns: ['n'] }, limit, continuation);
      expect(page.entities.length).toBeLessThanOrEqual(limit);
      if (page.continuation === undefined) return page.entities;
      return [...page.entities, ...(await pageOf(limit, page.continuation))];
    };
    for (const limit of [1, 2, 1000]) {
      const found = await pageOf(limit);
      expect(found.map((entity) => entity.partition)).toEqual(inOrder);
      expect(found.map(({ values }) => values)).toEqual([3, 1, 0, 2].map((n) => ({ n })));
    }
    const behind = { above: `${partition}:b`, below: `${partition}:z` };
    const { entities } = await table.queryAcross({ partitions: behind, row: 'head' }, 10);
    expect(entities).toEqual([await table.get(`${partition}:c:1`, 'head')]);
    await expect(table.queryAcross({ partitions, row: 'head' }, 10, 'nonsense')).rejects.toBeInstanceOf(
      ContinuationUnusable,
    );
  });

  test('keeps partitions apart', async () => {
    const { table, partition } = fresh();
    await table.write(partition, inserts(0, 2));
    await table.write(`${partition}0`, inserts(0, 5));
    expect(await readAll(table, partition, 10)).toHaveLength(2);
  });

  test.each([1, 7, 100, 1000])('gives every row once in pages of at most %i', async (limit) => {
    const { table, partition } = fresh();
    const size = limit === 1 ? 5 : 205;
    for (let from = 0; from < size; from += 100)
      await table.write(partition, inserts(from, Math.min(size, from + 100)));
    const found = await readAll(table, partition, limit);
    expect(found.map((entity) => entity.values['n'])).toEqual(Array.from({ length: size }, (_, index) => index));
  });

  test('goes on after the last row of a page although rows came and went in between', async () => {
    const { table, partition } = fresh();
    await table.write(partition, inserts(10, 20));
    const first = await table.query(partition, { from: row(10), below: row(30) }, 4);
    expect(first.entities.map((entity) => entity.values['n'])).toEqual([10, 11, 12, 13]);
    await table.write(partition, [
      { type: 'delete', row: row(10) },
      { type: 'delete', row: row(15) },
      { type: 'insert', row: row(5), values: { n: 5 } },
      { type: 'insert', row: row(25), values: { n: 25 } },
      { type: 'insert', row: row(35), values: { n: 35 } },
    ]);
    const rest: unknown[] = [];
    let { continuation } = first;
    while (continuation !== undefined) {
      const page = await table.query(partition, { from: row(10), below: row(30) }, 4, continuation);
      rest.push(...page.entities.map((entity) => entity.values['n']));
      continuation = page.continuation;
    }
    expect(rest).toEqual([14, 16, 17, 18, 19, 25]);
  });

  test.each(['nonsense', 'bm9uc2Vuc2U', '{}', '..', '\u{1f600}'])(
    'does not go on from a continuation that it has not given out: %j',
    async (continuation) => {
      const { table, partition } = fresh();
      await table.write(partition, inserts(0, 3));
      await expect(table.query(partition, { from: row(1) }, 10, continuation)).rejects.toBeInstanceOf(
        ContinuationUnusable,
      );
    },
  );

  test('lets one of two writers with the same etag win', async () => {
    const { table, partition } = fresh();
    const [etag = ''] = await table.write(partition, [{ type: 'insert', row: 'a', values: { by: 0 } }]);
    const outcomes = await Promise.allSettled(
      [1, 2, 3, 4].map((by) =>
        table.write(partition, [
          { type: 'replace', row: 'a', values: { by }, etag },
          { type: 'insert', row: `trace:${by}`, values: {} },
        ]),
      ),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const lost = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []));
    expect(lost.every((error) => error instanceof TableConflict && error.kind === 'changed')).toBe(true);
    expect((await table.query(partition, { from: 'trace:' }, 10)).entities).toHaveLength(1);
  });
}

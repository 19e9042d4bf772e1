// Pages of rows, in memory.
import { expect, test } from 'vitest';
import { continueAfterPartition, continueAfterRow, readAcross, readRows } from '../../../shared/tables/read-rows.js';
import { ContinuationUnusable } from '../../../shared/tables/table.js';
import { createMemoryTable } from '../../helpers/memory-table.js';

const range = { from: 'row:', below: 'row;' };

async function rowsAfter(continuation?: string): Promise<readonly string[]> {
  const table = createMemoryTable();
  const rows = ['head', 'row:1', 'row:2', 'tail'];
  await table.write(
    'p',
    rows.map((row) => ({ type: 'insert' as const, row, values: {} })),
  );
  const page = await readRows(table, 'p', range, { limit: 10, ...(continuation !== undefined && { continuation }) });
  return page.rows.map(({ row }) => row);
}

test('a continuation leads on behind its row', async () => {
  expect(await rowsAfter()).toEqual(['row:1', 'row:2']);
  expect(await rowsAfter(continueAfterRow('row:1'))).toEqual(['row:2']);
  expect(await rowsAfter(continueAfterRow('row:9'))).toEqual([]);
});

test.each(['', '.', 'a', 'head', '{}', 'zzz'])('a continuation never leads out of the range: %j', async (forged) => {
  for (const row of await rowsAfter(continueAfterRow(forged))) expect(row).toMatch(/^row:/);
});

test.each(['token:nonsense', 'nonsense', '', continueAfterPartition('row:1')])(
  'a continuation that neither the table nor such a list has given out is told apart: %j',
  async (continuation) => {
    await expect(rowsAfter(continuation)).rejects.toBeInstanceOf(ContinuationUnusable);
  },
);

test('a list over partitions leads on behind one, and takes no continuation of another list', async () => {
  const table = createMemoryTable();
  for (const name of ['o:1', 'p:1', 'p:2', 'q:1'])
    await table.write(name, [{ type: 'insert', row: 'head', values: {} }]);
  const query = { partitions: { from: 'p:', below: 'p;' }, row: 'head' };
  const readOn = async (continuation?: string): Promise<readonly string[]> => {
    const page = await readAcross(table, query, { limit: 10, ...(continuation !== undefined && { continuation }) });
    return page.rows.map(({ partition }) => partition);
  };
  expect(await readOn()).toEqual(['p:1', 'p:2']);
  expect(await readOn(continueAfterPartition('p:1'))).toEqual(['p:2']);
  expect(await readOn(continueAfterPartition('p:2'))).toEqual([]);
  expect(await readOn(continueAfterPartition('a'))).toEqual(['p:1', 'p:2']);
  const { continuation = '' } = await readAcross(table, query, { limit: 1 });
  expect(await readOn(continuation)).toEqual(['p:2']);
  // Links of a list that is read from one partition.
  for (const other of [continueAfterRow('1'), 'token:x'])
    await expect(readOn(other)).rejects.toBeInstanceOf(ContinuationUnusable);
});

// Pages of rows, in memory.
import { expect, test } from 'vitest';
import { continueAfterRow, readRows } from '../../../shared/tables/read-rows.js';
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
  for (const row of await rowsAfter(forged)) expect(row).toMatch(/^row:/);
});

test('a continuation that the table has not given out is told apart', async () => {
  await expect(rowsAfter('token:nonsense')).rejects.toBeInstanceOf(ContinuationUnusable);
});

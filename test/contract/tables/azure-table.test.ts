// The table that the product runs on, against Azurite.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAzureTable } from '../../../shared/tables/azure-table.js';
import { TableUnavailable, type Table } from '../../../shared/tables/table.js';
import { startAzurite, type TestAzurite } from '../../helpers/azurite.js';
import { testTable } from './table-cases.js';

let azurite: TestAzurite;
let table: Table;
beforeAll(async () => {
  azurite = await startAzurite();
  table = createAzureTable(azurite.connectionString, 'contract');
});
afterAll(() => azurite.stop());

describe('the table in Azurite', () => testTable(() => table));

describe('a table that does not exist yet', () => {
  test.each<[string, (fresh: Table) => Promise<unknown>]>([
    ['read', (fresh) => fresh.get('p', 'r')],
    ['listed', (fresh) => fresh.query('p', {}, 10)],
    ['written', (fresh) => fresh.write('p', [{ type: 'insert', row: 'r', values: {} }])],
    [
      'written in a transaction',
      (fresh) =>
        fresh.write(
          'p',
          ['r', 's'].map((row) => ({ type: 'insert', row, values: {} })),
        ),
    ],
  ])('is created when it is first %s, also by many at once', async (how, use) => {
    const fresh = createAzureTable(azurite.connectionString, `fresh${how.replaceAll(' ', '')}`);
    const outcomes = await Promise.allSettled([1, 2, 3].map(() => use(fresh)));
    expect(outcomes.some(({ status }) => status === 'fulfilled')).toBe(true);
    const unexpected = outcomes.flatMap((each) => (each.status === 'rejected' ? [String(each.reason)] : []));
    expect(unexpected.filter((reason) => !reason.includes('exists'))).toEqual([]);
  });
});

test('a table service that does not answer is told apart from a refusal', async () => {
  const gone = await startAzurite();
  const unreachable = createAzureTable(gone.connectionString, 'gone');
  await gone.stop();
  await expect(unreachable.get('p', 'r')).rejects.toBeInstanceOf(TableUnavailable);
  await expect(unreachable.query('p', {}, 1)).rejects.toBeInstanceOf(TableUnavailable);
  await expect(unreachable.write('p', [{ type: 'delete', row: 'r' }])).rejects.toBeInstanceOf(TableUnavailable);
});

// The table that unit tests and the simulator run on.
import { describe } from 'vitest';
import { createMemoryTable } from '../../helpers/memory-table.js';
import { testTable } from './table-cases.js';

describe('the table in memory', () => {
  const table = createMemoryTable();
  testTable(() => table);
});

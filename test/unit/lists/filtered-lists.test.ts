// Filtered lists against the whole ones, in memory.
import { describe } from 'vitest';
import { createMemoryTable } from '../../helpers/memory-table.js';
import { testFilteredLists } from './filtered-lists.js';

describe('a list shows by its filter what the filter finds in the whole list, in memory:', () => {
  testFilteredLists(() => createMemoryTable(), 150);
});

// Filtered lists against the whole ones, on the real table.
import { afterAll, beforeAll, describe } from 'vitest';
import { createAzureTable } from '../../../shared/tables/azure-table.js';
import { startAzurite, type TestAzurite } from '../../helpers/azurite.js';
import { testFilteredLists } from '../../unit/lists/filtered-lists.js';

let azurite: TestAzurite;
beforeAll(async () => {
  azurite = await startAzurite();
});
afterAll(() => azurite.stop());

describe('a list shows by its filter what the filter finds in the whole list, in Azurite:', () => {
  testFilteredLists(() => createAzureTable(azurite.connectionString, 'lists'), 20);
});

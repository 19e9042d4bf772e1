// What of a pool its head carries in columns beside the document, for lists that are filtered.
import { toColumns, type FilterColumns } from '../rest/filter-columns.js';
import type { EntityValues } from '../tables/table.js';
import { toPoolResource } from './pool-resource.js';
import type { Pool } from './pool.js';

/** By what a list of pools can be filtered in the table, besides ids. */
export const poolColumns = {
  state: { column: 'state', kind: 'text' },
  stateTransitionTime: { column: 'stateTransitionTime', kind: 'instant' },
  allocationState: { column: 'allocationState', kind: 'text' },
  allocationStateTransitionTime: { column: 'allocationStateTransitionTime', kind: 'instant' },
  creationTime: { column: 'creationTime', kind: 'instant' },
  lastModified: { column: 'lastModified', kind: 'instant' },
  enableAutoScale: { column: 'enableAutoScale', kind: 'boolean' },
  enableInterNodeCommunication: { column: 'enableInterNodeCommunication', kind: 'boolean' },
  vmSize: { column: 'vmSize', kind: 'text' },
} as const satisfies FilterColumns;

/** The columns of a pool; none is about its nodes. */
export const toPoolColumns = (pool: Pool): EntityValues => toColumns(poolColumns, toPoolResource(pool, 0, ''));

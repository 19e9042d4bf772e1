// What a list of pools can be filtered by, and which properties of a pool can be selected.
// https://learn.microsoft.com/rest/api/batchservice/odata-filters-in-batch
import { propertiesOf } from '../rest/answer-types.js';
import { filterable, type Filter, type FilterTable } from '../rest/odata-filter.js';
import { matchesFilter } from '../rest/odata-match.js';
import { toPoolResource } from './pool-resource.js';
import type { Pool } from './pool.js';
import { cloudPool } from './pool-schema.js';

export const poolFilters = {
  id: filterable.text,
  state: filterable.choice,
  stateTransitionTime: filterable.instant,
  allocationState: filterable.choice,
  allocationStateTransitionTime: filterable.instant,
  creationTime: filterable.instant,
  lastModified: filterable.instant,
  enableAutoScale: filterable.boolean,
  enableInterNodeCommunication: filterable.boolean,
  vmSize: filterable.choice,
} as const satisfies FilterTable;

export const poolProperties = propertiesOf(cloudPool);

/** Whether a pool passes the filter, which is about nothing that its nodes would have to be counted for. */
export function toPoolTest(filter: Filter | undefined): (pool: Pool) => boolean {
  return (pool) => filter === undefined || matchesFilter(filter, toPoolResource(pool, 0, ''));
}

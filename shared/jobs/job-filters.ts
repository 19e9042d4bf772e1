// What a list of jobs can be filtered by, and which properties of a job can be selected.
// https://learn.microsoft.com/rest/api/batchservice/odata-filters-in-batch
import { propertiesOf } from '../rest/answer-types.js';
import { filterable, type FilterTable } from '../rest/odata-filter.js';
import { cloudJob } from './job-schema.js';

export const jobFilters = {
  id: filterable.text,
  state: filterable.choice,
  stateTransitionTime: filterable.instant,
  creationTime: filterable.instant,
  lastModified: filterable.instant,
  'executionInfo/startTime': filterable.instant,
  'executionInfo/endTime': filterable.instant,
  'executionInfo/poolId': filterable.text,
} as const satisfies FilterTable;

export const jobProperties = propertiesOf(cloudJob);

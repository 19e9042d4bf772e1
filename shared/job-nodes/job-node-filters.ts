// What the list of preparation and release status can be filtered by, and which of its properties can be selected.
// https://learn.microsoft.com/rest/api/batchservice/odata-filters-in-batch
import { propertiesOf } from '../rest/answer-types.js';
import { filterable, type FilterTable } from '../rest/odata-filter.js';
import { preparationAndReleaseStatus } from './job-node-schema.js';

export const preparationAndReleaseFilters = {
  poolId: filterable.choice,
  nodeId: filterable.choice,
  'jobPreparationTaskExecutionInfo/state': { ...filterable.choice, operators: ['eq'] },
  'jobPreparationTaskExecutionInfo/startTime': filterable.instant,
  'jobPreparationTaskExecutionInfo/endTime': filterable.instant,
  'jobPreparationTaskExecutionInfo/exitCode': filterable.number,
  'jobPreparationTaskExecutionInfo/result': filterable.choice,
  'jobReleaseTaskExecutionInfo/state': { ...filterable.choice, operators: ['eq'] },
  'jobReleaseTaskExecutionInfo/startTime': filterable.instant,
  'jobReleaseTaskExecutionInfo/endTime': filterable.instant,
  'jobReleaseTaskExecutionInfo/exitCode': filterable.number,
  'jobReleaseTaskExecutionInfo/result': filterable.choice,
} as const satisfies FilterTable;

export const preparationAndReleaseProperties = propertiesOf(preparationAndReleaseStatus);

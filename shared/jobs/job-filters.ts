// What a list of jobs can be filtered by, and which properties of a job can be selected.
// https://learn.microsoft.com/rest/api/batchservice/odata-filters-in-batch
import { filterable, type FilterTable } from '../rest/odata-filter.js';

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

export const jobProperties = [
  'id',
  'displayName',
  'usesTaskDependencies',
  'url',
  'eTag',
  'lastModified',
  'creationTime',
  'state',
  'stateTransitionTime',
  'previousState',
  'previousStateTransitionTime',
  'priority',
  'allowTaskPreemption',
  'maxParallelTasks',
  'constraints',
  'jobManagerTask',
  'jobPreparationTask',
  'jobReleaseTask',
  'commonEnvironmentSettings',
  'poolInfo',
  'onAllTasksComplete',
  'onTaskFailure',
  'networkConfiguration',
  'metadata',
  'executionInfo',
  'stats',
] as const;

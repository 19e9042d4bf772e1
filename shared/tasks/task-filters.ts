// What a list of tasks can be filtered by, and which properties of a task can be selected.
// https://learn.microsoft.com/rest/api/batchservice/odata-filters-in-batch
import { propertiesOf } from '../rest/answer-types.js';
import { filterable, type FilterTable } from '../rest/odata-filter.js';
import type { ListSource } from '../rest/resource-query.js';
import { cloudTask, subtask } from './task-schema.js';

export const taskFilters = {
  id: filterable.text,
  state: filterable.choice,
  stateTransitionTime: filterable.instant,
  creationTime: filterable.instant,
  lastModified: filterable.instant,
  // Batch's page names the property so, while tasks carry it as `lastModified`.
  lastModifiedTime: { ...filterable.instant, path: 'lastModified' },
  'executionInfo/startTime': filterable.instant,
  'executionInfo/endTime': filterable.instant,
  'executionInfo/exitCode': filterable.number,
  'executionInfo/result': filterable.choice,
} as const satisfies FilterTable;

export const taskProperties = propertiesOf(cloudTask);

/** The subtasks of a task that has none; what can be selected of them is known. */
export const noSubtasks: ListSource<never> = {
  filters: {},
  properties: propertiesOf(subtask),
  readPage: () => Promise.resolve({ items: [] }),
  toResource: () => undefined,
};

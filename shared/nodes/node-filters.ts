// What a list of nodes can be filtered by, and which properties of a node can be selected.
// https://learn.microsoft.com/rest/api/batchservice/odata-filters-in-batch
import { propertiesOf } from '../rest/answer-types.js';
import { filterable, type FilterTable } from '../rest/odata-filter.js';
import { computeNode } from './node-schema.js';

export const nodeFilters = {
  state: filterable.choice,
  stateTransitionTime: filterable.instant,
  lastBootTime: filterable.instant,
  allocationTime: filterable.instant,
  'startTaskInfo/state': { ...filterable.choice, operators: ['eq'] },
  'startTaskInfo/result': filterable.choice,
  'startTaskInfo/exitCode': filterable.number,
  'startTaskInfo/startTime': filterable.instant,
  'startTaskInfo/endTime': filterable.instant,
} as const satisfies FilterTable;

export const nodeProperties = propertiesOf(computeNode);

/** Node files and task files can be filtered by the start of their names, and not be selected from. */
export const fileFilters = { name: filterable.prefix } as const satisfies FilterTable;

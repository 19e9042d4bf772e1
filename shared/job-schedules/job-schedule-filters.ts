// What lists of job schedules, and of the jobs of one, can be filtered by, and which properties of a schedule can be selected.
// https://learn.microsoft.com/rest/api/batchservice/odata-filters-in-batch
import { jobFilters } from '../jobs/job-filters.js';
import { propertiesOf } from '../rest/answer-types.js';
import { filterable, type FilterTable } from '../rest/odata-filter.js';
import { cloudJobSchedule } from './job-schedule-schema.js';

export const jobScheduleFilters = {
  id: filterable.text,
  state: filterable.choice,
  stateTransitionTime: filterable.instant,
  creationTime: filterable.instant,
  lastModified: filterable.instant,
  'executionInfo/endTime': filterable.instant,
  'schedule/doNotRunUntil': filterable.instant,
  'schedule/doNotRunAfter': filterable.instant,
} as const satisfies FilterTable;

const { id: _, ...withoutId } = jobFilters;
/** As for jobs, but not by id. */
export const scheduledJobFilters: FilterTable = withoutId;

export const jobScheduleProperties = propertiesOf(cloudJobSchedule);

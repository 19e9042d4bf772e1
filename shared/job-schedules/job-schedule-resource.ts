// A job schedule as Batch's JSON shows it (CloudJobSchedule). Reading request bodies is job-schedule-body.ts.
import type { shownSpecification } from '../jobs/job-schema.js';
import type { Shown } from '../rest/answer-types.js';
import type { cloudJobSchedule } from './job-schedule-schema.js';
import { jobUrl, toSpecification } from '../jobs/job-resource.js';
import { scheduledJobId } from '../jobs/scheduled-job-id.js';
import { etagOf } from '../rest/etag.js';
import { formatDuration } from '../rest/iso-duration.js';
import { ifSet, unlessEmpty } from '../tasks/run-resource.js';
import type { JobSchedule, JobSpecification, Recurrence } from './job-schedule.js';

/** URL of a job schedule below `baseUrl` (scheme and host, no trailing slash). */
export function jobScheduleUrl(scheduleId: string, baseUrl: string): string {
  return `${baseUrl}/jobschedules/${encodeURIComponent(scheduleId)}`;
}

/** The schedule with every default of its jobs spelled out. */
export function toJobScheduleResource(jobSchedule: JobSchedule, baseUrl: string): Shown<typeof cloudJobSchedule> {
  const { definition } = jobSchedule;
  return {
    id: definition.id,
    ...ifSet('displayName', definition.displayName),
    url: jobScheduleUrl(definition.id, baseUrl),
    eTag: etagOf(jobSchedule.lastModified),
    lastModified: jobSchedule.lastModified,
    creationTime: jobSchedule.creationTime,
    state: jobSchedule.state,
    stateTransitionTime: jobSchedule.stateTransitionTime,
    ...ifSet('previousState', jobSchedule.previousState),
    ...ifSet('previousStateTransitionTime', jobSchedule.previousStateTransitionTime),
    schedule: toSchedule(definition.schedule),
    jobSpecification: toJobSpecification(definition.jobSpecification),
    executionInfo: toExecutionInfo(jobSchedule, baseUrl),
    ...unlessEmpty('metadata', definition.metadata),
  };
}

function toSchedule({
  doNotRunUntil,
  doNotRunAfter,
  startWindowMs,
  recurrenceIntervalMs,
}: Recurrence): Shown<typeof cloudJobSchedule>['schedule'] {
  return {
    ...ifSet('doNotRunUntil', doNotRunUntil),
    ...ifSet('doNotRunAfter', doNotRunAfter),
    ...ifSet('startWindow', startWindowMs === undefined ? undefined : formatDuration(startWindowMs)),
    ...ifSet(
      'recurrenceInterval',
      recurrenceIntervalMs === undefined ? undefined : formatDuration(recurrenceIntervalMs),
    ),
  };
}

function toJobSpecification(specification: JobSpecification): Shown<typeof shownSpecification> {
  return { ...ifSet('displayName', specification.displayName), ...toSpecification(specification) };
}

function toExecutionInfo(
  { definition, state, nextRunTime, recentJob, endTime }: JobSchedule,
  baseUrl: string,
): Shown<typeof cloudJobSchedule>['executionInfo'] {
  const recentId = recentJob && scheduledJobId(definition.id, recentJob.number);
  const goesOn = state === 'active' || state === 'disabled';
  return {
    ...ifSet('nextRunTime', goesOn ? nextRunTime : undefined),
    ...ifSet('recentJob', recentId === undefined ? undefined : { id: recentId, url: jobUrl(recentId, baseUrl) }),
    ...ifSet('endTime', endTime),
  };
}

// A job schedule as it is shown, as a schema (CloudJobSchedule). https://learn.microsoft.com/rest/api/batchservice/job-schedule/get
import { z } from 'zod';
import { shownSpecification } from '../jobs/job-schema.js';
import { duration, entityTag, instant, link, metadataList, notShown, oneOf } from '../rest/answer-types.js';
import { named } from '../rest/named-schemas.js';
import type { JobScheduleState } from './job-schedule.js';

const jobScheduleState = oneOf<JobScheduleState>({
  active: true,
  disabled: true,
  terminating: true,
  completed: true,
  deleting: true,
});

export const cloudJobSchedule = z
  .strictObject({
    id: z.string(),
    displayName: z.string().optional(),
    url: link,
    eTag: entityTag,
    lastModified: instant,
    creationTime: instant,
    state: jobScheduleState,
    stateTransitionTime: instant,
    previousState: jobScheduleState.optional(),
    previousStateTransitionTime: instant.optional(),
    schedule: z
      .strictObject({
        doNotRunUntil: instant.optional(),
        doNotRunAfter: instant.optional(),
        startWindow: duration.optional(),
        recurrenceInterval: duration.optional(),
      })
      .register(named, { id: 'Schedule' }),
    jobSpecification: shownSpecification,
    executionInfo: z
      .strictObject({
        nextRunTime: instant.optional(),
        recentJob: z.strictObject({ id: z.string(), url: link }).register(named, { id: 'RecentJob' }).optional(),
        endTime: instant.optional(),
      })
      .register(named, { id: 'JobScheduleExecutionInformation' }),
    metadata: metadataList.optional(),
    stats: notShown,
  })
  .register(named, { id: 'CloudJobSchedule' });

// The operations that move a job schedule from one state to another. https://learn.microsoft.com/rest/api/batchservice/job-schedule
import { toValidators } from '../rest/etag.js';
import type { OperationDefinition } from '../rest/operation-definition.js';
import { pathId } from '../rest/resource-query.js';
import { changed } from '../rest/success.js';
import { disableJobSchedule, enableJobSchedule } from './disable-job-schedule.js';
import { terminateJobSchedule } from './end-job-schedule.js';

export const jobScheduleStateOperations: readonly OperationDefinition[] = [
  {
    name: 'disable-job-schedule',
    verb: 'POST',
    route: 'jobschedules/{jobScheduleId}/disable',
    summary: 'Keeps a job schedule from making jobs until it is enabled again.',
    conditional: true,
    body: 'optional',
    success: changed(204),
    handle: async (request, services) => {
      const { conditions } = request;
      const schedule = await disableJobSchedule(services, pathId(request, 'jobScheduleId'), { conditions });
      return toValidators(schedule.lastModified);
    },
  },
  {
    name: 'enable-job-schedule',
    verb: 'POST',
    route: 'jobschedules/{jobScheduleId}/enable',
    summary: 'Lets a disabled job schedule make jobs again.',
    conditional: true,
    body: 'optional',
    success: changed(204),
    handle: async (request, services) => {
      const { conditions } = request;
      const schedule = await enableJobSchedule(services, pathId(request, 'jobScheduleId'), { conditions });
      return toValidators(schedule.lastModified);
    },
  },
  {
    name: 'terminate-job-schedule',
    verb: 'POST',
    route: 'jobschedules/{jobScheduleId}/terminate',
    summary: 'Ends a job schedule: its active job is terminated, then it is completed.',
    query: ['force'],
    conditional: true,
    body: 'optional',
    success: changed(202),
    handle: async (request, services) => {
      const { conditions } = request;
      const asked = { force: request.flag('force'), conditions };
      const schedule = await terminateJobSchedule(services, pathId(request, 'jobScheduleId'), asked);
      return toValidators(schedule.lastModified);
    },
  },
];

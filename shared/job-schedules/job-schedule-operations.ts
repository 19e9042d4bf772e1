// The operations on job schedules themselves, and on their jobs. https://learn.microsoft.com/rest/api/batchservice/job-schedule
import { jobProperties } from '../jobs/job-filters.js';
import { cloudJob } from '../jobs/job-schema.js';
import { toJobResource } from '../jobs/job-resource.js';
import { toValidators } from '../rest/etag.js';
import type { OperationDefinition } from '../rest/operation-definition.js';
import { getQuery, listQuery, listResources, pathId, selectFrom } from '../rest/resource-query.js';
import { changed, created, done, entityOf, exists, listOf } from '../rest/success.js';
import { addJobSchedule } from './add-job-schedule.js';
import { deleteJobSchedule } from './end-job-schedule.js';
import {
  jobScheduleAddBody,
  jobSchedulePatchBody,
  jobScheduleUpdateBody,
  parseJobScheduleAdd,
  parseJobSchedulePatch,
  parseJobScheduleUpdate,
} from './job-schedule-body.js';
import { jobScheduleFilters, jobScheduleProperties, scheduledJobFilters } from './job-schedule-filters.js';
import { cloudJobSchedule } from './job-schedule-schema.js';
import { jobScheduleUrl, toJobScheduleResource } from './job-schedule-resource.js';
import {
  continueAfterJobSchedule,
  continueAfterScheduledJob,
  listJobSchedules,
  listJobsOfSchedule,
  loadJobSchedule,
} from './read-job-schedules.js';
import { updateJobSchedule } from './update-job-schedule.js';

export const jobScheduleOperations: readonly OperationDefinition[] = [
  {
    name: 'add-job-schedule',
    verb: 'POST',
    route: 'jobschedules',
    summary: 'Adds a job schedule.',
    body: 'required',
    bodySchema: jobScheduleAddBody,
    success: created(),
    handle: async ({ json, baseUrl }, services) => {
      const schedule = await addJobSchedule(services, parseJobScheduleAdd(json));
      return { location: jobScheduleUrl(schedule.definition.id, baseUrl), ...toValidators(schedule.lastModified) };
    },
  },
  {
    name: 'list-job-schedules',
    verb: 'GET',
    route: 'jobschedules',
    summary: 'Lists the job schedules of the account.',
    query: listQuery,
    success: listOf('jobschedules', cloudJobSchedule),
    handle: async (request, services) => {
      const list = await listResources(request, {
        filters: jobScheduleFilters,
        properties: jobScheduleProperties,
        readPage: (page) => listJobSchedules(services, page),
        continueAfter: continueAfterJobSchedule,
        byId: { read: (id) => loadJobSchedule(services, id), absent: 'JobScheduleNotFound' },
        toResource: (schedule) => toJobScheduleResource(schedule, request.baseUrl),
      });
      return { list };
    },
  },
  {
    name: 'get-job-schedule',
    verb: 'GET',
    route: 'jobschedules/{jobScheduleId}',
    summary: 'Shows a job schedule.',
    query: getQuery,
    conditional: true,
    success: entityOf('jobschedules/@Element', cloudJobSchedule),
    handle: async (request, services) => {
      const schedule = await loadJobSchedule(services, pathId(request, 'jobScheduleId'));
      const json = selectFrom(request, toJobScheduleResource(schedule, request.baseUrl), jobScheduleProperties);
      return { json, ...toValidators(schedule.lastModified) };
    },
  },
  {
    name: 'job-schedule-exists',
    verb: 'HEAD',
    route: 'jobschedules/{jobScheduleId}',
    summary: 'Tells whether a job schedule exists.',
    conditional: true,
    success: exists(),
    handle: async (request, services) => {
      const schedule = await loadJobSchedule(services, pathId(request, 'jobScheduleId'));
      return toValidators(schedule.lastModified);
    },
  },
  {
    name: 'patch-job-schedule',
    verb: 'PATCH',
    route: 'jobschedules/{jobScheduleId}',
    summary: 'Changes the named properties of a job schedule, for the jobs that it makes from then on.',
    conditional: true,
    body: 'required',
    bodySchema: jobSchedulePatchBody,
    success: changed(200),
    handle: async (request, services) => {
      const { json, conditions } = request;
      const asked = { changes: parseJobSchedulePatch(json), conditions };
      const schedule = await updateJobSchedule(services, pathId(request, 'jobScheduleId'), asked);
      return toValidators(schedule.lastModified);
    },
  },
  {
    name: 'update-job-schedule',
    verb: 'PUT',
    route: 'jobschedules/{jobScheduleId}',
    summary: 'Replaces all changeable properties of a job schedule, for the jobs that it makes from then on.',
    conditional: true,
    body: 'required',
    bodySchema: jobScheduleUpdateBody,
    success: changed(200),
    handle: async (request, services) => {
      const { json, conditions } = request;
      const asked = { changes: parseJobScheduleUpdate(json), conditions };
      const schedule = await updateJobSchedule(services, pathId(request, 'jobScheduleId'), asked);
      return toValidators(schedule.lastModified);
    },
  },
  {
    name: 'delete-job-schedule',
    verb: 'DELETE',
    route: 'jobschedules/{jobScheduleId}',
    summary: 'Deletes a job schedule with all its jobs, once their releases have run.',
    query: ['force'],
    conditional: true,
    success: done(202),
    handle: async (request, services) => {
      const { conditions } = request;
      const asked = { force: request.flag('force'), conditions };
      await deleteJobSchedule(services, pathId(request, 'jobScheduleId'), asked);
      return {};
    },
  },
  {
    name: 'list-jobs-of-job-schedule',
    verb: 'GET',
    route: 'jobschedules/{jobScheduleId}/jobs',
    summary: 'Lists the jobs that a job schedule made.',
    query: listQuery,
    success: listOf('jobs', cloudJob),
    handle: async (request, services) => {
      const scheduleId = pathId(request, 'jobScheduleId');
      const list = await listResources(request, {
        filters: scheduledJobFilters,
        properties: jobProperties,
        readPage: (page) => listJobsOfSchedule(services, scheduleId, page),
        continueAfter: continueAfterScheduledJob,
        toResource: (job) => toJobResource(job, request.baseUrl),
      });
      return { list };
    },
  },
];

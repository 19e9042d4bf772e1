// Reading job schedules: one, a page of all, or a page of the jobs of one.
import { BatchError } from '../errors.js';
import { readJobHeads } from '../jobs/read-jobs.js';
import { scheduledJobId } from '../jobs/scheduled-job-id.js';
import type { Job } from '../jobs/job.js';
import type { ItemPage, PageRequest } from '../rest/paging.js';
import type { Services } from '../services.js';
import type { JobSchedule } from './job-schedule.js';
import {
  fromJobScheduleHead,
  headRow,
  jobScheduleListPartition,
  jobSchedulePartition,
  numberOfRow,
  scheduledJobRange,
} from './job-schedule-rows.js';

type Tables = Pick<Services, 'table'>;
export type StoredJobSchedule = { readonly schedule: JobSchedule; readonly etag: string };

/** The schedule with its row's etag, if there is one of that id. */
export async function findJobSchedule({ table }: Tables, scheduleId: string): Promise<StoredJobSchedule | undefined> {
  const head = await table.get(jobSchedulePartition(scheduleId), headRow);
  const schedule = head && fromJobScheduleHead(head);
  return head === undefined || schedule === undefined ? undefined : { schedule, etag: head.etag };
}

/**
 * The schedule with its row's etag. Throws JobScheduleNotFound, also when `meant` is given and the id belongs to another incarnation by now:
 * a request that is tried again must not touch the new owner of an id.
 */
export async function loadStoredJobSchedule(
  services: Tables,
  scheduleId: string,
  meant?: string,
): Promise<StoredJobSchedule> {
  const stored = await findJobSchedule(services, scheduleId);
  if (stored === undefined) throw new BatchError('JobScheduleNotFound', `Job schedule '${scheduleId}' does not exist`);
  if (meant !== undefined && stored.schedule.incarnation !== meant)
    throw new BatchError(
      'JobScheduleNotFound',
      `Job schedule '${scheduleId}' is gone; another one was given its id meanwhile`,
    );
  return stored;
}

/** The schedule. Throws JobScheduleNotFound. */
export async function loadJobSchedule(services: Tables, scheduleId: string): Promise<JobSchedule> {
  return (await loadStoredJobSchedule(services, scheduleId)).schedule;
}

/** A page of all schedules by id. The list holds keys only; keys without a schedule are skipped. */
export async function listJobSchedules(
  services: Tables,
  { limit, continuation }: PageRequest,
): Promise<ItemPage<JobSchedule>> {
  const page = await services.table.query(jobScheduleListPartition, {}, limit, continuation);
  const found = await Promise.all(page.entities.map(({ row }) => findJobSchedule(services, row)));
  return {
    items: found.flatMap((stored) => (stored === undefined ? [] : [stored.schedule])),
    ...(page.continuation === undefined ? {} : { continuation: page.continuation }),
  };
}

/** A page of the jobs that the schedule made, in their order. Throws JobScheduleNotFound. */
export async function listJobsOfSchedule(
  services: Tables,
  scheduleId: string,
  { limit, continuation }: PageRequest,
): Promise<ItemPage<Job>> {
  const { definition } = await loadJobSchedule(services, scheduleId);
  const page = await services.table.query(jobSchedulePartition(scheduleId), scheduledJobRange, limit, continuation);
  const jobIds = page.entities.map(({ row }) => scheduledJobId(definition.id, numberOfRow(row)));
  return {
    items: await readJobHeads(services, jobIds),
    ...(page.continuation === undefined ? {} : { continuation: page.continuation }),
  };
}

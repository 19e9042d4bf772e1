// Reading job schedules: one, a page of all, or a page of the jobs of one.
import { BatchError } from '../errors.js';
import { keepNotes } from '../jobs/list-jobs.js';
import { narrowJobs, readListedJobs } from '../jobs/narrow-jobs.js';
import { readJobHeads } from '../jobs/read-jobs.js';
import { parseScheduledJobId, scheduledJobId } from '../jobs/scheduled-job-id.js';
import type { Job } from '../jobs/job.js';
import { mapInGroups } from '../map-in-groups.js';
import { toKeyRange } from '../rest/filter-keys.js';
import type { ItemPage, ListRequest } from '../rest/paging.js';
import type { Services } from '../services.js';
import { continueAfterRow, readRows } from '../tables/read-rows.js';
import type { JobSchedule } from './job-schedule.js';
import {
  fromJobScheduleHead,
  headRow,
  jobScheduleListPartition,
  jobSchedulePartition,
  numberOfRow,
  scheduledJobRange,
  scheduledJobRow,
} from './job-schedule-rows.js';

const schedulesAtOnce = 50;
const headsPerPage = 250;

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

/** The continuation of the list that leads on right behind this schedule. */
export const continueAfterJobSchedule = ({ definition }: JobSchedule): string =>
  continueAfterRow(definition.id.toLowerCase());

/** A page of all schedules by id, of those that the ids in a filter leave possible. Keys without a schedule are skipped. */
export async function listJobSchedules(
  services: Tables,
  { filter, ...page }: ListRequest,
): Promise<ItemPage<JobSchedule>> {
  const range = toKeyRange(filter, 'id', '');
  const { rows, ...rest } = await readRows(services.table, jobScheduleListPartition, range, page);
  const found = await mapInGroups(rows, schedulesAtOnce, ({ row }) => findJobSchedule(services, row));
  return { ...rest, items: found.flatMap((stored) => stored?.schedule ?? []) };
}

/** The continuation of the list of a schedule's jobs that leads on right behind this one. */
export const continueAfterScheduledJob = ({ definition }: Job): string =>
  continueAfterRow(scheduledJobRow(parseScheduledJobId(definition.id)?.number ?? 0));

/**
 * A page of the jobs that the schedule made, in their order, without those that what is noted of them rules out for the filter.
 * Throws JobScheduleNotFound.
 */
export async function listJobsOfSchedule(
  services: Pick<Services, 'table' | 'clock'>,
  scheduleId: string,
  { filter, limit, continuation }: ListRequest,
): Promise<ItemPage<Job>> {
  const { definition } = await loadJobSchedule(services, scheduleId);
  const { rows, ...rest } = await readRows(services.table, jobSchedulePartition(scheduleId), scheduledJobRange, {
    limit: Math.min(limit, headsPerPage),
    ...(continuation !== undefined && { continuation }),
  });
  const jobIds = rows.map(({ row }) => scheduledJobId(definition.id, numberOfRow(row)));
  if (filter === undefined)
    return { ...rest, items: (await readJobHeads(services, jobIds)).flatMap((job) => job ?? []) };
  const listed = await narrowJobs(services.table, filter, await readListedJobs(services.table, jobIds));
  const jobs = await readJobHeads(
    services,
    listed.map(({ row }) => row),
  );
  await keepNotes(
    services.table,
    listed.map((key, index) => ({ key, job: jobs[index] })),
    services.clock.now(),
  );
  return { ...rest, items: jobs.flatMap((job) => job ?? []) };
}

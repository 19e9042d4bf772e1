// A job schedule's partition is the one that a job of its id would have, so that the two cannot both be added: `head`, and one `job:` row for
// each of its jobs, written before the job is added, for that incarnation of it, and removed when it is gone.
import { jobPartition } from '../jobs/job-rows.js';
import { fromDocument, toDocument } from '../tables/document.js';
import type { Entity, EntityValues, RowRange } from '../tables/table.js';
import type { JobSchedule } from './job-schedule.js';

export const headRow = 'head';
export const jobSchedulePartition = jobPartition;

const numberDigits = 12;
export const scheduledJobRange: RowRange = { from: 'job:', below: 'job;' };
export const headAndJobs: RowRange = { ...scheduledJobRange, from: headRow };
export const scheduledJobRow = (number: number): string => `job:${String(number).padStart(numberDigits, '0')}`;
export const numberOfRow = (row: string): number => Number(row.slice('job:'.length));

export const toJobScheduleHead = (schedule: JobSchedule): EntityValues => toDocument('jobSchedule', schedule);
/** The schedule, unless the head is that of a job. */
export const fromJobScheduleHead = (entity: Entity): JobSchedule | undefined =>
  'jobSchedule' in entity.values ? fromDocument<JobSchedule>('jobSchedule', entity.values) : undefined;

/** Partition of the list of all job schedules: keys only; each head is the truth. */
export const jobScheduleListPartition = 'jobschedules';

// What a client may say when it adds or changes a job schedule: PATCH leaves out what stays; PUT replaces all, each part as a whole.
// https://learn.microsoft.com/rest/api/batchservice/job-schedule/add
import { z } from 'zod';
import { fromJobSpecification, jobSpecificationBody } from '../jobs/job-body.js';
import { displayNameText, durationBody, idText, instantBody, metadataBody } from '../rest/body-types.js';
import { named } from '../rest/named-schemas.js';
import { parseBody, refuse, requireStorable } from '../rest/request-body.js';
import { ifSet } from '../tasks/run-resource.js';
import type { JobScheduleDefinition, Recurrence } from './job-schedule.js';

const shortestMs = 60_000;

const scheduleBody = z
  .strictObject({
    doNotRunUntil: instantBody.optional(),
    doNotRunAfter: instantBody.optional(),
    startWindow: durationBody({ least: shortestMs }).optional(),
    recurrenceInterval: durationBody({ least: shortestMs }).optional(),
  })
  .superRefine(({ doNotRunUntil, doNotRunAfter }, context) => {
    if (doNotRunUntil !== undefined && doNotRunAfter !== undefined && doNotRunAfter <= doNotRunUntil)
      refuse(context, 'InvalidPropertyValue', 'expected an instant after doNotRunUntil', ['doNotRunAfter']);
  });

const changeableShape = { schedule: scheduleBody, jobSpecification: jobSpecificationBody };

export const jobScheduleAddBody = z
  .strictObject({
    id: idText,
    displayName: displayNameText.optional(),
    ...changeableShape,
    metadata: metadataBody.default([]),
  })
  .register(named, { id: 'JobScheduleAddParameter' });

export const jobScheduleUpdateBody = z
  .strictObject({ ...changeableShape, metadata: metadataBody.default([]) })
  .register(named, { id: 'JobScheduleUpdateParameter' });

export const jobSchedulePatchBody = z
  .strictObject({
    schedule: scheduleBody.optional(),
    jobSpecification: jobSpecificationBody.optional(),
    metadata: metadataBody.optional(),
  })
  .register(named, { id: 'JobSchedulePatchParameter' });

/** What of a schedule can be changed once it was added. */
export type JobScheduleChanges = Partial<Pick<JobScheduleDefinition, 'schedule' | 'jobSpecification' | 'metadata'>>;

/**
 * The schedule that the body of Add Job Schedule describes.
 * Throws BatchError: MissingRequiredProperty, InvalidPropertyValue, InvalidRequestBody, EmptyMetadataKey, UnsupportedProperty.
 */
export function parseJobScheduleAdd(json: unknown): JobScheduleDefinition {
  const { id, displayName, schedule, jobSpecification, metadata } = parseBody(jobScheduleAddBody, json);
  return requireStorable({
    id,
    ...ifSet('displayName', displayName),
    schedule: fromSchedule(schedule),
    jobSpecification: fromJobSpecification(jobSpecification),
    metadata,
  });
}

/** What the body of Patch Job Schedule changes: only what it names. Throws BatchError as parseJobScheduleAdd does. */
export function parseJobSchedulePatch(json: unknown): JobScheduleChanges {
  const { schedule, jobSpecification, metadata } = parseBody(jobSchedulePatchBody, json);
  return requireStorable({
    ...(schedule !== undefined && { schedule: fromSchedule(schedule) }),
    ...(jobSpecification !== undefined && { jobSpecification: fromJobSpecification(jobSpecification) }),
    ...(metadata !== undefined && { metadata }),
  });
}

/** What the body of Update Job Schedule changes: all of it. Throws BatchError as parseJobScheduleAdd does. */
export function parseJobScheduleUpdate(json: unknown): JobScheduleChanges {
  const { schedule, jobSpecification, metadata } = parseBody(jobScheduleUpdateBody, json);
  return requireStorable({
    schedule: fromSchedule(schedule),
    jobSpecification: fromJobSpecification(jobSpecification),
    metadata,
  });
}

// An unlimited duration is as none: no window that ends, no recurrence.
function fromSchedule({
  doNotRunUntil,
  doNotRunAfter,
  startWindow,
  recurrenceInterval,
}: z.output<typeof scheduleBody>): Recurrence {
  const finite = (ms: number | undefined): number | undefined =>
    ms !== undefined && Number.isFinite(ms) ? ms : undefined;
  return {
    ...ifSet('doNotRunUntil', doNotRunUntil),
    ...ifSet('doNotRunAfter', doNotRunAfter),
    ...ifSet('startWindowMs', finite(startWindow)),
    ...ifSet('recurrenceIntervalMs', finite(recurrenceInterval)),
  };
}

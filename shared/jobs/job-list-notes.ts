// What the list of all jobs says of a job besides its key. A job that has completed changes no more but by being deleted, so what is noted
// then stays true without anybody looking after it: docs/decisions/0019-rows-carry-what-lists-ask-for.md.
import { ownedBy } from '../tables/row-owner.js';
import type { Entity, EntityValues } from '../tables/table.js';
import type { Job } from './job.js';
import { mayBeUnderWay } from './job-decisions.js';

/** By path in a job, the values of which it has one. */
export type JobFacts = Readonly<Record<string, readonly string[]>>;

/** What stands there of a job that is just being added, and of one that goes on. */
export const toListed = (incarnation: string, now: Date): EntityValues => ({
  ...ownedBy(incarnation),
  listedAt: now.toISOString(),
});

/** Whether such a row, of which there is no job, was left by somebody who was refused, or died. */
export function isForlorn({ values }: Pick<Entity, 'values'>, now: Date): boolean {
  const { listedAt } = values;
  return typeof listedAt === 'string' && !mayBeUnderWay(listedAt, now);
}

/** What is noted of a job that has completed; undefined while more can happen to it. */
export function toNote(job: Job): EntityValues | undefined {
  const { state, creationTime, stateTransitionTime, lastModified, endTime, definition, incarnation } = job;
  if (state !== 'completed' || endTime === undefined) return undefined;
  const { poolId } = definition;
  const times = { creationTime, stateTransitionTime, lastModified, endTime };
  return { ...ownedBy(incarnation), hasCompleted: true, ...times, poolId };
}

/** Whether a row of the list has such a note. */
export const isNoted = ({ values }: Pick<Entity, 'values'>): boolean => values['hasCompleted'] === true;

/** Whether the note says all: earlier ones did not say when the job was modified. */
export const isWhole = ({ values }: Pick<Entity, 'values'>): boolean =>
  isNoted({ values }) && typeof values['lastModified'] === 'string';

/** The pool of a job that has a note. */
export const notedPoolOf = ({ values }: Pick<Entity, 'values'>): string => String(values['poolId']);

/** Whether the note of such a row is about another job, which had the id before. */
export const isNoteOfAnother = ({ values }: Pick<Entity, 'values'>, job: Job): boolean =>
  isNoted({ values }) && values['creationTime'] !== job.creationTime;

/** What is known of the job behind a row of the list without reading its head, whoever may be deleting it. Letter case is not known. */
export function factsOf({ row, values }: Pick<Entity, 'row' | 'values'>): JobFacts {
  const id = [row];
  if (!isNoted({ values })) return { id };
  const creation = [String(values['creationTime'])];
  return {
    id,
    state: ['completed', 'deleting'],
    creationTime: creation,
    'executionInfo/startTime': creation,
    'executionInfo/endTime': [String(values['endTime'])],
    'executionInfo/poolId': [String(values['poolId'])],
  };
}

/** What is known of it as long as nobody is deleting it. */
export function factsUnlessDeleted(key: Pick<Entity, 'row' | 'values'>): JobFacts {
  const facts = factsOf(key);
  if (!isNoted(key)) return facts;
  const { values } = key;
  const times = {
    stateTransitionTime: [String(values['stateTransitionTime'])],
    lastModified: [String(values['lastModified'])],
  };
  return { ...facts, state: ['completed'], ...(isWhole(key) && times) };
}

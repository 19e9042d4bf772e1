// Listing jobs. The list holds a key for each, and a note once it has completed; every job that is shown is read from its own head.
import { toKeyRange } from '../rest/filter-keys.js';
import type { ItemPage, ListRequest } from '../rest/paging.js';
import type { Services } from '../services.js';
import { continueAfterRow, readRows } from '../tables/read-rows.js';
import { maxWritesPerTransaction, TableConflict, TableUnavailable, type Entity, type Write } from '../tables/table.js';
import { isForlorn, isNoted, isNoteOfAnother, isWhole, toListed, toNote } from './job-list-notes.js';
import type { Job } from './job.js';
import { jobListPartition } from './job-rows.js';
import { narrowJobs } from './narrow-jobs.js';
import { readJobHeads } from './read-jobs.js';

const headsPerPage = 250;

/** The continuation of the list that leads on right behind this job. */
export const continueAfterJob = ({ definition }: Job): string => continueAfterRow(definition.id.toLowerCase());

/** A page of all jobs by id, without those that their key or their note rules out for the filter. Keys without a job are skipped. */
export async function listJobs(
  { table, clock }: Pick<Services, 'table' | 'clock'>,
  { filter, limit, continuation }: ListRequest,
): Promise<ItemPage<Job>> {
  const { rows, ...rest } = await readRows(table, jobListPartition, toKeyRange(filter, 'id', ''), {
    limit: filter === undefined ? Math.min(limit, headsPerPage) : limit,
    ...(continuation !== undefined && { continuation }),
  });
  const possible = filter === undefined ? rows : await narrowJobs(table, filter, rows);
  const wanted = possible.slice(0, headsPerPage);
  const jobs = await readJobHeads(
    { table },
    wanted.map(({ row }) => row),
  );
  const seen = wanted.map((key, index) => ({ key, job: jobs[index] }));
  await keepNotes(table, seen, clock.now());
  const last = wanted.at(-1);
  return {
    items: seen.flatMap(({ job }) => job ?? []),
    ...(possible.length > wanted.length && last ? { continuation: continueAfterRow(last.row) } : rest),
  };
}

/** A row of the list, and the job that was read after it. */
export type SeenJob = { readonly key: Entity; readonly job: Job | undefined };

/**
 * Notes which jobs have completed, and takes back what was noted of jobs that are gone. The etag tells that nobody has given the id to
 * another job meanwhile: who adds one writes its key first. What does not come about now does at the next list.
 */
export async function keepNotes(table: Services['table'], seen: readonly SeenJob[], now: Date): Promise<void> {
  const writes = seen.flatMap(({ key, job }) => toNoteWrite(key, job, now) ?? []);
  const [removals, notes] = [
    writes.filter(({ type }) => type === 'delete'),
    writes.filter(({ type }) => type !== 'delete'),
  ];
  for (let first = 0; first < notes.length; first += maxWritesPerTransaction)
    await writeUnlessRaced(table, notes.slice(first, first + maxWritesPerTransaction));
  // Each has a condition, so it is a transaction of its own.
  for (const removal of removals) await writeUnlessRaced(table, [removal]);
}

function toNoteWrite(key: Entity, job: Job | undefined, now: Date): Write | undefined {
  const { row, etag } = key;
  if (etag === '') return undefined;
  // A key without a note may be that of a job that is just being added.
  if (job === undefined) return isNoted(key) || isForlorn(key, now) ? { type: 'delete', row, etag } : undefined;
  if (isWhole(key) && !isNoteOfAnother(key, job)) return undefined;
  const values = toNote(job) ?? (isNoted(key) ? toListed(job.incarnation, now) : undefined);
  return values && { type: 'replace', row, values, etag };
}

async function writeUnlessRaced(table: Services['table'], writes: readonly Write[]): Promise<void> {
  try {
    await table.write(jobListPartition, writes);
  } catch (error) {
    // Somebody else wrote one of the rows, or nobody can write now: the list is right without notes.
    if (!(error instanceof TableConflict || error instanceof TableUnavailable)) throw error;
  }
}

// Which jobs of the list a filter leaves possible, by what is noted of them, without reading their heads.
//
// Of a job that has completed everything is noted but whether somebody is deleting it by now. Whoever does has named the job to its pool
// before, so that the reference there is looked for where it matters: one query for all such jobs of a pool.
import { mapInGroups } from '../map-in-groups.js';
import { jobRefRange, jobRefRow, poolPartition } from '../pools/pool-rows.js';
import type { Filter } from '../rest/odata-filter.js';
import { mayMatch } from '../rest/odata-match.js';
import type { Entity, Table } from '../tables/table.js';
import { jobListPartition } from './job-rows.js';
import { factsOf, factsUnlessDeleted, notedPoolOf } from './job-list-notes.js';

const largestPage = 1000;
const poolsAtOnce = 20;
/** A filter may be about jobs of any number of pools; of others than these the heads are read. */
const mostPools = 100;

/** The rows of the list of jobs with these ids, by one query; of one that it does not give nothing is noted. */
export async function readListedJobs(
  table: Pick<Table, 'query'>,
  jobIds: readonly string[],
): Promise<readonly Entity[]> {
  const keys = jobIds.map((id) => id.toLowerCase());
  const [first, last] = [keys.toSorted()[0], keys.toSorted().at(-1)];
  if (first === undefined || last === undefined) return [];
  const page = await table.query(jobListPartition, { from: first, below: `${last}!` }, largestPage);
  const found = new Map(page.entities.map((entity) => [entity.row, entity]));
  return keys.map((row) => found.get(row) ?? { partition: jobListPartition, row, values: {}, etag: '' });
}

/** The rows of the list of jobs behind which a job may be that passes the filter, in their order. */
export async function narrowJobs(
  table: Pick<Table, 'query'>,
  filter: Filter,
  rows: readonly Entity[],
): Promise<readonly Entity[]> {
  const possible = rows.filter((row) => mayMatch(filter, factsOf(row)));
  const ifDeleted = possible.filter((row) => !mayMatch(filter, factsUnlessDeleted(row)));
  const kept = await keptJobs(table, ifDeleted);
  return possible.filter(({ row }) => !kept.has(row));
}

/** The ids of those that nobody is deleting, as far as that is told cheaper than by reading their heads. */
async function keptJobs(table: Pick<Table, 'query'>, rows: readonly Entity[]): Promise<ReadonlySet<string>> {
  const byPool = new Map<string, Entity[]>();
  for (const row of rows) {
    const jobs = byPool.get(notedPoolOf(row)) ?? [];
    byPool.set(notedPoolOf(row), jobs);
    jobs.push(row);
  }
  const asked = [...byPool].filter(([, jobs]) => jobs.length > 1).slice(0, mostPools);
  const kept = await mapInGroups(asked, poolsAtOnce, async ([poolId, jobs]) => {
    const page = await table.query(poolPartition(poolId), { ...jobRefRange, columns: [] }, largestPage);
    if (page.continuation !== undefined) return [];
    const named = new Set(page.entities.map(({ row }) => row));
    return jobs.filter(({ row }) => !named.has(jobRefRow(row)));
  });
  return new Set(kept.flat().map(({ row }) => row));
}

// Reading what a pass decides from: the pool's partition, the jobs it is about, and single tasks where their definition is needed.
// Remembers every row's etag, so that saving fails when somebody else was faster.
import { headRow, jobPartition, passRange as jobRange } from '../jobs/job-rows.js';
import { findJobSchedule } from '../job-schedules/read-job-schedules.js';
import type { Job } from '../jobs/job.js';
import type { Node } from '../nodes/node.js';
import { fromJobRef, fromNode, fromPoolHead, passRange as poolRange, poolPartition } from '../pools/pool-rows.js';
import type { JobRef, Pool } from '../pools/pool.js';
import { jobSchedulePartition, scheduledJobRow } from '../job-schedules/job-schedule-rows.js';
import { parseScheduledJobId } from '../jobs/scheduled-job-id.js';
import type { Services } from '../services.js';
import { isRowOf } from '../tables/row-owner.js';
import { TableConflict, type Entity, type RowRange, type Table } from '../tables/table.js';
import { fromTaskRow, taskRow } from '../tasks/task-rows.js';
import type { Task } from '../tasks/task.js';
import type { Needs } from './decide-pass.js';
import { etagKey, type Etags } from './etags.js';
import { agreesWithLeases, joinPages, toKnownJob, toSeenJob, type KnownJob, type Slots } from './known-job.js';
import { jobKey, type Seen, type SeenJob, type SeenOrigin, type SeenSchedule } from './seen.js';

export type Sight = {
  readonly seen: Seen;
  readonly etags: Etags;
  /** All that is known of the jobs that are seen, by key. */
  readonly known: ReadonlyMap<string, KnownJob>;
  /** Those of them that were not read but remembered. */
  readonly recalled: ReadonlySet<string>;
};

const largestPage = 1000;
// Room for the head and for nodes that have left the pool, in the first page of a job.
const spareRows = 20;

/** The pool's own partition, with no job yet. */
export async function seePool({ table }: Pick<Services, 'table'>, poolId: string): Promise<Sight> {
  const etags: Etags = new Map();
  const nodes: Node[] = [];
  const refs: JobRef[] = [];
  let pool: Pool | undefined;
  for await (const entity of readRange(table, poolPartition(poolId), poolRange, largestPage)) {
    etags.set(etagKey(entity.partition, entity.row), entity.etag);
    if (entity.row === headRow) pool = fromPoolHead(entity);
    else if (entity.row.startsWith('node:')) nodes.push(fromNode(entity));
    else if (entity.row.startsWith('job:')) refs.push(fromJobRef(entity));
  }
  const schedule = pool && (await seeSchedule(table, pool));
  return {
    seen: {
      poolId,
      ...(pool === undefined ? {} : { pool }),
      ...(schedule === undefined ? {} : { schedule }),
      nodes,
      refs,
      jobs: [],
      tasks: [],
      origins: [],
    },
    etags,
    known: new Map(),
    recalled: new Set(),
  };
}

/** The schedule that the pool goes with, if it still is the one for which the pool was made: that is told by the pool's id. */
async function seeSchedule(table: Table, { definition, autoPoolOfSchedule }: Pool): Promise<SeenSchedule | undefined> {
  if (autoPoolOfSchedule === undefined) return undefined;
  const stored = await findJobSchedule({ table }, autoPoolOfSchedule.scheduleId);
  if (stored?.schedule.sharedPoolId !== definition.id) return undefined;
  const { state, definition: asked } = stored.schedule;
  const { autoPool } = asked.jobSpecification;
  return { state, ...(autoPool?.poolLifetimeOption === 'jobschedule' ? { keepAlive: autoPool.keepAlive } : {}) };
}

/**
 * `sight` with what a decision found missing; jobs that `mayRecall` allows are taken as they are remembered.
 * Throws TableConflict when a task was deleted since its job node was read.
 */
export async function seeMore(
  services: Pick<Services, 'table' | 'jobMemory'>,
  sight: Sight,
  needs: Needs,
  mayRecall: (key: string) => boolean,
): Promise<Sight> {
  const { table } = services;
  const { seen, etags } = sight;
  const asking = seen.jobs.flatMap(({ key, job }) => (job !== undefined && needs.origins.includes(key) ? job : []));
  const [jobs, tasks, origins] = await Promise.all([
    Promise.all(needs.jobs.map((key) => seeJob(services, key, seen, mayRecall(key)))),
    Promise.all(needs.tasks.map(({ jobId, taskId }) => table.get(jobPartition(jobId), taskRow(taskId)))),
    Promise.all(asking.map((job) => seeOrigin(table, job))),
  ]);
  const missing = needs.tasks.find((_, index) => tasks[index] === undefined);
  if (missing !== undefined) {
    throw new TableConflict('changed', `Task '${missing.taskId}' of job '${missing.jobId}' is assigned but has no row`);
  }
  const found = tasks.filter((row): row is Entity => row !== undefined).map((row): Task => fromTaskRow(row));
  for (const { known } of jobs)
    for (const [row, etag] of known.etags) etags.set(etagKey(jobPartition(known.key), row), etag);
  return {
    seen: {
      ...seen,
      jobs: [...seen.jobs, ...jobs.map((job) => job.seen)],
      tasks: [...seen.tasks, ...found],
      origins: [...seen.origins, ...origins],
    },
    etags,
    known: new Map([...sight.known, ...jobs.map(({ known }): [string, KnownJob] => [known.key, known])]),
    recalled: new Set([...sight.recalled, ...jobs.flatMap(({ known, isRecalled }) => (isRecalled ? [known.key] : []))]),
  };
}

/** The schedule that the job was made by, read after the job: whatever it decides later, it has seen the job. */
async function seeOrigin(table: Table, { definition, incarnation }: Job): Promise<SeenOrigin> {
  const key = jobKey(definition.id);
  const origin = parseScheduledJobId(definition.id);
  if (origin === undefined) return { key, isListed: false };
  const [stored, row] = await Promise.all([
    findJobSchedule({ table }, origin.scheduleId),
    table.get(jobSchedulePartition(origin.scheduleId), scheduledJobRow(origin.number)),
  ]);
  return {
    key,
    ...(stored && { schedule: stored.schedule }),
    isListed: row !== undefined && isRowOf(row, incarnation),
  };
}

/** `sight` with these jobs, which were remembered, read. */
export async function seeAgain(
  services: Pick<Services, 'table' | 'jobMemory'>,
  sight: Sight,
  keys: readonly string[],
): Promise<Sight> {
  const others = sight.seen.jobs.filter(({ key }) => !keys.includes(key));
  const recalled = new Set([...sight.recalled].filter((key) => !keys.includes(key)));
  const rest = { ...sight, seen: { ...sight.seen, jobs: others }, recalled };
  return seeMore(services, rest, { jobs: keys, tasks: [], origins: [] }, () => false);
}

type SightOfJob = { readonly seen: SeenJob; readonly known: KnownJob; readonly isRecalled: boolean };

/** The job as it is remembered, if that may be and nothing speaks against it, or as it is read. */
async function seeJob(
  { table, jobMemory }: Pick<Services, 'table' | 'jobMemory'>,
  key: string,
  pool: Seen,
  mayRecall: boolean,
): Promise<SightOfJob> {
  const perNode = pool.pool?.definition.taskSlotsPerNode;
  const slots = { all: pool.nodes.length * (perNode ?? 0), perNode: perNode ?? Infinity };
  const recalled = mayRecall ? jobMemory.recall(pool.poolId, key) : undefined;
  if (recalled !== undefined && agreesWithLeases(recalled, pool.nodes)) {
    const seen = toSeenJob(recalled, slots);
    if (seen !== undefined) return { seen, known: recalled, isRecalled: true };
  }
  return readJob(table, key, pool.nodes.length, slots);
}

async function readJob(table: Table, key: string, nodeCount: number, slots: Slots): Promise<SightOfJob> {
  const limit = Math.min(largestPage, 1 + nodeCount + slots.all + spareRows);
  const pages: KnownJob[] = [];
  let waiting = 0;
  let continuation: string | undefined;
  do {
    const page = await table.query(jobPartition(key), jobRange, limit, continuation);
    continuation = page.continuation;
    const known = toKnownJob(key, page.entities, slots.perNode, continuation !== undefined);
    pages.push(known);
    waiting += known.ready.length;
  } while (continuation !== undefined && waiting <= slots.all);
  const known = joinPages(pages);
  const seen = toSeenJob(known, slots);
  if (seen === undefined) throw new Error(`Too little of job '${key}' was read`);
  return { seen, known, isRecalled: false };
}

async function* readRange(table: Table, partition: string, range: RowRange, limit: number): AsyncGenerator<Entity> {
  let continuation: string | undefined;
  do {
    const page = await table.query(partition, range, limit, continuation);
    yield* page.entities;
    continuation = page.continuation;
  } while (continuation !== undefined);
}

// Reading what a pass decides from: the pool's partition, the jobs it is about, and single tasks where their definition is needed.
// Remembers every row's etag, so that saving fails when somebody else was faster.
import {
  fromJobHead,
  fromJobNode,
  fromReady,
  headRow,
  isJobHead,
  jobPartition,
  passRange as jobRange,
} from '../jobs/job-rows.js';
import type { Job } from '../jobs/job.js';
import { findJobSchedule } from '../job-schedules/read-job-schedules.js';
import type { JobNode } from '../job-nodes/job-node.js';
import type { Node } from '../nodes/node.js';
import { fromJobRef, fromNode, fromPoolHead, passRange as poolRange, poolPartition } from '../pools/pool-rows.js';
import type { JobRef, Pool } from '../pools/pool.js';
import type { Services } from '../services.js';
import { TableConflict, type Entity, type RowRange, type Table } from '../tables/table.js';
import { fromTaskRow, taskRow } from '../tasks/task-rows.js';
import type { ReadyTask, Task } from '../tasks/task.js';
import type { Needs } from './decide-pass.js';
import type { Seen, SeenJob, SeenSchedule } from './seen.js';

/** The etag of each row read, by partition and row. */
export type Etags = Map<string, string>;
export type Sight = { readonly seen: Seen; readonly etags: Etags };

export const etagKey = (partition: string, row: string): string => `${partition}\n${row}`;

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
    },
    etags,
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

/** `sight` with what a decision found missing. Throws TableConflict when a task was deleted since its job node was read. */
export async function seeMore({ table }: Pick<Services, 'table'>, sight: Sight, needs: Needs): Promise<Sight> {
  const { seen, etags } = sight;
  const slots = seen.nodes.length * (seen.pool?.definition.taskSlotsPerNode ?? 0);
  const [jobs, tasks] = await Promise.all([
    Promise.all(needs.jobs.map((key) => seeJob(table, key, seen, slots, etags))),
    Promise.all(needs.tasks.map(({ jobId, taskId }) => table.get(jobPartition(jobId), taskRow(taskId)))),
  ]);
  const missing = needs.tasks.find((_, index) => tasks[index] === undefined);
  if (missing !== undefined) {
    throw new TableConflict('changed', `Task '${missing.taskId}' of job '${missing.jobId}' is assigned but has no row`);
  }
  const found = tasks.filter((row): row is Entity => row !== undefined).map((row): Task => fromTaskRow(row));
  return { seen: { ...seen, jobs: [...seen.jobs, ...jobs], tasks: [...seen.tasks, ...found] }, etags };
}

/**
 * Head, all job nodes, and as many waiting tasks as there could be slots for. Tasks that want more slots than a node has are left out:
 * they cannot run in this pool, and must not stand before those that can.
 */
async function seeJob(table: Table, key: string, pool: Seen, slots: number, etags: Etags): Promise<SeenJob> {
  const slotsPerNode = pool.pool?.definition.taskSlotsPerNode ?? Infinity;
  const jobNodes: JobNode[] = [];
  const ready: ReadyTask[] = [];
  let job: Job | undefined;
  let moreReady = false;
  const limit = Math.min(largestPage, 1 + pool.nodes.length + slots + spareRows);
  for await (const entity of readRange(table, jobPartition(key), jobRange, limit)) {
    if (entity.row.startsWith('ready:')) {
      const waiting = fromReady(entity);
      if (waiting.definition.requiredSlots > slotsPerNode) continue;
      if (ready.length >= slots) {
        moreReady = true;
        break;
      }
      ready.push(waiting);
    }
    etags.set(etagKey(entity.partition, entity.row), entity.etag);
    if (entity.row === headRow && isJobHead(entity)) job = fromJobHead(entity);
    else if (entity.row.startsWith('node:')) jobNodes.push(fromJobNode(entity));
  }
  return { key, ...(job === undefined ? {} : { job }), jobNodes, ready, moreReady };
}

async function* readRange(table: Table, partition: string, range: RowRange, limit: number): AsyncGenerator<Entity> {
  let continuation: string | undefined;
  do {
    const page = await table.query(partition, range, limit, continuation);
    yield* page.entities;
    continuation = page.continuation;
  } while (continuation !== undefined);
}

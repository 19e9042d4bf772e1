// Reading what an explanation goes by: the job, its pool, and the first of its tasks. Bounded, whatever the size of the job.
import { fromJobNode, fromReady, headRow, jobNodeRange, jobPartition } from '../jobs/job-rows.js';
import { loadJob } from '../jobs/read-jobs.js';
import type { JobNode } from '../job-nodes/job-node.js';
import type { Job } from '../jobs/job.js';
import type { Node } from '../nodes/node.js';
import { fromNode, fromPoolHead, nodeRange, poolPartition } from '../pools/pool-rows.js';
import type { Pool } from '../pools/pool.js';
import type { Services } from '../services.js';
import type { Entity, RowRange, Table } from '../tables/table.js';
import { awaitedBy, fromWaiting, lookRange, waitingRange, type WaitingTask } from '../tasks/dependency-rows.js';
import type { Awaited } from '../tasks/dependency-decisions.js';
import { fromTaskRow, taskRow } from '../tasks/task-rows.js';
import type { ReadyTask, Task } from '../tasks/task.js';

/** A task that waits for others, as far as it was followed: `awaited` is absent where the other task does not exist. */
export type SeenDependent = { readonly waiting: WaitingTask; readonly on: Awaited; readonly other?: Task };

export type SeenForExplanation = {
  readonly job: Job;
  readonly jobNodes: readonly JobNode[];
  readonly pool?: Pool;
  readonly nodes: readonly Node[];
  /** The first tasks that wait for a slot, also those too large for any node. */
  readonly ready: readonly ReadyTask[];
  readonly isMoreReady: boolean;
  readonly dependents: readonly SeenDependent[];
  readonly isMoreDependent: boolean;
  readonly hasLooks: boolean;
  /** Tasks that nodes have, the first of them: for their limits. */
  readonly onNodes: readonly Task[];
};

const mostTasks = 100;
const mostOnNodes = 20;
const largestPage = 1000;

/** Throws JobNotFound. */
export async function seeForExplanation(
  { table }: Pick<Services, 'table'>,
  jobId: string,
): Promise<SeenForExplanation> {
  const job = await loadJob({ table }, jobId);
  const partition = jobPartition(jobId);
  const ofPool = poolPartition(job.definition.poolId);
  const [jobNodes, poolHead, nodes, ready, waits, looks] = await Promise.all([
    readAll(table, partition, jobNodeRange),
    table.get(ofPool, headRow),
    readAll(table, ofPool, nodeRange),
    table.query(partition, { from: 'ready:', below: 'ready;' }, mostTasks + 1),
    table.query(partition, waitingRange, mostTasks + 1),
    table.query(partition, lookRange, 1),
  ]);
  const seenNodes = jobNodes.map(fromJobNode);
  const [dependents, onNodes] = await Promise.all([
    Promise.all(waits.entities.slice(0, mostTasks).map((entity) => follow(table, partition, entity))),
    readTasks(
      table,
      partition,
      seenNodes.flatMap(({ runs }) => runs.map(({ taskId }) => taskId)).slice(0, mostOnNodes),
    ),
  ]);
  return {
    job,
    jobNodes: seenNodes,
    ...(poolHead === undefined ? {} : { pool: fromPoolHead(poolHead) }),
    nodes: nodes.map(fromNode),
    ready: ready.entities.slice(0, mostTasks).map(fromReady),
    isMoreReady: ready.entities.length > mostTasks || ready.continuation !== undefined,
    dependents: dependents.filter((each) => each !== undefined),
    isMoreDependent: waits.entities.length > mostTasks || waits.continuation !== undefined,
    hasLooks: looks.entities.length > 0,
    onNodes,
  };
}

/** Nothing for a row that a task left behind when it was deleted or ended. */
async function follow(table: Table, partition: string, entity: Entity): Promise<SeenDependent | undefined> {
  const waiting = fromWaiting(entity);
  const on = awaitedBy(entity);
  const [own, other] = await readEach(table, partition, [
    waiting.taskId,
    'taskId' in on ? on.taskId : String(on.number),
  ]);
  if (own?.state !== 'active' || own.order !== waiting.order) return undefined;
  return { waiting, on, ...(other === undefined ? {} : { other }) };
}

const readTasks = async (table: Table, partition: string, taskIds: readonly string[]): Promise<readonly Task[]> =>
  (await readEach(table, partition, taskIds)).filter((task) => task !== undefined);

async function readEach(
  table: Table,
  partition: string,
  taskIds: readonly string[],
): Promise<readonly (Task | undefined)[]> {
  const rows = await Promise.all(taskIds.map((taskId) => table.get(partition, taskRow(taskId))));
  return rows.map((row) => (row === undefined ? undefined : fromTaskRow(row)));
}

async function readAll(table: Table, partition: string, range: RowRange): Promise<readonly Entity[]> {
  const entities: Entity[] = [];
  let continuation: string | undefined;
  do {
    const page = await table.query(partition, range, largestPage, continuation);
    entities.push(...page.entities);
    continuation = page.continuation;
  } while (continuation !== undefined);
  return entities;
}

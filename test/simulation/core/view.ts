// Looks at the tables from outside, without a call: what checkers and scenarios go by.
import type { DeadLetter } from '../../../shared/events/dead-letters.js';
import { deadLetterPartition } from '../../../shared/events/dead-letters.js';
import type { OwedEvent } from '../../../shared/events/event.js';
import type { JobNode } from '../../../shared/job-nodes/job-node.js';
import type { Job } from '../../../shared/jobs/job.js';
import {
  fromJobHead,
  fromJobNode,
  fromReady,
  isJobHead,
  jobListPartition,
  jobPartition,
} from '../../../shared/jobs/job-rows.js';
import { fromJobScheduleHead } from '../../../shared/job-schedules/job-schedule-rows.js';
import type { JobSchedule } from '../../../shared/job-schedules/job-schedule.js';
import type { Node } from '../../../shared/nodes/node.js';
import { fromNode, fromPoolHead, poolPartition } from '../../../shared/pools/pool-rows.js';
import type { Pool } from '../../../shared/pools/pool.js';
import { fromDocument } from '../../../shared/tables/document.js';
import type { Entity, EntityValues } from '../../../shared/tables/table.js';
import { fromLook, fromWaiting, type Look, type WaitingTask } from '../../../shared/tasks/dependency-rows.js';
import { fromTaskRow } from '../../../shared/tasks/task-rows.js';
import type { ReadyTask, Task } from '../../../shared/tasks/task.js';
import type { MemoryRows } from '../../helpers/memory-table.js';

export type JobView = {
  readonly job: Job | undefined;
  readonly jobNodes: readonly JobNode[];
  readonly ready: readonly ReadyTask[];
  /** Tasks that wait for others, or have not been looked at; void ones among them. */
  readonly dependent: readonly WaitingTask[];
  readonly tasks: readonly Task[];
  readonly events: readonly OwedEvent[];
};

export type PoolView = {
  readonly pool: Pool | undefined;
  readonly nodes: readonly Node[];
  readonly refs: readonly string[];
};

export type View = {
  job(jobId: string): JobView;
  pool(poolId: string): PoolView;
  jobSchedule(scheduleId: string): JobSchedule | undefined;
  /** The jobs that a schedule of this id made and that are there, whether or not it is. */
  jobsOfSchedule(scheduleId: string): readonly Job[];
  deadLetters(): readonly DeadLetter[];
  /** The ids, in lower case, in the list of all jobs. */
  listedJobs(): readonly string[];
  /** Events owed in any partition. */
  events(): readonly OwedEvent[];
};

export function createView(rows: MemoryRows): View {
  const all = (partition: string): readonly Entity[] => {
    const found: Entity[] = [];
    let continuation: string | undefined;
    do {
      const page = rows.query(partition, {}, 1000, continuation);
      found.push(...page.entities);
      continuation = page.continuation;
    } while (continuation !== undefined);
    return found;
  };
  return {
    job: (jobId) => toJobView(all(jobPartition(jobId))),
    pool: (poolId) => toPoolView(all(poolPartition(poolId))),
    jobSchedule: (scheduleId) => jobScheduleIn(rows.get(jobPartition(scheduleId), 'head')?.values),
    jobsOfSchedule: (scheduleId) =>
      rows
        .partitions()
        .filter((name) => name.startsWith(`${jobPartition(scheduleId)}:`))
        .flatMap((name) => jobIn(rows.get(name, 'head')?.values) ?? []),
    deadLetters: () => all(deadLetterPartition).map(({ values }) => fromDocument<DeadLetter>('deadLetter', values)),
    listedJobs: () => all(jobListPartition).map(({ row }) => row),
    events: () =>
      rows
        .partitions()
        .filter((name) => /^(job|pool):/.test(name))
        .flatMap((name) => all(name))
        .filter(({ row }) => row.startsWith('event:'))
        .flatMap((entity) => parsed(entity, (each) => fromDocument<readonly OwedEvent[]>('events', each.values))),
  };
}

function toJobView(entities: readonly Entity[]): JobView {
  let job: Job | undefined;
  const view = {
    jobNodes: [] as JobNode[],
    ready: [] as ReadyTask[],
    dependent: [] as WaitingTask[],
    tasks: [] as Task[],
    events: [] as OwedEvent[],
  };
  for (const entity of entities) {
    if (entity.row === 'head') job = jobIn(entity.values);
    else if (entity.row.startsWith('node:')) view.jobNodes.push(parsed(entity, fromJobNode));
    else if (entity.row.startsWith('ready:')) view.ready.push(parsed(entity, fromReady));
    else if (entity.row.startsWith('waits:')) view.dependent.push(parsed(entity, fromWaiting));
    else if (entity.row.startsWith('look:waiting:')) view.dependent.push(...waitingIn(parsed(entity, fromLook)));
    else if (entity.row.startsWith('task:')) view.tasks.push(parsed(entity, fromTaskRow));
    else if (entity.row.startsWith('event:'))
      view.events.push(...parsed(entity, (each) => fromDocument<readonly OwedEvent[]>('events', each.values)));
  }
  return { job, ...view };
}

/** The job, unless the head is that of a job schedule. */
export const jobIn = (head: EntityValues | undefined): Job | undefined =>
  head !== undefined && isJobHead({ values: head }) ? parsedValues(head, fromJobHead) : undefined;

/** The job schedule, unless the head is that of a job. */
export const jobScheduleIn = (head: EntityValues | undefined): JobSchedule | undefined =>
  head === undefined || isJobHead({ values: head }) ? undefined : parsedValues(head, fromJobScheduleHead);

const waitingIn = (look: Look): readonly WaitingTask[] => (look.kind === 'waiting' ? [look.waiting] : []);

function toPoolView(entities: readonly Entity[]): PoolView {
  let pool: Pool | undefined;
  const nodes: Node[] = [];
  const refs: string[] = [];
  for (const entity of entities) {
    if (entity.row === 'head') pool = parsed(entity, fromPoolHead);
    else if (entity.row.startsWith('node:')) nodes.push(parsed(entity, fromNode));
    else if (entity.row.startsWith('job:')) refs.push(entity.row.slice(4));
  }
  return { pool, nodes, refs };
}

const known = new WeakMap<EntityValues, unknown>();

/** Parses a row once for as long as it stays as it is. */
export function parsed<T>(entity: Entity, parse: (entity: Entity) => T): T {
  const found = known.get(entity.values);
  if (found !== undefined) return found as T;
  const value = parse(entity);
  known.set(entity.values, value);
  return value;
}

/** The same for values alone, as a commit tells them. */
export function parsedValues<T>(values: EntityValues | undefined, parse: (entity: Entity) => T): T | undefined {
  return values === undefined ? undefined : parsed({ partition: '', row: '', values, etag: '' }, parse);
}

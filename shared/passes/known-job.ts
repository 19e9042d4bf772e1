// What a pass has read of a job's partition, also beyond what it needed, and what that is after it has saved. Pure.
import {
  fromJobHead,
  fromJobNode,
  fromReady,
  headRow,
  isJobHead,
  jobNodeRow,
  jobPartition,
  toJobHead,
  toJobNode,
  toReady,
} from '../jobs/job-rows.js';
import type { Job } from '../jobs/job.js';
import type { JobNode } from '../job-nodes/job-node.js';
import type { Node } from '../nodes/node.js';
import type { Entity, EntityValues } from '../tables/table.js';
import type { ReadyTask } from '../tasks/task.js';
import type { JobDraft } from './draft.js';
import { etagKey, type Etags } from './etags.js';
import { jobKey, type SeenJob } from './seen.js';

export type KnownJob = {
  readonly key: string;
  /** Absent: there is none of that id. */
  readonly job?: Job;
  readonly jobNodes: readonly JobNode[];
  /**
   * The first of the tasks that wait for a slot, in order. Those that want more slots than a node has are left out: they cannot run in this
   * pool, and must not stand before those that can.
   */
  readonly ready: readonly ReadyTask[];
  readonly slotsPerNode: number;
  /** Whether more of them may wait than were read. */
  readonly hasMore: boolean;
  /** Of the head and of each job node, by row. */
  readonly etags: ReadonlyMap<string, string>;
};

/** How much of a job a pass looks at: slots of the pool, and of each of its nodes. */
export type Slots = { readonly all: number; readonly perNode: number };

/** What is known from these rows of the job's partition; `hasMore` says that others follow. */
export function toKnownJob(key: string, rows: readonly Entity[], slotsPerNode: number, hasMore: boolean): KnownJob {
  const head = rows.find((entity) => entity.row === headRow && isJobHead(entity));
  const ofNodes = rows.filter(({ row }) => row.startsWith('node:'));
  const waiting = rows.filter(({ row }) => row.startsWith('ready:')).map(fromReady);
  return {
    key,
    ...(head === undefined ? {} : { job: fromJobHead(head) }),
    jobNodes: ofNodes.map(fromJobNode),
    ready: waiting.filter(({ definition }) => definition.requiredSlots <= slotsPerNode),
    slotsPerNode,
    hasMore,
    etags: new Map([...(head === undefined ? [] : [head]), ...ofNodes].map(({ row, etag }) => [row, etag])),
  };
}

/** What is known from consecutive pages, of which there is one at least. */
export function joinPages(pages: readonly KnownJob[]): KnownJob {
  const [first, ...others] = pages;
  if (first === undefined) throw new Error('There is no page to join');
  if (others.length === 0) return first;
  return {
    ...first,
    jobNodes: pages.flatMap(({ jobNodes }) => jobNodes),
    ready: pages.flatMap(({ ready }) => ready),
    hasMore: pages.at(-1)?.hasMore === true,
    etags: new Map(pages.flatMap(({ etags }) => [...etags])),
  };
}

/** Head, all job nodes, and as many waiting tasks as there could be slots for; undefined while too few of these are known. */
export function toSeenJob(
  { key, job, jobNodes, ready, slotsPerNode, hasMore }: KnownJob,
  slots: Slots,
): SeenJob | undefined {
  if (slotsPerNode !== slots.perNode || (hasMore && ready.length <= slots.all)) return undefined;
  return {
    key,
    ...(job === undefined ? {} : { job }),
    jobNodes,
    ready: ready.slice(0, slots.all),
    moreReady: ready.length > slots.all,
  };
}

/** What is known of the job once this was saved; `etags` are those that its rows have since. */
export function afterSaving(known: KnownJob, jobDraft: JobDraft, etags: Etags): KnownJob {
  const { key, slotsPerNode, hasMore } = known;
  const { job, jobNodes, ready, readyOwner } = jobDraft;
  const changed = [...readyOwner.keys()].flatMap((order) => ready.get(order) ?? []);
  const waiting = [...known.ready.filter(({ order }) => !readyOwner.has(order)), ...changed];
  // Behind the last that was read there may be others that were not.
  const last = hasMore ? (known.ready.at(-1)?.order ?? 0) : Infinity;
  const rows = [headRow, ...[...jobNodes.keys()].map(jobNodeRow)];
  return {
    key,
    job: asRead(toJobHead(job), fromJobHead),
    jobNodes: [...jobNodes.values()].map((jobNode) => asRead(toJobNode(jobNode), fromJobNode)),
    ready: waiting
      .filter(({ order }) => order <= last)
      .sort((a, b) => a.order - b.order)
      .map((each) => asRead(toReady(each), fromReady)),
    slotsPerNode,
    hasMore,
    etags: new Map(rows.map((row) => [row, etags.get(etagKey(jobPartition(key), row)) ?? ''])),
  };
}

// As it will be read the next time, whatever a row leaves out.
const asRead = <T>(values: EntityValues, from: (entity: Entity) => T): T =>
  from({ partition: '', row: '', etag: '', values });

/**
 * Whether the pool's leases of this job are those of its runs. Runs are given by passes only, the lease first: where another pass has given
 * one since the job was read, the pool shows it.
 */
export function agreesWithLeases({ key, job, jobNodes }: KnownJob, nodes: readonly Node[]): boolean {
  const claim = (nodeId: string, incarnation: string, runId: string): string => `${nodeId}/${incarnation}/${runId}`;
  const leased = nodes.flatMap(({ id, leases }) =>
    leases.filter(({ jobId }) => jobKey(jobId) === key).map((lease) => claim(id, lease.incarnation, lease.runId)),
  );
  const runs = jobNodes.flatMap((jobNode) =>
    jobNode.runs.map((run) => claim(jobNode.nodeId, jobNode.incarnation, run.runId)),
  );
  const known = new Set(runs);
  return job !== undefined && leased.length === runs.length && leased.every((each) => known.has(each));
}

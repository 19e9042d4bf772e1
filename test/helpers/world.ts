// A pool and its jobs as plain values in memory, and passes over them: decisions are applied as saving would apply them, so that rounds,
// redeliveries, crashes and later passes can be played. Knows neither table nor bus; `test/integration/controller` does.
import { unreachable } from '../../shared/unreachable.js';
import type { JobNode } from '../../shared/job-nodes/job-node.js';
import type { Job, JobDefinition } from '../../shared/jobs/job.js';
import { decideTermination, enter, referenceTo } from '../../shared/jobs/job-decisions.js';
import type { Node } from '../../shared/nodes/node.js';
import type { Capacity, Report } from '../../shared/nodes/node-messages.js';
import { askAgain, decidePass, type Decision, type Needs } from '../../shared/passes/decide-pass.js';
import type { Draft, DraftOrder, JobDraft } from '../../shared/passes/draft.js';
import type { Asked, Seen } from '../../shared/passes/seen.js';
import type { JobRef, Pool, PoolDefinition } from '../../shared/pools/pool.js';
import type { OwedEvent } from '../../shared/events/event.js';
import type { ReadyTask, Task, TaskDefinition } from '../../shared/tasks/task.js';
import { jobDefinition, poolDefinition, taskDefinition } from './definitions.js';

export type WorldJob = {
  job: Job;
  readonly jobNodes: Map<string, JobNode>;
  readonly ready: Map<number, ReadyTask>;
  readonly tasks: Map<string, Task>;
};

export type SentOrder = DraftOrder & { readonly acknowledged: { readonly epoch: number; readonly sequence: number } };

export type PassResult = {
  readonly orders: readonly SentOrder[];
  readonly capacity?: Capacity;
  readonly wakeUpAt?: Date;
  readonly rounds: number;
};

/** Where a pass dies: after the pool was saved, after that and the first job, or after everything but before the first message. */
export type Crash = 'afterPool' | 'afterFirstJob' | 'beforeSending';

export type World = {
  now: Date;
  pool: Pool | undefined;
  readonly poolId: string;
  readonly nodes: Map<string, Node>;
  readonly refs: Map<string, JobRef>;
  readonly jobs: Map<string, WorldJob>;
  readonly events: OwedEvent[];
  /** Sees every round's draft before it is saved. */
  observe?: (draft: Draft) => void;
};

export const nothingAsked: Asked = { reports: [], jobIds: [], everyJob: false, reask: false };
const start = new Date('2026-01-01T00:00:00.000Z');

/** A pool `P` whose nodes `n1` … have joined and are idle. */
export function createWorld(changes: Partial<PoolDefinition> & { readonly joined?: number } = {}): World {
  const { joined, ...definition } = changes;
  const world: World = {
    now: start,
    pool: undefined,
    poolId: definition.id ?? 'P',
    nodes: new Map(),
    refs: new Map(),
    jobs: new Map(),
    events: [],
  };
  addPool(world, definition);
  for (let number = 1; number <= (joined ?? poolDefinition(definition).targetDedicatedNodes); number += 1) {
    world.nodes.set(`n${number}`, joinedNode(world, `n${number}`));
  }
  if (world.pool !== undefined && world.nodes.size === world.pool.definition.targetDedicatedNodes)
    world.pool = { ...world.pool, allocationState: 'steady' };
  return world;
}

export function addPool(world: World, changes: Partial<PoolDefinition> = {}, incarnation = 'pool-1'): void {
  const at = world.now.toISOString();
  world.pool = {
    definition: poolDefinition(changes),
    incarnation,
    creationTime: at,
    lastModified: at,
    state: 'active',
    stateTransitionTime: at,
    allocationState: 'resizing',
    allocationStateTransitionTime: at,
    watchingSince: at,
    joinKeys: [],
    orderSecret: '',
    nextNodeNumber: 0,
  };
}

export function joinedNode(world: World, id: string): Node {
  const at = world.now.toISOString();
  return {
    id,
    poolId: world.poolId,
    state: 'idle',
    stateTransitionTime: at,
    allocationTime: at,
    lastBootTime: at,
    epoch: 1,
    imageEpoch: 1,
    sequence: 1,
    lastSeen: at,
    leases: [],
    totalTasksRun: 0,
    totalTasksSucceeded: 0,
  };
}

/** Adds a job with `tasks` tasks `t1` … */
export function addJob(
  world: World,
  changes: Parameters<typeof jobDefinition>[0] & { readonly tasks?: number; readonly incarnation?: string } = {},
): JobDefinition {
  const { tasks = 1, incarnation, ...rest } = changes;
  const definition = jobDefinition(rest);
  const at = world.now.toISOString();
  const key = definition.id.toLowerCase();
  world.jobs.set(key, {
    job: {
      definition,
      incarnation: incarnation ?? `${definition.id}-1`,
      creationTime: at,
      lastModified: at,
      state: 'active',
      stateTransitionTime: at,
      nextTaskOrder: 1,
      openTasks: 0,
      everAssigned: false,
    },
    jobNodes: new Map(),
    ready: new Map(),
    tasks: new Map(),
  });
  world.refs.set(key, referenceTo(jobOf(world, key).job, false));
  if (tasks > 0) {
    const ids = Array.from({ length: tasks }, (_, index) => `t${index + 1}`);
    addTasks(
      world,
      definition.id,
      ids.map((id) => taskDefinition(id)),
    );
  }
  return definition;
}

export function addTasks(world: World, jobId: string, definitions: readonly TaskDefinition[]): void {
  const kept = jobOf(world, jobId);
  const at = world.now.toISOString();
  for (const definition of definitions) {
    const order = kept.job.nextTaskOrder;
    kept.job = { ...kept.job, nextTaskOrder: order + 1, openTasks: kept.job.openTasks + 1 };
    kept.tasks.set(definition.id, {
      jobId: kept.job.definition.id,
      definition,
      order,
      creationTime: at,
      lastModified: at,
      state: 'active',
      stateTransitionTime: at,
      execution: { retryCount: 0, requeueCount: 0 },
    });
    kept.ready.set(order, {
      taskId: definition.id,
      order,
      definition,
      attempts: 0,
      activeSince: at,
      requeueCount: 0,
    });
  }
  world.refs.set(kept.job.definition.id.toLowerCase(), referenceTo(kept.job, true));
}

export function terminate(world: World, jobId = 'J'): void {
  const kept = jobOf(world, jobId);
  kept.job = decideTermination(kept.job, 'UserTerminate', world.now);
}

export function startDeletion(world: World, jobId = 'J'): void {
  const kept = jobOf(world, jobId);
  const key = kept.job.definition.id.toLowerCase();
  kept.job = enter(kept.job, 'deleting', world.now);
  if (!world.refs.has(key)) world.refs.set(key, referenceTo(kept.job, false));
}

export function startPoolDeletion(world: World): void {
  if (world.pool !== undefined) world.pool = { ...world.pool, state: 'deleting', allocationState: 'resizing' };
}

/** Deletes a task as the verb does. */
export function deleteTask(world: World, taskId: string, jobId = 'J'): void {
  const kept = jobOf(world, jobId);
  const task = taskOf(world, taskId, jobId);
  kept.tasks.delete(taskId);
  if (task.state !== 'completed') kept.job = { ...kept.job, openTasks: kept.job.openTasks - 1 };
  kept.ready.delete(task.order);
  const jobNode = kept.jobNodes.get(task.assignment?.nodeId ?? '');
  if (jobNode === undefined || task.state === 'completed' || task.state === 'active') return;
  const runs = jobNode.runs.map((run) =>
    run.runId === task.assignment?.runId ? { ...run, taskDeleted: true as const } : run,
  );
  kept.jobNodes.set(jobNode.nodeId, { ...jobNode, runs });
}

export function jobOf(world: World, jobId = 'J'): WorldJob {
  const kept = world.jobs.get(jobId.toLowerCase());
  if (kept === undefined) throw new Error(`The world has no job '${jobId}'`);
  return kept;
}

export function taskOf(world: World, taskId: string, jobId = 'J'): Task {
  const task = jobOf(world, jobId).tasks.get(taskId);
  if (task === undefined) throw new Error(`Job '${jobId}' has no task '${taskId}'`);
  return task;
}

export function jobNodeOf(world: World, nodeId: string, jobId = 'J'): JobNode {
  const jobNode = jobOf(world, jobId).jobNodes.get(nodeId);
  if (jobNode === undefined) throw new Error(`Job '${jobId}' has nothing on node '${nodeId}'`);
  return jobNode;
}

export function nodeOf(world: World, nodeId: string): Node {
  const node = world.nodes.get(nodeId);
  if (node === undefined) throw new Error(`The world has no node '${nodeId}'`);
  return node;
}

export function passTime(world: World, seconds: number): void {
  world.now = new Date(world.now.getTime() + seconds * 1000);
}

/** One round: decides, with everything it asks to read, and saves as far as `crash` lets it. */
export function decideRound(world: World, asked: Asked, crash?: Crash): Extract<Decision, { kind: 'act' }> {
  let seen = see(world, { jobs: asked.jobIds, tasks: [], origins: [] });
  for (let reading = 1; reading <= 20; reading += 1) {
    const decision = decidePass(seen, asked, world.now);
    switch (decision.kind) {
      case 'needs':
        seen = see(world, decision.needs, seen);
        continue;
      case 'act':
        world.observe?.(decision.draft);
        apply(world, decision.draft, crash);
        return decision;
      default:
        return unreachable(decision);
    }
  }
  throw new Error('The decision asked for more to read without end');
}

/** A whole pass: rounds until nothing is left to do. A crash ends it after its first round, with nothing sent. */
export function pass(world: World, asks: Partial<Asked> = {}, crash?: Crash): PassResult {
  let asked: Asked = { ...nothingAsked, ...asks, jobIds: [...(asks.jobIds ?? []), ...jobsOf(asks.reports ?? [])] };
  const orders: SentOrder[] = [];
  let told: Pick<PassResult, 'capacity' | 'wakeUpAt'> = {};
  for (let rounds = 1; rounds <= 100; rounds += 1) {
    const { draft, capacity, wakeUpAt } = decideRound(world, asked, crash);
    if (crash !== undefined) return { orders: [], rounds };
    orders.push(...[...draft.orders.values()].map((order) => acknowledge(draft, order)));
    told = {
      ...told,
      ...(capacity === undefined ? {} : { capacity }),
      ...(wakeUpAt === undefined ? {} : { wakeUpAt }),
    };
    if (!draft.more) return { orders, rounds, ...told };
    asked = askAgain(asked, draft);
  }
  throw new Error('The pass did not come to rest');
}

/** The pass that follows when the messages of one that died are delivered again. */
export function redelivered(world: World, asks: Partial<Asked> = {}): PassResult {
  return pass(world, { ...asks, everyJob: true, reask: true });
}

function acknowledge(draft: Draft, order: DraftOrder): SentOrder {
  const node = draft.nodes.get(order.nodeId);
  return { ...structuredClone(order), acknowledged: { epoch: node?.epoch ?? 0, sequence: node?.sequence ?? 0 } };
}

const jobsOf = (reports: readonly Report[]): readonly string[] => [
  ...new Set(reports.flatMap((report) => report.runs.map((run) => run.jobId.toLowerCase()))),
];

function see(world: World, needs: Needs, before?: Seen): Seen {
  const slots = world.nodes.size * (world.pool?.definition.taskSlotsPerNode ?? 0);
  const jobs = needs.jobs.map((key) => {
    const kept = world.jobs.get(key);
    const slotsPerNode = world.pool?.definition.taskSlotsPerNode ?? Infinity;
    const ready = [...(kept?.ready.values() ?? [])]
      .filter(({ definition }) => definition.requiredSlots <= slotsPerNode)
      .sort((a, b) => a.order - b.order);
    return {
      key,
      ...(kept === undefined ? {} : { job: kept.job }),
      jobNodes: [...(kept?.jobNodes.values() ?? [])],
      ready: ready.slice(0, slots),
      moreReady: ready.length > slots,
    };
  });
  return {
    poolId: world.poolId,
    ...(world.pool === undefined ? {} : { pool: world.pool }),
    nodes: before?.nodes ?? [...world.nodes.values()],
    refs: before?.refs ?? [...world.refs.values()],
    jobs: [...(before?.jobs ?? []), ...jobs],
    tasks: [...(before?.tasks ?? []), ...needs.tasks.map(({ jobId, taskId }) => taskOf(world, taskId, jobId))],
    // Here no job was made by a schedule.
    origins: [],
  };
}

function apply(world: World, draft: Draft, crash?: Crash): void {
  world.pool = draft.pool;
  replaceAll(world.nodes, draft.nodes);
  replaceAll(world.refs, draft.refs);
  world.events.push(...draft.events);
  if (crash === 'afterPool') return;
  for (const jobDraft of draft.jobs.values()) {
    applyJob(world, jobDraft);
    if (crash === 'afterFirstJob') return;
  }
  if (crash === 'beforeSending') return;
  for (const jobDraft of draft.jobs.values()) {
    if (!jobDraft.purge) continue;
    world.jobs.delete(jobDraft.key);
    world.refs.delete(jobDraft.key);
  }
}

function applyJob(world: World, jobDraft: JobDraft): void {
  const kept = world.jobs.get(jobDraft.key);
  if (kept === undefined) throw new Error(`A pass saved job '${jobDraft.key}', which does not exist`);
  kept.job = jobDraft.job;
  replaceAll(kept.jobNodes, jobDraft.jobNodes);
  for (const order of jobDraft.readyOwner.keys()) {
    const ready = jobDraft.ready.get(order);
    if (ready === undefined) kept.ready.delete(order);
    else kept.ready.set(order, ready);
  }
  for (const [taskId, { status }] of jobDraft.tasks) {
    const { jobId, definition, order, creationTime, lastModified } = taskOf(world, taskId, jobDraft.key);
    kept.tasks.set(taskId, { jobId, definition, order, creationTime, lastModified, ...status });
  }
  world.events.push(...jobDraft.events.map(({ event }) => event));
}

function replaceAll<Key, Value>(kept: Map<Key, Value>, next: ReadonlyMap<Key, Value>): void {
  const copy = [...next];
  kept.clear();
  for (const [key, value] of copy) kept.set(key, value);
}

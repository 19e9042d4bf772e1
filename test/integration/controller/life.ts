// Plays the triggers, the provisioner and the nodes around the controller's verbs and passes: messages that a recording bus was given are
// handed on until nothing is left to say. Nodes act by the agent's own decisions and keep what really happened on them.
import { BatchError } from '../../../shared/errors.js';
import { addJob } from '../../../shared/jobs/add-job.js';
import { deleteJob } from '../../../shared/jobs/delete-job.js';
import { terminateJob } from '../../../shared/jobs/terminate-job.js';
import { messageTypes, orderSchema, capacitySchema, type Report } from '../../../shared/nodes/node-messages.js';
import { reactToJobEvents, type JobEventMessage } from '../../../shared/passes/react-to-job-events.js';
import { sweep } from '../../../shared/passes/sweep.js';
import { addPool } from '../../../shared/pools/add-pool.js';
import { deletePool } from '../../../shared/pools/delete-pool.js';
import { BusUnavailable } from '../../../shared/queues/bus.js';
import type { Services } from '../../../shared/services.js';
import { TableConflict, TableUnavailable, type Table } from '../../../shared/tables/table.js';
import { addTasks } from '../../../shared/tasks/add-tasks.js';
import { jobDefinition, poolDefinition, taskDefinition } from '../../helpers/definitions.js';
import { Crash, type Pulse } from '../../helpers/faulty-table.js';
import type { RecordingBus } from '../../helpers/memory-services.js';
import {
  createSimulatedNode,
  exit,
  receive,
  runningOn,
  tell,
  type Fact,
  type SimulatedNode,
} from '../../helpers/simulated-node.js';

export const unconditional = {};

export type Life = {
  readonly services: Services;
  readonly bus: RecordingBus;
  /** What the services' table is made of: to look at without a call that could go wrong. */
  readonly truth: Table;
  readonly pulse: Pulse;
  /** Failures of requests that a client would have seen as an outage. */
  readonly outages: string[];
  readonly nodes: Map<string, SimulatedNode>;
  /** Nodes that were taken away, with what happened on them. */
  readonly formerNodes: SimulatedNode[];
  readonly pending: JobEventMessage[];
  /** Tasks that run until they are let go, or killed. */
  readonly held: Set<string>;
  /** With what a task exits, unless with 0. */
  readonly exitCodes: Map<string, number>;
  /** How many messages a trigger hands over at once. */
  batchSize: number;
  /** How many of the bus's messages were handed on. */
  heard: number;
  /** Wake-ups of job schedules, until they are due. */
  readonly scheduled: { readonly at: Date; readonly message: JobEventMessage }[];
};

export function beginLife(
  services: Services,
  { bus, table }: { readonly bus: RecordingBus; readonly table: Table },
  pulse: Pulse = { isDead: false },
): Life {
  return {
    services,
    bus,
    truth: table,
    pulse,
    nodes: new Map(),
    formerNodes: [],
    pending: [],
    outages: [],
    held: new Set(),
    exitCodes: new Map(),
    batchSize: 100,
    heard: 0,
    scheduled: [],
  };
}

/** What everything did that really ran, in order. */
export function factsOf(life: Life): readonly Fact[] {
  return [...life.nodes.values(), ...life.formerNodes].flatMap(({ facts }) => facts);
}

/** How often each kind of run, or each task, really began: `task t1`, `preparation on <node>` … */
export function countBeginnings(life: Life): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const node of [...life.nodes.values(), ...life.formerNodes]) {
    for (const { happened, run } of node.facts) {
      if (happened !== 'began') continue;
      const name = run.kind === 'task' ? `task ${run.taskId}` : `${run.kind} on ${node.id}`;
      counts[name] = (counts[name] ?? 0) + 1;
    }
  }
  return counts;
}

/** Hands messages on until there are none; a pass that fails has its messages delivered again. */
export async function goOn(life: Life): Promise<void> {
  for (let turn = 0; turn < 200; turn += 1) {
    handOut(life);
    const batch = life.pending.slice(0, life.batchSize);
    if (batch.length === 0) return;
    life.pulse.isDead = false;
    try {
      await reactToJobEvents(life.services, batch);
      life.pending.splice(0, batch.length);
    } catch (error) {
      if (!isExpected(error)) throw error;
      for (const [index, message] of batch.entries())
        life.pending[index] = { ...message, deliveryCount: message.deliveryCount + 1 };
    }
  }
  throw new Error('The messages did not come to an end');
}

/** Goes on, and has the sweep look as well until `isReached`. */
export async function goOnUntil(life: Life, what: string, isReached: () => Promise<boolean>): Promise<void> {
  for (let sweeps = 0; sweeps < 4; sweeps += 1) {
    await goOn(life);
    if (await isReached()) return;
    life.pulse.isDead = false;
    try {
      await sweep(life.services, { quietPoolsToo: true });
    } catch (error) {
      if (!isExpected(error)) throw error;
    }
  }
  throw new Error(`${what} did not come about`);
}

// What a host answers with a redelivery, and what a death looks like.
const isExpected = (error: unknown): boolean =>
  error instanceof Crash ||
  error instanceof TableUnavailable ||
  error instanceof TableConflict ||
  error instanceof BusUnavailable;

/** As a client does: asks again after a failure, and takes for done what it then finds done. */
export async function ask(life: Life, attempt: () => Promise<unknown>): Promise<void> {
  for (let tries = 0; tries < 3; tries += 1) {
    life.pulse.isDead = false;
    try {
      await attempt();
      return;
    } catch (error) {
      if (error instanceof BatchError && tries > 0) return;
      if (!isExpected(error)) throw error;
      life.outages.push(String(error));
    }
  }
  throw new Error('A request failed again and again');
}

function handOut(life: Life): void {
  handOutSent(life);
  handOutScheduled(life);
}

function handOutSent(life: Life): void {
  for (; life.heard < life.bus.sent.length; life.heard += 1) {
    const sent = life.bus.sent[life.heard];
    if (sent === undefined) return;
    const { body, messageId, sessionId, scheduledEnqueueTime } = sent.message;
    switch (sent.queue) {
      case 'job-events':
        receiveEvent(
          life,
          { body, messageId, deliveryCount: 1, ...(sessionId === undefined ? {} : { sessionId }) },
          scheduledEnqueueTime,
        );
        break;
      case 'pool-capacity':
        provide(life, body.data);
        break;
      case 'node-orders':
        obey(life, body.data);
        break;
      default:
        break;
    }
  }
}

function receiveEvent(life: Life, message: JobEventMessage, at: Date | undefined): void {
  if (at === undefined) life.pending.push(message);
  // Wake-ups of pools are for silence, of which there is none here.
  else if (message.sessionId?.startsWith('jobschedule:') === true) life.scheduled.push({ at, message });
}

function handOutScheduled({ scheduled, services, pending }: Life): void {
  const now = services.clock.now();
  const due = scheduled.filter(({ at }) => at <= now);
  pending.push(...due.map(({ message }) => message));
  for (const each of due) scheduled.splice(scheduled.indexOf(each), 1);
}

function provide(life: Life, data: unknown): void {
  const { poolId, nodeIds } = capacitySchema.parse(data);
  for (const [id, node] of life.nodes) {
    if (node.poolId !== poolId || nodeIds.includes(id)) continue;
    life.nodes.delete(id);
    life.formerNodes.push(node);
  }
  for (const id of nodeIds) {
    if (life.nodes.has(id)) continue;
    const node = createSimulatedNode(id, poolId, () => life.services.clock.now());
    node.sequence = 0;
    life.nodes.set(id, node);
    report(life, node);
  }
}

/** The node does what it is told, as fast as lightning: everything exits 0 unless told otherwise, and a report tells each change. */
function obey(life: Life, data: unknown): void {
  const order = orderSchema.parse(data);
  const node = life.nodes.get(order.nodeId);
  if (node === undefined) return;
  receive(node, order);
  report(life, node);
  const ending = () => runningOn(node).filter(({ taskId }) => !life.held.has(taskId));
  for (let running = ending(); running.length > 0; running = ending()) {
    for (const run of running) exit(node, run, life.exitCodes.get(run.taskId) ?? 0);
    report(life, node);
  }
}

/** Has runs of that name end which were held. */
export function letGo(life: Life, taskId: string): void {
  life.held.delete(taskId);
  for (const node of life.nodes.values()) {
    for (const run of runningOn(node)) if (run.taskId === taskId) exit(node, run, 0);
    report(life, node);
  }
}

function report(life: Life, node: SimulatedNode): void {
  const told: Report = tell(node);
  const messageId = `${node.id}/${told.epoch}/${told.sequence}`;
  const envelope = { specversion: '1.0', id: messageId, source: `/nodes/${node.id}`, type: messageTypes.report };
  life.pending.push({
    body: { ...envelope, data: told },
    messageId,
    sessionId: node.poolId.toLowerCase(),
    deliveryCount: 1,
  });
}

/** The article's sample: a pool, a job with preparation and release, tasks, then the end of all of it. Each act is told by its name before it begins. */
export async function playSample(life: Life, acts: readonly SampleAct[] = sampleActs): Promise<void> {
  for (const act of acts) await perform(life, act);
}

export const sampleActs = ['addPool', 'addJob', 'addTasks', 'terminate', 'delete', 'deletePool'] as const;
export type SampleAct = (typeof sampleActs)[number];

export async function perform(life: Life, act: SampleAct): Promise<void> {
  const { services } = life;
  const states = async (): Promise<string> => describe(life.truth);
  switch (act) {
    case 'addPool':
      await ask(life, () => addPool(services, poolDefinition()));
      return goOnUntil(life, 'the nodes', async () => (await states()).includes('nodes idle,idle'));
    case 'addJob':
      await ask(life, () => addJob(services, jobDefinition()));
      return goOn(life);
    case 'addTasks': {
      const definitions = ['t1', 't2', 't3', 't4', 't5'].map((id) => taskDefinition(id));
      await ask(life, () => addTasks(services, 'J', definitions));
      return goOnUntil(life, 'the end of the tasks', async () => (await states()).includes('open 0'));
    }
    case 'terminate':
      await ask(life, () => terminateJob(services, 'J', { conditions: unconditional }));
      return goOnUntil(life, 'the end of the job', async () => (await states()).includes('job completed'));
    case 'delete':
      await ask(life, () => deleteJob(services, 'J', { conditions: unconditional }));
      return goOnUntil(life, 'the removal of the job', async () => !(await states()).includes('job '));
    case 'deletePool':
      await ask(life, () => deletePool(services, 'P', { conditions: unconditional }));
      return goOnUntil(life, 'the removal of the pool', async () => !(await states()).includes('pool '));
  }
}

/** The state of pool, nodes and job in a few words. */
export async function describe(table: Table): Promise<string> {
  const pool = await table.query('pool:p', { from: 'head', below: 'node;' }, 1000);
  const head = await table.get('job:j', 'head');
  const parts: string[] = [];
  const nodes: string[] = [];
  for (const { row, values } of pool.entities) {
    if (row === 'head') parts.push(`pool ${stateIn(values['pool'])}`);
    if (row.startsWith('node:')) nodes.push(stateIn(values['node']));
  }
  if (nodes.length > 0) parts.push(`nodes ${nodes.join()}`);
  if (head !== undefined) {
    const job = JSON.parse(String(head.values['job'])) as { state: string; openTasks: number };
    parts.push(`job ${job.state}`, `open ${job.openTasks}`);
  }
  return parts.join('; ');
}

const stateIn = (document: unknown): string => (JSON.parse(String(document)) as { state: string }).state;

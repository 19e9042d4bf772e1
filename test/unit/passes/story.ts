// A pool of two simulated nodes with one job, played step by step; after each step the promises of docs/architecture are checked against the facts.
import { isDeepStrictEqual } from 'node:util';
import type { Report } from '../../../shared/nodes/node-messages.js';
import type { PreparationDefinition } from '../../../shared/jobs/job.js';
import type { Draft } from '../../../shared/passes/draft.js';
import type { TaskDefinition } from '../../../shared/tasks/task.js';
import { taskDefinition } from '../../helpers/definitions.js';
import {
  boot,
  createSimulatedNode,
  exit,
  receive,
  runningOn,
  tell,
  toOrder,
  type SimulatedNode,
} from '../../helpers/simulated-node.js';
import {
  addJob,
  addPool,
  addTasks,
  createWorld,
  deleteTask,
  joinedNode,
  pass,
  passTime,
  startDeletion,
  startPoolDeletion,
  terminate,
  type Crash,
  type PassResult,
  type SentOrder,
  type World,
} from '../../helpers/world.js';

export type Act =
  | 'order' // a node takes its next order
  | 'sameOrder' // a node gets an order that it had before
  | 'exit'
  | 'fail'
  | 'report'
  | 'sameReport' // a report comes twice
  | 'laterFirst' // the newest message overtakes the others
  | 'pass'
  | 'crash'
  | 'time'
  | 'longTime'
  | 'wakeUp'
  | 'sweep'
  | 'reboot'
  | 'reimage'
  | 'addTasks'
  | 'deleteTask'
  | 'terminate'
  | 'delete'
  | 'deletePool'
  | 'addPool';

type Message = { readonly report?: Report; readonly jobId?: string; readonly all?: true; readonly reask?: true };

export type Story = {
  readonly world: World;
  readonly nodes: SimulatedNode[];
  readonly orders: Map<string, SentOrder[]>;
  readonly oldOrders: SentOrder[];
  readonly messages: Message[];
  readonly oldMessages: Message[];
  readonly broken: string[];
  readonly preparation: PreparationDefinition;
  isRedelivery: boolean;
  addedTasks: number;
  pools: number;
};

export function createStory(given: {
  readonly taskSlotsPerNode: number;
  readonly jobPreparationTask: PreparationDefinition;
  readonly tasks: readonly TaskDefinition[];
}): Story {
  const world = createWorld({ taskSlotsPerNode: given.taskSlotsPerNode });
  addJob(world, { tasks: 0, jobPreparationTask: given.jobPreparationTask });
  addTasks(world, 'J', given.tasks);
  const story: Story = {
    world,
    nodes: ['n1', 'n2'].map((id) => createSimulatedNode(id, 'P', () => world.now)),
    orders: new Map(),
    oldOrders: [],
    messages: [{ jobId: 'j' }],
    oldMessages: [],
    broken: [],
    preparation: given.jobPreparationTask,
    isRedelivery: false,
    addedTasks: 0,
    pools: 1,
  };
  world.observe = (draft) => checkDraft(story, draft);
  return story;
}

export function step(story: Story, { act, pick }: { readonly act: Act; readonly pick: number }): void {
  const { world, nodes, messages } = story;
  const node = nodes[pick % nodes.length];
  const kept = world.jobs.get('j');
  switch (act) {
    case 'order':
      return takeOrder(story, node);
    case 'sameOrder': {
      const order = story.oldOrders[pick % Math.max(1, story.oldOrders.length)];
      const addressee = nodes.find(({ id }) => id === order?.nodeId);
      if (order !== undefined && addressee !== undefined)
        acting(story, addressee, () => receive(addressee, toOrder(order)));
      return;
    }
    case 'exit':
    case 'fail': {
      const run = node === undefined ? undefined : runningOn(node)[pick % Math.max(1, runningOn(node).length)];
      if (node !== undefined && run !== undefined) acting(story, node, () => exit(node, run, act === 'exit' ? 0 : 1));
      return;
    }
    case 'report':
      if (node !== undefined) messages.push({ report: tell(node) });
      return;
    case 'sameReport': {
      const message = story.oldMessages[pick % Math.max(1, story.oldMessages.length)];
      if (message !== undefined) messages.push(message);
      return;
    }
    case 'laterFirst': {
      const last = messages.pop();
      if (last !== undefined) messages.unshift(last);
      return;
    }
    case 'pass':
      return play(story, pick % 4);
    case 'crash':
      return play(story, pick % 4, (['afterPool', 'afterFirstJob', 'beforeSending'] as const)[pick % 3]);
    case 'time':
      return passTime(world, pick % 40);
    case 'longTime':
      return passTime(world, 60 + (pick % 60));
    case 'wakeUp':
      return void messages.push({ all: true });
    case 'sweep':
      return void messages.push({ all: true, reask: true });
    case 'reboot':
    case 'reimage':
      if (node !== undefined && pick % 3 === 0) {
        boot(node, act === 'reboot' ? 'kept' : 'new');
        messages.push({ report: tell(node) });
      }
      return;
    case 'addTasks':
      if (kept?.job.state !== 'active') return;
      story.addedTasks += 1;
      addTasks(world, 'J', [taskDefinition(`a${story.addedTasks}`)]);
      return void messages.push({ jobId: 'j' });
    case 'deleteTask': {
      const ids = [...(kept?.tasks.keys() ?? [])];
      const id = ids[pick % Math.max(1, ids.length)];
      if (kept === undefined || kept.job.state === 'deleting' || id === undefined) return;
      deleteTask(world, id);
      return void messages.push({ jobId: 'j' });
    }
    case 'terminate':
      if (kept?.job.state !== 'active' || pick % 2 === 0) return;
      terminate(world);
      return void messages.push({ jobId: 'j' });
    case 'delete':
      if (kept === undefined || kept.job.state === 'deleting' || pick % 4 !== 0) return;
      startDeletion(world);
      return void messages.push({ jobId: 'j' });
    case 'deletePool':
      if (world.pool?.state !== 'active' || pick % 4 !== 0) return;
      startPoolDeletion(world);
      return void messages.push({});
    case 'addPool':
      return returnPool(story);
  }
}

/** Lets everything that is under way come to its end, and has the job end; then nothing may be left open. */
export function finishStory(story: Story): void {
  const { world, nodes } = story;
  settle(story);
  if (world.pool === undefined) returnPool(story);
  settle(story);
  const job = world.jobs.get('j');
  if (job?.job.state === 'active') {
    const isUsable = nodes.some((node) => !hasFailedPreparation(story, node));
    const waiting = [...job.tasks.values()].filter(({ state }) => state !== 'completed');
    if (isUsable && waiting.length > 0)
      story.broken.push(`tasks are stuck: ${waiting.map(({ state }) => state).join()}`);
    terminate(world);
    story.messages.push({ jobId: 'j' });
  }
  settle(story);
  const state = world.jobs.get('j')?.job.state;
  if (state !== undefined && state !== 'completed') story.broken.push(`the job is still ${state}`);
  const open = [...(world.jobs.get('j')?.tasks.values() ?? [])].filter((task) => task.state !== 'completed').length;
  const { openTasks = 0 } = world.jobs.get('j')?.job ?? {};
  if (open !== openTasks) story.broken.push(`${open} tasks are open, but ${openTasks} are counted`);
  for (const node of world.nodes.values()) {
    if (node.leases.length > 0) story.broken.push(`node ${node.id} still has leases`);
  }
  for (const node of nodes) if (runningOn(node).length > 0) story.broken.push(`processes are left on ${node.id}`);
}

function settle(story: Story): void {
  const { world, nodes, messages } = story;
  let quietTurns = 0;
  for (let turn = 0; turn < 40 && quietTurns < 3; turn += 1) {
    if (story.isRedelivery && messages.length === 0) messages.push({ all: true });
    while (messages.length > 0) play(story, 3);
    quietTurns += 1;
    for (const node of nodes) {
      for (const order of story.orders.get(node.id)?.splice(0) ?? []) {
        quietTurns = 0;
        acting(story, node, () => receive(node, toOrder(order)));
      }
      for (const run of runningOn(node)) {
        quietTurns = 0;
        acting(story, node, () => exit(node, run, 0));
      }
      messages.push({ report: tell(node) });
    }
    passTime(world, 20);
    if (quietTurns > 0) messages.push({ all: true, ...(quietTurns === 2 ? { reask: true } : {}) });
  }
}

function takeOrder(story: Story, node: SimulatedNode | undefined): void {
  if (node === undefined) return;
  const order = story.orders.get(node.id)?.shift();
  if (order === undefined) return;
  story.oldOrders.push(order);
  acting(story, node, () => receive(node, toOrder(order)));
}

/** A node does something: afterwards its new facts are held against the promises. */
function acting(story: Story, node: SimulatedNode, does: () => void): void {
  const before = node.facts.length;
  does();
  for (let index = before; index < node.facts.length; index += 1) checkFact(story, node, index);
}

function returnPool(story: Story): void {
  const { world } = story;
  if (world.pool !== undefined) return;
  story.pools += 1;
  const slots = { taskSlotsPerNode: story.world.poolId === 'P' ? 2 : 1 };
  addPool(world, slots, `pool-${story.pools}`);
  story.nodes.length = 0;
  for (const suffix of ['a', 'b']) {
    const id = `m${story.pools}${suffix}`;
    world.nodes.set(id, joinedNode(world, id));
    story.nodes.push(createSimulatedNode(id, 'P', () => world.now));
  }
  story.messages.push({ all: true });
}

/** One pass over the oldest messages; a crash leaves them to be delivered again. */
function play(story: Story, extra: number, crash?: Crash): void {
  const { world, messages } = story;
  const batch = messages.slice(0, 1 + extra);
  if (batch.length === 0) return void (story.isRedelivery = false);
  const again = story.isRedelivery;
  const asks = {
    reports: newest(batch.flatMap(({ report }) => (report === undefined ? [] : [report]))),
    jobIds: [...new Set(batch.flatMap(({ jobId }) => (jobId === undefined ? [] : [jobId])))],
    everyJob: again || batch.some(({ all }) => all === true),
    reask: again || batch.some(({ reask }) => reask === true),
  };
  const result = pass(world, asks, crash);
  story.isRedelivery = crash !== undefined;
  if (crash !== undefined) return;
  messages.splice(0, batch.length);
  story.oldMessages.push(...batch);
  send(story, result);
  checkIdempotence(story, asks);
}

function newest(reports: readonly Report[]): readonly Report[] {
  const best = new Map<string, Report>();
  for (const report of reports) {
    const known = best.get(report.nodeId);
    const isNewer =
      known === undefined || [report.epoch - known.epoch, report.sequence - known.sequence].find((by) => by !== 0)! > 0;
    if (isNewer) best.set(report.nodeId, report);
  }
  return [...best.values()];
}

function send(story: Story, { orders }: PassResult): void {
  for (const order of orders) {
    checkOrder(story, order);
    story.orders.set(order.nodeId, [...(story.orders.get(order.nodeId) ?? []), order]);
  }
}

/** Deciding twice on the same world has no second effect, except that strangers are killed again. */
function checkIdempotence(story: Story, asks: Parameters<typeof pass>[1]): void {
  const { world } = story;
  const before = structuredClone({ nodes: world.nodes, jobs: world.jobs, refs: world.refs, pool: world.pool });
  const { orders } = pass(world, { ...asks, reask: false });
  const after = { nodes: world.nodes, jobs: world.jobs, refs: world.refs, pool: world.pool };
  // A job that the first look found completed has its reference removed by the second.
  if (before.refs.size !== after.refs.size) before.refs.clear();
  if (!isDeepStrictEqual({ ...before, refs: 0 }, { ...after, refs: 0 }))
    story.broken.push('looking again changed the world');
  const effects = orders.filter(
    ({ preparation, release, tasks, forget }) => preparation ?? release ?? (tasks.length > 0 || forget),
  );
  if (effects.length > 0) story.broken.push('looking again ordered something again');
}

/** Promise 1, as far as orders go: no task without a preparation that succeeded or is under way. */
function checkOrder(story: Story, order: SentOrder): void {
  for (const task of order.tasks) {
    const isKilled = order.kills.some(({ runId }) => runId === task.runId);
    if (isKilled || !story.preparation.waitForSuccess) continue;
    if (task.requiresPreparation === undefined)
      story.broken.push(`task ${task.taskId} was ordered without a preparation`);
  }
}

/** Promises 1, 2 and 4, by what really began on a node. */
function checkFact(story: Story, node: SimulatedNode, index: number): void {
  const fact = node.facts[index];
  if (fact?.happened !== 'began') return;
  const { run } = fact;
  const earlier = node.facts.slice(0, index).filter((each) => each.run.incarnation === run.incarnation);
  const isOpen = (each: (typeof earlier)[number]): boolean =>
    each.happened === 'began' && !earlier.some((end) => end.happened === 'ended' && end.run.runId === each.run.runId);
  const { waitForSuccess, rerunOnNodeRebootAfterSuccess } = story.preparation;
  if (run.kind === 'task' && waitForSuccess) {
    const isPrepared = earlier.some(
      (each) =>
        each.run.kind === 'preparation' &&
        each.success &&
        each.imageEpoch === node.imageEpoch &&
        (each.epoch === node.epoch || !rerunOnNodeRebootAfterSuccess),
    );
    if (!isPrepared) story.broken.push(`task ${run.taskId} began on ${node.id} unprepared`);
  }
  if (run.kind === 'task' && earlier.some((each) => each.run.kind === 'release' && isOpen(each))) {
    story.broken.push(`task ${run.taskId} began beside a release`);
  }
  if (run.kind === 'preparation' && earlier.some((each) => each.run.kind === 'preparation' && isOpen(each))) {
    story.broken.push(`two preparations at once on ${node.id}`);
  }
  if (run.kind === 'release') {
    const job = story.world.jobs.get('j')?.job;
    if (job?.state === 'active') story.broken.push('a release began before the job ended');
    if (earlier.some(isOpen)) story.broken.push('a release began before the last task ended');
  }
  if (earlier.some((each) => each.happened === 'began' && each.run.runId === run.runId)) {
    story.broken.push(`run ${run.kind} ${run.taskId} began twice`);
  }
}

/** Promises 3 and 4: a job completes only when each node that really owes a release had one, or a waiver says why not. */
function checkDraft(story: Story, draft: Draft): void {
  for (const jobDraft of draft.jobs.values()) {
    const wasOver = jobDraft.seen.job?.state === 'completed';
    const isOver = jobDraft.job.state === 'completed' || jobDraft.purge;
    const released = [...draft.orders.values()].filter(({ release }) => release !== undefined);
    if (released.length > 0 && (wasOver || isOver || jobDraft.job.state === 'active')) {
      story.broken.push(`a release was ordered while the job was ${jobDraft.job.state}`);
    }
    if (!isOver || wasOver || jobDraft.seen.job?.previousState === 'completed') continue;
    for (const node of story.nodes) {
      const { release } = jobDraft.jobNodes.get(node.id) ?? {};
      const facts = node.facts.filter(({ imageEpoch }) => imageEpoch === node.imageEpoch);
      const isPrepared = facts.some(({ run, success }) => run.kind === 'preparation' && success);
      const isStarted = facts.some(({ run, happened }) => run.kind === 'task' && happened === 'began');
      if (!isPrepared || !isStarted) continue;
      if (release?.state === 'waived') continue;
      const isReleased = facts.some(({ run, happened }) => run.kind === 'release' && happened === 'ended');
      if (release?.state !== 'completed' || !isReleased) story.broken.push(`${node.id} was never released`);
    }
  }
}

function hasFailedPreparation({ world, preparation }: Story, { id }: SimulatedNode): boolean {
  const found = world.jobs.get('j')?.jobNodes.get(id)?.preparation;
  return preparation.waitForSuccess && found?.state === 'completed' && found.result === 'failure';
}

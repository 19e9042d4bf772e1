// A node that acts by the agent's own decisions, without processes, disk or bus: orders are given to it by hand, and it keeps what really
// happened on it, so that a test can hold the controller's beliefs against the facts.
import type { Instant } from '../../agent/instant.js';
import type { EarlyKill, ForgottenJob } from '../../agent/node-record.js';
import { decideOrder } from '../../agent/order-decisions.js';
import { toRunReport } from '../../agent/report-decisions.js';
import { decideNextSteps, endedUnstarted } from '../../agent/run-decisions.js';
import type { EndedState, RunRecord, RunState } from '../../agent/run-record.js';
import type { Order, Report, RunOrder } from '../../shared/nodes/node-messages.js';
import type { DraftRunOrder } from '../../shared/passes/draft.js';
import type { SentOrder } from './world.js';

/** What really happened: a run began or ended here. `success` only of an end. */
export type Fact = {
  readonly happened: 'began' | 'ended';
  readonly run: RunRecord;
  readonly epoch: number;
  readonly imageEpoch: number;
  readonly success: boolean;
};

export type SimulatedNode = {
  readonly id: string;
  readonly poolId: string;
  epoch: number;
  imageEpoch: number;
  sequence: number;
  bootedAtMs: number;
  readonly runs: Map<string, RunRecord>;
  readonly facts: Fact[];
  readonly earlyKills: Map<string, EarlyKill>;
  readonly forgottenJobs: Map<string, ForgottenJob>;
  readonly endReportedIn: Map<string, number>;
  readonly now: () => Date;
};

export function createSimulatedNode(id: string, poolId: string, now: () => Date): SimulatedNode {
  return {
    ...{ id, poolId, now, epoch: 1, imageEpoch: 1, sequence: 1, bootedAtMs: now().getTime() },
    ...{ runs: new Map(), facts: [], earlyKills: new Map(), forgottenJobs: new Map(), endReportedIn: new Map() },
  };
}

/** Applies an order as the agent does, and starts what may start. */
export function receive(node: SimulatedNode, order: Order): void {
  const { runs, earlyKills, forgottenJobs, endReportedIn } = node;
  const seen: Parameters<typeof decideOrder>[1] = {
    ...{ runs, earlyKills, forgottenJobs, endReportedIn },
    pending: pendingOf(node),
    logTargets: new Map(),
    node: {
      ...{ version: 1 as const, epoch: node.epoch, imageEpoch: node.imageEpoch, imageId: 'i' },
      ...{ epochBeganAt: instantOf(node), hasJoined: true, wasShutDown: false, reservedSequence: 0 },
    },
  };
  const decision = decideOrder(order, seen, instantOf(node));
  if (decision.kind === 'refused') return;
  for (const run of decision.runs) node.runs.set(run.runId, run);
  for (const kill of decision.earlyKills) node.earlyKills.set(kill.runId, kill);
  for (const job of decision.forgottenJobs) node.forgottenJobs.set(job.incarnation, job);
  for (const { runId, failure } of decision.kills) {
    const run = node.runs.get(runId);
    if (run?.state.name === 'accepted')
      end(node, run, endedUnstarted(instantOf(node), { ending: 'neverStarted', failure }));
    if (run?.state.name === 'running')
      end(node, run, endedState(node, run, { ending: 'killed', exitCode: 137, failure }));
  }
  advance(node);
}

/** The runs whose processes live here now. */
export function runningOn(node: SimulatedNode): readonly RunRecord[] {
  return [...node.runs.values()].filter((run) => run.state.name === 'running');
}

/** The process of a run exits. */
export function exit(node: SimulatedNode, run: RunRecord, exitCode: number): void {
  end(node, run, endedState(node, run, { ending: 'exited', exitCode }));
  advance(node);
}

/** The machine starts again, with its disk or with a new one; whatever ran is lost. */
export function boot(node: SimulatedNode, disk: 'kept' | 'new'): void {
  for (const run of [...node.runs.values()]) {
    if (run.state.name !== 'ended') end(node, run, endedState(node, run, { ending: 'lost' }));
  }
  node.epoch += 1;
  node.bootedAtMs = node.now().getTime();
  if (disk === 'kept') return;
  node.imageEpoch = node.epoch;
  node.sequence = 0;
  node.runs.clear();
  node.earlyKills.clear();
  node.forgottenJobs.clear();
  node.endReportedIn.clear();
}

/** The next report: a snapshot of every run whose end was not acknowledged. */
export function tell(node: SimulatedNode): Report {
  node.sequence += 1;
  const nowMs = node.now().getTime();
  const pending = [...pendingOf(node).values()];
  for (const run of pending) {
    if (run.state.name === 'ended' && !node.endReportedIn.has(run.runId))
      node.endReportedIn.set(run.runId, node.sequence);
  }
  const { poolId, epoch, imageEpoch, sequence } = node;
  return {
    ...{ poolId, nodeId: node.id, epoch, imageEpoch, sequence, agentVersion: '0' },
    nodeTime: node.now().toISOString(),
    bootedAgoMs: nowMs - node.bootedAtMs,
    runs: pending.map((run) => toRunReport(run, (instant) => nowMs - instant.wallMs)),
  };
}

function advance(node: SimulatedNode): void {
  for (;;) {
    const steps = decideNextSteps({ ...node, pending: pendingOf(node).values(), live: new Set() });
    if (steps.length === 0) return;
    for (const { runId, step } of steps) {
      const run = node.runs.get(runId);
      if (run?.state.name !== 'accepted') continue;
      if (step === 'start') begin(node, run);
      else end(node, run, endedUnstarted(instantOf(node), { ending: 'neverStarted' }));
    }
  }
}

function begin(node: SimulatedNode, run: RunRecord): void {
  if (run.state.name !== 'accepted' || !('inline' in run.state.definition)) throw new Error('A run began out of turn');
  const at = instantOf(node);
  const definition = run.state.definition.inline;
  enter(node, run, {
    ...{ name: 'running', definition, program: '/bin/true', tryNumber: 0, firstStartedAt: at, startedAt: at },
  });
  note(node, run, 'began', false);
}

function end(node: SimulatedNode, run: RunRecord, state: EndedState): void {
  enter(node, run, state);
  note(node, run, 'ended', state.ending === 'exited' && state.exitCode === 0);
}

function enter(node: SimulatedNode, run: RunRecord, state: RunState): void {
  node.runs.set(run.runId, { ...run, state });
}

function note(node: SimulatedNode, run: RunRecord, happened: Fact['happened'], success: boolean): void {
  node.facts.push({ happened, run, success, epoch: node.epoch, imageEpoch: node.imageEpoch });
}

function endedState(
  node: SimulatedNode,
  { state }: RunRecord,
  how: Pick<EndedState, 'ending' | 'exitCode' | 'failure'>,
): EndedState {
  const startedAt = state.name === 'running' ? state.startedAt : undefined;
  return {
    ...{ name: 'ended', retryCount: 0, endedAt: instantOf(node), acknowledged: false, ...how },
    ...(startedAt === undefined ? {} : { startedAt }),
  };
}

function pendingOf(node: SimulatedNode): ReadonlyMap<string, RunRecord> {
  return new Map([...node.runs].filter(([, { state }]) => state.name !== 'ended' || !state.acknowledged));
}

function instantOf(node: SimulatedNode): Instant {
  const wallMs = node.now().getTime();
  return { bootId: String(node.epoch), uptimeMs: wallMs, wallMs };
}

/** The order as its message holds it. */
export function toOrder({ startTask, preparation, release, tasks, ...rest }: SentOrder): Order {
  const inPlace = (run: DraftRunOrder): RunOrder => ({ ...run, definition: { inline: run.definition } });
  return {
    ...rest,
    tasks: tasks.map(inPlace),
    ...(startTask === undefined ? {} : { startTask: inPlace(startTask) }),
    ...(preparation === undefined ? {} : { preparation: inPlace(preparation) }),
    ...(release === undefined ? {} : { release: inPlace(release) }),
  };
}

// Reports as nodes send them, made from orders: for tests that play a node by hand. A node that acts by itself is `simulated-node.ts`.
import type { Report, RunReport } from '../../shared/nodes/node-messages.js';
import type { DraftRunOrder } from '../../shared/passes/draft.js';
import { jobOf, nodeOf, type SentOrder, type World } from './world.js';

type Said = Pick<RunReport, 'state'> & Partial<RunReport>;

/** What a node says of a run that it was ordered. */
export function say(order: SentOrder, run: DraftRunOrder | undefined, said: Said): RunReport {
  if (run === undefined) throw new Error(`The order to node '${order.nodeId}' does not hold that run`);
  const { jobId, incarnation } = order;
  const { runId, kind, taskId, attempt } = run;
  return { runId, kind, jobId, incarnation, taskId, attempt, retryCount: 0, ...said };
}

export const accepted: Said = { state: 'accepted' };
export const running: Said = { state: 'running', startedAgoMs: 1000 };

export function exited(exitCode: number): Said {
  return { state: 'ended', ending: 'exited', exitCode, startedAgoMs: 2000, endedAgoMs: 10, ...failureOf(exitCode) };
}

export const killed: Said = {
  state: 'ended',
  ending: 'killed',
  exitCode: 137,
  startedAgoMs: 2000,
  endedAgoMs: 10,
  failure: { category: 'usererror', code: 'TaskEnded', message: 'killed' },
};
export const neverStarted: Said = { state: 'ended', ending: 'neverStarted', endedAgoMs: 10 };
export const lost: Said = { state: 'ended', ending: 'lost', startedAgoMs: 2000, endedAgoMs: 10 };
export const notStartable: Said = {
  state: 'ended',
  ending: 'notStartable',
  endedAgoMs: 10,
  failure: { category: 'usererror', code: 'CommandProgramNotFound', message: 'no such program' },
};

function failureOf(exitCode: number): Partial<RunReport> {
  return exitCode === 0 ? {} : { failure: { category: 'usererror', code: 'FailureExitCode', message: 'exit code' } };
}

/** The next report of a node: the one after the newest that was saved, in the same epoch, unless told otherwise. */
export function reportOf(
  world: World,
  nodeId: string,
  runs: readonly RunReport[] = [],
  changes: Partial<Report> = {},
): Report {
  const node = nodeOf(world, nodeId);
  return {
    poolId: world.poolId,
    nodeId,
    epoch: Math.max(node.epoch, 1),
    imageEpoch: Math.max(node.imageEpoch, 1),
    sequence: node.sequence + 1,
    agentVersion: '0',
    nodeTime: world.now.toISOString(),
    bootedAgoMs: 1000,
    runs: [...runs],
    ...changes,
  };
}

/** The run of a task that its job node names, as the node would know it. */
export function runOf(world: World, nodeId: string, taskId: string, said: Said, jobId = 'J'): RunReport {
  const { job, jobNodes } = jobOf(world, jobId);
  const run = jobNodes.get(nodeId)?.runs.find((each) => each.taskId === taskId);
  if (run === undefined) throw new Error(`Task '${taskId}' has no run on node '${nodeId}'`);
  const { runId, attempt } = run;
  return { runId, kind: 'task', jobId, incarnation: job.incarnation, taskId, attempt, retryCount: 0, ...said };
}

/** The preparation or release of a job on a node, as the node would know it. */
export function specialOf(
  world: World,
  nodeId: string,
  kind: 'preparation' | 'release',
  said: Said,
  jobId = 'J',
): RunReport {
  const { job, jobNodes } = jobOf(world, jobId);
  const jobNode = jobNodes.get(nodeId);
  const special = jobNode?.[kind];
  if (jobNode === undefined || special === undefined || !('runId' in special))
    throw new Error(`Node '${nodeId}' has no ${kind} of job '${jobId}'`);
  const attempt = kind === 'preparation' ? jobNode.preparationAttempts : jobNode.releaseAttempts;
  const taskId = kind === 'preparation' ? 'prep' : 'release';
  const { incarnation } = job;
  return { runId: special.runId, kind, jobId, incarnation, taskId, attempt, retryCount: 0, ...said };
}

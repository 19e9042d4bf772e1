// Why the tasks of an open job do not run yet. Pure.
import { isBarred } from '../job-nodes/job-node-decisions.js';
import type { Node } from '../nodes/node.js';
import { mayTakeTasks } from '../nodes/node-decisions.js';
import { decideExitOptions } from '../tasks/exit-decisions.js';
import type { ReadyTask, Task } from '../tasks/task.js';
import { countOf, listed, mostNamed, type Wait, type WaitCode } from './explanation.js';
import type { SeenDependent, SeenForExplanation } from './see-job.js';

/** What tasks of an open job wait for, those on nodes included. */
export function explainTasks(seen: SeenForExplanation): readonly Wait[] {
  return [...explainReady(seen), ...explainDependents(seen), ...explainOnNodes(seen)];
}

function explainReady(seen: SeenForExplanation): readonly Wait[] {
  const { ready, pool, isMoreReady } = seen;
  if (ready.length === 0) return [];
  const slotsPerNode = pool?.definition.taskSlotsPerNode ?? Infinity;
  const large = ready.filter(({ definition }) => definition.requiredSlots > slotsPerNode);
  const others = ready.filter(({ definition }) => definition.requiredSlots <= slotsPerNode);
  const waits: Wait[] = [];
  if (large.length > 0) {
    const text = (verb: string): string =>
      `${verb} for more slots than any node of pool '${seen.job.definition.poolId}' has, which is ${slotsPerNode}`;
    waits.push(toWait('slotsTooFew', large, text, isMoreReady));
  }
  if (others.length > 0) {
    const { code, why, ...more } = whyNotAssigned(seen, others[0]);
    waits.push({ ...toWait(code, others, (verb) => `${verb} ${why}`, isMoreReady), ...more });
  }
  return waits;
}

type Why = { readonly code: WaitCode; readonly why: string; readonly slotsByJob?: Readonly<Record<string, number>> };

/** Why the first task that waits for a slot has none. */
function whyNotAssigned(seen: SeenForExplanation, first: ReadyTask | undefined): Why {
  const { job, jobNodes, pool, nodes } = seen;
  const { id, poolId, maxParallelTasks } = job.definition;
  if (job.state !== 'active') return { code: 'jobDisabled', why: `until job '${id}' is enabled` };
  if (pool === undefined) return { code: 'poolMissing', why: `for pool '${poolId}', which does not exist` };
  if (pool.state !== 'active')
    return { code: 'poolBeingDeleted', why: `for a pool '${poolId}': this one is being deleted` };
  if (nodes.length === 0) return { code: 'poolEmpty', why: `for a node: pool '${poolId}' has none` };
  const usable = nodes.filter(mayTakeTasks);
  if (usable.length === 0)
    return {
      code: 'noNodeReady',
      why: `for a node that can take tasks: those of pool '${poolId}' are ${statesOf(nodes)}`,
    };
  const barredIds = new Set(
    jobNodes.filter((jobNode) => isBarred(jobNode, job.definition)).map(({ nodeId }) => nodeId),
  );
  const open = usable.filter(({ id: nodeId }) => !barredIds.has(nodeId));
  if (open.length === 0)
    return {
      code: 'nodesBarred',
      why: `for a node on which the job preparation task has not failed: it has on all ${usable.length} that can take tasks`,
    };
  const running = jobNodes.reduce((sum, { runs }) => sum + runs.length, 0);
  if (maxParallelTasks !== -1 && running >= maxParallelTasks)
    return { code: 'maxParallelTasks', why: `as maxParallelTasks of the job is ${maxParallelTasks}` };
  const { taskSlotsPerNode } = pool.definition;
  const wanted = first?.definition.runExclusive === true ? taskSlotsPerNode : (first?.definition.requiredSlots ?? 1);
  if (open.every((node) => taskSlotsPerNode - slotsTaken(node) < wanted))
    return slotsBusy(open, wanted, taskSlotsPerNode);
  return { code: 'assignment', why: 'for the next look at the pool: a node has room' };
}

function slotsBusy(nodes: readonly Node[], wanted: number, slotsPerNode: number): Why {
  const slotsByJob: Record<string, number> = {};
  for (const { leases } of nodes)
    for (const { jobId, slots } of leases) slotsByJob[jobId] = (slotsByJob[jobId] ?? 0) + slots;
  const biggest = Object.entries(slotsByJob)
    .sort(([, a], [, b]) => b - a)
    .slice(0, mostNamed);
  const free = nodes.reduce((sum, node) => sum + Math.max(0, slotsPerNode - slotsTaken(node)), 0);
  const taken = biggest.map(([jobId, slots]) => `${slots} by job '${jobId}'`).join(', ');
  const room = free === 0 ? 'every slot is taken' : `no node has ${wanted} free slots`;
  return { code: 'slotsBusy', why: `for slots: ${room} (${taken})`, slotsByJob: Object.fromEntries(biggest) };
}

const slotsTaken = ({ leases }: Node): number => leases.reduce((sum, { slots }) => sum + slots, 0);

function statesOf(nodes: readonly Node[]): string {
  const counts = new Map<string, number>();
  for (const { state, schedulingState } of nodes) {
    const name = schedulingState === 'disabled' ? `${state} with scheduling disabled` : state;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts].map(([state, count]) => `${state} (${count})`).join(', ');
}

function explainDependents({ dependents, isMoreDependent, hasLooks }: SeenForExplanation): readonly Wait[] {
  const groups = new Map<WaitCode, SeenDependent[]>();
  for (const each of dependents) {
    const code = dependencyCode(each);
    groups.set(code, [...(groups.get(code) ?? []), each]);
  }
  const waits = [...groups].map(([code, group]): Wait => {
    const on = [...new Set(group.map(nameOfAwaited))];
    const text = (verb: string): string => `${verb} for ${dependencyTexts[code] ?? 'others'}: ${listed(on)}`;
    const waiting = group.map(({ waiting: { taskId } }) => ({ taskId }));
    return { ...toWait(code, waiting, text, isMoreDependent), dependsOn: on.slice(0, mostNamed) };
  });
  if (!hasLooks) return waits;
  return [...waits, { code: 'dependencyLook', text: 'Dependencies of tasks are about to be looked at.' }];
}

const dependencyTexts: Partial<Record<WaitCode, string>> = {
  dependencyOpen: 'tasks that have not ended',
  dependencyMissing: 'tasks that do not exist',
  dependencyBlocked: 'tasks that have ended without satisfying what depends on them, until these run again',
  dependencyItself: 'ever, as they depend on themselves',
};

const nameOfAwaited = ({ on }: SeenDependent): string => ('taskId' in on ? on.taskId : String(on.number));

function dependencyCode({ waiting, on, other }: SeenDependent): WaitCode {
  if ('taskId' in on && on.taskId === waiting.taskId.toLowerCase()) return 'dependencyItself';
  if (other === undefined) return 'dependencyMissing';
  return other.state === 'completed' && !satisfies(other) ? 'dependencyBlocked' : 'dependencyOpen';
}

const satisfies = ({ execution, definition }: Task): boolean =>
  decideExitOptions(execution, definition.exitConditions).dependencyAction === 'satisfy';

function explainOnNodes({ jobNodes }: SeenForExplanation): readonly Wait[] {
  const runs = jobNodes.flatMap((jobNode) => jobNode.runs.filter(({ taskDeleted }) => taskDeleted !== true));
  const preparing = runs.filter(({ state }) => state === 'preparing');
  const running = runs.filter(({ state }) => state === 'running');
  return [
    ...(preparing.length === 0
      ? []
      : [toWait('preparing', preparing, (verb) => `${verb} for the job preparation task on the node that has them`)]),
    ...(running.length === 0 ? [] : [toRunning(running)]),
  ];
}

function toRunning(running: readonly { readonly taskId: string }[]): Wait {
  const taskIds = running.map(({ taskId }) => taskId).slice(0, mostNamed);
  const text = `${countOf(running.length, 'task')} ${running.length === 1 ? 'runs' : 'run'}.`;
  return { code: 'running', text, taskCount: running.length, taskIds };
}

/** `text` is given 'waits' or 'wait'. */
function toWait(
  code: WaitCode,
  waiting: readonly { readonly taskId: string }[],
  text: (verb: string) => string,
  isAtLeast = false,
): Wait {
  return {
    code,
    text: `${countOf(waiting.length, 'task', isAtLeast)} ${text(waiting.length === 1 ? 'waits' : 'wait')}.`,
    taskCount: waiting.length,
    ...(isAtLeast ? { isAtLeast } : {}),
    taskIds: waiting.slice(0, mostNamed).map(({ taskId }) => taskId),
  };
}

// A node as Batch's JSON shows it (ComputeNode). The files on it are node-file-resource.ts.
import type { Shown } from '../rest/answer-types.js';
import type { computeNode } from './node-schema.js';
import type { Pool } from '../pools/pool.js';
import { startTaskHash, toStartTask } from '../pools/start-task.js';
import { ifSet, unlessEmpty } from '../tasks/run-resource.js';
import { taskUrl } from '../tasks/task-resource.js';
import type { Node, NodeStartTask } from './node.js';
import { nodeUrl } from './node-url.js';

/** The node; its four counters speak of tasks only, never of preparations and releases. */
export function toNodeResource(node: Node, pool: Pool, baseUrl: string): Shown<typeof computeNode> {
  return {
    id: node.id,
    url: nodeUrl(node.poolId, node.id, baseUrl),
    state: node.state,
    schedulingState: node.schedulingState ?? 'enabled',
    stateTransitionTime: node.stateTransitionTime,
    ...ifSet('lastBootTime', node.lastBootTime),
    allocationTime: node.allocationTime,
    affinityId: `TVM:${node.id}`,
    vmSize: pool.definition.vmSize,
    totalTasksRun: node.totalTasksRun,
    runningTasksCount: node.leases.length,
    runningTaskSlotsCount: node.leases.reduce((slots, lease) => slots + lease.slots, 0),
    totalTasksSucceeded: node.totalTasksSucceeded,
    ...unlessEmpty('recentTasks', toRecentTasks(node, baseUrl)),
    ...toStartTaskProperties(node, pool),
    ...unlessEmpty('errors', node.faults ?? []),
    isDedicated: true,
    ...ifSet('nodeAgentInfo', toNodeAgentInfo(node)),
  };
}

function toRecentTasks(
  { recentTasks = [], leases }: Node,
  baseUrl: string,
): NonNullable<Shown<typeof computeNode>['recentTasks']> {
  const running = leases.map(({ jobId, taskId }) => ({ jobId, taskId, taskState: 'running' as const }));
  const ended = recentTasks.toReversed().map(({ jobId, taskId, execution }) => ({
    jobId,
    taskId,
    taskState: 'completed' as const,
    executionInfo: execution,
  }));
  return [...running, ...ended].map((task) => ({ taskUrl: taskUrl(task.jobId, task.taskId, baseUrl), ...task }));
}

/** How the start task of the present boot stands. It is shown itself while the pool has the same one. */
function toStartTaskProperties(
  { startTask }: Node,
  pool: Pool,
): Pick<Shown<typeof computeNode>, 'startTask' | 'startTaskInfo'> {
  if (startTask === undefined) return {};
  const { definition } = pool;
  const isSame = definition.startTask !== undefined && startTaskHash(definition.startTask) === startTask.definitionHash;
  const { run } = startTask;
  return {
    ...(isSame && definition.startTask ? { startTask: toStartTask(definition.startTask) } : {}),
    ...(run.state === 'ordered' ? {} : { startTaskInfo: toStartTaskInfo(run) }),
  };
}

function toStartTaskInfo(
  run: Exclude<NodeStartTask['run'], { state: 'ordered' }>,
): Shown<typeof computeNode>['startTaskInfo'] & object {
  const { startTime, retryCount } = run;
  if (run.state === 'running') return { state: 'running', startTime, retryCount };
  return {
    state: 'completed',
    startTime,
    endTime: run.endTime,
    ...ifSet('exitCode', run.exitCode),
    ...ifSet('failureInfo', run.failureInfo),
    retryCount,
    ...ifSet('lastRetryTime', run.lastRetryTime),
    result: run.result,
  };
}

// An agent tells its version when it joins, so that is as old as the boot.
function toNodeAgentInfo({ agentVersion, lastBootTime }: Node): Shown<typeof computeNode>['nodeAgentInfo'] {
  if (agentVersion === undefined || lastBootTime === undefined) return undefined;
  return { version: agentVersion, lastUpdateTime: lastBootTime };
}

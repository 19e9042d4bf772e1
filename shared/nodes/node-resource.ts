// A node as Batch's JSON shows it (ComputeNode). The files on it are node-file-resource.ts.
import type { Pool } from '../pools/pool.js';
import { ifSet } from '../tasks/run-resource.js';
import type { Node } from './node.js';
import { nodeUrl } from './node-url.js';

/** The node; its four counters speak of tasks only, never of preparations and releases. */
export function toNodeResource(node: Node, pool: Pool, baseUrl: string): Record<string, unknown> {
  return {
    id: node.id,
    url: nodeUrl(node.poolId, node.id, baseUrl),
    state: node.state,
    schedulingState: 'enabled',
    stateTransitionTime: node.stateTransitionTime,
    ...ifSet('lastBootTime', node.lastBootTime),
    allocationTime: node.allocationTime,
    affinityId: `TVM:${node.id}`,
    vmSize: pool.definition.vmSize,
    totalTasksRun: node.totalTasksRun,
    runningTasksCount: node.leases.length,
    runningTaskSlotsCount: node.leases.reduce((slots, lease) => slots + lease.slots, 0),
    totalTasksSucceeded: node.totalTasksSucceeded,
    isDedicated: true,
    ...ifSet('nodeAgentInfo', toNodeAgentInfo(node)),
  };
}

// An agent tells its version when it joins, so that is as old as the boot.
function toNodeAgentInfo({ agentVersion, lastBootTime }: Node): Record<string, unknown> | undefined {
  if (agentVersion === undefined || lastBootTime === undefined) return undefined;
  return { version: agentVersion, lastUpdateTime: lastBootTime };
}

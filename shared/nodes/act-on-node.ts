// What a user can ask of one node: a boot, a new image, no more tasks, tasks again. The node's row remembers it, passes carry it out.
import { BatchError } from '../errors.js';
import { toEventWrites } from '../events/event-rows.js';
import { hintTypes, sendHint } from '../events/hints.js';
import { nodeRow, fromNode, poolPartition, toNode } from '../pools/pool-rows.js';
import { loadStoredPool } from '../pools/read-pools.js';
import type { Services } from '../services.js';
import { tryAgain } from '../tables/try-again.js';
import type { DeallocationOption, Node } from './node.js';
import { inState, isReady, readyState, requireBootable, withRequest } from './node-decisions.js';
import { nodeStateEvent } from './node-events.js';

export type NodeTarget = { readonly poolId: string; readonly nodeId: string };

/**
 * Has the node booted, its tasks dealt with first. Throws PoolNotFound, NodeNotFound, OperationNotValidOnNode for one that joined by itself, and
 * the code for the state that it is in.
 * https://learn.microsoft.com/rest/api/batchservice/compute-node/reboot
 */
export function rebootNode(services: Services, target: NodeTarget, option: DeallocationOption): Promise<Node> {
  return changeNode(services, target, (node, at) => {
    requireProvided(node, 'rebooted');
    requireBootable(node, 'rebooted');
    return withRequest(node, 'reboot', option, at);
  });
}

/**
 * Has the node booted with an empty disk, its tasks dealt with first. Any pool's nodes can be: Azure answers 409 for pools of virtual machines,
 * which would leave nobody a way to bring a node back to a job whose preparation failed there. Throws as rebootNode does.
 * https://learn.microsoft.com/rest/api/batchservice/compute-node/reimage
 */
export function reimageNode(services: Services, target: NodeTarget, option: DeallocationOption): Promise<Node> {
  return changeNode(services, target, (node, at) => {
    requireProvided(node, 'reimaged');
    requireBootable(node, 'reimaged');
    return withRequest(node, 'reimage', option, at);
  });
}

/**
 * Has the node get no more tasks. Throws PoolNotFound, NodeNotFound, NodeAlreadyInTargetSchedulingState, or the code for a node on its way.
 * https://learn.microsoft.com/rest/api/batchservice/compute-node/disable-scheduling
 */
export function disableScheduling(
  services: Services,
  target: NodeTarget,
  option: Exclude<DeallocationOption, 'retaineddata'>,
): Promise<Node> {
  return changeNode(services, target, (node, at) => {
    requireOther(node, 'disabled');
    if (node.request !== undefined) requireBootable(node, 'disabled');
    return node.leases.length > 0
      ? withRequest(node, 'disableScheduling', option, at)
      : shown({ ...node, schedulingState: 'disabled' as const }, at);
  });
}

/**
 * Has the node get tasks again. Throws PoolNotFound, NodeNotFound, NodeAlreadyInTargetSchedulingState.
 * https://learn.microsoft.com/rest/api/batchservice/compute-node/enable-scheduling
 */
export function enableScheduling(services: Services, target: NodeTarget): Promise<Node> {
  return changeNode(services, target, (node, at) => {
    requireOther(node, 'enabled');
    const { schedulingState: _, request, ...rest } = node;
    return shown(request === undefined || request.kind === 'disableScheduling' ? rest : { ...rest, request }, at);
  });
}

function requireProvided({ id, isSelfProvided }: Node, act: string): void {
  if (isSelfProvided !== true) return;
  throw new BatchError(
    'OperationNotValidOnNode',
    `Node '${id}' joined by itself and has no provisioner; it cannot be ${act} from here: do so on the machine`,
  );
}

function shown(node: Node, at: string): Node {
  return isReady(node) ? inState(node, readyState(node), at) : node;
}

function requireOther({ id, schedulingState }: Node, wanted: 'enabled' | 'disabled'): void {
  if ((schedulingState ?? 'enabled') !== wanted) return;
  throw new BatchError('NodeAlreadyInTargetSchedulingState', `Scheduling on node '${id}' is ${wanted} already`);
}

async function changeNode(
  services: Services,
  { poolId, nodeId }: NodeTarget,
  decide: (node: Node, at: string) => Node,
): Promise<Node> {
  const { table, clock, ids } = services;
  const partition = poolPartition(poolId);
  const stamp = ids.uuid();
  const node = await tryAgain(services, async () => {
    const [{ pool }, row] = await Promise.all([
      loadStoredPool(services, poolId),
      table.get(partition, nodeRow(nodeId)),
    ]);
    if (row === undefined) throw new BatchError('NodeNotFound', `Pool '${poolId}' has no node '${nodeId}'`);
    const before = fromNode(row);
    // A write whose answer was lost finds its own row when it is tried again.
    if (before.writeStamp === stamp) return before;
    if (pool.state === 'deleting')
      throw new BatchError('PoolBeingDeleted', `Pool '${poolId}' is being deleted, and node '${nodeId}' with it`);
    const now = clock.now();
    const next = { ...decide(before, now.toISOString()), writeStamp: stamp };
    const events = before.state === next.state ? [] : [nodeStateEvent(before, next, now)];
    await table.write(partition, [
      { type: 'replace', row: row.row, values: toNode(next), etag: row.etag },
      ...toEventWrites(events, now, ids.uuid()),
    ]);
    return next;
  });
  await sendHint(services, hintTypes.poolChanged, { poolId: node.poolId });
  return node;
}

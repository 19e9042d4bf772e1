// A step of a pass: the pool has the nodes that are wanted. Their ids are the controller's; whoever provides them is told a snapshot.
import { hashOf } from '../hash.js';
import { owedEvent } from '../events/event.js';
import type { DeallocationOption, Node, NodeState } from '../nodes/node.js';
import { hasReported, readyState, withRequest } from '../nodes/node-decisions.js';
import type { Capacity } from '../nodes/node-messages.js';
import { newNode } from '../nodes/new-node.js';
import { toJoinKeyText, validJoinKeys } from '../pools/join-keys.js';
import type { Pool, Resize, ResizeError } from '../pools/pool.js';
import { withoutRequest } from './departure-decisions.js';
import { enterNodeState, isReasked, lookAgain, oweNodeState, type Draft } from './draft.js';

/**
 * While the pool is being resized: adds node rows up to its target, or has surplus nodes leave; the pool is steady again once all have joined
 * and left, or when the resize is stopped or takes too long. https://learn.microsoft.com/rest/api/batchservice/pool/resize
 */
export function populatePool(draft: Draft): void {
  const { pool } = draft;
  if (pool?.state !== 'active') return;
  if (pool.allocationState !== 'steady') resize(draft, pool, pool.resize ?? defaultResize(pool));
  const { asked } = draft;
  const isEverythingReasked = asked.reask && asked.reaskSince === undefined;
  if (isEverythingReasked || provided(draft.nodes).some((node) => isReasked(draft, node.allocationTime)))
    draft.tellCapacity = true;
}

const defaultResize = ({ allocationStateTransitionTime, definition }: Pool): Resize => ({
  at: allocationStateTransitionTime,
  timeoutMs: definition.resizeTimeoutMs,
  option: 'requeue',
});

const isLeaving = ({ request }: Node): boolean => request?.kind === 'leave';

function resize(draft: Draft, pool: Pool, { at, timeoutMs, option, nodeIds = [] }: Resize): void {
  const endsMs = Date.parse(at) + timeoutMs;
  const isStopped = pool.allocationState === 'stopping';
  if (isStopped || draft.now.getTime() > endsMs) return becomeSteady(draft, pool, giveUp(draft, isStopped));
  for (const id of nodeIds) letLeave(draft, draft.nodes.get(id), option);
  const staying = provided(draft.nodes).filter((node) => !isLeaving(node));
  const surplus = staying.length - pool.definition.targetDedicatedNodes;
  for (const node of staying.sort(leavesBefore).slice(0, Math.max(0, surplus))) letLeave(draft, node, option);
  for (let missing = -surplus; missing > 0; missing -= 1) addNode(draft);
  const isJoined = provided(draft.nodes).every(hasReported);
  const isDone = isJoined && ![...draft.nodes.values()].some(isLeaving);
  if (isDone) becomeSteady(draft, pool, []);
  else lookAgain(draft, endsMs);
}

/** What is not done yet is left undone: a node whose tasks still run stays, one that has only releases left goes without them. */
function giveUp(draft: Draft, isStopped: boolean): readonly ResizeError[] {
  const errors: ResizeError[] = isStopped
    ? [{ code: 'ResizeStopped', message: 'The resize was stopped by a user request' }]
    : [];
  for (const node of [...draft.nodes.values()]) {
    const { request } = node;
    if (request?.kind === 'leave' && request.poweredAt === undefined) {
      if (node.leases.length === 0) {
        draft.nodes.set(node.id, { ...node, request: { ...request, option: 'terminate', isOverdue: true } });
        continue;
      }
      const stays = withoutRequest(node);
      enterNodeState(draft, stays, readyState(stays));
      if (!isStopped)
        errors.push({
          code: 'RemoveNodesFailed',
          message: `Node '${node.id}' still ran tasks when the resize timed out`,
        });
    }
    if (node.isSelfProvided === true || isLeaving(node)) continue;
    if (!hasReported(node) && isStopped) letLeave(draft, node, 'requeue');
    if (!hasReported(node) && !isStopped)
      errors.push({
        code: 'AllocationTimedout',
        message: `Node '${node.id}' had not joined when the resize timed out`,
      });
  }
  return errors;
}

function letLeave(draft: Draft, node: Node | undefined, option: DeallocationOption): void {
  if (node === undefined || isLeaving(node)) return;
  const leaving = withRequest(node, 'leave', option, draft.at);
  draft.nodes.set(node.id, leaving);
  oweNodeState(draft, node, leaving);
}

// Those go first that are of no use now, then the ones with least to do.
const usefulness: Readonly<Record<NodeState, number>> = {
  creating: 0,
  unknown: 1,
  unusable: 1,
  starttaskfailed: 2,
  offline: 3,
  starting: 4,
  waitingforstarttask: 4,
  rebooting: 4,
  reimaging: 4,
  idle: 5,
  running: 6,
  leavingpool: 7,
};

const leavesBefore = (a: Node, b: Node): number =>
  usefulness[a.state] - usefulness[b.state] ||
  a.leases.length - b.leases.length ||
  b.allocationTime.localeCompare(a.allocationTime) ||
  a.id.localeCompare(b.id);

function addNode(draft: Draft): void {
  const { pool } = draft;
  if (pool === undefined) return;
  // Shaped as Batch's ids of dedicated nodes.
  const id = `tvmps_${hashOf(pool.incarnation, pool.nextNodeNumber)}_d`;
  const node = newNode(pool.definition.id, id, draft.at);
  draft.nodes.set(node.id, node);
  draft.pool = { ...pool, nextNodeNumber: pool.nextNodeNumber + 1 };
  draft.tellCapacity = true;
}

function becomeSteady(draft: Draft, pool: Pool, resizeErrors: readonly ResizeError[]): void {
  const { resize: _, ...rest } = draft.pool ?? pool;
  draft.pool = {
    ...rest,
    allocationState: 'steady',
    allocationStateTransitionTime: draft.at,
    ...(resizeErrors.length === 0 ? {} : { resizeErrors: resizeErrors.slice(0, 10) }),
  };
  const { id, targetDedicatedNodes } = pool.definition;
  draft.events.push(
    owedEvent('dev.bookend.pool.resize.complete', `/pools/${id}`, draft.now, [pool.incarnation, draft.at], {
      id,
      targetDedicatedNodes,
      currentDedicatedNodes: draft.nodes.size,
      resultCode: resizeErrors[0]?.code ?? 'Success',
    }),
  );
}

/** The nodes that somebody is asked to provide. */
const provided = (nodes: ReadonlyMap<string, Node>): readonly Node[] =>
  [...nodes.values()].filter(({ isSelfProvided }) => isSelfProvided !== true);

/** What ends a pool that is gone for its provisioner, whatever that remembers of it. */
export const toFarewell = (poolId: string, incarnation: string): Capacity => ({
  poolId,
  incarnation,
  nodeIds: [],
  taskSlotsPerNode: 1,
  isEnding: true,
});

/** What the provisioner is to be told, if anything: the wanted nodes, none of a pool that is going. */
export function toCapacity({ pool, nodes, tellCapacity, now }: Draft): Capacity | undefined {
  if (pool === undefined || !tellCapacity) return undefined;
  const { id, taskSlotsPerNode } = pool.definition;
  const [joinKey] = validJoinKeys(pool.joinKeys, now);
  const wanted = provided(nodes).filter(({ request }) => request?.kind !== 'leave' || request.poweredAt === undefined);
  const power = wanted
    .filter(({ boots, images }) => boots !== undefined || images !== undefined)
    .map(({ id: nodeId, boots = 0, images = 0 }) => [nodeId, { boots, images }] as const);
  return {
    poolId: id,
    incarnation: pool.incarnation,
    nodeIds: wanted.map((node) => node.id).sort(),
    taskSlotsPerNode,
    isEnding: pool.state === 'deleting',
    ...(power.length === 0 ? {} : { power: Object.fromEntries(power) }),
    ...(joinKey === undefined ? {} : { joinKey: toJoinKeyText(joinKey) }),
  };
}

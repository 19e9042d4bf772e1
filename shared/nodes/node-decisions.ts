// What a node can do in the state it is in. Pure.
import { BatchError } from '../errors.js';
import { unreachable } from '../unreachable.js';
import type { DeallocationOption, Node, NodeRequest, NodeState } from './node.js';

/** Whether orders to this node make sense now: it joined, and is not being taken away, booted or given up. */
export function isReachable(node: Node): boolean {
  if (node.epoch === 0 || node.request?.poweredAt !== undefined) return false;
  return !isStartingUp(node) && node.state !== 'unknown';
}

/** Whether it is not there yet, or has begun and not said so. */
export const isStartingUp = ({ state }: Node): boolean => state === 'creating' || state === 'starting';

/** Whether anything was ever heard of it. */
export const hasReported = ({ epoch }: Node): boolean => epoch > 0;

/** Whether an agent that joins now begins what the node is waited for: its first boot, or the one that its provisioner was asked for. */
export function awaitsBoot({ state, request }: Node): boolean {
  if (state === 'creating') return true;
  return (state === 'rebooting' || state === 'reimaging') && request?.poweredAt !== undefined;
}

/** Whether the node cannot be told anything now but will be back, with its disk or a new one. */
export function isAway({ state, request }: Node): boolean {
  if (state === 'unknown') return false;
  return request?.poweredAt !== undefined && request.kind !== 'leave';
}

/** Whether tasks may be given to this node. */
export function mayTakeTasks(node: Node): boolean {
  return (node.state === 'idle' || node.state === 'running') && isReachable(node) && node.schedulingState === undefined;
}

/** Whether a release may begin here: not before the start task has ended, or its failure is known. */
export function mayRelease(node: Node): boolean {
  return isReachable(node) && node.state !== 'waitingforstarttask';
}

/** The state of a node that can be reached and was asked for nothing: by what is wrong with it, its start task, its scheduling and its work. */
export function readyState({ startTask, schedulingState, leases, faults }: Node): NodeState {
  if (faults !== undefined) return 'unusable';
  const { run, waitForSuccess = false } = startTask ?? {};
  if (waitForSuccess && run?.state !== 'completed') return 'waitingforstarttask';
  if (waitForSuccess && run?.state === 'completed' && run.result === 'failure') return 'starttaskfailed';
  if (leases.length > 0) return 'running';
  return schedulingState === 'disabled' ? 'offline' : 'idle';
}

/** Whether the node is in one of the states that `readyState` tells apart. */
export function isReady({ state }: Node): boolean {
  return ['unusable', 'waitingforstarttask', 'starttaskfailed', 'idle', 'running', 'offline'].includes(state);
}

/** The node with a request taken on. The states of those that take it away show it at once. */
export function withRequest(node: Node, kind: NodeRequest['kind'], option: DeallocationOption, at: string): Node {
  const next: Node = { ...node, request: { kind, option, at } };
  switch (kind) {
    case 'reboot':
      return inState(next, 'rebooting', at);
    case 'reimage':
      return inState(next, 'reimaging', at);
    case 'leave':
      return inState(next, 'leavingpool', at);
    case 'disableScheduling':
      return inState(
        { ...next, schedulingState: 'disabled' },
        readyState({ ...next, schedulingState: 'disabled' }),
        at,
      );
    default:
      return unreachable(kind);
  }
}

/** The node in another state. */
export function inState(node: Node, state: NodeState, at: string): Node {
  return node.state === state ? node : { ...node, state, stateTransitionTime: at };
}

/**
 * Why a node cannot be rebooted, reimaged or have its scheduling changed now: only idle and running nodes can; a failed start task
 * can be tried again by a boot. https://learn.microsoft.com/rest/api/batchservice/compute-node/reboot
 */
export function requireBootable(node: Node, act: string): void {
  const refusals: Partial<Record<NodeState, BatchError>> = {
    creating: new BatchError('NodeBeingCreated', `Node '${node.id}' is still being created; it cannot be ${act}`),
    starting: new BatchError('NodeBeingStarted', `Node '${node.id}' is starting; it cannot be ${act}`),
    waitingforstarttask: new BatchError(
      'NodeBeingStarted',
      `Node '${node.id}' waits for its start task; it cannot be ${act}`,
    ),
    rebooting: new BatchError('NodeBeingRebooted', `Node '${node.id}' is rebooting; it cannot be ${act}`),
    reimaging: new BatchError('NodeBeingReimaged', `Node '${node.id}' is being reimaged; it cannot be ${act}`),
    unusable: new BatchError('NodeStateUnusable', `Node '${node.id}' is unusable; it cannot be ${act}`),
  };
  const refusal = refusals[node.state];
  if (refusal !== undefined) throw refusal;
  if (['idle', 'running', 'starttaskfailed'].includes(node.state)) return;
  throw new BatchError('OperationInvalidForCurrentState', `Node '${node.id}' is ${node.state}; it cannot be ${act}`);
}

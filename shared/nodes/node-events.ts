// Events about nodes, as passes and requests owe them.
import { owedEvent, type OwedEvent } from '../events/event.js';
import type { Node } from './node.js';

/** The node entered another state. */
export function nodeStateEvent(before: Node, { epoch, poolId, id, state }: Node, now: Date): OwedEvent {
  return owedEvent(
    'dev.bookend.node.state.changed',
    `/pools/${poolId}/nodes/${id}`,
    now,
    [epoch, before.state, state, now.toISOString()],
    { poolId, nodeId: id, previousState: before.state, state },
  );
}

/** The node was given up for lost and has spoken: what it still ran is killed, and what it has of jobs that ended meanwhile is removed. */
export function nodeReturnedEvent(
  { poolId, id, epoch, stateTransitionTime, forgottenJobs = [] }: Node,
  now: Date,
): OwedEvent {
  return owedEvent('dev.bookend.node.returned', `/pools/${poolId}/nodes/${id}`, now, [epoch, stateTransitionTime], {
    poolId,
    nodeId: id,
    lostSince: stateTransitionTime,
    forgottenJobs: forgottenJobs.map(({ jobId }) => jobId),
  });
}

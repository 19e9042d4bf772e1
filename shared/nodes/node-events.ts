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

// The catalogue of events that Bookend owes to whoever subscribed. Names follow Azure Batch's own diagnostic events where it has one.
// docs/events.md lists them for users.
import { hashOf } from '../hash.js';

export type EventType =
  | 'dev.bookend.job.start'
  | 'dev.bookend.job.stuck'
  | 'dev.bookend.job.disable.start'
  | 'dev.bookend.job.disable.complete'
  | 'dev.bookend.job.enable'
  | 'dev.bookend.job.terminate.start'
  | 'dev.bookend.job.terminate.complete'
  | 'dev.bookend.job.delete.start'
  | 'dev.bookend.job.delete.complete'
  | 'dev.bookend.task.start'
  | 'dev.bookend.task.complete'
  | 'dev.bookend.task.fail'
  | 'dev.bookend.task.requeue'
  | 'dev.bookend.specialtask.start'
  | 'dev.bookend.specialtask.complete'
  | 'dev.bookend.specialtask.fail'
  | 'dev.bookend.specialtask.waived'
  | 'dev.bookend.pool.create'
  | 'dev.bookend.pool.resize.start'
  | 'dev.bookend.pool.resize.complete'
  | 'dev.bookend.pool.delete.start'
  | 'dev.bookend.pool.delete.complete'
  | 'dev.bookend.node.state.changed'
  | 'dev.bookend.node.returned';

/** A CloudEvent that waits for delivery; `source` is stamped when it is sent. */
export type OwedEvent = {
  /** Deterministic, so that deciding the same thing twice owes one event. */
  readonly id: string;
  readonly type: EventType;
  /** A path: `/jobs/<id>`, `/jobs/<id>/tasks/<id>`, `/jobs/<id>/nodes/<id>/<preparation or release id>`, `/pools/<id>`, `/pools/<id>/nodes/<id>`. */
  readonly subject: string;
  readonly time: string;
  readonly data: Readonly<Record<string, unknown>>;
};

/** An event whose id is made of what it is about: `identity` tells apart what happened twice to the same subject. */
export function owedEvent(
  type: EventType,
  subject: string,
  now: Date,
  identity: readonly (string | number)[],
  data: Readonly<Record<string, unknown>>,
): OwedEvent {
  return { id: hashOf(type, subject, ...identity), type, subject, time: now.toISOString(), data };
}

// Messages on `job-events` that make a pool look at its tables soon. They carry a key and a kind; what is to be done stands in the tables.
import { z } from 'zod';
import { poolSession } from '../nodes/node-messages.js';
import type { Services } from '../services.js';
import type { OutgoingMessage } from '../queues/bus.js';

export const hintTypes = {
  tasksAdded: 'dev.bookend.hint.tasks-added',
  taskDeleted: 'dev.bookend.hint.task-deleted',
  taskChanged: 'dev.bookend.hint.task-changed',
  jobChanged: 'dev.bookend.hint.job-changed',
  jobEnding: 'dev.bookend.hint.job-ending',
  poolAdded: 'dev.bookend.hint.pool-added',
  poolDeleting: 'dev.bookend.hint.pool-deleting',
  poolChanged: 'dev.bookend.hint.pool-changed',
  wakeUp: 'dev.bookend.hint.wake-up',
  sweep: 'dev.bookend.hint.sweep',
} as const;
export type HintType = (typeof hintTypes)[keyof typeof hintTypes];

export const hintSchema = z.object({
  poolId: z.string(),
  /** The job to look at. */
  jobId: z.string().optional(),
});
export type Hint = z.infer<typeof hintSchema>;

/** The id of a hint, and when it is sent; `at` is when it is to arrive, if not at once. */
export type HintTime = { readonly id: string; readonly now: Date; readonly at?: Date };

/** A hint for whoever looks in this session of `job-events`. */
export function toSessionHint(
  type: string,
  { source, sessionId, data }: { readonly source: string; readonly sessionId: string; readonly data: object },
  { id, now, at }: HintTime,
): OutgoingMessage {
  const about = { specversion: '1.0' as const, id, source, type, time: now.toISOString() };
  return {
    body: { ...about, datacontenttype: 'application/json', data },
    messageId: id,
    sessionId,
    ...(at === undefined ? {} : { scheduledEnqueueTime: at }),
  };
}

/** The message that makes pool `hint.poolId` look. */
export function toHintMessage(type: HintType, hint: Hint, when: HintTime): OutgoingMessage {
  return toSessionHint(
    type,
    { source: `/pools/${hint.poolId}`, sessionId: poolSession(hint.poolId), data: hint },
    when,
  );
}

/** Sends one hint. Rejects with BusUnavailable when the broker did not accept it. */
export async function sendHint({ bus, clock, ids }: Services, type: HintType, hint: Hint): Promise<void> {
  await bus.send('job-events', [toHintMessage(type, hint, { id: ids.uuid(), now: clock.now() })]);
}

// Messages on `job-events` that make a job schedule look at its tables soon, in a session of its own: no pool's id holds a colon.
import { z } from 'zod';
import type { OutgoingMessage } from '../queues/bus.js';
import type { Services } from '../services.js';
import { toSessionHint, type HintTime } from './hints.js';

export const jobScheduleHintTypes = {
  changed: 'dev.bookend.hint.job-schedule-changed',
  jobEnded: 'dev.bookend.hint.job-schedule-job-ended',
  wakeUp: 'dev.bookend.hint.job-schedule-wake-up',
  sweep: 'dev.bookend.hint.job-schedule-sweep',
} as const;
export type JobScheduleHintType = (typeof jobScheduleHintTypes)[keyof typeof jobScheduleHintTypes];

export const jobScheduleHintSchema = z.object({ scheduleId: z.string() });

export const jobScheduleSession = (scheduleId: string): string => `jobschedule:${scheduleId.toLowerCase()}`;

/** The message that makes the schedule look, at once or at `at`. */
export function toJobScheduleHint(type: JobScheduleHintType, scheduleId: string, when: HintTime): OutgoingMessage {
  const about = { source: `/jobschedules/${scheduleId}`, sessionId: jobScheduleSession(scheduleId) };
  return toSessionHint(type, { ...about, data: { scheduleId } }, when);
}

/** Sends one hint to each of the schedules. Rejects with BusUnavailable when the broker did not accept them. */
export async function sendJobScheduleHints(
  { bus, clock, ids }: Services,
  type: JobScheduleHintType,
  scheduleIds: readonly string[],
  at?: Date,
): Promise<void> {
  if (scheduleIds.length === 0) return;
  const now = clock.now();
  await bus.send(
    'job-events',
    scheduleIds.map((scheduleId) =>
      toJobScheduleHint(type, scheduleId, { id: ids.uuid(), now, ...(at === undefined ? {} : { at }) }),
    ),
  );
}

// Takes capacity snapshots off the bus, one session (= one pool) at a time, for as long as the provisioner lives.
// Does not know what becomes of a snapshot.
import { delay, type Clock } from '../../shared/clock.js';
import { cloudEventSchema } from '../../shared/events/cloud-event.js';
import type { Log } from '../../shared/log.js';
import { capacitySchema, messageTypes, type Capacity } from '../../shared/nodes/node-messages.js';
import type { Bus, ReceivedMessage, SessionReceiver } from '../../shared/queues/bus.js';

export type ApplyCapacity = (wanted: Capacity, asOf: string | undefined) => Promise<void>;

/** How long to wait for any pool to have news; then it is asked again. */
const sessionWaitMs = 55_000;
/** A session is given back as soon as it is empty, so that no pool's news waits behind an idle pool. */
const messageWaitMs = 20;
const firstPauseMs = 100;
const longestPauseMs = 2_000;

/** Runs until `signal` is aborted; closing the bus ends the wait that is under way. A broker that is away is asked again, with growing pauses. */
export async function receiveCapacity(
  apply: ApplyCapacity,
  {
    bus,
    clock,
    log,
    signal,
  }: { readonly bus: Bus; readonly clock: Clock; readonly log: Log; readonly signal: AbortSignal },
): Promise<void> {
  let pauseMs = firstPauseMs;
  while (!signal.aborted) {
    try {
      const session = await bus.openNextSession('pool-capacity', sessionWaitMs);
      pauseMs = firstPauseMs;
      if (session !== undefined) await drain(session, apply, log, signal);
    } catch (error) {
      if (signal.aborted) return;
      if (pauseMs === firstPauseMs) log.warn('capacity could not be received', { error });
      // Rejects only when stopping, which the loop looks at next.
      await delay(clock, pauseMs, signal).catch(() => undefined);
      pauseMs = Math.min(pauseMs * 2, longestPauseMs);
    }
  }
}

async function drain(session: SessionReceiver, apply: ApplyCapacity, log: Log, signal: AbortSignal): Promise<void> {
  try {
    while (!signal.aborted) {
      const message = await session.receive(messageWaitMs);
      if (message === undefined) return;
      const snapshot = parse(message);
      if ('fault' in snapshot) {
        log.error('a capacity message was refused', { messageId: message.messageId, reason: snapshot.fault });
        await session.deadLetter(message, snapshot.fault);
        continue;
      }
      await apply(snapshot.wanted, snapshot.asOf);
      await session.complete(message);
    }
  } finally {
    // A session that was lost is closed already.
    await session.close().catch(() => undefined);
  }
}

function parse(message: ReceivedMessage): { wanted: Capacity; asOf: string | undefined } | { fault: string } {
  const event = cloudEventSchema.safeParse(message.body);
  if (!event.success) return { fault: `The body is not a CloudEvent: ${event.error.message}` };
  if (event.data.type !== messageTypes.capacity) return { fault: `The type '${event.data.type}' is not known here` };
  const capacity = capacitySchema.safeParse(event.data.data);
  if (!capacity.success) return { fault: `The capacity cannot be read: ${capacity.error.message}` };
  return { wanted: capacity.data, asOf: event.data.time };
}

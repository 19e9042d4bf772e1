// All queues of the broker and the turn in which they deliver. Looks queues up by address.
import type { Clock } from '../../../shared/clock.js';
import { createDeadlines } from './deadlines.js';
import { pump } from './deliver.js';
import { createQueue, type Operations, type Queue, type QueueRules } from './queue.js';
import type { Change } from './changes.js';
import { changesToMake, type Image } from './image.js';
import { restoreQueue } from './restore.js';
import { grantWaiters } from './sessions.js';

export type Namespace = {
  /** The queue or dead-letter queue of a lower-case address. */
  find(address: string): Queue | undefined;
  /** The queues of the configuration, without their dead-letter queues. */
  readonly queues: readonly Queue[];
  /** Delivers everything that can be delivered now. */
  pump(): void;
  /** Fills fresh queues. Throws when there are messages of a queue the configuration lacks: they are not to be lost. */
  restore(image: Image): void;
  /** The changes that make all queues as they are from nothing. */
  snapshot(): Generator<Change>;
  stop(): void;
};

export function createNamespace(
  rules: readonly QueueRules[],
  {
    clock,
    record,
    requestTurn,
    newLockToken,
  }: {
    clock: Clock;
    /** Takes note of a change that must survive a restart. */
    record: (change: Change) => void;
    /** Asks for `pump` before the event loop's turn ends; called at most once between two pumps. */
    requestTurn: () => void;
    newLockToken: () => Buffer;
  },
): Namespace {
  const deadlines = createDeadlines(clock);
  const awake = new Set<Queue>();
  const wake = (queue: Queue): void => {
    awake.add(queue);
    requestTurn();
  };
  const queues = rules.map((each) => createQueue(each, { clock, deadlines, record, wake, newLockToken }));
  const byAddress = new Map<string, Queue>();
  for (const queue of queues) {
    byAddress.set(queue.address, queue);
    if (queue.deadLetters !== undefined) byAddress.set(queue.deadLetters.address, queue.deadLetters);
  }
  return {
    find: (address) => byAddress.get(address),
    queues,
    pump() {
      for (const queue of awake) {
        awake.delete(queue);
        grantWaiters(queue);
        pump(queue);
      }
    },
    restore(image) {
      for (const [address, queueImage] of image) {
        const queue = byAddress.get(address);
        if (queue !== undefined) restoreQueue(queue, queueImage);
        else if (queueImage.messages.size > 0) {
          throw new Error(`The data directory holds messages of '${address}', which the configuration does not define`);
        }
      }
    },
    *snapshot() {
      for (const queue of byAddress.values()) yield* changesToMake(queue);
    },
    stop: () => deadlines.stop(),
  };
}

export type QueueCounts = {
  /** Ready and not locked. */
  readonly active: number;
  readonly locked: number;
  readonly scheduled: number;
  /** Set aside by a receiver, not locked. */
  readonly deferred: number;
  /** Everything in its dead-letter queue. */
  readonly deadLettered: number;
};

/** How many messages of a queue are in which state; each is counted once. */
export function countMessages(queue: Queue): QueueCounts {
  const counts = { active: 0, locked: 0, scheduled: 0, deferred: 0 };
  for (const { lock, place } of queue.messages.values()) {
    if (lock !== undefined) counts.locked++;
    else if (place === 'scheduled') counts.scheduled++;
    else if (place === 'deferred') counts.deferred++;
    else counts.active++;
  }
  return { ...counts, deadLettered: queue.deadLetters?.messages.size ?? 0 };
}

/** A copy of what was counted at a queue since the start. */
export function countOperations(queue: Queue): Operations {
  return { ...queue.operations };
}

// All queues and topics of the broker and the turn in which they deliver. Looks queues up by address.
import type { Clock } from '../../../shared/clock.js';
import { createDeadlines } from './deadlines.js';
import { pump } from './deliver.js';
import type { Rule } from './filters.js';
import {
  createDeadLetters,
  createQueue,
  createTopic,
  type EngineContext,
  type Operations,
  type Queue,
  type QueueRules,
} from './queue.js';
import type { Change } from './changes.js';
import { changesToMake, type Image } from './image.js';
import { restoreQueue } from './restore.js';
import { grantWaiters } from './sessions.js';

/** `rules` are the topic's own; each subscription's are named `<topic>/Subscriptions/<name>`. */
export type TopicRules = {
  readonly rules: QueueRules;
  readonly subscriptions: readonly { readonly rules: QueueRules; readonly filters: readonly Rule[] }[];
};

export type Namespace = {
  /** The queue, topic, subscription or dead-letter queue of a lower-case address. */
  find(address: string): Queue | undefined;
  /** The queues, topics and subscriptions of the configuration, without their dead-letter queues. */
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
    topics = [],
  }: {
    clock: Clock;
    /** Takes note of a change that must survive a restart; undefined where nothing does. */
    record: ((change: Change) => void) | undefined;
    /** Asks for `pump` before the event loop's turn ends; called at most once between two pumps. */
    requestTurn: () => void;
    newLockToken: () => Buffer;
    topics?: readonly TopicRules[];
  },
): Namespace {
  const deadlines = createDeadlines(clock);
  const awake = new Set<Queue>();
  const wake = (queue: Queue): void => {
    awake.add(queue);
    requestTurn();
  };
  const engine: EngineContext = { clock, deadlines, record, wake, newLockToken };
  const queues = [
    ...rules.map((each) => createQueue(each, engine)),
    ...topics.flatMap((topic) => createTopicWithSubscriptions(topic, engine)),
  ];
  const byAddress = new Map<string, Queue>();
  const unused = new Map<string, Queue>();
  for (const queue of queues) {
    byAddress.set(queue.address, queue);
    const { deadLetters } = queue;
    if (deadLetters === undefined) continue;
    byAddress.set(deadLetters.address, deadLetters);
    // Where messages go that could not be forwarded. Nothing is forwarded here, so that it is there and empty.
    const transfer = `${queue.address}/$transfer/$deadletterqueue`;
    unused.set(transfer, createDeadLetters(transfer, queue.rules, queue));
  }
  return {
    find: (address) => byAddress.get(address) ?? unused.get(address),
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
        if (
          queue?.role.type === 'topic' &&
          [...queueImage.messages.values()].some(({ place }) => place !== 'scheduled')
        ) {
          throw new Error(`The data directory holds messages of a queue '${address}', which is configured as a topic`);
        }
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

function createTopicWithSubscriptions({ rules, subscriptions }: TopicRules, engine: EngineContext): Queue[] {
  const made = subscriptions.map((subscription) => {
    const filters = new Map(subscription.filters.map((rule) => [rule.name, rule] as const));
    return createQueue(subscription.rules, engine, { type: 'subscription', rules: filters, areRulesChanged: false });
  });
  return [createTopic(rules, engine, made), ...made];
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

// The broker of a simulated world: the engine of the embedded one, with the product's own queue definitions, on virtual time and without a wire.
import definitions from '../../../local/service-bus/Config.json' with { type: 'json' };
import { textOf } from '../../../local/service-bus/amqp/values.js';
import { cursorOver, readDescriptor, readValue } from '../../../local/service-bus/amqp/reader.js';
import { parseConfig } from '../../../local/service-bus/config.js';
import { enqueue } from '../../../local/service-bus/engine/enqueue.js';
import { createNamespace, type Namespace } from '../../../local/service-bus/engine/namespace.js';
import type { Message, Queue } from '../../../local/service-bus/engine/queue.js';
import { settle, type Settlement, type SettleResult } from '../../../local/service-bus/engine/settle.js';
import type { OutgoingMessage, ReceivedMessage } from '../../../shared/queues/bus.js';
import { clockOn, type Scheduler } from '../core/scheduler.js';

export type Broker = {
  readonly namespace: Namespace;
  queue(address: string): Queue;
  /** Takes the messages, all or none. Throws when the broker would refuse them. */
  accept(address: string, messages: readonly OutgoingMessage[]): void;
  settle(queue: Queue, token: Buffer, settlement: Settlement): SettleResult;
  /** What became of the messages of each queue that was sent to, by its address. */
  ledger(): ReadonlyMap<string, Ledger>;
};

/** Counted where it happens, by nothing that the broker's engine keeps. */
export type Ledger = { accepted: number; done: number; deadLettered: number };

const deadLetterSuffix = '/$deadletterqueue';

const largestMessageBytes = 256 * 1024;
const nothing = Buffer.alloc(0);

export function createBroker(scheduler: Scheduler): Broker {
  const ledger = new Map<string, Ledger>();
  const accountOf = (address: string): Ledger => {
    const found = ledger.get(address) ?? { accepted: 0, done: 0, deadLettered: 0 };
    ledger.set(address, found);
    return found;
  };
  let tokens = 0;
  let isTurnAsked = false;
  const namespace = createNamespace(parseConfig(definitions).queues, {
    clock: clockOn(scheduler),
    record(change) {
      if (change.type !== 'enqueued' || !change.queue.endsWith(deadLetterSuffix)) return;
      accountOf(change.queue.slice(0, -deadLetterSuffix.length)).deadLettered += 1;
      accountOf(change.queue).accepted += 1;
    },
    requestTurn() {
      if (isTurnAsked) return;
      isTurnAsked = true;
      scheduler.after(0, () => {
        isTurnAsked = false;
        namespace.pump();
      });
    },
    newLockToken() {
      const token = Buffer.alloc(16);
      token.writeUInt32BE((tokens += 1), 12);
      return token;
    },
  });
  const queue = (address: string): Queue => {
    const found = namespace.find(address.toLowerCase());
    if (found === undefined) throw new Error(`The broker has no queue '${address}'`);
    return found;
  };
  return {
    namespace,
    queue,
    ledger: () => ledger,
    settle(target, token, settlement) {
      const result = settle(target, token, settlement);
      if (result === 'settled' && settlement.type === 'complete') accountOf(target.address).done += 1;
      return result;
    },
    accept(address, messages) {
      const result = enqueue(queue(address), messages.map(toIncoming));
      if (result.type === 'refused') throw new Error(`The broker refused a message: ${result.error.description}`);
      accountOf(queue(address).address).accepted += messages.length;
    },
  };
}

function toIncoming(message: OutgoingMessage): Parameters<typeof enqueue>[1][number] {
  const body = Buffer.from(JSON.stringify(message.body));
  if (body.length > largestMessageBytes) throw new Error(`A message of ${body.length} bytes is too large`);
  return {
    content: {
      durable: true,
      priority: 4,
      annotations: nothing,
      annotationCount: 0,
      properties: nothing,
      applicationProperties: nothing,
      body,
    },
    messageId: message.messageId,
    sessionId: message.sessionId,
    timeToLiveMs: message.timeToLiveMs,
    scheduledAtMs: message.scheduledEnqueueTime?.getTime(),
  };
}

/** The message as a receiver gets it. A body that is no JSON comes as text, as the client would hand it over. */
export function toReceived(message: Message): ReceivedMessage {
  return {
    body: parseBody(message.content.body.toString()),
    messageId: message.messageId,
    deliveryCount: message.deliveryCount + 1,
    ...(message.sessionId === undefined ? {} : { sessionId: message.sessionId }),
  };
}

function parseBody(text: string): unknown {
  return JSON.parse(text) as unknown;
}

/** Why a message stands in a dead-letter queue. */
export function deadLetterReasonOf({ content }: Message): string {
  if (content.applicationProperties.length === 0) return '';
  const cursor = cursorOver(content.applicationProperties);
  readDescriptor(cursor);
  const properties = readValue(cursor);
  if (properties.type !== 'map') return '';
  const found = properties.entries.find(([key]) => textOf(key) === 'DeadLetterReason');
  return found === undefined ? '' : (textOf(found[1]) ?? '');
}

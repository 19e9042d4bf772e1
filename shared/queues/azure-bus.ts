// The bus in Azure Service Bus or the embedded broker, through the official client.
// Receivers here settle one message at a time: two neighbours settled in one tick with different outcomes would share the first
// one's (a bug of the client's AMQP library, see docs/decisions/settle-one-kind-at-a-time.md).
import type { EventEmitter } from 'node:events';
import {
  isServiceBusError,
  RetryMode,
  ServiceBusClient,
  type ServiceBusMessage,
  type ServiceBusReceivedMessage,
  type ServiceBusSender,
  type ServiceBusSessionReceiver,
} from '@azure/service-bus';
import { z } from 'zod';
import type { Log } from '../log.js';
import {
  BusUnavailable,
  SessionLost,
  type Bus,
  type OutgoingMessage,
  type QueueName,
  type ReceivedMessage,
  type SessionReceiver,
} from './bus.js';

// The client's default is three tries thirty seconds apart: too slow for a request that somebody waits for.
const retryOptions = {
  mode: RetryMode.Exponential,
  maxRetries: 5,
  retryDelayInMs: 200,
  maxRetryDelayInMs: 2000,
  timeoutInMs: 15_000,
};
const sessionHeldForMs = 30 * 24 * 3600_000;

/** Opens a connection to the namespace of `connectionString`; nothing is sent before it is first used. */
export function createAzureBus(connectionString: string, log: Log): Bus {
  const client = new ServiceBusClient(connectionString, { retryOptions });
  const senders = new Map<QueueName, ServiceBusSender>();
  const waitingConnections = new Map<number, Connection>();
  const senderOf = (queue: QueueName): ServiceBusSender => {
    const known = senders.get(queue) ?? client.createSender(queue);
    senders.set(queue, known);
    return known;
  };
  // How long "next session" waits is a property of the client, so each duration has its own. One that lost its connection is replaced.
  const connectionWaiting = (waitMs: number): Connection => {
    const known = waitingConnections.get(waitMs);
    if (known !== undefined && !known.lost.aborted) return known;
    const fresh = toConnection(
      new ServiceBusClient(connectionString, { retryOptions: { ...retryOptions, maxRetries: 0, timeoutInMs: waitMs } }),
    );
    waitingConnections.set(waitMs, fresh);
    return fresh;
  };
  const options = {
    maxAutoLockRenewalDurationInMs: sessionHeldForMs,
  };
  return {
    async send(queue, messages) {
      try {
        await sendAll(senderOf(queue), messages.map(toWire));
      } catch (error) {
        throw new BusUnavailable(`${messages.length} messages could not be sent to queue '${queue}'`, { cause: error });
      }
    },
    async openSession(queue, sessionId, waitMs) {
      try {
        const { client: waiting, lost } = connectionWaiting(waitMs);
        return holdSession(await unlessLost(waiting.acceptSession(queue, sessionId, options), lost), lost);
      } catch (error) {
        if (hasCode(error, 'SessionCannotBeLocked')) return undefined;
        throw new BusUnavailable(`Session '${sessionId}' of queue '${queue}' could not be taken`, { cause: error });
      }
    },
    async openNextSession(queue, waitMs) {
      try {
        const { client: waiting, lost } = connectionWaiting(waitMs);
        const receiver = await unlessLost(waiting.acceptNextSession(queue, options), lost);
        return { ...holdSession(receiver, lost), sessionId: receiver.sessionId };
      } catch (error) {
        if (hasCode(error, 'ServiceTimeout') || hasCode(error, 'SessionCannotBeLocked')) return undefined;
        throw new BusUnavailable(`The next session of queue '${queue}' could not be taken`, { cause: error });
      }
    },
    async close() {
      const closed = await Promise.allSettled(
        [client, ...[...waitingConnections.values()].map((each) => each.client)].map((each) => each.close()),
      );
      for (const each of closed)
        if (each.status === 'rejected') log.warn('closing the bus failed', { error: each.reason });
    },
  };
}

async function sendAll(sender: ServiceBusSender, messages: readonly ServiceBusMessage[]): Promise<void> {
  const [first] = messages;
  if (first === undefined) return;
  if (messages.length === 1) return sender.sendMessages(first);
  let batch = await sender.createMessageBatch();
  for (const message of messages) {
    if (batch.tryAddMessage(message)) continue;
    if (batch.count > 0) await sender.sendMessages(batch);
    batch = await sender.createMessageBatch();
    if (!batch.tryAddMessage(message)) await sender.sendMessages(message);
  }
  if (batch.count > 0) await sender.sendMessages(batch);
}

function toWire(message: OutgoingMessage): ServiceBusMessage {
  return {
    body: message.body,
    contentType: 'application/cloudevents+json',
    messageId: message.messageId,
    ...(message.sessionId === undefined ? {} : { sessionId: message.sessionId }),
    ...(message.timeToLiveMs === undefined ? {} : { timeToLive: message.timeToLiveMs }),
    ...(message.scheduledEnqueueTime === undefined ? {} : { scheduledEnqueueTimeUtc: message.scheduledEnqueueTime }),
  };
}

/** A client and what tells that its connection is gone: a settlement that is under way then would wait a minute for its answer. */
type Connection = { readonly client: ServiceBusClient; readonly lost: AbortSignal };

// The client tells nobody that its connection is gone; the emitter inside is the only one who does.
const clientInternals = z.object({
  _connectionContext: z.object({
    connection: z.custom<EventEmitter>((value) => typeof Object(value).once === 'function'),
  }),
});

function toConnection(client: ServiceBusClient): Connection {
  const lost = new AbortController();
  clientInternals.parse(client)._connectionContext.connection.once('disconnected', () => {
    lost.abort(new Error('The connection to Service Bus was lost'));
    // What is left of it: its links' timers. There is nobody to tell that this failed.
    client.close().catch(() => undefined);
  });
  return { client, lost: lost.signal };
}

/** Settles as `promise` does, or rejects as soon as the connection is lost. */
function unlessLost<T>(promise: Promise<T>, lost: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onLost = (): void => reject(lost.reason as Error);
    if (lost.aborted) onLost();
    lost.addEventListener('abort', onLost, { once: true });
    promise.then(resolve, reject).finally(() => lost.removeEventListener('abort', onLost));
  });
}

function holdSession(receiver: ServiceBusSessionReceiver, lost: AbortSignal): SessionReceiver {
  const wire = new WeakMap<ReceivedMessage, ServiceBusReceivedMessage>();
  let settling: Promise<unknown> = Promise.resolve();
  const settle = (message: ReceivedMessage, how: (received: ServiceBusReceivedMessage) => Promise<void>) => {
    const received = wire.get(message);
    if (received === undefined) throw new Error(`Message '${message.messageId}' was not received from this session`);
    const settled = settling.then(() => unlessLost(how(received), lost));
    settling = settled.catch(() => undefined);
    return settled.catch((error: unknown) => {
      throw new SessionLost(`Message '${message.messageId}' could not be settled`, { cause: error });
    });
  };
  return {
    async receive(waitMs, signal) {
      if (receiver.isClosed) throw new SessionLost(`Session '${receiver.sessionId}' was closed`);
      try {
        const waiting = receiver.receiveMessages(1, {
          maxWaitTimeInMs: waitMs,
          ...(signal === undefined ? {} : { abortSignal: signal }),
        });
        const [received] = await unlessLost(waiting, lost);
        if (received === undefined) return undefined;
        const message = fromWire(received);
        wire.set(message, received);
        return message;
      } catch (error) {
        if (signal?.aborted === true) return undefined;
        throw new SessionLost(`Session '${receiver.sessionId}' is no longer held`, { cause: error });
      }
    },
    complete: (message) => settle(message, (received) => receiver.completeMessage(received)),
    abandon: (message) => settle(message, (received) => receiver.abandonMessage(received)),
    deadLetter: (message, reason) =>
      settle(message, (received) =>
        receiver.deadLetterMessage(received, {
          deadLetterReason: reason.slice(0, 1000),
          deadLetterErrorDescription: '',
        }),
      ),
    close: () => receiver.close(),
  };
}

function fromWire(received: ServiceBusReceivedMessage): ReceivedMessage {
  return {
    body: received.body as unknown,
    messageId: String(received.messageId ?? ''),
    deliveryCount: (received.deliveryCount ?? 0) + 1,
    ...(received.sessionId === undefined ? {} : { sessionId: received.sessionId }),
  };
}

function hasCode(error: unknown, code: string): boolean {
  return isServiceBusError(error) && error.code === code;
}

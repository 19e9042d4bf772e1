// The bus in Azure Service Bus or the embedded broker, through the official client.
// Receivers here settle one message at a time: two neighbours settled in one tick with different outcomes would share the first
// one's (a bug of the client's AMQP library, see docs/decisions/settle-one-kind-at-a-time.md).
import {
  isServiceBusError,
  RetryMode,
  ServiceBusClient,
  type ServiceBusMessage,
  type ServiceBusReceivedMessage,
  type ServiceBusSender,
  type ServiceBusSessionReceiver,
} from '@azure/service-bus';
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
  const waitingClients = new Map<number, ServiceBusClient>();
  const senderOf = (queue: QueueName): ServiceBusSender => {
    const known = senders.get(queue) ?? client.createSender(queue);
    senders.set(queue, known);
    return known;
  };
  // How long "next session" waits is a property of the client, so each duration has its own.
  const clientWaiting = (waitMs: number): ServiceBusClient => {
    const known =
      waitingClients.get(waitMs) ??
      new ServiceBusClient(connectionString, { retryOptions: { ...retryOptions, maxRetries: 0, timeoutInMs: waitMs } });
    waitingClients.set(waitMs, known);
    return known;
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
        return holdSession(await clientWaiting(waitMs).acceptSession(queue, sessionId, options));
      } catch (error) {
        if (hasCode(error, 'SessionCannotBeLocked')) return undefined;
        throw new BusUnavailable(`Session '${sessionId}' of queue '${queue}' could not be taken`, { cause: error });
      }
    },
    async openNextSession(queue, waitMs) {
      try {
        const receiver = await clientWaiting(waitMs).acceptNextSession(queue, options);
        return { ...holdSession(receiver), sessionId: receiver.sessionId };
      } catch (error) {
        if (hasCode(error, 'ServiceTimeout') || hasCode(error, 'SessionCannotBeLocked')) return undefined;
        throw new BusUnavailable(`The next session of queue '${queue}' could not be taken`, { cause: error });
      }
    },
    async close() {
      const closed = await Promise.allSettled([client, ...waitingClients.values()].map((each) => each.close()));
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

function holdSession(receiver: ServiceBusSessionReceiver): SessionReceiver {
  const wire = new WeakMap<ReceivedMessage, ServiceBusReceivedMessage>();
  let settling: Promise<unknown> = Promise.resolve();
  const settle = (message: ReceivedMessage, how: (received: ServiceBusReceivedMessage) => Promise<void>) => {
    const received = wire.get(message);
    if (received === undefined) throw new Error(`Message '${message.messageId}' was not received from this session`);
    const settled = settling.then(() => how(received));
    settling = settled.catch(() => undefined);
    return settled.catch((error: unknown) => {
      throw new SessionLost(`Message '${message.messageId}' could not be settled`, { cause: error });
    });
  };
  return {
    async receive(waitMs, signal) {
      if (receiver.isClosed) throw new SessionLost(`Session '${receiver.sessionId}' was closed`);
      try {
        const [received] = await receiver.receiveMessages(1, {
          maxWaitTimeInMs: waitMs,
          ...(signal === undefined ? {} : { abortSignal: signal }),
        });
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

// The bus in Azure Service Bus or the embedded broker, through the official client.
// Receivers here settle one message at a time: two neighbours settled in one tick with different outcomes would share the first
// one's (a bug of the client's AMQP library, see docs/decisions/settle-one-kind-at-a-time.md).
import {
  isServiceBusError,
  RetryMode,
  type ServiceBusMessage,
  type ServiceBusReceivedMessage,
  type ServiceBusSender,
  type ServiceBusSessionReceiver,
} from '@azure/service-bus';
import { delay, systemClock } from '../clock.js';
import type { Log } from '../log.js';
import { closed, createAzureConnection, unlessLost, type AzureConnection } from './azure-connection.js';
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
// A broker that is started again is back within these pauses: about three seconds in all.
const mostLosses = 5;
const firstPauseMs = 100;
// A settlement is answered within milliseconds.
const closedLookMs = 250;
const sessionHeldForMs = 30 * 24 * 3600_000;

/** Opens a connection to the namespace of `connectionString`; nothing is sent before it is first used. */
export function createAzureBus(connectionString: string, log: Log): Bus {
  let isClosed = false;
  const open = (options: Parameters<typeof createAzureConnection>[1]): AzureConnection => {
    if (isClosed) throw new Error('The bus was closed');
    return createAzureConnection(connectionString, options);
  };
  let sending: AzureConnection | undefined;
  const sendingConnection = (): AzureConnection => {
    if (sending === undefined || sending.lost.aborted) sending = open(retryOptions);
    return sending;
  };
  // How long "next session" waits is a property of the client, so each duration has its own.
  const waitingConnections = new Map<number, AzureConnection>();
  const connectionWaiting = (waitMs: number): AzureConnection => {
    const known = waitingConnections.get(waitMs);
    if (known !== undefined && !known.lost.aborted) return known;
    const fresh = open({ ...retryOptions, maxRetries: 0, timeoutInMs: waitMs });
    waitingConnections.set(waitMs, fresh);
    return fresh;
  };
  const options = {
    maxAutoLockRenewalDurationInMs: sessionHeldForMs,
  };
  return {
    async send(queue, messages) {
      try {
        await sendPersistently(sendingConnection, queue, messages.map(toWire));
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
      isClosed = true;
      const connections = [...waitingConnections.values(), ...(sending === undefined ? [] : [sending])];
      const endings = await Promise.allSettled(connections.map(({ client, lost }) => closed(client.close(), lost)));
      for (const each of endings)
        if (each.status === 'rejected') log.warn('closing the bus failed', { error: each.reason });
    },
  };
}

/** Sends over another connection when one is lost meanwhile: what had arrived by then arrives twice. */
async function sendPersistently(
  connect: () => AzureConnection,
  queue: QueueName,
  messages: readonly ServiceBusMessage[],
): Promise<void> {
  for (let losses = 0; ; losses += 1) {
    const connection = connect();
    try {
      return await unlessLost(sendAll(connection.sender(queue), messages), connection.lost);
    } catch (error) {
      if (!connection.lost.aborted || losses === mostLosses) throw error;
      await delay(systemClock, firstPauseMs * 2 ** losses);
    }
  }
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

function holdSession(receiver: ServiceBusSessionReceiver, lost: AbortSignal): SessionReceiver {
  const wire = new WeakMap<ReceivedMessage, ServiceBusReceivedMessage>();
  let settling: Promise<unknown> = Promise.resolve();
  const settle = (message: ReceivedMessage, how: (received: ServiceBusReceivedMessage) => Promise<void>) => {
    const received = wire.get(message);
    if (received === undefined) throw new Error(`Message '${message.messageId}' was not received from this session`);
    const settled = settling.then(() => unlessClosed(unlessLost(how(received), lost), receiver));
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
    close: () => closed(receiver.close(), lost),
  };
}

/**
 * Settles as `settling` does, or rejects soon after the session's link is gone: the client waits a minute for the answer to a settlement that
 * nobody can give any more.
 */
async function unlessClosed(settling: Promise<void>, receiver: ServiceBusSessionReceiver): Promise<void> {
  const over = new AbortController();
  const watch = async (): Promise<void> => {
    while (!receiver.isClosed) await delay(systemClock, closedLookMs, over.signal);
    throw new SessionLost(`Session '${receiver.sessionId}' was closed before the settlement was answered`);
  };
  try {
    await Promise.race([settling, watch()]);
  } finally {
    over.abort(new Error('The settlement is over'));
  }
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

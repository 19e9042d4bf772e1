// One connection to a Service Bus namespace, from its first use to its loss; a lost one is replaced, never repaired. The official client
// repairs its connection by itself, but leaves whoever had something under way waiting: a settlement a minute, a message its time limit.
import type { EventEmitter } from 'node:events';
import { ServiceBusClient, type ServiceBusClientOptions, type ServiceBusSender } from '@azure/service-bus';
import { z } from 'zod';

export type AzureConnection = {
  readonly client: ServiceBusClient;
  /** Aborted once the connection is lost, or could not be made. */
  readonly lost: AbortSignal;
  /** The one sender to `queue`. */
  sender(queue: string): ServiceBusSender;
};

// The client tells nobody that its connection is gone; the emitter inside is the only one who does.
const clientInternals = z.object({
  _connectionContext: z.object({
    connection: z.custom<EventEmitter>((value) => typeof Object(value).once === 'function'),
  }),
});

/** Nothing is sent before it is first used. */
export function createAzureConnection(
  connectionString: string,
  retryOptions: NonNullable<ServiceBusClientOptions['retryOptions']>,
): AzureConnection {
  const client = new ServiceBusClient(connectionString, { retryOptions });
  const senders = new Map<string, ServiceBusSender>();
  const lost = new AbortController();
  clientInternals.parse(client)._connectionContext.connection.once('disconnected', () => {
    lost.abort(new Error('The connection to Service Bus was lost'));
    // What is left of it: its links' timers. There is nobody to tell that this failed.
    client.close().catch(() => undefined);
  });
  return {
    client,
    lost: lost.signal,
    sender(queue) {
      const known = senders.get(queue) ?? client.createSender(queue);
      senders.set(queue, known);
      return known;
    },
  };
}

/** Settles as `promise` does, or rejects as soon as the connection is lost. */
export function unlessLost<T>(promise: Promise<T>, lost: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onLost = (): void => reject(lost.reason as Error);
    if (lost.aborted) onLost();
    lost.addEventListener('abort', onLost, { once: true });
    promise.then(resolve, reject).finally(() => lost.removeEventListener('abort', onLost));
  });
}

/** Settles as `goodbye` does, or resolves once the connection is lost: the client waits for an answer for ever, and there is nothing left to give back. */
export async function closed(goodbye: Promise<void>, lost: AbortSignal): Promise<void> {
  try {
    await unlessLost(goodbye, lost);
  } catch (error) {
    if (!lost.aborted) throw error;
  }
}

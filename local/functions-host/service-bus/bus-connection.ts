// One connection to a Service Bus namespace, from opening to the first loss; what lost it is then replaced, never repaired.
// The client repairs a lost connection by itself, but one that is lost again meanwhile, or while a link is being opened, leaves its
// receivers waiting for minutes: so a client is used for one connection only.
import { RetryMode, ServiceBusClient } from '@azure/service-bus';
import { setMaxListeners } from 'node:events';
import { z } from 'zod';
import type { Clock } from '../../../shared/clock.js';
import type { ServiceBusOptions } from '../config/host-json.js';
import { withDeadline } from '../deadline.js';

export type BusConnection = {
  readonly client: ServiceBusClient;
  /** Aborted once the connection is lost or given up; nothing that waits on it will end by itself. */
  readonly lost: AbortSignal;
  /** Ends the connection; resolves when it is closed, or is taken to be. Never rejects. */
  giveUp(reason: Error): Promise<void>;
};

const closeDeadlineMs = 2_000;

// The client tells nobody that its connection is gone; the emitter inside is the only one who does.
const clientInternals = z.object({
  _connectionContext: z.object({
    connection: z.custom<NodeJS.EventEmitter>((value) => typeof Object(value).once === 'function'),
  }),
});

/** A connection that is opened by its first use. */
export function createBusConnection(
  connectionString: string,
  { clientRetryOptions: retry }: ServiceBusOptions,
  clock: Clock,
): BusConnection {
  const client = new ServiceBusClient(connectionString, {
    retryOptions: {
      // The caller retries: the client would do so on a connection that is lost.
      maxRetries: 0,
      timeoutInMs: retry.tryTimeout,
      mode: retry.mode === 'fixed' ? RetryMode.Fixed : RetryMode.Exponential,
      retryDelayInMs: retry.delay,
      maxRetryDelayInMs: retry.maxDelay,
    },
  });
  const ending = new AbortController();
  setMaxListeners(0, ending.signal);
  const giveUp = async (reason: Error): Promise<void> => {
    ending.abort(reason);
    await withDeadline(client.close(), { clock, ms: closeDeadlineMs }).catch(() => undefined);
  };
  clientInternals.parse(client)._connectionContext.connection.once('disconnected', () => {
    void giveUp(new Error('The connection to Service Bus was lost'));
  });
  return { client, lost: ending.signal, giveUp };
}

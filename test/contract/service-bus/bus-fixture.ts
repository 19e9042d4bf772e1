// A broker on a free port with the unmodified client connected to it, both gone when the test is over.
import { ServiceBusClient, type ServiceBusClientOptions } from '@azure/service-bus';
import { afterEach } from 'vitest';
import {
  startServiceBus,
  type ServiceBus,
  type ServiceBusConfig,
  type ServiceBusOptions,
} from '../../../local/service-bus/index.js';
import { createManualClock, type ManualClock } from '../../helpers/manual-clock.js';

export const keyName = 'RootManageSharedAccessKey';
export const key = 'a-key-for-tests-only';

export const config: ServiceBusConfig = {
  UserConfig: {
    Namespaces: [
      {
        Name: 'sbemulatorns',
        Queues: [
          { Name: 'plain', Properties: { LockDuration: 'PT30S', MaxDeliveryCount: 3 } },
          { Name: 'sessions', Properties: { RequiresSession: true, LockDuration: 'PT30S', MaxDeliveryCount: 3 } },
          {
            Name: 'unique',
            Properties: { RequiresDuplicateDetection: true, DuplicateDetectionHistoryTimeWindow: 'PT1M' },
          },
          { Name: 'mortal', Properties: { DefaultMessageTimeToLive: 'PT10M', DeadLetteringOnMessageExpiration: true } },
        ],
        Topics: [
          {
            Name: 'news',
            Properties: { RequiresDuplicateDetection: true, DuplicateDetectionHistoryTimeWindow: 'PT1M' },
            Subscriptions: [
              { Name: 'all', Properties: { LockDuration: 'PT30S', MaxDeliveryCount: 3 } },
              {
                Name: 'weather',
                Rules: [
                  {
                    Name: 'by-subject',
                    Properties: { FilterType: 'Correlation', CorrelationFilter: { Label: 'weather', To: '' } },
                  },
                  {
                    Name: 'by-property',
                    Properties: {
                      FilterType: 'Correlation',
                      CorrelationFilter: { ContentType: 'text/plain', Properties: { wet: true, degrees: 7 } },
                    },
                  },
                ],
              },
              {
                Name: 'nothing',
                Rules: [{ Name: 'none', Properties: { FilterType: 'Sql', SqlFilter: { SqlExpression: '1 = 0' } } }],
              },
              { Name: 'in-order', Properties: { RequiresSession: true } },
            ],
          },
        ],
      },
    ],
  },
};

// No second try, which could send a message twice on a machine that is merely slow.
const patient: ServiceBusClientOptions = { retryOptions: { maxRetries: 0, timeoutInMs: 50_000 } };

/** For what is cut off on purpose: a client notices by its time-out, and its own default waits 30 s after that. */
export const quickRetries: ServiceBusClientOptions = {
  retryOptions: { mode: 1, retryDelayInMs: 50, maxRetryDelayInMs: 500, maxRetries: 10, timeoutInMs: 3_000 },
};

export type Bus = {
  readonly bus: ServiceBus;
  /** Stands still unless the test steps it; starts at the machine's time, which clients compare instants with. */
  readonly clock: ManualClock;
  readonly client: ServiceBusClient;
  connect(options?: ServiceBusClientOptions, connectionString?: string): ServiceBusClient;
};

const cleanUps: (() => Promise<unknown>)[] = [];
const clients: ServiceBusClient[] = [];

afterEach(async () => {
  // Clients first: one that has lost its broker takes a minute to close.
  await Promise.all(clients.splice(0).map((client) => client.close()));
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

/** Has something done when the test is over, last asked first done. */
export function atEnd(cleanUp: () => Promise<unknown>): void {
  cleanUps.push(cleanUp);
}

export async function openBus(options: Partial<ServiceBusOptions> = {}): Promise<Bus> {
  const clock = createManualClock(new Date().toISOString());
  const bus = await startServiceBus({ config, keyName, key, clock, ...options });
  atEnd(() => bus.stop());
  const connect: Bus['connect'] = (clientOptions = patient, connectionString = bus.connectionString) => {
    const client = new ServiceBusClient(connectionString, clientOptions);
    clients.push(client);
    return client;
  };
  return { bus, clock, client: connect(), connect };
}

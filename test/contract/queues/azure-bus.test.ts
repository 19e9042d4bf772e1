// The bus contract on the product's bus: the official client on the embedded broker, with the product's queues.
import { afterAll, beforeAll, describe, test } from 'vitest';
import { createSkippableClock } from '../../helpers/skippable-clock.js';
import config from '../../../local/service-bus/Config.json' with { type: 'json' };
import { startServiceBus, type ServiceBus } from '../../../local/service-bus/index.js';
import { systemClock } from '../../../shared/clock.js';
import { silentLog } from '../../../shared/log.js';
import { createAzureBus } from '../../../shared/queues/azure-bus.js';
import type { Bus } from '../../../shared/queues/bus.js';
import { key, keyName } from '../service-bus/bus-fixture.js';
import { busCases, type BusPowers } from './bus-cases.js';

describe('the bus of the product', () => {
  let broker: ServiceBus;
  let bus: Bus;
  const clock = createSkippableClock();
  const powers: BusPowers = {
    expireLock: (queue, sessionId) => void broker.control.expireLocks(queue, sessionId),
    detachIdleLinks: async () => void broker.control.detachIdleLinks(0),
    waiting: (queue) => broker.control.counts()[queue]?.active ?? 0,
    pass: async (ms) => clock.skip(ms),
  };
  beforeAll(async () => {
    broker = await startServiceBus({ config, keyName, key, port: 0, clock, log: silentLog });
    bus = createAzureBus(broker.connectionString, silentLog);
  });
  afterAll(async () => {
    await bus.close();
    await broker.stop();
  });

  test.each(busCases)('$title', ({ run }) => run(bus, systemClock, powers));
});

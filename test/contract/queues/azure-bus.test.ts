// The bus contract on the product's bus: the official client on the embedded broker, with the product's queues.
import { afterAll, beforeAll, describe, test } from 'vitest';
import config from '../../../local/service-bus/Config.json' with { type: 'json' };
import { startServiceBus, type ServiceBus } from '../../../local/service-bus/index.js';
import { systemClock } from '../../../shared/clock.js';
import { silentLog } from '../../../shared/log.js';
import { createAzureBus } from '../../../shared/queues/azure-bus.js';
import type { Bus } from '../../../shared/queues/bus.js';
import { key, keyName } from '../service-bus/bus-fixture.js';
import { busCases } from './bus-cases.js';

describe('the bus of the product', () => {
  let broker: ServiceBus;
  let bus: Bus;
  beforeAll(async () => {
    broker = await startServiceBus({ config, keyName, key, port: 0, log: silentLog });
    bus = createAzureBus(broker.connectionString, silentLog);
  });
  afterAll(async () => {
    await bus.close();
    await broker.stop();
  });

  test.each(busCases)('$title', ({ run }) => run(bus, systemClock));
});

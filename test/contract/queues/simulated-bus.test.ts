// The bus contract on the simulator's bus: the broker's engine on virtual time, without a wire.
import { describe, test } from 'vitest';
import { countMessages } from '../../../local/service-bus/engine/namespace.js';
import { expireSession } from '../../../local/service-bus/engine/sessions.js';
import { delay } from '../../../shared/clock.js';
import { createLife } from '../../simulation/core/life.js';
import { createRandom } from '../../simulation/core/random.js';
import { clockOn } from '../../simulation/core/scheduler.js';
import { createSim } from '../../simulation/core/sim.js';
import { createQuietFaults } from '../../simulation/faults/quiet.js';
import { createBroker } from '../../simulation/models/broker.js';
import { createSimBus } from '../../simulation/models/sim-bus.js';
import { busCases, type BusPowers } from './bus-cases.js';

describe('the simulated bus', () => {
  test.each(busCases)('$title', async ({ run }) => {
    const sim = createSim(1, createQuietFaults(createRandom(1, 'faults')), { keepHistory: false });
    const broker = createBroker(sim.scheduler);
    const clock = clockOn(sim.scheduler);
    const bus = createSimBus(sim, broker, createLife('tester', 'provisioner'));
    const powers: BusPowers = {
      expireLock(name, sessionId) {
        const queue = broker.queue(name);
        const session = queue.sessions.get(sessionId);
        if (session !== undefined) expireSession(queue, session);
      },
      detachIdleLinks: () => delay(clock, 20 * 60_000),
      waiting: (name) => countMessages(broker.queue(name)).active,
      pass: (ms) => delay(clock, ms),
    };
    let isOver = false;
    const done = run(bus, clock, powers).finally(() => (isOver = true));
    done.catch(() => undefined);
    await sim.scheduler.run(() => isOver, Infinity);
    await done;
  });
});

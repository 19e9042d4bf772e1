// The bus contract on the simulator's bus: the broker's engine on virtual time, without a wire.
import { describe, test } from 'vitest';
import { createLife } from '../../simulation/core/life.js';
import { createRandom } from '../../simulation/core/random.js';
import { clockOn } from '../../simulation/core/scheduler.js';
import { createSim } from '../../simulation/core/sim.js';
import { createQuietFaults } from '../../simulation/faults/quiet.js';
import { createBroker } from '../../simulation/models/broker.js';
import { createSimBus } from '../../simulation/models/sim-bus.js';
import { busCases } from './bus-cases.js';

describe('the simulated bus', () => {
  test.each(busCases)('$title', async ({ run }) => {
    const sim = createSim(1, createQuietFaults(createRandom(1, 'faults')), { keepHistory: false });
    const bus = createSimBus(sim, createBroker(sim.scheduler), createLife('tester', 'provisioner'));
    let isOver = false;
    const done = run(bus, clockOn(sim.scheduler)).finally(() => (isOver = true));
    done.catch(() => undefined);
    await sim.scheduler.run(() => isOver, Infinity);
    await done;
  });
});

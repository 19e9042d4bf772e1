// An idle pool for half an hour that passes in two minutes: every program of the stack and the simulated nodes live in lapsed time.
import { startStack } from '../../local/stack.js';
import { connect } from '../../samples/job-prep-release/connect.js';
import { delay, systemClock } from '../../shared/clock.js';
import { presenceIntervalMs } from '../../shared/nodes/node-messages.js';
import { addPool, untilSteady } from './crowd-scenario.js';
import { beginMeasure } from './measure.js';
import type { Scenario } from './scenario.js';
import { startSimulatedNodes } from './simulated-nodes.js';
import { lapseOf } from './time-lapse.js';

const poolId = 'idle';
/** A node says that it is there after 0.8 of the interval at the latest, so in this time it does so three times. */
const watchedMs = 3 * 0.8 * presenceIntervalMs;
const hourMs = 3600_000;

export const watchIdlePool: Scenario = async ({ counts, log, signal, progress, idleNodes }) => {
  const lapse = lapseOf();
  if (lapse === undefined) throw new Error('An idle pool is watched in lapsed time only');
  const stack = await startStack({
    log,
    signal,
    providesNodes: false,
    onProgress: (name) => progress(`starting ${name}`),
  });
  const nodes = startSimulatedNodes({
    serviceBusConnection: stack.connectionStrings.serviceBus,
    accountUrl: stack.batchUrl,
    runMs: 5,
    log,
  });
  try {
    const client = await connect(stack);
    await addPool(client, poolId, idleNodes);
    await untilSteady(client, poolId, { signal, progress });
    const measure = await beginMeasure(stack, counts);
    await measure.phase(`${idleNodes} idle nodes for ${Math.round(watchedMs / 60_000)} minutes`, async () => {
      const untilLapseMs = lapse.fromMs - systemClock.now().getTime();
      if (untilLapseMs < 0) throw new Error('The stack took too long to start: time runs already');
      progress('watching the idle pool');
      await delay(systemClock, untilLapseMs + watchedMs, signal);
      return { nodeHours: (idleNodes * watchedMs) / hourMs };
    });
    return measure.result();
  } finally {
    await nodes.stop();
    await stack.stop();
  }
};

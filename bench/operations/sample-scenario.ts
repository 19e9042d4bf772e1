// The article's sample through the real stack: real agents, real processes, the unmodified Batch client.
import { startStack } from '../../local/stack.js';
import { connect } from '../../samples/job-prep-release/connect.js';
import { playSample } from '../../samples/job-prep-release/play.js';
import { articleOptions } from '../../samples/job-prep-release/scene.js';
import { delay, systemClock } from '../../shared/clock.js';
import { beginMeasure } from './measure.js';
import type { Scenario } from './scenario.js';

const emptyStackMs = 20_000;

export const playSampleScenario: Scenario = async ({ counts, log, signal, progress }) => {
  const stack = await startStack({
    log,
    signal,
    // It comes at fixed times, so that it would be counted in one run and not in another; the idle pool shows what it costs.
    settings: { 'AzureWebJobs.sweep.Disabled': 'true' },
    onProgress: (name) => progress(`starting ${name}`),
  });
  try {
    const measure = await beginMeasure(stack, counts);
    await measure.phase('empty stack', async () => {
      progress('looking at the empty stack');
      await delay(systemClock, emptyStackMs, signal);
      return {};
    });
    await measure.phase('the sample', async () => {
      const lines: string[] = [];
      const print = (line: string): void => {
        lines.push(line);
        progress(line);
      };
      const client = await connect(stack);
      const io = { print, progress, ask: async () => true, pause: async () => undefined };
      await playSample(client, io, { ...articleOptions, signal });
      const prepared = lines.filter((line) => line.includes('Prep task exit code:')).length;
      return { work: { jobs: 1, nodes: prepared, tasks: articleOptions.taskCount } };
    });
    return measure.result();
  } finally {
    await stack.stop();
  }
};

// One scenario in a process of its own, which counts itself as every process of its stack does: run-scenario.js NAME AGENTS TASKS IDLE-NODES.
// Tells its parent how far it is and what came out; ends, with its stack, on a signal.
import { onStopSignals } from '../../local/stop-signals.js';
import { stderrLog } from '../../shared/log.js';
import { countsVariable } from './counter.js';
import { playCrowd } from './crowd-scenario.js';
import { watchIdlePool } from './idle-scenario.js';
import { playSampleScenario } from './sample-scenario.js';
import type { Scenario } from './scenario.js';

const scenarios: Readonly<Record<string, Scenario>> = {
  sample: playSampleScenario,
  crowd: playCrowd,
  idle: watchIdlePool,
};

const [name = '', agents, tasks, idleNodes] = process.argv.slice(2);
const signals = onStopSignals();
// Nobody would hear the outcome any more.
process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
process.exit(await main());

async function main(): Promise<number> {
  const scenario = scenarios[name];
  const counts = process.env[countsVariable];
  if (scenario === undefined || counts === undefined) throw new Error(`There is no scenario '${name}'`);
  try {
    const result = await scenario({
      agents: Number(agents),
      tasks: Number(tasks),
      idleNodes: Number(idleNodes),
      counts,
      log: stderrLog('error'),
      signal: signals.stop,
      progress: (text) => process.send?.({ progress: text }),
    });
    await new Promise((resolve) => process.send?.({ result }, resolve));
    return 0;
  } catch (error) {
    if (!signals.stop.aborted)
      process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    return 1;
  } finally {
    signals.release();
  }
}

// Every crash point of a scenario: it is run once to count the calls of controller and agents, then once for each call with a crash before it
// and once with a crash after it.
import { createRandom } from '../core/random.js';
import { createCrashPoint } from '../faults/quiet.js';
import type { Scenario } from '../scenarios/play.js';
import { runScenario, type RunOptions, type RunResult, type Violation } from './run-scenario.js';

export type CrashPoint = { readonly number: number; readonly when: 'before' | 'after' };

type Extra = Pick<RunOptions, 'wrap' | 'manner' | 'keepHistory' | 'mostViolations'>;

const crashSeed = 7;

/** How many calls can be crashed at until the scenario's end; or what is wrong with it without any crash. */
export async function countCrashPoints(scenario: Scenario, extra: Extra = {}): Promise<number | Violation> {
  const faults = createCrashPoint(createRandom(crashSeed, 'faults'), { number: 0, when: 'before' });
  const { violations } = await runScenario({ ...extra, scenario, seed: crashSeed, faults });
  return violations[0] ?? faults.counted();
}

export function runCrashPoint(scenario: Scenario, point: CrashPoint, extra: Extra = {}): Promise<RunResult> {
  const faults = createCrashPoint(createRandom(crashSeed, 'faults'), point);
  return runScenario({ ...extra, scenario, seed: crashSeed, faults });
}

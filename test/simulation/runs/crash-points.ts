// Every crash point of a scenario: it is run once to count the calls of controller and agents, then once for each call with a crash before it
// and once with a crash after it.
import { createRandom } from '../core/random.js';
import { createCrashPoint } from '../faults/quiet.js';
import type { Scenario } from '../scenarios/play.js';
import { runScenario, type RunResult } from './run-scenario.js';

export type CrashPoint = { readonly number: number; readonly when: 'before' | 'after' };

export const crashSeed = 7;

/** How many calls can be crashed at until the scenario's end. */
export async function countCrashPoints(scenario: Scenario): Promise<number> {
  const faults = createCrashPoint(createRandom(crashSeed, 'faults'), { number: 0, when: 'before' });
  const result = await runScenario({ scenario, seed: crashSeed, faults });
  if (result.violations.length > 0)
    throw new Error(`Scenario '${scenario.name}' fails without a fault: ${JSON.stringify(result.violations)}`);
  return faults.counted();
}

export function runCrashPoint(scenario: Scenario, point: CrashPoint, keepHistory = false): Promise<RunResult> {
  const faults = createCrashPoint(createRandom(crashSeed, 'faults'), point);
  return runScenario({ scenario, seed: crashSeed, faults, keepHistory });
}

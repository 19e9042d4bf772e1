// One seed: a scenario with the mixture of faults that the seed draws.
import { createRandom } from '../core/random.js';
import { beginningMs } from '../core/scheduler.js';
import { createChaos } from '../faults/chaos.js';
import { disturb } from '../faults/disturbances.js';
import { drawProfile, quietProfile, type Profile } from '../faults/profile.js';
import { allScenarios, scenarioNamed } from '../scenarios/all.js';
import type { Scenario } from '../scenarios/play.js';
import { runScenario, type RunOptions, type RunResult } from './run-scenario.js';

export type SeedOptions = {
  readonly seed: number;
  /** Left out: the seed chooses. */
  readonly scenarioName?: string;
  readonly keepHistory?: boolean;
  /** Nothing goes wrong except what the scenario itself does. */
  readonly isQuiet?: boolean;
} & Pick<RunOptions, 'wrap' | 'manner' | 'mostViolations'>;

export type SeedResult = RunResult & { readonly scenario: Scenario; readonly profile: Profile };

export async function runSeed({ seed, scenarioName, isQuiet = false, ...rest }: SeedOptions): Promise<SeedResult> {
  const scenario = scenarioName === undefined ? allScenarios[seed % allScenarios.length] : scenarioNamed(scenarioName);
  if (scenario === undefined) throw new Error('There is no scenario');
  const profile = isQuiet ? quietProfile : drawProfile(createRandom(seed, 'profile'), scenario.leavesOut);
  let nowMs = (): number => beginningMs;
  const random = { timing: createRandom(seed, 'calls'), faults: createRandom(seed, 'faults') };
  const chaos = createChaos(random, profile, () => nowMs() >= beginningMs + profile.chaosMs);
  const result = await runScenario({
    ...rest,
    scenario,
    seed,
    faults: chaos,
    chaosUntilMs: beginningMs + profile.chaosMs,
    disturb(place) {
      nowMs = () => place.sim.scheduler.nowMs();
      disturb(place, profile, chaos, createRandom(seed, 'disturbances'));
    },
  });
  return { ...result, scenario, profile };
}

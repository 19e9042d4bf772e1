// A mutant against the suite: the scenarios that should show it, without a fault, with seeds, at their crash points; then seeds of all,
// until a checker objects.
import { allScenarios } from '../scenarios/all.js';
import { mutantNamed } from '../mutants/mutants.js';
import { countCrashPoints, runCrashPoint } from './crash-points.js';
import { runSeed } from './run-seed.js';
import type { RunResult, Violation } from './run-scenario.js';

/** The run that showed it: without the mutant it must be without fault. */
export type Where = {
  readonly scenarioName: string;
  readonly seed?: number;
  /** The seed without faults. */
  readonly isQuiet?: boolean;
  /** 0: no crash at all. */
  readonly crashAfter?: number;
};

export type MutantResult = {
  readonly name: string;
  readonly runs: number;
  /** Undefined: it lived. */
  readonly killedBy?: Pick<Violation, 'promise' | 'text'> & { readonly where: Where };
};

const quietSeedsPerScenario = 5;
const seedsPerScenario = 15;
const mostSeeds = 200;

export async function playMutant(name: string): Promise<MutantResult> {
  const { scenarios, ...planted } = mutantNamed(name);
  const mutant = { ...planted, mostViolations: 1 };
  let runs = 0;
  const judge = (where: Where, { violations }: RunResult): MutantResult | undefined => {
    runs += 1;
    const [first] = violations;
    if (first === undefined) return undefined;
    return { name, runs, killedBy: { promise: first.promise, text: first.text, where } };
  };
  const of = (scenarioName: string, seed: number): Promise<RunResult> => runSeed({ ...mutant, seed, scenarioName });
  for (const scenarioName of scenarios) {
    for (let seed = 1; seed <= quietSeedsPerScenario; seed += 1) {
      const result = await runSeed({ ...mutant, seed, scenarioName, isQuiet: true });
      const killed = judge({ scenarioName, seed, isQuiet: true }, result);
      if (killed !== undefined) return killed;
    }
  }
  for (const scenarioName of scenarios) {
    for (let seed = 1; seed <= seedsPerScenario; seed += 1) {
      const killed = judge({ scenarioName, seed }, await of(scenarioName, seed));
      if (killed !== undefined) return killed;
    }
  }
  for (const scenarioName of scenarios) {
    const scenario = allScenarios.find((each) => each.name === scenarioName && each.isBasic);
    if (scenario === undefined) continue;
    const points = await countCrashPoints(scenario, mutant);
    if (typeof points !== 'number')
      return { name, runs: runs + 1, killedBy: { ...points, where: { scenarioName, crashAfter: 0 } } };
    for (let number = 1; number <= points; number += 1) {
      const where = { scenarioName, crashAfter: number };
      const killed = judge(where, await runCrashPoint(scenario, { number, when: 'after' }, mutant));
      if (killed !== undefined) return killed;
    }
  }
  for (let seed = 1; seed <= mostSeeds; seed += 1) {
    const result = await runSeed({ ...mutant, seed });
    const killed = judge({ scenarioName: result.scenario.name, seed }, result);
    if (killed !== undefined) return killed;
  }
  return { name, runs };
}

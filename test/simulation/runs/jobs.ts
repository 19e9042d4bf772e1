// The suite as pieces of work that a worker process can do, and what it tells of each.
import { renderTimeline } from '../core/history.js';
import { scenarioNamed } from '../scenarios/all.js';
import { checkBudgets } from './budgets.js';
import { countCrashPoints, runCrashPoint } from './crash-points.js';
import { playMutant, type MutantResult } from './play-mutant.js';
import { runSeed } from './run-seed.js';
import type { RunResult } from './run-scenario.js';

export type Job =
  | {
      readonly kind: 'seeds';
      readonly from: number;
      readonly count: number;
      readonly scenarioName?: string;
      readonly isQuiet?: boolean;
    }
  | { readonly kind: 'countCrashPoints'; readonly scenarioName: string }
  | { readonly kind: 'crashPoints'; readonly scenarioName: string; readonly from: number; readonly count: number }
  | { readonly kind: 'budgets' }
  | { readonly kind: 'mutant'; readonly name: string };

export type Failure = {
  /** The arguments of `npm run simulate --` that play it again. */
  readonly replay: string;
  readonly violations: readonly { readonly promise: string; readonly text: string }[];
};

export type Tally = {
  readonly seeds: number;
  readonly crashPoints: number;
  readonly faults: number;
  /** Facts that the checkers looked at. */
  readonly events: number;
  readonly failures: readonly Failure[];
};

export type JobResult = Tally & { readonly points?: number; readonly mutant?: MutantResult };

export const nothing: Tally = { seeds: 0, crashPoints: 0, faults: 0, events: 0, failures: [] };

export function add(a: Tally, b: Tally): Tally {
  return {
    seeds: a.seeds + b.seeds,
    crashPoints: a.crashPoints + b.crashPoints,
    faults: a.faults + b.faults,
    events: a.events + b.events,
    failures: [...a.failures, ...b.failures],
  };
}

export async function doJob(job: Job): Promise<JobResult> {
  switch (job.kind) {
    case 'seeds': {
      let tally = nothing;
      for (let seed = job.from; seed < job.from + job.count; seed += 1) {
        const { scenarioName, isQuiet = false } = job;
        const result = await runSeed({ seed, isQuiet, ...(scenarioName === undefined ? {} : { scenarioName }) });
        const replay = `--seed ${seed} --scenario ${result.scenario.name}${isQuiet ? ' --quiet' : ''} --timeline`;
        tally = add(tally, { ...toTally(result, replay), seeds: 1 });
      }
      return tally;
    }
    case 'countCrashPoints': {
      const counted = await countCrashPoints(scenarioNamed(job.scenarioName));
      if (typeof counted === 'number') return { ...nothing, points: counted };
      const replay = `--scenario ${job.scenarioName} --crash 0:before --timeline`;
      return { ...nothing, points: 0, failures: [{ replay, violations: [counted] }] };
    }
    case 'crashPoints': {
      let tally = nothing;
      const scenario = scenarioNamed(job.scenarioName);
      for (let number = job.from; number < job.from + job.count; number += 1) {
        for (const when of ['before', 'after'] as const) {
          const result = await runCrashPoint(scenario, { number, when });
          const replay = `--scenario ${scenario.name} --crash ${number}:${when} --timeline`;
          tally = add(tally, { ...toTally(result, replay), crashPoints: 1 });
        }
      }
      return tally;
    }
    case 'budgets': {
      const violations = await checkBudgets();
      return { ...nothing, failures: violations.length === 0 ? [] : [{ replay: '--budgets', violations }] };
    }
    case 'mutant':
      return { ...nothing, mutant: await playMutant(job.name) };
  }
}

function toTally({ counts, violations }: RunResult, replay: string): Tally {
  return {
    ...nothing,
    faults: [...counts.faults.values()].reduce((sum, count) => sum + count, 0),
    events: counts.facts,
    failures: violations.length === 0 ? [] : [{ replay, violations }],
  };
}

/** The run as a person reads it. */
export function describeRun({ lines, violations }: RunResult): string {
  const found = violations.map(({ promise, text }) => `${promise}: ${text}`);
  return [renderTimeline(lines), '', found.length === 0 ? 'no violation' : found.join('\n')].join('\n');
}

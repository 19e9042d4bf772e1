// The simulator as a program.
//   --suite                              what CI runs: 1,000 seeds, every crash point of the basic scenarios, every mutant
//   [--seeds N] [--seed S] [--scenario X]  N seeds from S on, of all scenarios or one
//   --seed S --scenario X --timeline     one run, told line by line; with --quiet nothing goes wrong but what the scenario does
//   --scenario X --crash N:before|after --timeline
//   --mutant NAME|all, --crash all, --budgets, --list
import { parseArgs } from 'node:util';
import { mutants } from './mutants/mutants.js';
import { add, describeRun, nothing, type Failure, type Job, type Tally } from './runs/jobs.js';
import { runCrashPoint } from './runs/crash-points.js';
import { doAll } from './runs/pool-of-workers.js';
import type { Where } from './runs/play-mutant.js';
import type { RunResult } from './runs/run-scenario.js';
import { runSeed } from './runs/run-seed.js';
import { renderTimeline } from './core/history.js';
import { basicScenarios } from './scenarios/basic.js';
import { allScenarios, scenarioNamed } from './scenarios/all.js';

const suiteSeeds = 1000;
const seedsPerJob = 25;
const pointsPerJob = 20;
const mostFailuresShown = 20;
const mostLinesShown = 60;
const jobsPerProgressLine = 25;

const options = {
  suite: { type: 'boolean' },
  seeds: { type: 'string' },
  seed: { type: 'string' },
  scenario: { type: 'string' },
  crash: { type: 'string' },
  timeline: { type: 'boolean' },
  quiet: { type: 'boolean' },
  mutant: { type: 'string' },
  workers: { type: 'string' },
  list: { type: 'boolean' },
  budgets: { type: 'boolean' },
} as const;

const { values } = parseArgs({ options });
type Values = typeof values;

async function run(): Promise<number> {
  if (values.list === true) {
    for (const { name, about } of allScenarios) process.stdout.write(`${name.padEnd(28)}${about}\n`);
    return 0;
  }
  if (values.timeline === true) return tell(await playOne(values));
  if (values.suite === true) return runJobs(suiteJobs());
  if (values.budgets === true) return runJobs([{ kind: 'budgets' }]);
  if (values.mutant !== undefined) {
    const named = values.mutant === 'all' ? mutants.map(({ name }) => name) : [values.mutant];
    return runJobs(named.map((name) => ({ kind: 'mutant', name })));
  }
  if (values.crash !== undefined) {
    const scenarios = values.scenario === undefined ? basicScenarios : [scenarioNamed(values.scenario)];
    return runJobs(scenarios.map(({ name }) => ({ kind: 'countCrashPoints', scenarioName: name })));
  }
  return runJobs(seedJobs(numberOf(values.seed, 1), numberOf(values.seeds, 100), values.scenario));
}

function suiteJobs(): readonly Job[] {
  return [
    ...basicScenarios.map(({ name }): Job => ({ kind: 'countCrashPoints', scenarioName: name })),
    ...mutants.map(({ name }): Job => ({ kind: 'mutant', name })),
    { kind: 'budgets' },
    ...seedJobs(1, suiteSeeds),
  ];
}

function seedJobs(from: number, count: number, scenarioName?: string): readonly Job[] {
  if (scenarioName !== undefined) scenarioNamed(scenarioName);
  const jobs: Job[] = [];
  for (let seed = from; seed < from + count; seed += seedsPerJob) {
    const size = Math.min(seedsPerJob, from + count - seed);
    jobs.push({
      kind: 'seeds',
      from: seed,
      count: size,
      isQuiet: values.quiet === true,
      ...(scenarioName === undefined ? {} : { scenarioName }),
    });
  }
  return jobs;
}

function crashJobs(scenarioName: string, points: number): readonly Job[] {
  const jobs: Job[] = [];
  for (let from = 1; from <= points; from += pointsPerJob)
    jobs.push({ kind: 'crashPoints', scenarioName, from, count: Math.min(pointsPerJob, points + 1 - from) });
  return jobs;
}

async function runJobs(jobs: readonly Job[]): Promise<number> {
  let tally: Tally = nothing;
  let killed = 0;
  let played = 0;
  await doAll(jobs, numberOf(values.workers, 2), (job, result) => {
    tally = add(tally, result);
    for (const failure of result.failures) tellFailure(failure);
    if (result.mutant !== undefined) {
      const { name, runs, killedBy } = result.mutant;
      played += 1;
      killed += killedBy === undefined ? 0 : 1;
      const end =
        killedBy === undefined
          ? 'LIVES'
          : `killed by "${killedBy.promise}": ${killedBy.text} (${JSON.stringify(killedBy.where)})`;
      process.stdout.write(`mutant ${name} after ${runs} runs: ${end}\n`);
    }
    progress(tally, played);
    if (result.mutant?.killedBy !== undefined) return [withoutMutant(result.mutant.killedBy.where)];
    return job.kind === 'countCrashPoints' && !isCheckOfMutant.has(job)
      ? crashJobs(job.scenarioName, result.points ?? 0)
      : [];
  });
  const [first] = tally.failures;
  if (first !== undefined) await tellFirst(first);
  const violations = tally.failures.reduce((sum, failure) => sum + failure.violations.length, 0);
  process.stdout.write(
    `seeds ${tally.seeds}, faults ${tally.faults}, events checked ${tally.events}, crash points ${tally.crashPoints}, ` +
      `mutants killed ${killed} of ${played}, violations ${violations}\n`,
  );
  return violations === 0 && killed === played ? 0 : 1;
}

const isCheckOfMutant = new WeakSet<Job>();

/** What killed a mutant must be without fault when the mutant is not there. */
function withoutMutant({ scenarioName, seed, isQuiet = false, crashAfter = 0 }: Where): Job {
  if (seed !== undefined) return { kind: 'seeds', from: seed, count: 1, scenarioName, isQuiet };
  if (crashAfter > 0) return { kind: 'crashPoints', scenarioName, from: crashAfter, count: 1 };
  const job: Job = { kind: 'countCrashPoints', scenarioName };
  isCheckOfMutant.add(job);
  return job;
}

let jobsDone = 0;
function progress({ seeds, crashPoints }: Tally, mutantsPlayed: number): void {
  jobsDone += 1;
  const text = `seeds ${seeds}, crash points ${crashPoints}, mutants ${mutantsPlayed}`;
  if (process.stderr.isTTY) process.stderr.write(`\r${text}`);
  else if (jobsDone % jobsPerProgressLine === 0) process.stderr.write(`${text}\n`);
}

let failuresShown = 0;
function tellFailure({ replay, violations }: Failure): void {
  failuresShown += 1;
  if (failuresShown > mostFailuresShown) return;
  for (const { promise, text } of violations) process.stdout.write(`VIOLATION ${promise}: ${text}\n`);
  process.stdout.write(`  replay: npm run simulate -- ${replay}\n`);
}

/** One run with its history kept: what `--timeline` shows. */
async function playOne({ crash, scenario, seed, quiet }: Values): Promise<RunResult> {
  if (crash !== undefined && scenario !== undefined) {
    const [number, when] = crash.split(':');
    const point = { number: Number(number), when: when === 'after' ? 'after' : 'before' } as const;
    return runCrashPoint(scenarioNamed(scenario), point, { keepHistory: true });
  }
  const result = await runSeed({
    seed: numberOf(seed, 1),
    keepHistory: true,
    isQuiet: quiet === true,
    ...(scenario === undefined ? {} : { scenarioName: scenario }),
  });
  process.stdout.write(`${JSON.stringify(result.profile)}\n`);
  return result;
}

function tell(result: RunResult): number {
  process.stdout.write(`${describeRun(result)}\n`);
  return result.violations.length === 0 ? 0 : 1;
}

/** The end of the first failing run's timeline, up to what was found: the whole of it is one command away. */
async function tellFirst({ replay }: Failure): Promise<void> {
  const again = parseArgs({ args: replay.split(' '), options }).values;
  if (again.timeline !== true) return;
  const result = await playOne(again);
  const until = result.lines.findIndex(({ who }) => who === 'checker');
  const lines = result.lines.slice(Math.max(0, until + 1 - mostLinesShown), until + 1);
  process.stdout.write(`${renderTimeline(lines)}\n  all of it: npm run simulate -- ${replay}\n`);
}

function numberOf(text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  const number = Number(text);
  if (!Number.isInteger(number) || number < 0) throw new Error(`'${text}' is not a whole number`);
  return number;
}

process.exitCode = await run();

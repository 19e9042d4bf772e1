// The program behind `npm run bench:operations`: counts what the stack spends and holds it against the budget.
// Exit codes: 0 done, 1 a scenario failed or, with --check, spent more than the budget allows, 2 wrong usage.
import { execFile, fork } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { z } from 'zod';
import { benchUsage, parseBenchArguments, type BenchArguments, type ScenarioName } from './arguments.js';
import { countsVariable } from './counter.js';
import { toRecord, toText, type PhaseRecord } from './report.js';
import { scenarioResultSchema, type ScenarioResult } from './scenario.js';
import { lapseVariable } from './time-lapse.js';

type RunArguments = Extract<BenchArguments, { kind: 'run' }>;

const resultsFile = fileURLToPath(new URL('../../../bench/results/operations.json', import.meta.url));
/** Time to start the stack and fill the pool before time runs faster. */
const lapseStartsInMs = 30_000;
/** Much faster, and the programs' own work would seem so slow to them that connections break. */
const lapseFactor = 18;
const messageSchema = z.union([z.object({ progress: z.string() }), z.object({ result: scenarioResultSchema })]);

process.exitCode = await main(parseBenchArguments(process.argv.slice(2)));

async function main(given: BenchArguments): Promise<number> {
  if (given.kind === 'help') {
    process.stdout.write(benchUsage);
    return 0;
  }
  if (given.kind === 'fault') {
    process.stderr.write(`${given.message}\n\n${benchUsage}`);
    return 2;
  }
  const records: Record<string, readonly PhaseRecord[]> = {};
  for (const name of given.scenarios) {
    const result = await runScenario(name, given);
    if (result === undefined) return 1;
    const phases = result.phases.map((phase) => toRecord(phase, result));
    for (const phase of phases) process.stdout.write(`\n${toText(phase, given.isFull)}`);
    records[name] = phases;
  }
  await saveResults(records);
  const isWithin = Object.values(records)
    .flat()
    .every((phase) => phase.isWithinBudget);
  process.stdout.write(`\n${isWithin ? 'Within the budget.' : 'ABOVE the budget.'}\n`);
  return isWithin || !given.isCheck ? 0 : 1;
}

/** Runs a scenario in a process of its own; undefined when it failed, which it has said itself. */
async function runScenario(name: ScenarioName, given: RunArguments): Promise<ScenarioResult | undefined> {
  const counts = await mkdtemp(join(tmpdir(), 'bookend-operations-'));
  const preload = new URL('preload.js', import.meta.url).href;
  const options = [process.env['NODE_OPTIONS'] ?? '', `--import=${preload}`].join(' ').trim();
  const lapse =
    name === 'idle'
      ? { [lapseVariable]: JSON.stringify({ fromMs: Date.now() + lapseStartsInMs, factor: lapseFactor }) }
      : {};
  try {
    const child = fork(
      fileURLToPath(new URL('run-scenario.js', import.meta.url)),
      [name, String(given.agents), String(given.tasks), String(given.idleNodes)],
      {
        env: { ...process.env, [countsVariable]: counts, NODE_OPTIONS: options, ...lapse },
        stdio: ['ignore', 2, 2, 'ipc'],
      },
    );
    let result: ScenarioResult | undefined;
    child.on('message', (message) => {
      const told = messageSchema.parse(message);
      if ('result' in told) result = told.result;
      else showProgress(`${name}: ${told.progress}`);
    });
    // It stops its stack first; this process waits for it. A second signal from one key press does no harm.
    const stop = (): void => void child.kill('SIGTERM');
    process.on('SIGINT', stop).on('SIGTERM', stop);
    await new Promise((resolve) => child.once('exit', resolve));
    process.off('SIGINT', stop).off('SIGTERM', stop);
    showProgress('');
    return result;
  } finally {
    await rm(counts, { recursive: true, force: true });
  }
}

function showProgress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[2K${text}`);
}

async function saveResults(scenarios: Readonly<Record<string, readonly PhaseRecord[]>>): Promise<void> {
  const [cpu] = cpus();
  const about = {
    measuredAt: new Date().toISOString(),
    commit: await commitOfCheckout(),
    machine: { cores: cpus().length, model: cpu?.model ?? '', node: process.version },
  };
  await mkdir(join(resultsFile, '..'), { recursive: true });
  await writeFile(resultsFile, `${JSON.stringify({ ...about, scenarios }, undefined, 2)}\n`);
}

async function commitOfCheckout(): Promise<string> {
  const run = promisify(execFile);
  const cwd = fileURLToPath(new URL('../../..', import.meta.url));
  const told = await run('git', ['describe', '--always', '--dirty'], { cwd }).catch(() => ({ stdout: '' }));
  return told.stdout.trim();
}

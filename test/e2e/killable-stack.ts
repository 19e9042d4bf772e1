// The stack as a program with a data directory, whose parts kill themselves and each other at the point a plan names
// (test/fixtures/kills). When the parent dies it is started again at once on the same data, as a user would.
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import type { BatchServiceClient } from '../../samples/job-prep-release/connect.js';
import { keepArtefacts } from '../helpers/artefacts.js';
import { connectChecked, startCheckedEndpoint } from '../helpers/checked-endpoint.js';
import type { CheckingProxy } from '../helpers/checking-proxy.js';
import { eventually } from '../helpers/eventually.js';
import { processesOf, type FoundProcess } from '../helpers/processes-of.js';
import { startProgram, type StartedProgram } from '../helpers/started-program.js';

export type Victim = 'parent' | 'host' | 'broker' | 'agent' | 'agents';

export type KillPlan = {
  /** Fires once. */
  readonly name: string;
  readonly point: string;
  /** `preparation`, `task` or `release`; the request for the point `answered`. */
  readonly kind: string;
  readonly jobId: string;
  readonly victims: readonly Victim[];
  /** The broker's data is removed before it can be started again. */
  readonly brokerForgets?: boolean;
};

const firedSchema = z.object({ by: z.number(), pids: z.array(z.number()) });
export type Fired = z.infer<typeof firedSchema>;

export type KillableStack = {
  /** Holds everything: `data`, `control`, and whatever a test puts there. */
  readonly directory: string;
  readonly dataDirectory: string;
  /** Talks to the newest start, through a proxy that checks every answer. Throws while there is none. */
  client(): BatchServiceClient;
  arm(plan: KillPlan): void;
  /** Who killed whom, once the plan of that name has fired. */
  fired(name: string): Fired | undefined;
  /** Processes of one of the project's programs, by its entry file below dist/. */
  programs(entry: string): readonly FoundProcess[];
  /** Stops the stack as a user does, nodes and all, and starts it again on its data. */
  restart(): Promise<void>;
  /** Keeps logs and journals of a failed test. */
  keepArtefacts(title: string): Promise<void>;
  /** Ends everything. Rejects when something of it, or of a task, outlives that, or any answer was not as described. */
  stop(): Promise<void>;
};

const readySchema = z.object({ batchUrl: z.string(), account: z.string(), key: z.string() });
const preload = pathToFileURL(join(import.meta.dirname, '../fixtures/kills/preload.mjs')).href;
const readyWithinMs = 60_000;

/** Starts it and waits until it is ready. */
export async function startKillableStack(): Promise<KillableStack> {
  const directory = await mkdtemp(join(tmpdir(), 'kill-test-'));
  const [dataDirectory, control, temporary] = ['data', 'control', 'tmp'].map((name) => join(directory, name)) as [
    string,
    string,
    string,
  ];
  mkdirSync(control);
  mkdirSync(temporary);
  const programs: StartedProgram[] = [];
  // One for each start, as each has a port of its own.
  const proxies: CheckingProxy[] = [];
  let client: BatchServiceClient | undefined;
  let isStopping = false;
  let failure: unknown;

  const start = async (): Promise<void> => {
    const program = startProgram(
      process.execPath,
      ['dist/local/start.js', '--json', '--verbose', '--port', '0', '--data', dataDirectory],
      { NODE_OPTIONS: `--import=${preload}`, KILL_CONTROL: control, TMPDIR: temporary },
    );
    programs.push(program);
    const hasEnded = (): boolean => program.process.exitCode !== null || program.process.signalCode !== null;
    // At its exit, not when its output has ended: the parts that it leaves behind still live for a moment, and write there.
    program.process.once('exit', (_, signal) => {
      client = undefined;
      if (signal === 'SIGKILL' && !isStopping) start().catch((error: unknown) => (failure = error));
    });
    await eventually('the ready line', () => program.stdout().includes('\n') || hasEnded(), readyWithinMs, 50);
    if (hasEnded()) {
      if (program.process.signalCode === 'SIGKILL') return;
      throw new Error(`The stack could not be started: ${program.stderr()}`);
    }
    const { endpoint, proxy } = await startCheckedEndpoint(readySchema.parse(JSON.parse(program.stdout())));
    proxies.push(proxy);
    client = await connectChecked(endpoint);
  };

  const stop = async (): Promise<void> => {
    isStopping = true;
    const last = programs.at(-1);
    last?.process.kill('SIGTERM');
    await last?.ended;
    const checked = await Promise.allSettled(proxies.map((proxy) => proxy.stop()));
    try {
      await eventually('the end of all processes', () => processesOf(directory).length === 0, 10_000, 50);
      if (failure !== undefined) throw failure;
      const files = readdirSync(temporary);
      if (files.length > 0) throw new Error(`Left in the temporary directory: ${files.join(', ')}`);
    } catch (error) {
      const left = processesOf(directory);
      for (const { pid } of left) process.kill(pid, 'SIGKILL');
      const commands = left.map(({ pid, command }) => `${pid} ${command}`);
      throw new Error(`The stack did not end cleanly; processes left: ${commands.join('; ')}`, { cause: error });
    } finally {
      await rm(directory, { recursive: true, force: true, maxRetries: 5 });
    }
    for (const outcome of checked) if (outcome.status === 'rejected') throw outcome.reason;
  };

  const stack: KillableStack = {
    directory,
    dataDirectory,
    client() {
      if (failure !== undefined) throw failure;
      if (client === undefined) throw new Error('The stack is being started');
      return client;
    },
    arm(plan) {
      // Its readers must never see half of it.
      writeFileSync(join(control, 'plan.new'), JSON.stringify(plan));
      renameSync(join(control, 'plan.new'), join(control, 'plan.json'));
    },
    fired(name) {
      const path = join(control, `${name}.fired`);
      const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
      return text === '' ? undefined : firedSchema.parse(JSON.parse(text));
    },
    programs: (entry) => processesOf(directory).filter(({ command }) => command.includes(`dist/${entry}`)),
    async restart() {
      const last = programs.at(-1);
      last?.process.kill('SIGTERM');
      await last?.ended;
      await start();
    },
    keepArtefacts: (title) =>
      keepArtefacts(title, {
        texts: Object.fromEntries(programs.map((program, index) => [`start-${index + 1}.log`, program.stderr()])),
        directories: [directory],
      }),
    stop,
  };
  try {
    await start();
    stack.client();
    return stack;
  } catch (error) {
    await stop().catch(() => undefined);
    throw error;
  }
}

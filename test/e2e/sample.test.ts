// The article's sample, played by the unmodified client against the embedded stack, as `npm run sample` plays it.
// Runs the compiled programs (`npm test` builds first).
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { localAccount } from '../../local/account.js';
import { startStack, type Stack } from '../../local/stack.js';
import type { BatchServiceClient } from '../../samples/job-prep-release/connect.js';
import { playSample } from '../../samples/job-prep-release/play.js';
import { articleOptions, type SampleOptions } from '../../samples/job-prep-release/scene.js';
import type { SampleIo } from '../../samples/job-prep-release/terminal.js';
import { silentLog } from '../../shared/log.js';
import {
  checkedInTest,
  connectChecked,
  startCheckedEndpoint,
  type CheckedEndpoint,
} from '../helpers/checked-endpoint.js';
import type { CheckingProxy } from '../helpers/checking-proxy.js';
import { allGone, descendantsOf, startProgram, type StartedProgram } from '../helpers/started-program.js';

// Whole stacks on a machine that may be busy with other suites.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

/** What `npm run sample` prints, with node ids as <node 1>, <node 2> and task ids as <task>. */
const articleOutput = `Attempting to create pool: JobPrepReleaseSamplePool
Created pool JobPrepReleaseSamplePool with 2 small nodes
Checking for existing job JobPrepReleaseSampleJob...
Job JobPrepReleaseSampleJob not found, creating...
Submitting tasks and awaiting completion...
All tasks completed.
<contents>
Waiting for job JobPrepReleaseSampleJob to reach state Completed
...
<codes>
Delete job? [yes] no
yes
Delete pool? [yes] no
yes

Sample complete, hit ENTER to exit...
`;

const contents =
  /\nContents of shared\/job_prep_and_release\.txt on (?<node>\S+):\n-{43}\n\k<node> tasks:\n(?: {2}task00[1-8]\n)+/g;
const codes = /\n\S+:\n {2}Prep task exit code: {4}0\n {2}Release task exit code: 0\n/g;

function nodesShown(output: string): string[] {
  return [...output.matchAll(contents)].map((match) => match.groups?.['node'] ?? '');
}

function tasksShown(output: string): string[] {
  return [...output.matchAll(/^ {2}(task\d{3})$/gm)].map((match) => match[1] ?? '');
}

/** A person who sees nothing but lines and answers as told. */
function recordingIo(onLine: (line: string) => void = () => undefined): SampleIo & { output(): string } {
  let output = '';
  const print = (line: string): void => {
    output += `${line}\n`;
    onLine(line);
  };
  return {
    print,
    progress: () => undefined,
    async ask(question, given = true) {
      print(question);
      print(given ? 'yes' : 'no');
      return given;
    },
    pause: async () => undefined,
    output: () => output,
  };
}

const allTasks = Array.from({ length: 8 }, (_, index) => `task00${index + 1}`);

describe('npm run sample', () => {
  let temporary: string;
  let program: StartedProgram | undefined;
  beforeEach(async () => {
    temporary = await mkdtemp(join(tmpdir(), 'sample-test-'));
  });
  afterEach(async () => {
    if (program !== undefined) {
      const below = descendantsOf(program.pid);
      program.process.kill('SIGKILL');
      await program.ended;
      await allGone(below);
    }
    await rm(temporary, { recursive: true, force: true });
  });
  const run = (...args: string[]): StartedProgram => {
    program = startProgram(process.execPath, ['dist/samples/job-prep-release/main.js', ...args], { TMPDIR: temporary });
    return program;
  };

  it("prints the article's lines, exits 0 and leaves nothing behind", async () => {
    const sample = run();
    expect(await sample.ended, sample.stderr()).toBe(0);
    expect(sample.stderr()).toBe('');
    const output = sample.stdout();
    expect(tasksShown(output).sort()).toEqual(allTasks);
    const nodes = nodesShown(output);
    expect(nodes).toEqual([...new Set(nodes)].sort());
    const isShown = (part: string): boolean => part !== '';
    expect(
      output
        .match(codes)
        ?.filter(isShown)
        .map((part) => part.trim().split(':')[0]),
    ).toEqual(nodes);
    expect(output.replace(contents, '').replace(codes, '')).toBe(
      articleOutput.replace('<contents>', '').replace('<codes>\n', '\n'),
    );
    expect(await readdir(temporary)).toEqual([]);
  });

  it('says what it tried and what it found when nobody answers, and exits 1', async () => {
    const sample = run('--url', 'http://127.0.0.1:1', '--account', localAccount.name, '--key', localAccount.key);
    expect(await sample.ended).toBe(1);
    expect(sample.stderr()).toContain('Tried to add pool JobPrepReleaseSamplePool; found: ');
  });

  it('ends on SIGINT, leaving nothing behind', async () => {
    const sample = run();
    await new Promise<void>((resolve) => sample.process.stdout?.once('data', () => resolve()));
    const below = descendantsOf(sample.pid);
    sample.process.kill('SIGINT');
    expect(await sample.ended).toBe(1);
    await allGone(below);
    expect(await readdir(temporary)).toEqual([]);
  });
});

describe('the sample against one stack', () => {
  let stack: Stack;
  let proxy: CheckingProxy;
  let endpoint: CheckedEndpoint;
  beforeAll(async () => {
    stack = await startStack({ log: silentLog });
    ({ endpoint, proxy } = await startCheckedEndpoint(stack));
  });
  afterAll(async () => {
    await stack.stop();
    await proxy.stop();
  });

  const connected = (): Promise<BatchServiceClient> => connectChecked(endpoint);
  const play = async (io: SampleIo, options: Partial<SampleOptions> = {}): Promise<void> =>
    playSample(await connected(), io, { ...articleOptions, ...options });

  it('can be played twice, keeping the pool the first time: the second run prepares again', async () => {
    const [first, second] = [recordingIo(), recordingIo()];
    await play(first, { answers: { deletePool: false } });
    await play(second);
    expect(second.output()).toContain('The pool already existed when we tried to create it\n');
    expect(tasksShown(first.output()).sort()).toEqual(allTasks);
    expect(tasksShown(second.output()).sort()).toEqual(allTasks);
  });

  it('with one task on two nodes, the idle node has neither preparation nor release', async () => {
    const io = recordingIo();
    await play(io, { taskCount: 1 });
    expect(nodesShown(io.output())).toHaveLength(1);
    expect(io.output().match(codes)).toHaveLength(1);
  });

  it('refuses to touch a job of its name that is already there, and takes its own pool away again', async () => {
    const client = await connected();
    const jobId = 'SomebodysJob';
    await client.job.add({ id: jobId, poolInfo: { poolId: 'elsewhere' } });
    await expect(play(recordingIo(), { jobId })).rejects.toThrow(`The job ${jobId} already existed`);
    expect((await client.job.get(jobId)).state).toBe('active');
    const pools = await client.pool.list();
    expect(pools.filter(({ state }) => state !== 'deleting')).toEqual([]);
  });

  it('names the wrong key', async () => {
    const client = await connectChecked({ ...endpoint, key: Buffer.alloc(64).toString('base64') });
    await expect(playSample(client, recordingIo())).rejects.toThrow(/found: 403 AuthenticationFailed/);
  });

  it('names what it waited for and what it found when the time is up', async () => {
    await expect(play(recordingIo(), { tasksWithinMs: 0 })).rejects.toThrow(
      /^Waited 0 s for 8 tasks of job \S+ to be completed; found: \d of 8 tasks completed$/,
    );
  });

  it.each(['functions-host', 'service-bus', 'agent'])(
    'comes to its end although %s is killed on the way',
    async (part) => {
      const killed: number[] = [];
      const io = recordingIo((line) => {
        if (!line.startsWith('Submitting') && !line.startsWith('Waiting for job')) return;
        const [, pid] = Object.entries(stack.processes()).find(([name]) => name.startsWith(part)) ?? [];
        if (pid === undefined) return;
        process.kill(pid, 'SIGKILL');
        killed.push(pid);
      });
      await play(io);
      expect(killed).not.toEqual([]);
      expect(tasksShown(io.output()).sort()).toEqual(allTasks);
    },
  );
});

it('the sample comes out the same with one process per function: nothing is shared in memory', async () => {
  const stack = await startStack({ log: silentLog, processPerFunction: true });
  try {
    const io = recordingIo();
    await playSample(await connectChecked(await checkedInTest(stack)), io);
    expect(tasksShown(io.output()).sort()).toEqual(allTasks);
    expect(io.output().match(codes)).toHaveLength(nodesShown(io.output()).length);
  } finally {
    await stack.stop();
  }
});

// The agent is killed with SIGKILL before or after any of its calls to the outer world; whoever comes after it carries on. Whatever
// happens, each command runs exactly once. Needs the compiled project (npm run build) and uses the real broker and the real client.
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { readProcessTable, wasStartedWith } from '../../../agent/adapters/process-table.js';
import { startServiceBus, type ServiceBus } from '../../../local/service-bus/index.js';
import { silentLog } from '../../../shared/log.js';
import { reportSchema, type Report } from '../../../shared/nodes/node-messages.js';
import { createAzureBus } from '../../../shared/queues/azure-bus.js';
import type { Bus, SessionReceiver } from '../../../shared/queues/bus.js';
import { orderWith, runWith, sendOrder, shell } from '../../helpers/agent-on-machine.js';
import { eventually } from '../../helpers/eventually.js';
import { startProgram, type StartedProgram } from '../../helpers/started-program.js';

const fixture = fileURLToPath(new URL('../../fixtures/agent/agent-that-dies.mjs', import.meta.url));
const config = fileURLToPath(new URL('../../../local/service-bus/Config.json', import.meta.url));

// Each case starts and ends several programs, on a machine that may be busy.
const withinMs = 40_000;

let broker: ServiceBus;
beforeAll(async () => {
  expect(existsSync(new URL('../../../dist/agent/start-agent.js', import.meta.url)), 'the project is compiled').toBe(
    true,
  );
});

let directory: string;
let bus: Bus;
let session: SessionReceiver;
let reports: Report[];
let listening: Promise<void>;
let stopListening: AbortController;
const programs: StartedProgram[] = [];

beforeEach(async () => {
  broker = await startServiceBus({ config, keyName: 'RootManageSharedAccessKey', key: 'a-key-for-tests' });
  directory = await mkdtemp(join(tmpdir(), 'bookend-deaths-'));
  bus = createAzureBus(broker.connectionString, silentLog);
  reports = [];
  stopListening = new AbortController();
  const taken = await bus.openSession('job-events', 'pool1', 5_000);
  if (taken === undefined) throw new Error('The session of the pool was held by another');
  session = taken;
  listening = listen(stopListening.signal);
});

afterEach(async () => {
  for (const program of programs.splice(0)) {
    program.process.kill('SIGTERM');
    await program.ended;
  }
  stopListening.abort(new Error('The test is over'));
  await listening;
  await session.close();
  await bus.close();
  await broker.stop();
  const left = [...readProcessTable().values()].filter((row) =>
    wasStartedWith(row.pid, [[`AZ_BATCH_NODE_ROOT_DIR=${join(directory, 'root')}`]]),
  );
  expect(left, 'processes left behind').toEqual([]);
  await rm(directory, { recursive: true, force: true });
});

async function listen(signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const message = await session.receive(60_000, signal);
    if (message === undefined) continue;
    const event = message.body as { data: unknown };
    reports.push(reportSchema.parse(event.data));
    await session.complete(message);
  }
}

function startAgent(death?: string): StartedProgram {
  const directories = [join(directory, 'root'), join(directory, 'state')];
  const program = startProgram(
    process.execPath,
    [fixture, ...directories, ...(death === undefined ? [] : death.split(' '))],
    {
      BOOKEND_SERVICE_BUS: broker.connectionString,
    },
  );
  programs.push(program);
  return program;
}

const mark = 'echo $AZ_BATCH_TASK_ID >> $AZ_BATCH_NODE_SHARED_DIR/marks.txt';
const preparation = runWith(shell(`${mark}; sleep 0.2`), { kind: 'preparation', taskId: 'jobpreparation' });
const requiresPreparation = preparation.runId;
const quick = runWith(shell(mark), { taskId: 'quick', requiresPreparation });
const slow = runWith(shell(`${mark}; sleep 1`), { taskId: 'slow', requiresPreparation });
const release = runWith(shell(mark), { kind: 'release', taskId: 'jobrelease' });
const all = [preparation, quick, slow, release];

async function allEnded(): Promise<void> {
  const isTold = (runId: string): boolean =>
    reports.some((report) => report.runs.some((run) => run.runId === runId && run.state === 'ended'));
  try {
    await eventually('the end of all runs', () => all.every(({ runId }) => isTold(runId)), withinMs);
  } catch (error) {
    const told = programs.map((program) => program.stderr()).join('\n— next agent —\n');
    throw new Error(`${String(error)}; the agents said:\n${told}`, { cause: error });
  }
}

async function expectEachRanOnce(): Promise<void> {
  const marks = await readFile(join(directory, 'root', 'shared', 'marks.txt'), 'utf8');
  expect(marks.trim().split('\n').sort()).toEqual(all.map((run) => run.taskId).sort());
  const told = reports.flatMap((report) => report.runs).filter((run) => run.state === 'ended');
  for (const run of told) expect(run).toMatchObject({ ending: 'exited', exitCode: 0 });
  // Same boot, same image: no death may have begun another epoch, and no report number may have been used twice.
  expect(new Set(reports.map((report) => report.epoch))).toEqual(new Set([1]));
  const numbers = reports.map((report) => report.sequence);
  expect([...new Set(numbers)].length).toBe(numbers.length);
}

// BOOKEND_ALL_DEATHS=1 dies at many more points, for changes to the agent itself: that takes many minutes.
const isThorough = process.env['BOOKEND_ALL_DEATHS'] === '1';
const thorough = <T>(points: readonly T[]): readonly T[] => (isThorough ? points : []);

const points: readonly (readonly [string, string])[] = [
  ['before the order is journaled', 'disk.writeState before 1 "name":"accepted"'],
  ['once the order is journaled', 'disk.writeState after 1 "name":"accepted"'],
  ['once a start is journaled', 'disk.writeState after 1 "name":"running"'],
  ['once a process is started', 'processes.start after 1'],
  ['once a task is started', 'processes.start after 3'],
  ['once an exit is seen', 'processes.look after 2'],
  ['before an end is journaled', 'disk.writeState before 1 "name":"ended"'],
  ['once a report is sent', 'bus.send after 1 "state":"ended"'],
  ...thorough([
    ['before its message is completed', 'session.complete before 1'],
    ['once its message is completed', 'session.complete after 1'],
    ['before a process is started', 'processes.start before 1'],
    ['before a task is started', 'processes.start before 2'],
    ['once an end is journaled', 'disk.writeState after 1 "name":"ended"'],
    ['before a report is sent', 'bus.send before 1 "state":"ended"'],
    ['before what is left of a run is swept', 'processes.signal before 1 run-of-'],
  ] as const),
];

// Every call of such a run, one after the other.
const calls: Readonly<Record<string, number>> = {
  'disk.readState': 3,
  'disk.listState': 3,
  'disk.writeState': 13,
  'disk.makeDirectories': 5,
  'disk.writeText': 1,
  'disk.exists': 4,
  'processes.findProgram': 4,
  'processes.start': 4,
  'processes.look': 8,
  'processes.signal': 12,
  'bus.send': 5,
  'bus.openSession': 1,
  'session.receive': 2,
  'session.complete': 1,
};
const everyPoint = Object.entries(calls).flatMap(([method, count]) =>
  Array.from({ length: count }, (_, index) => [`${method} before ${index + 1}`, `${method} after ${index + 1}`]).flat(),
);

test.each(thorough(everyPoint))('each command runs exactly once although the agent is killed at %s', async (death) => {
  const first = startAgent(death);
  await sendOrder(bus, orderWith({ preparation, tasks: [quick, slow], release }));
  // Counts differ a little from run to run, so the last points may not be reached.
  await Promise.race([first.ended, allEnded()]);
  first.process.kill('SIGKILL');
  await first.ended;
  startAgent();
  await allEnded();
  await expectEachRanOnce();
});

describe('each command runs exactly once although the agent is killed', () => {
  test.each(points)('%s', async (_, death) => {
    const first = startAgent(death);
    await sendOrder(bus, orderWith({ preparation, tasks: [quick, slow], release }));
    expect(await first.ended).toBe('SIGKILL');
    startAgent();
    await allEnded();
    await expectEachRanOnce();
  });

  test('again and again', async () => {
    await sendOrder(bus, orderWith({ preparation, tasks: [quick, slow], release }));
    for (const death of [
      'processes.start after 1',
      'processes.look after 1',
      'disk.writeState before 2',
      'bus.send after 2',
    ]) {
      const program = startAgent(death);
      expect(await program.ended).toBe('SIGKILL');
    }
    startAgent();
    await allEnded();
    await expectEachRanOnce();
  });
});

describe('a kill goes through although the agent is killed', () => {
  const failure = { category: 'usererror', code: 'TaskEnded', message: 'The task was ended by a user' } as const;
  const stubborn = runWith(shell(`${mark}; trap '' TERM; setsid sleep 1000 & while :; do sleep 0.1; done`));

  test.each([
    'session.complete after 2',
    'disk.writeState after 1 "ending":"killed"',
    'processes.signal after 1 run-of-task1',
    ...thorough([
      'session.complete before 2',
      'disk.writeState before 1 "ending":"killed"',
      'processes.forbid before 1',
      'processes.forbid after 1',
      'processes.signal before 1 run-of-task1',
      'processes.signal after 1 "tries":1}],"SIGKILL"',
      'disk.writeState before 2 "ending":"killed"',
      'disk.writeState after 2 "ending":"killed"',
    ]),
  ])('at %s', async (death) => {
    const first = startAgent(death);
    await sendOrder(bus, orderWith({ tasks: [stubborn] }));
    await eventually('its mark', async () => (await readFile(join(directory, 'root/shared/marks.txt'), 'utf8')) !== '');
    await sendOrder(bus, orderWith({ kills: [{ runId: stubborn.runId, failure }] }));
    expect(await first.ended).toBe('SIGKILL');
    startAgent();
    const ended = await eventually(
      'its end',
      () => reports.flatMap((report) => report.runs).find((run) => run.state === 'ended'),
      withinMs,
    );
    expect(ended).toMatchObject({ runId: stubborn.runId, ending: 'killed', failure });
    const left = [...readProcessTable().values()].filter(
      (row) =>
        !row.isZombie &&
        wasStartedWith(row.pid, [
          [`BOOKEND_RUN_ID=${stubborn.runId}`, `AZ_BATCH_NODE_ROOT_DIR=${join(directory, 'root')}`],
        ]),
    );
    expect(left).toEqual([]);
  });
});

describe('each try runs exactly once although the agent is killed', () => {
  const stumbling = runWith(shell('echo x >> tries; test $(wc -l < tries) -eq 3'), {
    constraints: { maxTaskRetryCount: 9 },
  });

  test.each([
    'disk.rename after 1',
    'disk.writeState after 1 "tryNumber":1',
    'processes.start after 2',
    ...thorough([
      'disk.rename before 1',
      'disk.rename after 2',
      'disk.writeState before 1 "tryNumber":1',
      'processes.start before 2',
      'processes.start after 3',
    ]),
  ])('at %s', async (death) => {
    const first = startAgent(death);
    await sendOrder(bus, orderWith({ tasks: [stumbling] }));
    expect(await first.ended).toBe('SIGKILL');
    startAgent();
    const ended = await eventually(
      'its end',
      () => reports.flatMap((report) => report.runs).find((run) => run.state === 'ended'),
      withinMs,
    );
    expect(ended).toMatchObject({ ending: 'exited', exitCode: 0, retryCount: 2 });
    expect(await readFile(join(directory, 'root/workitems/job1/job-1/task1/wd/tries'), 'utf8')).toBe('x\nx\nx\n');
  });
});

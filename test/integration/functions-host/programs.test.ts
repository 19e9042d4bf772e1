// The host as a program of its own; runs the compiled one, as the stack does.
import { fork, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { createRecord, eventually, fixtureApp, masterKey } from './fixture.js';

const script = fileURLToPath(new URL('../../../dist/local/functions-host/main.js', import.meta.url));
const readySchema = z.object({
  ready: z.literal(true),
  url: z.string(),
  port: z.number(),
  functions: z.array(z.object({ name: z.string(), bindings: z.array(z.object({ type: z.string() })) })),
});
const record = createRecord();
const programs: ChildProcess[] = [];

beforeAll(() => {
  if (!existsSync(script)) throw new Error('Build first: npm run build');
});
afterEach(async () => {
  for (const program of programs.splice(0)) program.kill('SIGKILL');
  await eventually('every process is gone', () => !seenPids().some(isAlive));
  record.clear();
});

async function start(...args: string[]) {
  const program = fork(script, ['--app', fixtureApp, ...args], {
    // The timer's own schedule must not come up while runs by hand are counted.
    env: { ...process.env, ...record.settings, SWEEP_SCHEDULE: '0 0 0 29 2 *', BOOKEND_HOST_KEY: masterKey },
    execArgv: [],
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  programs.push(program);
  const ended = new Promise<string>((resolve) => {
    program.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
  const ready = await Promise.race([
    new Promise<z.infer<typeof readySchema>>((resolve) =>
      program.once('message', (said) => resolve(readySchema.parse(said))),
    ),
    ended.then((how) => Promise.reject(new Error(`The host ended before it was ready: ${how}`))),
  ]);
  return { ...ready, program, ended };
}

function run(url: string, name: string): Promise<Response> {
  const headers = { 'x-functions-key': masterKey, 'content-type': 'application/json' };
  return fetch(`${url}/admin/functions/${name}`, { method: 'POST', headers, body: '{}' });
}

const pidsOf = (name: string): number[] =>
  record.seen().flatMap((entry) => (entry.function === name ? [Number(entry['pid'])] : []));
const seenPids = (): number[] => [...new Set(record.seen().map(({ pid }) => Number(pid)))];

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test('the program serves its app, keeps its key from it, and ends cleanly when told to', async () => {
  const host = await start('--only', 'waits,sweeps');
  expect(host.functions.map(({ name }) => name)).toEqual(['sweeps', 'waits']);
  expect((await fetch(`${host.url}/waits`)).status).toBe(200);
  expect((await run(host.url, 'sweeps')).status).toBe(202);
  await eventually('the timer ran', () => pidsOf('sweeps').length === 1);
  expect(seenPids()).toEqual([host.program.pid]);
  host.program.kill('SIGTERM');
  expect(await host.ended).toBe('exit code 0');
  expect(record.seen().at(-1)).toMatchObject({ hook: 'appTerminate' });
});

test('the program ends with its parent', async () => {
  const host = await start('--only', 'waits');
  host.program.disconnect();
  expect(await host.ended).toBe('exit code 0');
});

test('the program that cannot start says so by its exit code', async () => {
  await expect(start('--only', 'nobody')).rejects.toThrow('exit code 1');
  await expect(start('--only', 'single')).rejects.toThrow('exit code 1');
});

test('one process per function: HTTP functions share one, every other function has its own', async () => {
  const host = await start('--process-per-function', '--only', 'waits,logs,sweeps');
  expect(host.functions.map(({ name }) => name)).toEqual(['logs', 'sweeps', 'waits']);
  expect((await fetch(`${host.url}/waits`)).status).toBe(200);
  expect((await run(host.url, 'sweeps')).status).toBe(202);
  expect((await run(host.url, 'nobody')).status).toBe(404);
  const [sweeper] = await eventually('the timer ran', () =>
    pidsOf('sweeps').length === 1 ? pidsOf('sweeps') : undefined,
  );
  const [front] = pidsOf('waits');
  expect(new Set([host.program.pid, sweeper, front]).size).toBe(3);

  // A worker that dies is started again, and its function can be run again.
  process.kill(Number(sweeper), 'SIGKILL');
  await eventually('the worker is gone', () => !isAlive(Number(sweeper)));
  let status = 0;
  while (status !== 202) status = (await run(host.url, 'sweeps')).status;
  await eventually('the timer ran elsewhere', () => pidsOf('sweeps').some((pid) => pid !== sweeper));

  host.program.kill('SIGTERM');
  expect(await host.ended).toBe('exit code 0');
  expect(seenPids().filter(isAlive)).toEqual([]);
});

test('one process per function: all of them end when the parent is killed', async () => {
  const host = await start('--process-per-function', '--only', 'waits,sweeps');
  expect((await fetch(`${host.url}/waits`)).status).toBe(200);
  expect((await run(host.url, 'sweeps')).status).toBe(202);
  await eventually('both ran', () => pidsOf('sweeps').length === 1 && pidsOf('waits').length === 2);
  host.program.kill('SIGKILL');
  await host.ended;
  await eventually('every worker is gone', () => !seenPids().some(isAlive));
});

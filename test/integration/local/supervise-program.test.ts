// Keeping a real process alive, and ending it.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { z } from 'zod';
import { identifyProcess } from '../../../local/data/process-identity.js';
import { superviseProgram, type Supervisor } from '../../../local/programs/supervise-program.js';
import { silentLog } from '../../../shared/log.js';
import { eventually } from '../../helpers/eventually.js';

const script = fileURLToPath(new URL('../../fixtures/programs/child.mjs', import.meta.url));
const ready = z.object({ ready: z.literal(true), port: z.int() });
type Ready = z.infer<typeof ready>;

let directory: string;
let supervisor: Supervisor<Ready> | undefined;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'supervise-'));
});
afterEach(async () => {
  await supervisor?.stop();
  supervisor = undefined;
  await rm(directory, { recursive: true });
});

async function supervise(
  behaviour: string,
  more: { readyWithinMs?: number; graceMs?: number; restarted?: () => void } = {},
) {
  supervisor = await superviseProgram<Ready>(
    {
      name: behaviour,
      script,
      args: (previous) => [behaviour, String(previous?.port ?? 0)],
      env: () => ({}),
      ready,
      readyWithinMs: more.readyWithinMs ?? 20_000,
      graceMs: more.graceMs ?? 5_000,
      logFile: join(directory, 'log'),
      ...(more.restarted === undefined ? {} : { onRestarted: more.restarted }),
    },
    { log: silentLog },
  );
  return supervisor;
}

function pidOf(supervised: Supervisor<Ready>): number {
  const pid = supervised.pid();
  if (pid === undefined) throw new Error('It is down');
  return pid;
}

it('a program that is killed is started again with the port it had, and that is told', async () => {
  let restarts = 0;
  const supervised = await supervise('steady', { restarted: () => restarts++ });
  const { port } = supervised.ready();
  const first = pidOf(supervised);
  process.kill(first, 'SIGKILL');
  await eventually('the restart', () => restarts === 1);
  expect(pidOf(supervised)).not.toBe(first);
  expect(supervised.ready().port).toBe(port);
});

it('a program that is stopped stays down', async () => {
  const supervised = await supervise('steady');
  const pid = pidOf(supervised);
  await supervised.stop();
  expect(identifyProcess(pid)).toBeUndefined();
  expect(supervised.pid()).toBeUndefined();
});

it('a program that ignores SIGTERM is killed once its grace is over', async () => {
  const supervised = await supervise('stubborn', { graceMs: 50 });
  const pid = pidOf(supervised);
  await supervised.stop();
  expect(identifyProcess(pid)).toBeUndefined();
});

it('a program that ends before it is ready fails the start with what it said', async () => {
  await expect(supervise('broken')).rejects.toThrow(
    /'broken' ended before it was ready: exit code 3\n.*the disk is on fire/,
  );
});

it('a program that never becomes ready fails the start and is ended', async () => {
  await expect(supervise('mute', { readyWithinMs: 200 })).rejects.toThrow("'mute' was not ready within 200 ms");
});

// `npm start` as a user meets it: what it prints, what it refuses, and that nothing is left of it.
// Runs the compiled program (`npm test` builds first).
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { localAccount } from '../../local/account.js';
import { checkedInTest, connectChecked } from '../helpers/checked-endpoint.js';
import { eventually } from '../helpers/eventually.js';
import { allGone, descendantsOf, startProgram, type StartedProgram } from '../helpers/started-program.js';

const readySchema = z.strictObject({ batchUrl: z.string(), account: z.string(), key: z.string(), storage: z.string() });

const secondaryKey = Buffer.from('a second key of the local account').toString('base64');

let temporary: string;
let programs: StartedProgram[];
beforeEach(async () => {
  // The stack's own temporary directory is made in here, so that what is left of it can be seen.
  temporary = await mkdtemp(join(tmpdir(), 'start-test-'));
  programs = [];
});
afterEach(async () => {
  for (const program of programs) {
    const below = descendantsOf(program.pid);
    program.process.kill('SIGKILL');
    await program.ended;
    await allGone(below);
  }
  await rm(temporary, { recursive: true, force: true });
});

function start(...args: string[]): StartedProgram {
  const environment = { TMPDIR: temporary, BatchAccountSecondaryKey: secondaryKey };
  const program = startProgram(process.execPath, ['dist/local/start.js', ...args], environment);
  programs.push(program);
  return program;
}

async function readyLine(program: StartedProgram): Promise<z.infer<typeof readySchema>> {
  await eventually(
    'the line on standard output',
    () => {
      if (program.process.exitCode !== null) throw new Error(program.stderr());
      return program.stdout().includes('\n');
    },
    40_000,
  );
  return readySchema.parse(JSON.parse(program.stdout()));
}

describe('npm start', () => {
  it('prints one line of JSON when the Batch endpoint answers to the documented account', async () => {
    const program = start('--json', '--port', '0');
    const endpoint = await readyLine(program);
    expect(endpoint).toMatchObject({ account: localAccount.name, key: localAccount.key });
    expect(new URL(endpoint.batchUrl).hostname).toBe('127.0.0.1');
    const checked = await checkedInTest(endpoint);
    const client = await connectChecked(checked);
    expect([...(await client.pool.list())]).toEqual([]);
    const other = await connectChecked({ ...checked, key: secondaryKey });
    expect([...(await other.pool.list())]).toEqual([]);
    expect(program.stdout().trimEnd().split('\n')).toHaveLength(1);
  });

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'ends on %s with exit code 0, leaving no process and no file',
    async (signal) => {
      const program = start('--json', '--port', '0');
      await readyLine(program);
      const below = descendantsOf(program.pid);
      expect(below.length).toBeGreaterThanOrEqual(3);
      program.process.kill(signal);
      expect(await program.ended).toBe(0);
      await allGone(below);
      expect(await readdir(temporary)).toEqual([]);
    },
  );

  it('ends at once when it is interrupted while it starts', async () => {
    const program = start('--json', '--port', '0');
    await eventually('a part that is being started', () => descendantsOf(program.pid).length > 0);
    const below = descendantsOf(program.pid);
    program.process.kill('SIGTERM');
    expect(await program.ended).toBe(0);
    await allGone(below);
    expect(await readdir(temporary)).toEqual([]);
  });

  it('leaves no process when it is killed', async () => {
    const program = start('--json', '--port', '0');
    await readyLine(program);
    const below = descendantsOf(program.pid);
    program.process.kill('SIGKILL');
    await program.ended;
    await allGone(below);
  });

  it('stops everything when npm is told to stop', async () => {
    const npm = startProgram('npm', ['start', '--silent', '--', '--json', '--port', '0'], { TMPDIR: temporary });
    programs.push(npm);
    await readyLine(npm);
    const below = descendantsOf(npm.pid);
    npm.process.kill('SIGTERM');
    await npm.ended;
    await allGone(below, 12_000);
    expect(await readdir(temporary)).toEqual([]);
  });

  it('refuses a port that is taken, naming it and the way out', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    const port = await eventually('a listening server', () => {
      const address = other.address();
      return typeof address === 'object' && address !== null && address.port;
    });
    const program = start('--json', '--port', String(port));
    expect(await program.ended).toBe(1);
    expect(program.stderr()).toContain(`Port ${port}`);
    expect(program.stderr()).toContain('--port 0');
    expect(program.stdout()).toBe('');
    other.close();
  });

  it('answers an unknown flag with its usage and exit code 2', async () => {
    const program = start('--jason');
    expect(await program.ended).toBe(2);
    expect(program.stderr()).toContain('--jason');
    expect(program.stderr()).toContain('Usage:');
  });

  it('refuses a data directory that another stack holds', async () => {
    const data = join(temporary, 'data');
    await readyLine(start('--json', '--port', '0', '--data', data));
    const second = start('--json', '--port', '0', '--data', data);
    expect(await second.ended).toBe(1);
    expect(second.stderr()).toContain(`${data} is in use by process`);
  });

  // After SIGKILL nothing is awaited: the second start meets the first one's parts while they still save.
  it.each(['SIGTERM', 'SIGKILL'] as const)('keeps what was in --data over a restart after %s', async (signal) => {
    const args = ['--json', '--port', '0', '--data', join(temporary, 'data')];
    const first = start(...args);
    const client = await connectChecked(await checkedInTest(await readyLine(first)));
    await client.job.add({ id: 'kept', poolInfo: { poolId: 'nowhere' } });
    first.process.kill(signal);
    await first.ended;
    const again = await connectChecked(await checkedInTest(await readyLine(start(...args))));
    expect((await again.job.get('kept')).poolInfo).toMatchObject({ poolId: 'nowhere' });
  });
});

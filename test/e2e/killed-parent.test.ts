// The program that owns the whole stack is killed in the middle of a job; with --data the next one finishes it,
// and every command has run exactly once. Runs the compiled program (`npm test` builds first).
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { z } from 'zod';
import type { BatchServiceClient } from '../../samples/job-prep-release/connect.js';
import { checkedInTest, connectChecked } from '../helpers/checked-endpoint.js';
import { eventually } from '../helpers/eventually.js';
import { allGone, descendantsOf, startProgram, type StartedProgram } from '../helpers/started-program.js';

const endpointSchema = z.object({ batchUrl: z.string(), account: z.string(), key: z.string() });
const taskIds = ['t1', 't2', 't3', 't4', 't5', 't6'];

let temporary: string;
let program: StartedProgram | undefined;
beforeEach(async () => {
  temporary = await mkdtemp(join(tmpdir(), 'killed-parent-'));
});
afterEach(async () => {
  if (program !== undefined) {
    const below = descendantsOf(program.pid);
    program.process.kill('SIGTERM');
    await program.ended;
    await allGone(below);
  }
  await rm(temporary, { recursive: true, force: true });
});

async function boot(): Promise<BatchServiceClient> {
  const args = ['dist/local/start.js', '--json', '--port', '0', '--data', join(temporary, 'data')];
  const started = startProgram(process.execPath, args);
  program = started;
  await eventually('the line on standard output', () => started.stdout().includes('\n'), 60_000);
  return connectChecked(await checkedInTest(endpointSchema.parse(JSON.parse(started.stdout()))));
}

/** What the commands wrote, each line by one run of one command. */
function marks(): string[] {
  const path = join(temporary, 'marks');
  return existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : [];
}

function mark(what: string, then = ''): string {
  return `/bin/sh -c "echo ${what} >> ${join(temporary, 'marks')}${then}"`;
}

it('a job goes on after the owner of the stack was killed, and each command ran exactly once', async () => {
  const first = await boot();
  await first.pool.add({
    id: 'pool',
    vmSize: 'small',
    virtualMachineConfiguration: {
      imageReference: { publisher: 'canonical', offer: 'ubuntuserver', sku: '18.04-lts' },
      nodeAgentSKUId: 'batch.node.ubuntu 18.04',
    },
    targetDedicatedNodes: 2,
    taskSlotsPerNode: 1,
  });
  await first.job.add({
    id: 'job',
    poolInfo: { poolId: 'pool' },
    jobPreparationTask: { commandLine: mark('prepared $AZ_BATCH_NODE_ID') },
    jobReleaseTask: { commandLine: mark('released $AZ_BATCH_NODE_ID') },
  });
  await first.task.addCollection(
    'job',
    taskIds.map((id) => ({ id, commandLine: mark('$AZ_BATCH_TASK_ID', '; sleep 0.3') })),
  );
  await eventually('the first tasks', () => marks().filter((line) => line.startsWith('t')).length >= 2);
  program?.process.kill('SIGKILL');
  await program?.ended;

  const second = await boot();
  await eventually(
    'the end of all tasks',
    async () => {
      const tasks = await second.task.list('job');
      return tasks.length === taskIds.length && tasks.every(({ state }) => state === 'completed');
    },
    60_000,
  );
  await second.job.terminate('job');
  await eventually('the end of the job', async () => (await second.job.get('job')).state === 'completed', 60_000);

  const nodes = (await second.computeNode.list('pool')).map(({ id }) => id ?? '');
  const expected = [...taskIds, ...nodes.flatMap((id) => [`prepared ${id}`, `released ${id}`])];
  expect(marks().sort()).toEqual(expected.sort());
}, 120_000);

// A node whose disk is nearly full: on the real disk, with the bound set just below what is free now.
import { statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { startSharedStack, type SharedStack } from '../e2e/shared-stack.js';
import { eventually } from '../helpers/eventually.js';
import { addPool, endJob, sh, taskCompleted } from './attempts-stack.js';

// Others use the disk as well: what they take or give back meanwhile must not matter.
const marginBytes = 3_000_000_000;
let stack: SharedStack;
beforeAll(async () => {
  const { bavail, bsize } = statfsSync(tmpdir());
  stack = await startSharedStack('attempts-disk', { reservedDiskBytes: bavail * bsize - marginBytes });
});
afterAll(() => stack.stop());
afterEach(({ task }) => stack.afterTest(task));

test('a node whose disk is full is unusable with DiskFull, takes no task, and is back once there is room', async () => {
  const [nodeId = ''] = await addPool(stack, 'Full');
  const client = stack.client();
  const node = () => client.computeNode.get('Full', nodeId);
  const entered = (state: string) =>
    eventually(`node ${state}`, async () => (await node()).state === state, 60_000, 200);
  await client.job.add({
    id: 'Full',
    poolInfo: { poolId: 'Full' },
    jobPreparationTask: { commandLine: 'true' },
    jobReleaseTask: { commandLine: sh('rm $AZ_BATCH_NODE_SHARED_DIR/big') },
  });
  const script = `fallocate -l ${2 * marginBytes} $AZ_BATCH_NODE_SHARED_DIR/big`;
  await client.task.add('Full', { id: 'fills', commandLine: sh(script) });
  await taskCompleted(stack, 'Full', 'fills');
  await entered('unusable');
  expect((await node()).errors).toMatchObject([{ code: 'DiskFull' }]);

  await client.job.add({ id: 'Waits', poolInfo: { poolId: 'Full' } });
  await client.task.add('Waits', { id: 't', commandLine: 'true' });
  await eventually(
    'a look at the job that waits',
    async () => (await stack.readNodeFile('Full', nodeId, 'volatile/image.json')) !== '',
  );
  expect((await client.task.get('Waits', 't')).state).toBe('active');

  // A release makes room, so it has to run where no task may.
  await endJob(stack, 'Full');
  await taskCompleted(stack, 'Waits', 't');
  await entered('idle');
  expect((await node()).errors ?? []).toEqual([]);
});

// URLs in orders are good for a limited time. A node whose run had to wait longer asks for its order again, and the run starts with a fresh one.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { addPool } from '../e2e/marked-job.js';
import { startSharedStack, type SharedStack } from '../e2e/shared-stack.js';
import { eventually } from '../helpers/eventually.js';
import { createContainer, type UserContainer } from './files-store.js';
import { taskReached } from './tasks-play.js';

const validSeconds = 4;
let stack: SharedStack;
let nodeId: string;
let data: UserContainer;
beforeAll(async () => {
  stack = await startSharedStack('expiry', { settings: { BookendOrderUrlSeconds: String(validSeconds) } });
  [nodeId = ''] = await addPool(() => stack.client(), 'expiry', 1, 2);
  data = await createContainer(stack.storage, 'late');
  await data.put('late.txt', 'late');
});
afterAll(() => stack.stop());

test('a task that waits until its order is too old gets a fresh one, and runs with its files', async () => {
  const mark = join(stack.directory, 'go');
  await stack.client().job.add({
    id: 'late',
    poolInfo: { poolId: 'expiry' },
    jobPreparationTask: { commandLine: `/bin/sh -c 'while [ ! -e ${mark} ]; do sleep 0.1; done'` },
  });
  const padding = 'x'.repeat(40_000);
  const resourceFiles = [{ autoStorageContainerName: data.name }];
  await stack.client().task.addCollection('late', [
    { id: 'linked', commandLine: '/bin/cat late.txt', resourceFiles },
    // Too long for an order: its definition stands behind a URL of the same lifetime.
    { id: 'long', commandLine: `/bin/sh -c 'cat late.txt # ${padding}'`, resourceFiles },
  ]);
  for (const id of ['linked', 'long']) await taskReached(stack.client(), 'late', id, 'preparing');
  const log = join(stack.dataDirectory, 'logs', 'agents.log');
  await eventually('the start of the preparation', () => readFileSync(log, 'utf8').includes('run was started'));
  // Signed after the orders were sent, so they are too old once it is.
  const probe = await data.url('rl', validSeconds * 1000);
  await eventually(
    'the end of the URLs',
    async () => (await fetch(`${probe}&restype=container&comp=list`)).status === 403,
  );
  expect(existsSync(mark)).toBe(false);
  writeFileSync(mark, '');
  for (const id of ['linked', 'long']) {
    const { executionInfo } = await taskReached(stack.client(), 'late', id, 'completed');
    expect(executionInfo, id).toMatchObject({ exitCode: 0, result: 'success', retryCount: 0, requeueCount: 0 });
    expect(await stack.readNodeFile('expiry', nodeId, `workitems/late/job-1/${id}/stdout.txt`)).toBe('late');
  }
  const asked = readFileSync(log, 'utf8').match(/order was found too old/g) ?? [];
  expect(asked.length).toBeGreaterThanOrEqual(2);
});

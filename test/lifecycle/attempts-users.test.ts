// Who tasks run as. As root the stack gives them users of a range and a second stack, of an ordinary user, runs beside it; started by an
// ordinary user, the tests look at that one alone, whose tasks run as itself.
import { chmodSync, mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BatchServiceModels } from '@azure/batch';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { BatchServiceClient } from '../../samples/job-prep-release/connect.js';
import { connectChecked, startCheckedEndpoint } from '../helpers/checked-endpoint.js';
import { eventually } from '../helpers/eventually.js';
import { allGone, descendantsOf, startProgram } from '../helpers/started-program.js';
import { sh, textOf } from './attempts-stack.js';

type Running = { readonly client: BatchServiceClient; readonly directory: string; stop(): Promise<void> };

const isRoot = process.getuid?.() === 0;
const ordinaryUid = 43_210;
const range = { first: 50_000, last: 50_063 };
const [sharedGid, poolUid, firstTaskUid] = [range.first, range.first + 1, range.first + 2];
const readySchema = z.object({ batchUrl: z.string(), account: z.string(), key: z.string() });

async function startAs(uid: number | undefined, options: readonly string[]): Promise<Running> {
  const directory = mkdtempSync(join(tmpdir(), 'task-users-'));
  chmodSync(directory, 0o777);
  const as = uid === undefined ? [] : ['/usr/bin/setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', '--'];
  const [command = '', ...args] = [...as, process.execPath, 'dist/local/start.js', '--json', '--port', '0', ...options];
  const program = startProgram(command, args, { TMPDIR: directory, HOME: directory });
  const stop = async (): Promise<void> => {
    const below = descendantsOf(program.pid);
    program.process.kill('SIGTERM');
    await program.ended;
    await allGone(below);
    await rm(directory, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    await eventually('the ready line', () => program.stdout().includes('\n'), 60_000);
    const { endpoint, proxy } = await startCheckedEndpoint(readySchema.parse(JSON.parse(program.stdout())));
    return { client: await connectChecked(endpoint), directory, stop: () => stop().then(() => proxy.stop()) };
  } catch (error) {
    await stop();
    throw new Error(program.stderr(), { cause: error });
  }
}

let ordinary: Running;
/** The stack that gives tasks users of a range; where nobody can, the ordinary one. */
let stack: Running;
beforeAll(async () => {
  ordinary = await startAs(isRoot ? ordinaryUid : undefined, []);
  stack = isRoot ? await startAs(undefined, ['--task-users', `${range.first}-${range.last}`]) : ordinary;
  for (const { client } of new Set([ordinary, stack]))
    await client.pool.add({ id: 'P', vmSize: 'local', targetDedicatedNodes: 1 });
}, 150_000);
afterAll(() => Promise.all([...new Set([ordinary, stack])].map((each) => each.stop())));

type AutoUser = BatchServiceModels.AutoUserSpecification;
const as = (
  scope: NonNullable<AutoUser['scope']>,
  elevationLevel: NonNullable<AutoUser['elevationLevel']> = 'nonadmin',
) => ({
  userIdentity: { autoUser: { scope, elevationLevel } },
});

async function ended({ client }: Running, jobId: string, taskId: string): Promise<BatchServiceModels.CloudTask> {
  await eventually(
    `the end of ${taskId}`,
    async () => (await client.task.get(jobId, taskId)).state === 'completed',
    60_000,
    50,
  );
  return client.task.get(jobId, taskId);
}

async function outputOf(running: Running, jobId: string, taskId: string): Promise<string> {
  const { executionInfo } = await ended(running, jobId, taskId);
  const { client } = running;
  const text = await textOf(client.file.getFromTask(jobId, taskId, 'stdout.txt'));
  expect(executionInfo, text).toMatchObject({ exitCode: 0 });
  return text.trim();
}

const whoAmI = sh('echo $(id -u) $(id -g) $(id -G) $AZ_BATCH_TASK_USER_IDENTITY $(stat -c %u .)');
const itself = isRoot ? ordinaryUid : (process.getuid?.() ?? 0);

describe('an auto user', () => {
  test('of pool scope is one for all such tasks of a node, of task scope one for each, and preparation and release have theirs', async () => {
    const { client } = stack;
    await client.job.add({
      id: 'Who',
      poolInfo: { poolId: 'P' },
      jobPreparationTask: { commandLine: whoAmI, ...as('pool') },
      jobReleaseTask: { commandLine: whoAmI, ...as('task') },
    });
    const identities = { p1: as('pool'), p2: {}, t1: as('task'), t2: as('task') };
    for (const [id, identity] of Object.entries(identities))
      await client.task.add('Who', { id, commandLine: whoAmI, ...identity });
    const told = await Promise.all(Object.keys(identities).map((id) => outputOf(stack, 'Who', id)));
    const line = (uid: number, name: string): string => `${uid} ${uid} ${uid} ${sharedGid} ${name} ${uid}`;
    await client.job.terminate('Who');
    await eventually('the end of the job', async () => (await client.job.get('Who')).state === 'completed', 60_000, 50);
    const [node] = await client.computeNode.list('P');
    const special = (id: string) =>
      textOf(client.file.getFromComputeNode('P', node?.id ?? '', `workitems/Who/job-1/${id}/stdout.txt`));
    const ends = [(await special('jobpreparation')).trim(), (await special('jobrelease')).trim()];
    if (isRoot) {
      expect(told).toEqual([
        line(poolUid, 'PoolNonAdmin'),
        line(poolUid, 'PoolNonAdmin'),
        line(firstTaskUid, 'TaskNonAdmin'),
        line(firstTaskUid + 1, 'TaskNonAdmin'),
      ]);
      expect(ends).toEqual([line(poolUid, 'PoolNonAdmin'), line(firstTaskUid + 2, 'TaskNonAdmin')]);
    } else {
      expect([...told, ...ends].map((text) => text.split(' ')[0])).toEqual(Array(6).fill(String(itself)));
    }
  });

  test('that is an administrator is root where the agent is, and refused with a reason where it is not', async () => {
    for (const running of new Set([stack, ordinary])) {
      const { client } = running;
      await client.job.add({ id: 'Admin', poolInfo: { poolId: 'P' } });
      for (const scope of ['pool', 'task'] as const)
        await client.task.add('Admin', { id: scope, commandLine: whoAmI, ...as(scope, 'admin') });
      for (const [scope, name] of Object.entries({ pool: 'PoolAdmin', task: 'TaskAdmin' })) {
        if (isRoot && running === stack) {
          expect(await outputOf(running, 'Admin', scope)).toBe(`0 0 0 ${sharedGid} ${name} 0`);
        } else {
          const { executionInfo } = await ended(running, 'Admin', scope);
          expect(executionInfo).toMatchObject({
            result: 'failure',
            failureInfo: { category: 'usererror', code: 'CommandLaunchFailed' },
          });
          expect(executionInfo?.failureInfo?.message).toContain('admin');
          expect(executionInfo?.exitCode).toBeUndefined();
        }
      }
    }
  });

  test('of a start task is one of the node, or root, and a start task that may not be root keeps its node from tasks', async () => {
    for (const running of new Set([stack, ordinary])) {
      const { client } = running;
      const mayBeRoot = isRoot && running === stack;
      const add = (id: string, identity: object) =>
        client.pool.add({
          ...{ id, vmSize: 'local', targetDedicatedNodes: 1 },
          startTask: { commandLine: whoAmI, waitForSuccess: true, ...identity },
        });
      const settled = async (poolId: string, states: readonly string[]): Promise<BatchServiceModels.ComputeNode> =>
        eventually(
          `the end of the start task of ${poolId}`,
          async () => (await client.computeNode.list(poolId)).find(({ state }) => states.includes(state ?? '')),
          60_000,
          100,
        );
      await add('Starts', as('pool'));
      await add('StartsAsAdmin', as('pool', 'admin'));
      const node = await settled('Starts', ['idle', 'starttaskfailed']);
      const told = await textOf(client.file.getFromComputeNode('Starts', node.id ?? '', 'startup/stdout.txt'));
      expect([node.state, told.split(' ')[0]]).toEqual(['idle', String(mayBeRoot ? poolUid : itself)]);
      const admin = await settled('StartsAsAdmin', ['idle', 'starttaskfailed']);
      if (mayBeRoot) {
        const path = 'startup/stdout.txt';
        const text = await textOf(client.file.getFromComputeNode('StartsAsAdmin', admin.id ?? '', path));
        expect([admin.state, text.split(' ')[0]]).toEqual(['idle', '0']);
      } else {
        expect(admin).toMatchObject({
          state: 'starttaskfailed',
          startTaskInfo: { result: 'failure', failureInfo: { code: 'CommandLaunchFailed' } },
        });
      }
      for (const id of ['Starts', 'StartsAsAdmin']) await client.pool.deleteMethod(id);
    }
  });

  test('of an agent that is not root is the agent itself', async () => {
    await ordinary.client.job.add({ id: 'Itself', poolInfo: { poolId: 'P' } });
    await ordinary.client.task.add('Itself', { id: 't', commandLine: whoAmI, ...as('task') });
    expect((await outputOf(ordinary, 'Itself', 't')).split(' ')[0]).toBe(String(itself));
  });

  test('is no named user: that is refused, naming the property', async () => {
    const body = { id: 'Named', poolInfo: { poolId: 'P' } };
    await stack.client.job.add(body);
    const refused = stack.client.task.add('Named', {
      ...{ id: 't', commandLine: 'true', userIdentity: { userName: 'somebody' } },
    });
    await expect(refused).rejects.toMatchObject({ statusCode: 400 });
    const text = await refused.then(String, (error: unknown) => JSON.stringify(error));
    expect(text.toLowerCase()).toContain('username');
  });
});

describe('the folders of a node', () => {
  test('let tasks share what is shared, read the preparation, and keep out of each other', async () => {
    const { client } = stack;
    await client.job.add({
      id: 'Folders',
      poolInfo: { poolId: 'P' },
      jobPreparationTask: {
        commandLine: sh('echo prepared > data; echo one > $AZ_BATCH_NODE_SHARED_DIR/f'),
        ...as('pool'),
      },
    });
    const own = sh(
      'echo secret > own; echo two >> $AZ_BATCH_NODE_SHARED_DIR/f; cat $AZ_BATCH_JOB_PREP_WORKING_DIR/data',
    );
    await client.task.add('Folders', { id: 't1', commandLine: own, ...as('task') });
    expect(await outputOf(stack, 'Folders', 't1')).toBe('prepared');
    const look = [
      'cat $AZ_BATCH_NODE_SHARED_DIR/f',
      'echo three > $AZ_BATCH_NODE_SHARED_DIR/f && echo changed',
      'cat ../../t1/wd/own 2>/dev/null || echo kept out',
      'echo x 2>/dev/null > $AZ_BATCH_JOB_PREP_WORKING_DIR/data || echo read only',
      'rm -f $AZ_BATCH_NODE_SHARED_DIR/f && echo removed',
    ].join('; ');
    await client.task.add('Folders', {
      id: 't2',
      commandLine: `/bin/bash -c "${look.replaceAll('$', '\\$')}"`,
      ...as('task'),
    });
    const lines = (await outputOf(stack, 'Folders', 't2')).split('\n');
    if (isRoot) expect(lines).toEqual(['one', 'two', 'changed', 'kept out', 'read only', 'removed']);
    else expect(lines).toEqual(expect.arrayContaining(['removed']));
  });

  test('of a task are given up when a task of a user of its own is ended with all it started', async () => {
    const { client } = stack;
    await client.job.add({ id: 'Killed', poolInfo: { poolId: 'P' } });
    const script = '(trap : TERM; while :; do sleep 1; done) & echo $! > pid; setsid sleep 1000 & sleep 1000';
    await client.task.add('Killed', { id: 't', commandLine: sh(script), ...as('task') });
    await eventually('the start of the task', async () => (await client.task.get('Killed', 't')).state === 'running');
    await eventually('its mark', async () => (await textOf(client.file.getFromTask('Killed', 't', 'wd/pid'))) !== '');
    await client.job.deleteMethod('Killed');
    await eventually('the end of the job', async () => !(await jobExists(client, 'Killed')), 60_000, 100);
    const [node] = await client.computeNode.list('P');
    await eventually(
      'the removal of its folder',
      async () =>
        !(await client.file.listFromComputeNode('P', node?.id ?? '', { recursive: true })).some(({ name }) =>
          name?.startsWith('workitems/Killed'),
        ),
      30_000,
      200,
    );
  });
});

async function jobExists(client: BatchServiceClient, jobId: string): Promise<boolean> {
  return client.job.get(jobId).then(
    () => true,
    () => false,
  );
}

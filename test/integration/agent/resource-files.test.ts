// Resource files on a real disk, from a real web server: what comes, what does not, and what becomes of the run.
import { chmod, mkdir, readdir, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { createNodeDisk } from '../../../agent/adapters/node-disk.js';
import type { Agent } from '../../../agent/start-agent.js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createNodeOnMachine, orderWith, runWith, shell, type NodeOnMachine } from '../../helpers/agent-on-machine.js';
import { eventually } from '../../helpers/eventually.js';
import { startFileServer, type FileServer } from '../../helpers/file-server.js';

const wd = 'workitems/job1/job-1/task1/wd';
const killed = { category: 'usererror', code: 'TaskEnded', message: 'The task was ended by a user' } as const;

let node: NodeOnMachine;
let files: FileServer;
let agent: Agent;
beforeEach(async () => {
  [node, files] = await Promise.all([createNodeOnMachine(), startFileServer()]);
  agent = await node.start();
});
afterEach(async () => {
  await node.remove();
  await files.stop();
});

const run = async (...given: Parameters<typeof runWith>) => {
  const task = runWith(...given);
  await node.sendOrder(orderWith({ tasks: [task] }));
  return node.ended(task.runId);
};
const inWd = (path: string): string => join(node.identity.rootDirectory, wd, path);

describe('a resource file', () => {
  test('is there before the command, which it may be itself', async () => {
    const script = encodeURIComponent('#!/bin/sh\ncat data/in.txt');
    const resourceFiles = [
      { httpUrl: files.url(`/text/${script}`), filePath: 'run.sh', fileMode: '0700' },
      { httpUrl: files.url('/text/input'), filePath: './data//in.txt' },
    ];
    expect(await run('./run.sh', { resourceFiles })).toMatchObject({ ending: 'exited', exitCode: 0 });
    expect(await node.read('workitems/job1/job-1/task1/stdout.txt')).toBe('input');
    expect((await stat(inWd('run.sh'))).mode & 0o777).toBe(0o700);
    expect((await stat(inWd('data/in.txt'))).mode & 0o777).toBe(0o770);
    expect((await readdir(inWd('.'))).sort()).toEqual(['data', 'run.sh']);
  });

  test('is asked for again while its server has trouble', async () => {
    const resourceFiles = [{ httpUrl: files.url('/flaky/2/late'), filePath: 'late.txt' }];
    expect(await run('/bin/cat late.txt', { resourceFiles })).toMatchObject({ exitCode: 0 });
    expect(files.asked('/flaky/2/late')).toBe(3);
  });

  test('much larger than the memory allowed for it is streamed', async () => {
    const bytes = 300 * 1024 * 1024;
    const before = process.memoryUsage().arrayBuffers;
    let most = 0;
    const watch = setInterval(() => (most = Math.max(most, process.memoryUsage().arrayBuffers)), 5);
    const resourceFiles = [{ httpUrl: files.url(`/large/${bytes}`), filePath: 'large' }];
    const ended = await run('/bin/true', { resourceFiles }).finally(() => clearInterval(watch));
    expect(ended).toMatchObject({ exitCode: 0 });
    expect((await stat(inWd('large'))).size).toBe(bytes);
    expect(most - before).toBeLessThan(100 * 1024 * 1024);
  });

  test('may be one of many that share directories which are not there yet', async () => {
    const disk = await createNodeDisk({ root: node.identity.rootDirectory, state: node.stateDirectory });
    await mkdir(inWd('.'), { recursive: true });
    const content = async function* () {
      yield Buffer.from('x');
    };
    for (let round = 0; round < 150; round += 1)
      await Promise.all(
        Array.from({ length: 8 }, (_, index) =>
          disk.receiveFile({ within: wd, path: `${round}/a/${index % 2}/c/${index}`, mode: 0o600 }, content()),
        ),
      );
    expect(await readdir(inWd('149/a/1/c'))).toHaveLength(4);
  });

  test('replaces an older one of the same path', async () => {
    await mkdir(inWd('.'), { recursive: true });
    await run(shell('echo older than that > a.txt'), { taskId: 'task1', runId: 'first' });
    const resourceFiles = [{ httpUrl: files.url('/text/new'), filePath: 'a.txt' }];
    expect(await run('/bin/cat a.txt', { resourceFiles, runId: 'second', attempt: 2 })).toMatchObject({ exitCode: 0 });
    expect(await node.read(`${wd}/a.txt`)).toBe('new');
  });
});

describe('a run whose resource file', () => {
  test.each([
    ['is not there', '/status/404', 'usererror', 'BlobNotFound', 1],
    ['may not be read', '/status/403', 'usererror', 'BlobAccessDenied', 1],
    ['may not be asked for', '/status/400', 'servererror', 'BlobDownloadMiscError', 1],
  ])('%s fails before its command, and is not tried again', async (_, path, category, code, asked) => {
    const resourceFiles = [{ httpUrl: files.url(path), filePath: 'a.txt' }];
    const ended = await run('/bin/true', { resourceFiles, constraints: { maxTaskRetryCount: 3 } });
    expect(ended).toMatchObject({ ending: 'notStartable', retryCount: 0, failure: { category, code } });
    expect(ended.exitCode).toBeUndefined();
    expect(ended.startedAgoMs).toBeDefined();
    expect(files.asked(path)).toBe(asked);
    expect(JSON.stringify(ended)).toContain(path);
    expect(JSON.stringify(ended)).not.toContain('secret');
    expect(await readdir(inWd('.'))).toEqual([]);
  });

  test('always breaks off fails after a bounded number of tries', { timeout: 60_000 }, async () => {
    const resourceFiles = [{ httpUrl: files.url('/broken'), filePath: 'a.txt' }];
    const task = runWith('/bin/true', { resourceFiles });
    await node.sendOrder(orderWith({ tasks: [task] }));
    const ended = await eventually(
      'the end',
      () => {
        const told = node.run(task.runId);
        return told?.state === 'ended' ? told : undefined;
      },
      50_000,
    );
    expect(ended).toMatchObject({ failure: { category: 'servererror', code: 'BlobDownloadMiscError' } });
    expect(files.asked('/broken')).toBe(7);
    expect(await readdir(inWd('.'))).toEqual([]);
  });

  test.each(['../a.txt', '/a.txt', 'b/../../a.txt'])(
    'has the path %s fails, and nothing is written',
    async (filePath) => {
      const resourceFiles = [{ httpUrl: files.url('/text/evil'), filePath }];
      const failure = { category: 'usererror', code: 'ResourceFileCreateFailed' };
      expect(await run('/bin/true', { resourceFiles })).toMatchObject({ ending: 'notStartable', failure });
      expect(files.asked('/text/evil')).toBe(0);
    },
  );

  test.each([
    ['directory', 'out', 'out/a.txt'],
    ['link to nowhere', 'gone', 'gone/a.txt'],
  ])('would leave the working directory through a %s fails, and nothing is written', async (_, link, filePath) => {
    await mkdir(inWd('.'), { recursive: true });
    await mkdir(join(node.directory, 'elsewhere'));
    await symlink(join(node.directory, link === 'out' ? 'elsewhere' : 'nowhere'), inWd(link));
    const resourceFiles = [{ httpUrl: files.url('/text/evil'), filePath }];
    const failure = { category: 'usererror', code: 'ResourceFileCreateFailed' };
    expect(await run('/bin/true', { resourceFiles })).toMatchObject({ ending: 'notStartable', failure });
    expect(await readdir(join(node.directory, 'elsewhere'))).toEqual([]);
    expect(await readdir(node.directory)).not.toContain('nowhere');
  });

  test('has the place of a directory fails with what the disk says', async () => {
    await mkdir(inWd('a.txt/b'), { recursive: true });
    const resourceFiles = [{ httpUrl: files.url('/text/x'), filePath: 'a.txt' }];
    const failure = { category: 'servererror', code: 'ResourceFileCreateFailed' };
    expect(await run('/bin/true', { resourceFiles })).toMatchObject({ ending: 'notStartable', failure });
    await chmod(inWd('a.txt'), 0o755);
  });

  test('does not come in its time is ended by its wall clock, files included', async () => {
    const resourceFiles = [{ httpUrl: files.url('/held/x'), filePath: 'a.txt' }];
    const ended = await run('/bin/true', { resourceFiles, constraints: { maxWallClockMs: 700 } });
    expect(ended).toMatchObject({ ending: 'wallClock', failure: { category: 'servererror', code: 'TaskEnded' } });
    expect(ended.startedAgoMs).toBeGreaterThanOrEqual(700);
  });

  test('is on its way is running, and can be killed', async () => {
    const resourceFiles = [{ httpUrl: files.url('/held/x'), filePath: 'a.txt' }];
    const task = runWith('/bin/true', { resourceFiles });
    await node.sendOrder(orderWith({ tasks: [task] }));
    await eventually('the run to be told as running', () => node.run(task.runId)?.state === 'running');
    await node.sendOrder(orderWith({ kills: [{ runId: task.runId, failure: killed }] }));
    expect(await node.ended(task.runId)).toMatchObject({ ending: 'neverStarted', failure: killed });
    expect(await readdir(inWd('.'))).toEqual([]);
  });
});

test('an agent that comes after one that died while files came receives them again', async () => {
  const resourceFiles = [
    { httpUrl: files.url('/text/first'), filePath: 'first.txt' },
    { httpUrl: files.url('/held/second'), filePath: 'second.txt' },
  ];
  const task = runWith(shell('cat first.txt second.txt'), { resourceFiles });
  await node.sendOrder(orderWith({ tasks: [task] }));
  await eventually('the second file to be asked for', () => files.asked('/held/second') === 1);
  await agent.detach();
  await node.start();
  await eventually('the second file to be asked for again', () => files.asked('/held/second') === 2);
  files.letGo('/held/second');
  expect(await node.ended(task.runId)).toMatchObject({ ending: 'exited', exitCode: 0 });
  expect(await node.read('workitems/job1/job-1/task1/stdout.txt')).toBe('firstsecond');
});

describe('an order whose URL is good no more', () => {
  const failure = { code: 'Unknown', category: 'servererror' } as const;
  const isAskedSince = (runId: string, reports: number): boolean =>
    node
      .reports()
      .slice(reports)
      .some(({ runs }) => runs.some((each) => each.runId === runId && each.needsFreshOrder === true));

  test('is asked for again, and its run starts when it came', async () => {
    const task = runWith('/bin/true');
    await node.sendOrder(orderWith({ tasks: [{ ...task, definition: { url: files.url('/status/403') } }] }));
    await eventually('the question', () => node.run(task.runId)?.needsFreshOrder === true);
    expect(node.run(task.runId)?.state).toBe('accepted');
    await node.sendOrder(orderWith({ tasks: [task] }));
    expect(await node.ended(task.runId)).toMatchObject({ ending: 'exited', exitCode: 0 });
  });

  test('is asked for also by the next agent', async () => {
    const task = runWith('/bin/true');
    await node.sendOrder(orderWith({ tasks: [{ ...task, definition: { url: files.url('/status/403') } }] }));
    await eventually('the question', () => node.run(task.runId)?.needsFreshOrder === true);
    const asked = node.reports().length;
    await agent.detach();
    await node.start();
    await eventually('the question again', () => isAskedSince(task.runId, asked));
    await node.sendOrder(orderWith({ tasks: [task] }));
    expect(await node.ended(task.runId)).toMatchObject({ ending: 'exited', exitCode: 0 });
  });

  test('is given up when a fresh one is never better', async () => {
    let sent = 0;
    const stale = { ...runWith('/bin/true'), definition: { url: files.url('/status/403') } };
    await node.sendOrder(orderWith({ tasks: [stale] }));
    for (let renewal = 1; renewal <= 3; renewal += 1) {
      await eventually('the question', () => isAskedSince(stale.runId, sent));
      sent = node.reports().length;
      await node.sendOrder(orderWith({ tasks: [stale] }));
    }
    expect(await node.ended(stale.runId)).toMatchObject({ ending: 'notStartable', failure });
    expect(files.asked('/status/403')).toBe(4);
  });

  test('does not keep its run from being killed', async () => {
    const stale = { ...runWith('/bin/true'), definition: { url: files.url('/status/403') } };
    await node.sendOrder(orderWith({ tasks: [stale] }));
    await eventually('the question', () => node.run(stale.runId)?.needsFreshOrder === true);
    await node.sendOrder(orderWith({ kills: [{ runId: stale.runId, failure: killed }] }));
    expect(await node.ended(stale.runId)).toMatchObject({ ending: 'neverStarted', failure: killed });
  });
});

// Containers that runs read and write, in Azurite: whatever is large, is broken off, or comes page by page.
import { BlobServiceClient, ContainerSASPermissions, SASProtocol, type ContainerClient } from '@azure/storage-blob';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { createHttpTransfers } from '../../../agent/adapters/http-transfers.js';
import type { Agent } from '../../../agent/start-agent.js';
import type { OutputFile } from '../../../shared/tasks/resource-file.js';
import { createNodeOnMachine, orderWith, runWith, shell, type NodeOnMachine } from '../../helpers/agent-on-machine.js';
import { startAzurite, type TestAzurite } from '../../helpers/azurite.js';
import { eventually } from '../../helpers/eventually.js';
import { startFileServer, type FileServer } from '../../helpers/file-server.js';

let azurite: TestAzurite;
let files: FileServer;
let node: NodeOnMachine;
let agent: Agent;
let container: ContainerClient;
let containers = 0;
beforeAll(async () => {
  [azurite, files] = await Promise.all([startAzurite(), startFileServer()]);
});
afterAll(async () => {
  await files.stop();
  await azurite.stop();
});
beforeEach(async () => {
  container = BlobServiceClient.fromConnectionString(azurite.connectionString).getContainerClient(
    `runs-${(containers += 1)}`,
  );
  await container.create();
  node = await createNodeOnMachine();
  agent = await node.start();
});
afterEach(() => node.remove());

const url = (rights: string): Promise<string> =>
  container.generateSasUrl({
    permissions: ContainerSASPermissions.parse(rights),
    expiresOn: new Date(Date.now() + 3600_000),
    protocol: SASProtocol.HttpsAndHttp,
  });
const blobNames = async (): Promise<readonly string[]> => {
  const names: string[] = [];
  for await (const { name } of container.listBlobsFlat()) names.push(name);
  return names;
};
const output = (containerUrl: string, filePattern: string): OutputFile => ({
  filePattern,
  destination: { container: { containerUrl } },
  uploadOptions: { uploadCondition: 'taskcompletion' },
});

test('a large file is uploaded block by block, as it is', async () => {
  const megabytes = 40;
  const task = runWith(shell(`head -c ${megabytes}M /dev/zero | tr "\\0" x > large; printf end >> large`), {
    outputFiles: [output(await url('cw'), 'large')],
  });
  await node.sendOrder(orderWith({ tasks: [task] }));
  const ended = await eventually(
    'the end',
    () => node.run(task.runId)?.state === 'ended' && node.run(task.runId),
    60_000,
  );
  expect(ended).toMatchObject({ ending: 'exited', exitCode: 0 });
  expect(ended.failure).toBeUndefined();
  const blob = container.getBlobClient('large');
  const size = megabytes * 1024 * 1024 + 3;
  expect((await blob.getProperties()).contentLength).toBe(size);
  expect((await blob.downloadToBuffer(size - 4, 4)).toString()).toBe('xend');
  const { committedBlocks = [] } = await container.getBlockBlobClient('large').getBlockList('committed');
  expect(Math.max(...committedBlocks.map((block) => block.size))).toBe(4 * 1024 * 1024);
}, 90_000);

test('the blobs of a container come with their names, however odd', async () => {
  const names = ['many/a b+c&d#e%20.txt', 'many/deep/b.txt', 'many/ü?.txt'];
  for (const name of names) await container.getBlockBlobClient(name).upload('1', 1);
  const resourceFiles = [{ storageContainerUrl: await url('rl'), filePath: 'in' }];
  const task = runWith(shell('find in -type f | sort'), { resourceFiles });
  await node.sendOrder(orderWith({ tasks: [task] }));
  expect(await node.ended(task.runId)).toMatchObject({ exitCode: 0 });
  const text = await node.read('workitems/job1/job-1/task1/stdout.txt');
  expect(text.trim().split('\n').sort()).toEqual(names.map((name) => `in/${name}`).sort());
});

test('the blobs of a container are listed page by page', async () => {
  const names = Array.from({ length: 7 }, (_, index) => `page/${index}`);
  for (const name of [...names, 'other']) await container.getBlockBlobClient(name).upload('1', 1);
  const pages: string[][] = [];
  const transfers = createHttpTransfers({ pageSize: 3 });
  for await (const page of transfers.listBlobs(await url('rl'), 'page/', new AbortController().signal))
    pages.push(page.map(({ name }) => name));
  expect(pages.map(({ length }) => length)).toEqual([3, 3, 1]);
  expect(pages.flat()).toEqual(names);
});

test('an agent that comes after one that died while it uploaded uploads again, and the command ran once', async () => {
  const task = runWith(shell('echo result > a.txt; echo ran >> $AZ_BATCH_NODE_SHARED_DIR/runs'), {
    outputFiles: [output(files.url('/accept-later'), 'a.txt')],
  });
  await node.sendOrder(orderWith({ tasks: [task] }));
  await eventually('the first upload', () => files.asked('/accept-later/a.txt') === 1);
  expect(node.run(task.runId)?.state).not.toBe('ended');
  await agent.detach();
  await node.start();
  const ended = await node.ended(task.runId);
  expect(ended).toMatchObject({ ending: 'exited', exitCode: 0 });
  expect(ended.failure).toBeUndefined();
  expect(files.asked('/accept-later/a.txt')).toBe(2);
  expect(await node.read('shared/runs')).toBe('ran\n');
});

test('a task that is killed while it uploads ends as killed', async () => {
  const failure = { category: 'usererror', code: 'TaskEnded', message: 'The task was ended by a user' } as const;
  const outputFiles = [output(files.url('/held'), 'a.txt')];
  const task = runWith(shell('echo result > a.txt'), { outputFiles });
  await node.sendOrder(orderWith({ tasks: [task] }));
  await eventually('the upload', () => files.asked('/held/a.txt') === 1);
  await node.sendOrder(orderWith({ kills: [{ runId: task.runId, failure }] }));
  expect(await node.ended(task.runId)).toMatchObject({ ending: 'killed', exitCode: 0, failure });
});

test('a task whose uploading takes too long is ended by its wall clock', async () => {
  const outputFiles = [output(files.url('/held'), 'b.txt')];
  const task = runWith(shell('echo result > b.txt'), { outputFiles, constraints: { maxWallClockMs: 700 } });
  await node.sendOrder(orderWith({ tasks: [task] }));
  expect(await node.ended(task.runId)).toMatchObject({ ending: 'wallClock', failure: { code: 'TaskEnded' } });
});

test('a pattern for what a task may not read fails the task, and nothing is uploaded', async () => {
  const patterns = ['/etc/passwd', '../../other/*', '$AZ_BATCH_NODE_ROOT_DIR/**', '../../../../../../../etc/passwd'];
  for (const [index, pattern] of patterns.entries()) {
    const task = runWith('/bin/true', { taskId: `task${index}`, outputFiles: [output(await url('cw'), pattern)] });
    await node.sendOrder(orderWith({ tasks: [task] }));
    const failure = { category: 'usererror', code: 'FileUploadMiscError' };
    expect(await node.ended(task.runId), pattern).toMatchObject({ ending: 'exited', exitCode: 0, failure });
  }
  expect((await container.listBlobsFlat().next()).done).toBe(true);
});

test('files of the node’s shared directory and of the job’s preparation are uploaded', async () => {
  const preparation = runWith(shell('echo prepared > p.txt; echo shared > $AZ_BATCH_NODE_SHARED_DIR/s.txt'), {
    kind: 'preparation',
    taskId: 'jobpreparation',
  });
  const containerUrl = await url('cw');
  const task = runWith('/bin/true', {
    requiresPreparation: preparation.runId,
    outputFiles: [
      output(containerUrl, '$AZ_BATCH_JOB_PREP_WORKING_DIR/*.txt'),
      output(containerUrl, '$AZ_BATCH_NODE_SHARED_DIR/*.txt'),
    ],
  });
  await node.sendOrder(orderWith({ preparation, tasks: [task] }));
  expect((await node.ended(task.runId)).failure).toBeUndefined();
  expect(await blobNames()).toEqual(['p.txt', 's.txt']);
});

test('a link to what a task may not read is not uploaded', async () => {
  const other = runWith(shell('echo secret > secret.txt'), { taskId: 'other' });
  await node.sendOrder(orderWith({ tasks: [other] }));
  await node.ended(other.runId);
  const links = 'ln -s /etc/passwd stolen.txt; ln -s ../../other/wd/secret.txt secret.txt; echo own > own.txt';
  const task = runWith(shell(links), {
    outputFiles: [output(await url('cw'), '*.txt')],
  });
  await node.sendOrder(orderWith({ tasks: [task] }));
  expect((await node.ended(task.runId)).failure).toBeUndefined();
  expect(await blobNames()).toEqual(['own.txt']);
});

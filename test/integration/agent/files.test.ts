// Questions about files below the node root, asked through the bus and answered from a real disk.
import { execFileSync } from 'node:child_process';
import { mkdir, symlink, truncate, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  fileReplySchema,
  messageTypes,
  type FileReply,
  type FileRequest,
} from '../../../shared/nodes/node-messages.js';
import { createNodeOnMachine, orderWith, runWith, type NodeOnMachine } from '../../helpers/agent-on-machine.js';
import { eventually } from '../../helpers/eventually.js';

let node: NodeOnMachine;
let blobs: Server;
let uploaded: { headers: IncomingHttpHeaders; content: Buffer }[];
let uploadUrl: string;
let requests = 0;

beforeEach(async () => {
  node = await createNodeOnMachine();
  uploaded = [];
  blobs = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      uploaded.push({ headers: request.headers, content: Buffer.concat(chunks) });
      response.writeHead(201).end();
    });
  });
  await new Promise<void>((resolve) => blobs.listen(0, '127.0.0.1', resolve));
  const address = blobs.address();
  uploadUrl = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/blob`;
  await node.start();
  const root = node.identity.rootDirectory;
  await writeFile(join(node.directory, 'outside.txt'), 'outside');
  await mkdir(join(root, 'shared/folder'));
  await writeFile(join(root, 'shared/folder/a.txt'), '0123456789');
  await writeFile(join(root, 'shared/empty.txt'), '');
  await symlink(join(node.directory, 'outside.txt'), join(root, 'shared/leak.txt'));
  await symlink(node.directory, join(root, 'shared/leak'));
  await symlink('/', join(root, 'shared/folder/slash'));
  await symlink('a.txt', join(root, 'shared/folder/b.txt'));
  await symlink('..', join(root, 'shared/folder/circle'));
  execFileSync('mkfifo', [join(root, 'shared/pipe')]);
});
afterEach(async () => {
  await node.remove();
  await new Promise((resolve) => blobs.close(resolve));
});

async function ask(question: FileRequest['question']): Promise<FileReply['answer']> {
  const requestId = `request${++requests}`;
  const data: FileRequest = { requestId, poolId: 'pool1', nodeId: 'node1', uploadUrl, question };
  await node.bus.send('node-orders', [
    {
      messageId: requestId,
      sessionId: 'pool1/node1',
      body: { specversion: '1.0', id: requestId, source: '/test', type: messageTypes.fileRequest, data },
    },
  ]);
  const reply = await eventually(`an answer to ${JSON.stringify(question)}`, () =>
    node.bus.sent.find(({ queue, message }) => queue === 'node-replies' && message.messageId === requestId),
  );
  expect(reply.message.sessionId).toBe(requestId);
  return fileReplySchema.parse(reply.message.body.data).answer;
}

const read = (path: string, from = 0, to?: number): Promise<FileReply['answer']> =>
  ask({ kind: 'read', path, from, ...(to === undefined ? {} : { to }) });
const text = (answer: FileReply['answer']): string =>
  answer.kind === 'content' ? Buffer.from(answer.base64, 'base64').toString() : `no content but ${answer.kind}`;

describe('reading', () => {
  test('gives the whole, a range, and a range that reaches over the end', async () => {
    const whole = await read('shared/folder/a.txt');
    expect(text(whole)).toBe('0123456789');
    expect(whole).toMatchObject({
      file: { name: 'shared/folder/a.txt', isDirectory: false, sizeBytes: 10, fileMode: '0o100644' },
    });
    expect(text(await read('shared/folder/a.txt', 2, 4))).toBe('234');
    expect(text(await read('shared/folder/a.txt', 8, 100))).toBe('89');
    expect(text(await read('shared/folder/b.txt', 9))).toBe('9');
    expect(text(await read('shared/empty.txt'))).toBe('');
    expect(await read('shared/folder/a.txt', 10)).toEqual({ kind: 'invalidRange', sizeBytes: 10 });
    expect(await read('shared/folder/a.txt', 5, 4)).toEqual({ kind: 'invalidRange', sizeBytes: 10 });
  });

  test.each([
    '../outside.txt',
    'shared/../../outside.txt',
    'shared/leak.txt',
    'shared/leak/outside.txt',
    'shared/leak/state/node.json',
    'shared/folder/slash/etc/passwd',
    '/etc/passwd',
    'shared//folder/a.txt',
    'shared/folder/a.txt/x',
    'shared/pipe',
    'shared/folder',
    'shared/absent.txt',
    '',
    'shared/a\0b',
  ])('what is not a file below the root is not found: %j', async (path) => {
    expect(await read(path)).toEqual({ kind: 'notFound' });
    if (path !== 'shared/folder') expect(await ask({ kind: 'properties', path })).toEqual({ kind: 'notFound' });
  });

  test('puts what a message cannot hold into the blob of the request', async () => {
    const content = Buffer.alloc(300_000, 'x');
    await writeFile(join(node.identity.rootDirectory, 'shared/large.bin'), content);
    expect(await read('shared/large.bin')).toMatchObject({
      kind: 'uploaded',
      of: 'content',
      file: { sizeBytes: 300_000 },
    });
    expect(uploaded).toHaveLength(1);
    expect(uploaded[0]?.headers).toMatchObject({ 'x-ms-blob-type': 'BlockBlob', 'content-length': '300000' });
    expect(uploaded[0]?.content.equals(content)).toBe(true);
  });

  test('of a range touches that range only, and the whole of a huge file is refused', async () => {
    await writeFile(join(node.identity.rootDirectory, 'shared/huge.bin'), '');
    const tebibyte = 2 ** 40;
    await truncate(join(node.identity.rootDirectory, 'shared/huge.bin'), tebibyte);
    expect(text(await read('shared/huge.bin', tebibyte - 3))).toBe('\0\0\0');
    expect(await read('shared/huge.bin')).toEqual({ kind: 'tooLarge', sizeBytes: tebibyte, limitBytes: 64 * 2 ** 20 });
  });
});

describe('listing', () => {
  const names = async (directory: string, recursive: boolean): Promise<string[]> => {
    const answer = await ask({ kind: 'list', directory, recursive });
    return answer.kind === 'list' ? answer.files.map((file) => file.name) : [answer.kind];
  };

  test('shows a directory or all below it, without following links into circles or out of the root', async () => {
    expect(await names('', false)).toEqual(['applications', 'fsmounts', 'shared', 'startup', 'volatile', 'workitems']);
    expect(await names('shared', false)).toEqual(['shared/empty.txt', 'shared/folder']);
    expect(await names('shared', true)).toEqual([
      'shared/empty.txt',
      'shared/folder',
      'shared/folder/a.txt',
      'shared/folder/b.txt',
      'shared/folder/circle',
    ]);
    for (const absent of ['shared/leak', '..', '/', 'shared/folder/slash', 'shared/folder/a.txt', 'absent'])
      expect(await names(absent, true)).toEqual(['notFound']);
  });

  test('puts a long list into the blob', async () => {
    await mkdir(join(node.identity.rootDirectory, 'shared/many'));
    const files = Array.from({ length: 2_500 }, (_, index) => `file-${String(index).padStart(5, '0')}.txt`);
    await Promise.all(files.map((name) => writeFile(join(node.identity.rootDirectory, 'shared/many', name), '')));
    expect(await ask({ kind: 'list', directory: 'shared/many', recursive: false })).toEqual({
      kind: 'uploaded',
      of: 'list',
    });
    const listed = JSON.parse(String(uploaded[0]?.content)) as { files: { name: string }[] };
    expect(listed.files.map((file) => file.name)).toEqual(files.map((name) => `shared/many/${name}`));
  });
});

describe('deleting', () => {
  const remove = (path: string, recursive = false): Promise<FileReply['answer']> =>
    ask({ kind: 'delete', path, recursive });
  const isThere = (path: string): boolean => existsSync(join(node.identity.rootDirectory, path));

  test('takes a file, an empty folder, and a full one only with all it holds', async () => {
    expect(await remove('shared/empty.txt')).toEqual({ kind: 'deleted' });
    expect(isThere('shared/empty.txt')).toBe(false);
    expect(await remove('shared/empty.txt')).toEqual({ kind: 'notFound' });
    expect(await remove('shared/folder')).toEqual({ kind: 'notDeleted', reason: 'notEmpty' });
    expect(isThere('shared/folder/a.txt')).toBe(true);
    await mkdir(join(node.identity.rootDirectory, 'shared/folder/deep/deeper'), { recursive: true });
    expect(await remove('shared/folder/deep/deeper')).toEqual({ kind: 'deleted' });
    expect(await remove('shared/folder', true)).toEqual({ kind: 'deleted' });
    expect(isThere('shared/folder')).toBe(false);
  });

  test('takes what has names that are no text', async () => {
    const folder = Buffer.from(join(node.identity.rootDirectory, 'shared/folder/'));
    await writeFile(Buffer.concat([folder, Buffer.from([0x66, 0xff, 0xfe])]), '');
    expect(await remove('shared/folder', true)).toEqual({ kind: 'deleted' });
    expect(isThere('shared/folder')).toBe(false);
  });

  test('takes links and pipes themselves, and nothing that they lead to', async () => {
    const outside = join(node.directory, 'kept');
    await mkdir(outside);
    await writeFile(join(outside, 'file.txt'), '');
    await symlink(outside, join(node.identity.rootDirectory, 'shared/folder/out'));
    expect(await remove('shared/leak.txt')).toEqual({ kind: 'deleted' });
    expect(await remove('shared/leak', true)).toEqual({ kind: 'deleted' });
    expect(await remove('shared/pipe')).toEqual({ kind: 'deleted' });
    expect(await remove('shared/folder', true)).toEqual({ kind: 'deleted' });
    expect(existsSync(join(node.directory, 'outside.txt'))).toBe(true);
    expect(existsSync(join(outside, 'file.txt'))).toBe(true);
    expect(existsSync(node.stateDirectory)).toBe(true);
  });

  test.each([
    '../outside.txt',
    'shared/../../outside.txt',
    'shared/leak/outside.txt',
    '/etc/hostname',
    '',
    '.',
    'a\0b',
  ])('finds nothing outside the root: %j', async (path) => {
    expect(await remove(path, true)).toEqual({ kind: 'notFound' });
    expect(existsSync(join(node.directory, 'outside.txt'))).toBe(true);
  });

  test.each(['shared', 'workitems', 'startup', 'volatile', 'volatile/image.json'])(
    'leaves what the node itself needs: %j',
    async (path) => {
      expect(await remove(path, true)).toEqual({ kind: 'notDeleted', reason: 'inUse' });
      expect(isThere(path)).toBe(true);
    },
  );

  test('takes single files of a task that runs, and its folders once it has ended', async () => {
    const task = runWith("/bin/bash -c 'touch scratch; while [ ! -e done ]; do sleep 0.05; done'");
    await node.sendOrder(orderWith({ tasks: [task] }));
    const wd = 'workitems/job1/job-1/task1/wd';
    await eventually('its file', () => isThere(`${wd}/scratch`));
    for (const folder of ['workitems/job1', 'workitems/job1/job-1', 'workitems/job1/job-1/task1', wd])
      expect(await remove(folder, true)).toEqual({ kind: 'notDeleted', reason: 'inUse' });
    // By another name: a link to the folder of the job.
    await symlink('../workitems/job1/job-1/task1', join(node.identity.rootDirectory, 'shared/alias'));
    expect(await remove('shared/alias/wd', true)).toEqual({ kind: 'notDeleted', reason: 'denied' });
    expect(await remove(`${wd}/scratch`)).toEqual({ kind: 'deleted' });
    expect(isThere(`${wd}/scratch`)).toBe(false);
    await writeFile(join(node.identity.rootDirectory, wd, 'done'), '');
    expect((await node.ended(task.runId)).exitCode).toBe(0);
    expect(await remove('workitems/job1/job-1/task1', true)).toEqual({ kind: 'deleted' });
    expect(isThere('workitems/job1/job-1/task1')).toBe(false);
  });

  test('is done once for a request that comes twice', async () => {
    const path = 'shared/empty.txt';
    const first = await remove(path);
    await writeFile(join(node.identity.rootDirectory, path), 'newer');
    requests -= 1;
    const again = `request${requests + 1}`;
    const replies = () =>
      node.bus.sent.filter(({ queue, message }) => queue === 'node-replies' && message.messageId === again);
    await remove(path);
    await eventually('the second answer', () => replies().length === 2);
    expect(replies().map(({ message }) => fileReplySchema.parse(message.body.data).answer)).toEqual([first, first]);
    expect(isThere(path)).toBe(true);
  });
});

test('questions are answered while tasks run', async () => {
  const task = runWith('/bin/sleep 1000');
  await node.sendOrder(orderWith({ tasks: [task] }));
  await eventually('a report that it runs', () => node.run(task.runId)?.state === 'running');
  expect(text(await read('workitems/job1/job-1/task1/stdout.txt'))).toBe('');
});

// Questions about files below the node root, asked through the bus and answered from a real disk.
import { execFileSync } from 'node:child_process';
import { mkdir, symlink, truncate, writeFile } from 'node:fs/promises';
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

test('questions are answered while tasks run', async () => {
  const task = runWith('/bin/sleep 1000');
  await node.sendOrder(orderWith({ tasks: [task] }));
  await eventually('a report that it runs', () => node.run(task.runId)?.state === 'running');
  expect(text(await read('workitems/job1/job-1/task1/stdout.txt'))).toBe('');
});

// Rules of resource files and output files, through REST on the running stack: what is on the node's disk, what is in the containers.
import type { BatchServiceModels } from '@azure/batch';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { existsSync, readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addPool, jobReached } from '../e2e/marked-job.js';
import { startSharedStack, type SharedStack } from '../e2e/shared-stack.js';
import { eventually } from '../helpers/eventually.js';
import { startFileServer, type FileServer } from '../helpers/file-server.js';
import { createContainer, type UserContainer } from './files-store.js';
import { taskReached } from './tasks-play.js';

const poolId = 'files';
let stack: SharedStack;
let nodeId: string;
let data: UserContainer;
let server: FileServer;
beforeAll(async () => {
  [stack, server] = await Promise.all([startSharedStack('files'), startFileServer()]);
  const [nodes, container] = await Promise.all([
    addPool(() => stack.client(), poolId, 1, 8),
    createContainer(stack.storage, 'common-data'),
  ]);
  [nodeId = ''] = nodes;
  data = container;
  await Promise.all([
    data.put('in/one.txt', 'one'),
    data.put('in/deep/two.txt', 'two'),
    data.put('inner.txt', 'inner'),
    data.put('out.txt', 'out'),
  ]);
});
afterAll(async () => {
  await server.stop();
  await stack.stop();
});

const client = () => stack.client();
const shell = (script: string): string => `/bin/sh -c '${script}'`;
type ResourceFile = BatchServiceModels.ResourceFile;
type OutputFile = BatchServiceModels.OutputFile;

const addJob = (id: string, more: Partial<BatchServiceModels.JobAddParameter> = {}) =>
  client().job.add({ id, poolInfo: { poolId }, ...more });

async function runTask(jobId: string, task: BatchServiceModels.TaskAddParameter) {
  await client().task.add(jobId, task);
  return (await taskReached(client(), jobId, task.id, 'completed')).executionInfo;
}

const stdoutOf = (jobId: string, taskId: string): Promise<string> =>
  stack.readNodeFile(poolId, nodeId, `workitems/${jobId}/job-1/${taskId}/stdout.txt`);

const onDisk = (path: string): string => {
  const nodes = join(stack.dataDirectory, 'nodes');
  const found = readdirSync(nodes, { recursive: true, encoding: 'utf8' }).find((each) => each.endsWith(`/${path}`));
  return join(nodes, found ?? `nothing ends with ${path}`);
};

describe.concurrent('resource files', () => {
  test('are in the working directory before the command of a preparation, a task and a release begins', async () => {
    await addJob('all-kinds', {
      jobPreparationTask: {
        commandLine: shell('cat common/in/one.txt common/in/deep/two.txt > $AZ_BATCH_NODE_SHARED_DIR/all-kinds.txt'),
        resourceFiles: [{ autoStorageContainerName: data.name, blobPrefix: 'in/', filePath: 'common' }],
      },
      jobReleaseTask: {
        commandLine: shell('cat out.txt >> $AZ_BATCH_NODE_SHARED_DIR/all-kinds.txt'),
        resourceFiles: [{ storageContainerUrl: await data.url('rl'), blobPrefix: 'out' }],
      },
    });
    const ended = await runTask('all-kinds', {
      id: 'task',
      commandLine: './run.sh',
      resourceFiles: [
        { httpUrl: server.url(`/text/${encodeURIComponent('#!/bin/sh\ncat $1 mine.txt')}`), filePath: 'run.sh' },
        { httpUrl: await data.blobUrl('inner.txt'), filePath: 'mine.txt' },
      ],
    });
    expect(ended).toMatchObject({ exitCode: 0, result: 'success' });
    expect(await stdoutOf('all-kinds', 'task')).toBe('inner');
    await client().job.terminate('all-kinds');
    await jobReached(client, { jobId: 'all-kinds' }, 'completed');
    expect(await stack.readNodeFile(poolId, nodeId, 'shared/all-kinds.txt')).toBe('onetwoout');
  });

  test('of a container keep the paths of its blobs, and only those with the prefix come', async () => {
    await addJob('containers');
    const list = shell('find . -type f | sort');
    const url = await data.url('rl');
    const cases: Record<string, [ResourceFile, string[]]> = {
      whole: [{ storageContainerUrl: url }, ['./in/deep/two.txt', './in/one.txt', './inner.txt', './out.txt']],
      below: [
        { storageContainerUrl: url, blobPrefix: 'in/', filePath: 'a/b' },
        ['./a/b/in/deep/two.txt', './a/b/in/one.txt'],
      ],
      part: [{ storageContainerUrl: url, blobPrefix: 'in' }, ['./in/deep/two.txt', './in/one.txt', './inner.txt']],
      none: [{ storageContainerUrl: url, blobPrefix: 'zzz' }, []],
    };
    for (const [id, [file, expected]] of Object.entries(cases)) {
      await runTask('containers', { id, commandLine: list, resourceFiles: [file] });
      expect((await stdoutOf('containers', id)).split('\n').filter((line) => line !== '')).toEqual(expected);
    }
  });

  test('have the mode that was asked for, 0770 otherwise', async () => {
    await addJob('modes');
    const httpUrl = await data.blobUrl('out.txt');
    await runTask('modes', {
      id: 'task',
      commandLine: shell('stat -c %a given.txt usual.txt'),
      resourceFiles: [
        { httpUrl, filePath: 'given.txt', fileMode: '0640' },
        { httpUrl, filePath: 'usual.txt' },
      ],
    });
    expect(await stdoutOf('modes', 'task')).toBe('640\n770\n');
  });

  test('that do not come fail their task before its command, with a reason, and without a retry', async () => {
    await addJob('never');
    const free = await closedPort();
    const cases: Record<string, readonly [ResourceFile, string, string]> = {
      missing: [{ httpUrl: await data.blobUrl('nothing'), filePath: 'a' }, 'usererror', 'BlobNotFound'],
      forbidden: [{ httpUrl: await data.blobUrl('out.txt', 'w'), filePath: 'a' }, 'usererror', 'BlobAccessDenied'],
      unreachable: [{ httpUrl: `http://127.0.0.1:${free}/a`, filePath: 'a' }, 'servererror', 'BlobDownloadMiscError'],
      'no-list': [{ storageContainerUrl: await data.url('r') }, 'usererror', 'ResourceContainerAccessDenied'],
      'no-container': [
        { storageContainerUrl: (await data.url('rl')).replace('common-data?', 'common-none?') },
        'usererror',
        'ResourceContainerAccessDenied',
      ],
      'no-linked': [{ autoStorageContainerName: 'nowhere' }, 'usererror', 'ResourceContainerNotFound'],
      'not-ours': [{ autoStorageContainerName: 'bookend' }, 'usererror', 'ResourceContainerNotFound'],
      'one-path': [
        { storageContainerUrl: await data.url('rl'), blobPrefix: 'out.txt' },
        'usererror',
        'ResourceFileCreateFailed',
      ],
    };
    await Promise.all(
      Object.entries(cases).map(async ([id, [file, category, code]]) => {
        const info = await runTask('never', {
          id,
          commandLine: shell('echo ran'),
          constraints: { maxTaskRetryCount: 3 },
          resourceFiles: [{ httpUrl: await data.blobUrl('out.txt'), filePath: 'out.txt' }, file],
        });
        expect(info, id).toMatchObject({ result: 'failure', retryCount: 0, failureInfo: { category, code } });
        expect(info?.startTime, id).toBeInstanceOf(Date);
        expect(info?.exitCode, id).toBeUndefined();
        expect(JSON.stringify(info?.failureInfo), id).not.toContain('sig=');
        expect(existsSync(onDisk(`never/job-1/${id}/stdout.txt`)), id).toBe(false);
      }),
    );
  });

  test('that fail a preparation bar its node, and nothing is tried again', async () => {
    await addJob('barred', {
      jobPreparationTask: {
        commandLine: shell('echo ran'),
        constraints: { maxTaskRetryCount: 3 },
        resourceFiles: [{ httpUrl: server.url('/status/404'), filePath: 'a' }],
      },
      jobReleaseTask: { commandLine: shell('echo ran') },
    });
    await client().task.add('barred', { id: 'task', commandLine: '/bin/true' });
    const info = await eventually('the failure', async () => {
      const [status] = await client().job.listPreparationAndReleaseTaskStatus('barred');
      return status?.jobPreparationTaskExecutionInfo?.state === 'completed'
        ? status.jobPreparationTaskExecutionInfo
        : undefined;
    });
    expect(info).toMatchObject({ result: 'failure', retryCount: 0, failureInfo: { code: 'BlobNotFound' } });
    expect(server.asked('/status/404')).toBe(1);
    await taskReached(client(), 'barred', 'task', 'active');
    await client().job.terminate('barred');
    await jobReached(client, { jobId: 'barred' }, 'completed');
    const [status] = await client().job.listPreparationAndReleaseTaskStatus('barred');
    expect(status?.jobReleaseTaskExecutionInfo).toBeUndefined();
  });

  test('take their share of the wall clock of their task', async () => {
    await addJob('slow');
    const info = await runTask('slow', {
      id: 'task',
      commandLine: shell('echo ran'),
      constraints: { maxWallClockTime: 'PT1S' },
      resourceFiles: [{ httpUrl: server.url('/held/a'), filePath: 'a' }],
    });
    const failureInfo = { category: 'servererror', code: 'TaskEnded' };
    expect(info).toMatchObject({ result: 'failure', failureInfo });
    expect(info?.exitCode).toBeUndefined();
  });

  test('on their way make a task running, and it can be terminated', async () => {
    await addJob('on-its-way');
    await client().task.add('on-its-way', {
      id: 'task',
      commandLine: shell('echo ran'),
      resourceFiles: [{ httpUrl: server.url('/held/b'), filePath: 'b' }],
    });
    await eventually('the request', () => server.asked('/held/b') === 1);
    const running = await taskReached(client(), 'on-its-way', 'task', 'running');
    expect(running.executionInfo?.startTime).toBeInstanceOf(Date);
    await client().task.terminate('on-its-way', 'task');
    const { executionInfo } = await taskReached(client(), 'on-its-way', 'task', 'completed');
    expect(executionInfo).toMatchObject({
      result: 'failure',
      failureInfo: { category: 'usererror', code: 'TaskEnded' },
    });
  });

  test('are received again by an agent that was killed meanwhile, and its command runs once', async () => {
    const [killed = ''] = await addPool(client, 'killed', 1);
    await client().job.add({ id: 'killed', poolInfo: { poolId: 'killed' } });
    await client().task.add('killed', {
      id: 'task',
      commandLine: shell('cat c.txt; echo ran >> $AZ_BATCH_NODE_SHARED_DIR/runs'),
      resourceFiles: [{ httpUrl: server.url('/held/c'), filePath: 'c.txt' }],
    });
    await eventually('the request', () => server.asked('/held/c') === 1);
    const agent = stack.programs().find(({ command }) => command.includes('agent/main.js') && command.includes(killed));
    if (agent === undefined) throw new Error('The agent was not found');
    process.kill(agent.pid, 'SIGKILL');
    await eventually('the request of the next agent', () => server.asked('/held/c') === 2, 60_000);
    server.letGo('/held/c');
    const { executionInfo } = await taskReached(client(), 'killed', 'task', 'completed');
    expect(executionInfo).toMatchObject({ exitCode: 0, retryCount: 0, requeueCount: 0 });
    expect(await stack.readNodeFile('killed', killed, 'workitems/killed/job-1/task/stdout.txt')).toBe('c');
    expect(await stack.readNodeFile('killed', killed, 'shared/runs')).toBe('ran\n');
  });

  test('are there for the start task, too', async () => {
    await client().pool.add({
      id: 'started',
      vmSize: 'small',
      targetDedicatedNodes: 1,
      startTask: {
        commandLine: shell('cp out.txt $AZ_BATCH_NODE_SHARED_DIR/started.txt'),
        waitForSuccess: true,
        resourceFiles: [{ autoStorageContainerName: data.name, blobPrefix: 'out.txt' }],
      },
    });
    const id = await eventually(
      'an idle node',
      async () => (await client().computeNode.list('started')).find(({ state }) => state === 'idle')?.id,
      60_000,
    );
    expect(await stack.readNodeFile('started', id, 'shared/started.txt')).toBe('out');
    await client().pool.deleteMethod('started');
  });
});

describe.concurrent('output files', () => {
  const to = async (
    container: UserContainer,
    filePattern: string,
    uploadCondition: OutputFile['uploadOptions']['uploadCondition'],
    path?: string,
  ): Promise<OutputFile> => ({
    filePattern,
    destination: { container: { containerUrl: await container.url('cw'), ...(path !== undefined && { path }) } },
    uploadOptions: { uploadCondition },
  });

  test('are in their container when their task is told to have completed, by pattern and by condition', async () => {
    const kept = await createContainer(stack.storage, 'kept');
    await addJob('outputs');
    for (const [id, exitCode] of [
      ['good', 0],
      ['bad', 3],
    ] as const) {
      const info = await runTask('outputs', {
        id,
        commandLine: shell(
          `mkdir -p d/e; echo a > a.txt; echo b > d/e/b.txt; echo l > x.log; echo h > .hidden.txt; echo said; exit ${exitCode}`,
        ),
        outputFiles: [
          await to(kept, '**/*.txt', 'tasksuccess', `${id}/success`),
          await to(kept, '*.log', 'taskfailure', `${id}/failure`),
          await to(kept, 'a.txt', 'taskcompletion', `${id}/renamed.txt`),
          await to(kept, '../std*.txt', 'taskcompletion', `${id}/logs/`),
          await to(kept, '$AZ_BATCH_TASK_WORKING_DIR/d/e/[a-c].txt', 'taskcompletion', `${id}/absolute`),
          await to(kept, 'nothing/*', 'taskcompletion', id),
        ],
      });
      expect(info).toMatchObject({ exitCode, result: exitCode === 0 ? 'success' : 'failure' });
      const names = (await kept.names()).filter((name) => name.startsWith(`${id}/`));
      expect(names).toEqual(
        [
          ...(exitCode === 0 ? ['success/a.txt', 'success/d/e/b.txt'] : ['failure/x.log']),
          'absolute/b.txt',
          'logs/stderr.txt',
          'logs/stdout.txt',
          'renamed.txt',
        ]
          .map((name) => `${id}/${name}`)
          .sort(),
      );
      expect(await kept.read(`${id}/logs/stdout.txt`)).toBe('said\n');
      expect(await kept.read(`${id}/renamed.txt`)).toBe('a\n');
    }
    expect(await stack.readNodeFile(poolId, nodeId, 'workitems/outputs/job-1/good/fileuploadout.txt')).toContain(
      'a.txt',
    );
    expect(await stack.readNodeFile(poolId, nodeId, 'workitems/outputs/job-1/good/fileuploaderr.txt')).toBe('');
  });

  test('carry the headers that were asked for', async () => {
    const kept = await createContainer(stack.storage, 'headers');
    await addJob('headers');
    const file = await to(kept, 'a.json', 'taskcompletion');
    const uploadHeaders = [
      { name: 'x-ms-blob-content-type', value: 'application/json' },
      { name: 'x-ms-meta-colour', value: 'red' },
    ];
    await runTask('headers', {
      id: 'task',
      commandLine: shell('echo {} > a.json'),
      outputFiles: [{ ...file, destination: { container: { ...file.destination.container!, uploadHeaders } } }],
    });
    const found = await kept.client.getBlobClient('a.json').getProperties();
    expect([found.contentType, found.metadata]).toEqual(['application/json', { colour: 'red' }]);
  });

  test('that cannot be uploaded fail their task, whose exit code stays, and nothing is tried again', async () => {
    const kept = await createContainer(stack.storage, 'refused');
    await addJob('no-upload');
    const gone = await to(kept, 'a.txt', 'taskcompletion');
    const noContainer = (await kept.url('cw')).replace('/refused?', '/refused-none?');
    const cases: Record<string, readonly [string, string]> = {
      denied: [await kept.url('r'), 'FileUploadAccessDenied'],
      elsewhere: [noContainer, 'FileUploadAccessDenied'],
    };
    for (const [id, [containerUrl, code]] of Object.entries(cases)) {
      const info = await runTask('no-upload', {
        id,
        commandLine: shell('echo a > a.txt; echo run >> $AZ_BATCH_NODE_SHARED_DIR/no-upload'),
        constraints: { maxTaskRetryCount: 3 },
        outputFiles: [{ ...gone, destination: { container: { containerUrl } } }],
      });
      expect(info).toMatchObject({
        exitCode: 0,
        result: 'failure',
        retryCount: 0,
        failureInfo: { category: 'usererror', code },
      });
      const told = await stack.readNodeFile(poolId, nodeId, `workitems/no-upload/job-1/${id}/fileuploaderr.txt`);
      expect(told).toContain(code);
      expect(told + JSON.stringify(info)).not.toContain('sig=');
    }
    expect(await stack.readNodeFile(poolId, nodeId, 'shared/no-upload')).toBe('run\nrun\n');
  });

  test('of a deleted container fail their task with that reason', async () => {
    const kept = await createContainer(stack.storage, 'going');
    const file = await to(kept, 'a.txt', 'taskcompletion');
    await kept.client.delete();
    await addJob('gone');
    const info = await runTask('gone', { id: 'task', commandLine: shell('echo a > a.txt'), outputFiles: [file] });
    expect(info).toMatchObject({
      exitCode: 0,
      result: 'failure',
      failureInfo: { code: 'FileUploadContainerNotFound' },
    });
  });

  test('of a job manager are uploaded as well', async () => {
    const kept = await createContainer(stack.storage, 'managed');
    await addJob('managed', {
      jobManagerTask: {
        id: 'manager',
        commandLine: shell('cp out.txt result.txt'),
        resourceFiles: [{ autoStorageContainerName: data.name, blobPrefix: 'out.txt' }],
        outputFiles: [await to(kept, 'result.txt', 'tasksuccess')],
      },
    });
    await jobReached(client, { jobId: 'managed' }, 'completed');
    expect(await kept.read('result.txt')).toBe('out');
  });
});

/** A port on which nobody listens. */
async function closedPort(): Promise<number> {
  const listener = createServer();
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const address = listener.address();
  await new Promise((resolve) => listener.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 1;
}

// What jobs and tasks are refused: by the code of the limit that is broken, or by the name of what Bookend does not do.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startSharedStack, type SharedStack } from '../e2e/shared-stack.js';
import { send } from './tasks-play.js';

let stack: SharedStack;
beforeAll(async () => {
  stack = await startSharedStack('refusals');
  await stack.client().job.add({ id: 'J', poolInfo: { poolId: 'nowhere' }, usesTaskDependencies: true });
});
afterAll(() => stack.stop());

const job = { id: 'refused', poolInfo: { poolId: 'nowhere' } };
const task = { id: 'refused', commandLine: 'true' };
const preparation = { commandLine: 'true' };
const manager = { id: 'm', commandLine: 'true' };
const packages = [{ applicationId: 'a' }];
const named = { username: 'u' };
const token = { access: ['job'] };
const container = { imageName: 'i' };

type Refusal = { readonly status: number; readonly code: unknown; readonly property: string | undefined };

async function refusalOf(path: string, body: object): Promise<Refusal> {
  const answer = await send(stack.client(), 'POST', path, body);
  const values = (answer.body['values'] ?? []) as { key: string; value: string }[];
  const property = values.find(({ key }) => key === 'PropertyName')?.value;
  return { status: answer.status, code: answer.body['code'], property };
}

describe('what is not supported is refused by name', () => {
  test.each<[given: string, property: string, body: object]>([
    ['preemption', 'allowTaskPreemption', { ...job, allowTaskPreemption: true }],
    [
      'a container to prepare in',
      'containerSettings',
      { ...job, jobPreparationTask: { ...preparation, containerSettings: container } },
    ],
    [
      'a container to release in',
      'containerSettings',
      { ...job, jobPreparationTask: preparation, jobReleaseTask: { ...preparation, containerSettings: container } },
    ],
    [
      'a named account to prepare as',
      'username',
      { ...job, jobPreparationTask: { ...preparation, userIdentity: named } },
    ],
    [
      'a container of the manager',
      'containerSettings',
      { ...job, jobManagerTask: { ...manager, containerSettings: container } },
    ],
    [
      'a token of the manager',
      'authenticationTokenSettings',
      { ...job, jobManagerTask: { ...manager, authenticationTokenSettings: token } },
    ],
    [
      'packages of the manager',
      'applicationPackageReferences',
      { ...job, jobManagerTask: { ...manager, applicationPackageReferences: packages } },
    ],
    ['what Batch does not know', 'colour', { ...job, colour: 'red' }],
  ])('in a job: %s, as %s', async (_, property, body) => {
    expect(await refusalOf('/jobs', body)).toEqual({ status: 400, code: 'UnsupportedProperty', property });
  });

  test.each<[given: string, property: string, body: object]>([
    ['a container', 'containerSettings', { ...task, containerSettings: container }],
    ['several nodes', 'multiInstanceSettings', { ...task, multiInstanceSettings: { coordinationCommandLine: 'c' } }],
    ['packages', 'applicationPackageReferences', { ...task, applicationPackageReferences: packages }],
    ['a token', 'authenticationTokenSettings', { ...task, authenticationTokenSettings: token }],
    ['a named account', 'username', { ...task, userIdentity: named }],
    ['what Batch does not know', 'colour', { ...task, colour: 'red' }],
  ])('in a task: %s, as %s', async (_, property, body) => {
    expect(await refusalOf('/jobs/J/tasks', body)).toEqual({ status: 400, code: 'UnsupportedProperty', property });
  });
});

describe('a limit that is broken is refused with its code', () => {
  const long = (length: number): string => 'x'.repeat(length);
  const invalid = 'InvalidPropertyValue';

  test.each<[limit: string, path: string, body: object, status: number, code: string, property?: string]>([
    ['ids of 64 characters', '/jobs', { ...job, id: long(65) }, 400, invalid, 'id'],
    ['ids of letters, digits, hyphens, underscores', '/jobs/J/tasks', { ...task, id: 'a.b' }, 400, invalid, 'id'],
    ['display names of 1,024 characters', '/jobs', { ...job, displayName: long(1025) }, 400, invalid, 'displayName'],
    ['priorities from -1000 to 1000', '/jobs', { ...job, priority: 1001 }, 400, invalid, 'priority'],
    ['one parallel task or more', '/jobs', { ...job, maxParallelTasks: 0 }, 400, invalid, 'maxParallelTasks'],
    ['metadata with names', '/jobs', { ...job, metadata: [{ name: '', value: 'v' }] }, 400, 'EmptyMetadataKey', 'name'],
    ['an id for each end of a job', '/jobs', { ...job, jobReleaseTask: preparation }, 400, invalid, 'jobReleaseTask'],
    [
      'releases of 15 minutes',
      '/jobs',
      { ...job, jobPreparationTask: preparation, jobReleaseTask: { ...preparation, maxWallClockTime: 'PT15M1S' } },
      ...([400, invalid, 'maxWallClockTime'] as const),
    ],
    [
      'retries from -1 on',
      '/jobs/J/tasks',
      { ...task, constraints: { maxTaskRetryCount: -2 } },
      400,
      invalid,
      'maxTaskRetryCount',
    ],
    ['256 slots', '/jobs/J/tasks', { ...task, requiredSlots: 257 }, 400, invalid, 'requiredSlots'],
    ['one slot', '/jobs/J/tasks', { ...task, requiredSlots: 0 }, 400, invalid, 'requiredSlots'],
    ['a command line', '/jobs/J/tasks', { ...task, commandLine: ' ' }, 400, invalid, 'commandLine'],
    [
      'names of variables without =',
      '/jobs/J/tasks',
      { ...task, environmentSettings: [{ name: 'A=B' }] },
      ...([400, invalid, 'name'] as const),
    ],
    [
      'ranges that end after they start',
      '/jobs/J/tasks',
      { ...task, dependsOn: { taskIdRanges: [{ start: 2, end: 1 }] } },
      ...([400, invalid, 'end'] as const),
    ],
    [
      '1,000 ranges',
      '/jobs/J/tasks',
      { ...task, dependsOn: { taskIdRanges: Array.from({ length: 1001 }, (__, n) => ({ start: n, end: n })) } },
      ...([400, 'TaskDependencyRangesTooLong', 'taskIdRanges'] as const),
    ],
    [
      '100 tasks a collection',
      '/jobs/J/addtaskcollection',
      { value: Array.from({ length: 101 }, (__, n) => ({ ...task, id: `t${n}` })) },
      ...([400, invalid, 'value'] as const),
    ],
    [
      'definitions that can be kept',
      '/jobs/J/tasks',
      { ...task, commandLine: long(400_000) },
      413,
      'RequestBodyTooLarge',
    ],
    ['bodies of 1 MiB', '/jobs/J/tasks', { ...task, commandLine: long(1_100_000) }, 413, 'RequestBodyTooLarge'],
  ])('%s', async (_, path, body, status, code, property) => {
    expect(await refusalOf(path, body)).toEqual({ status, code, property });
  });
});

describe('resource files are refused', () => {
  const httpUrl = 'https://account.blob.core.windows.net/container/a.txt?sig=s';
  const [invalid, unsupported] = ['InvalidPropertyValue', 'UnsupportedProperty'];
  const prepared = (resourceFiles: readonly object[]): object => ({
    ...job,
    jobPreparationTask: { ...preparation, resourceFiles },
  });

  test('by a task and a preparation with 400 and the name of what is wrong: source, path, mode, identity', async () => {
    const cases: Record<string, readonly [file: object, code: string | undefined, property: string]> = {
      'two sources': [{ httpUrl, autoStorageContainerName: 'data', filePath: 'a' }, invalid, 'httpUrl'],
      'no source': [{ filePath: 'a' }, invalid, 'httpUrl'],
      'a URL of another kind': [{ httpUrl: 'file:///etc/passwd', filePath: 'a' }, invalid, 'httpUrl'],
      'a URL without a path': [{ httpUrl }, invalid, 'filePath'],
      'a directory for a URL': [{ httpUrl, filePath: 'a/' }, invalid, 'filePath'],
      'a path that escapes': [{ httpUrl, filePath: 'a/../../b' }, invalid, 'filePath'],
      'an absolute path': [{ autoStorageContainerName: 'data', filePath: '/etc' }, invalid, 'filePath'],
      'a mode that is not octal': [{ httpUrl, filePath: 'a', fileMode: '0888' }, invalid, 'fileMode'],
      'a prefix with a URL': [{ httpUrl, filePath: 'a', blobPrefix: 'b' }, invalid, 'blobPrefix'],
      'an identity': [
        { httpUrl, filePath: 'a', identityReference: { resourceId: 'r' } },
        unsupported,
        'identityReference',
      ],
    };
    for (const [given, [file, code, property]] of Object.entries(cases)) {
      const refused = { status: 400, code, property };
      expect(await refusalOf('/jobs/J/tasks', { ...task, resourceFiles: [file] }), given).toEqual(refused);
      expect(await refusalOf('/jobs', prepared([file])), given).toEqual(refused);
    }
    expect(await stack.isAbsent(stack.client().task.get('J', task.id))).toBe(true);
    expect(await stack.isAbsent(stack.client().job.get(job.id))).toBe(true);
  });

  test('where two have the same path', async () => {
    const resourceFiles = ['a/b', './a//b'].map((filePath) => ({ httpUrl, filePath }));
    const refused = { status: 400, code: invalid, property: 'filePath' };
    expect(await refusalOf('/jobs/J/tasks', { ...task, resourceFiles })).toEqual(refused);
    expect(await refusalOf('/jobs', prepared(resourceFiles))).toEqual(refused);
    expect(await stack.isAbsent(stack.client().task.get('J', task.id))).toBe(true);
  });
});

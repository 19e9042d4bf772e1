// What clients may say of resource files and output files.
import { describe, expect, test } from 'vitest';
import { parseTaskAdd, toTaskResource } from '../../../shared/tasks/task-resource.js';
import { fileModeOf, pathBelow } from '../../../shared/tasks/resource-file.js';
import { refusalOf } from '../rest/refusal.js';

const url = 'https://account.blob.core.windows.net/container/a.txt?sig=s';
const withFiles = (...resourceFiles: unknown[]) => ({ id: 't', commandLine: 'c', resourceFiles });
const container = { containerUrl: 'https://account.blob.core.windows.net/container?sig=s' };
const withOutput = (file: object, inContainer: object = {}) => ({
  id: 't',
  commandLine: 'c',
  outputFiles: [
    {
      filePattern: '*.txt',
      destination: { container: { ...container, ...inContainer } },
      uploadOptions: { uploadCondition: 'TaskCompletion' },
      ...file,
    },
  ],
});

describe('resource files', () => {
  test('of every kind are kept and shown as they were given', () => {
    const files = [
      { httpUrl: url, filePath: './data/a.txt', fileMode: '0644' },
      { storageContainerUrl: container.containerUrl, blobPrefix: 'in', filePath: 'inputs' },
      { autoStorageContainerName: 'shared-data' },
    ];
    const definition = parseTaskAdd(withFiles(...files), 0);
    expect(definition.resourceFiles).toEqual(files);
    const at = '2026-01-01T00:00:00.000Z';
    const task = {
      jobId: 'J',
      definition,
      order: 0,
      creationTime: at,
      lastModified: at,
      state: 'active',
      stateTransitionTime: at,
      execution: { retryCount: 0, requeueCount: 0 },
    } as const;
    expect(toTaskResource(task, { baseUrl: 'http://h' })['resourceFiles']).toEqual(files);
  });

  test('are left out when there are none', () => {
    expect(parseTaskAdd(withFiles(), 0)).not.toHaveProperty('resourceFiles');
  });

  test.each([
    [
      'two sources',
      { httpUrl: url, autoStorageContainerName: 'data', filePath: 'a' },
      'InvalidPropertyValue',
      'httpUrl',
    ],
    ['no source', { filePath: 'a' }, 'InvalidPropertyValue', 'httpUrl'],
    ['a URL of another kind', { httpUrl: 'file:///etc/passwd', filePath: 'a' }, 'InvalidPropertyValue', 'httpUrl'],
    ['a URL without a path for it', { httpUrl: url }, 'InvalidPropertyValue', 'filePath'],
    ['a directory for a URL', { httpUrl: url, filePath: 'a/' }, 'InvalidPropertyValue', 'filePath'],
    ['a prefix with a URL', { httpUrl: url, filePath: 'a', blobPrefix: 'b' }, 'InvalidPropertyValue', 'blobPrefix'],
    ['a path that escapes', { httpUrl: url, filePath: 'a/../../b' }, 'InvalidPropertyValue', 'filePath'],
    ['an absolute path', { autoStorageContainerName: 'data', filePath: '/etc' }, 'InvalidPropertyValue', 'filePath'],
    ['a mode that is not octal', { httpUrl: url, filePath: 'a', fileMode: '0888' }, 'InvalidPropertyValue', 'fileMode'],
    ['a bad container name', { autoStorageContainerName: 'Data' }, 'InvalidPropertyValue', 'autoStorageContainerName'],
    [
      'an identity',
      { httpUrl: url, filePath: 'a', identityReference: { resourceId: 'r' } },
      'UnsupportedProperty',
      'identityReference',
    ],
    ['an unknown property', { httpUrl: url, filePath: 'a', colour: 'red' }, 'UnsupportedProperty', 'colour'],
  ])('are refused with %s, by name', (_, file, code, name) => {
    const refused = refusalOf(() => parseTaskAdd(withFiles(file), 0));
    expect([refused.code, refused.values['PropertyName']]).toEqual([code, name]);
  });

  test('are refused when two have the same path', () => {
    const refused = refusalOf(() =>
      parseTaskAdd(withFiles({ httpUrl: url, filePath: 'a/b' }, { httpUrl: url, filePath: './a//b' }), 0),
    );
    expect([refused.code, refused.values['PropertyName']]).toEqual(['InvalidPropertyValue', 'filePath']);
  });
});

describe('output files', () => {
  test('are kept with their condition in lower case', () => {
    const uploadHeaders = [{ name: 'x-ms-meta-colour', value: 'red' }, { name: 'Content-Type' }];
    const definition = parseTaskAdd(withOutput({}, { path: 'out', uploadHeaders }), 0);
    expect(definition.outputFiles).toEqual([
      {
        filePattern: '*.txt',
        destination: {
          container: {
            ...container,
            path: 'out',
            uploadHeaders: [
              { name: 'x-ms-meta-colour', value: 'red' },
              { name: 'Content-Type', value: '' },
            ],
          },
        },
        uploadOptions: { uploadCondition: 'taskcompletion' },
      },
    ]);
  });

  test.each([
    ['an empty pattern', withOutput({ filePattern: '' }), 'InvalidPropertyValue', 'filePattern'],
    ['no container', withOutput({ destination: {} }), 'MissingRequiredProperty', 'container'],
    ['no condition', withOutput({ uploadOptions: {} }), 'MissingRequiredProperty', 'uploadCondition'],
    [
      'an unknown condition',
      withOutput({ uploadOptions: { uploadCondition: 'x' } }),
      'InvalidPropertyValue',
      'uploadCondition',
    ],
    ['no URL', withOutput({}, { containerUrl: 'container' }), 'InvalidPropertyValue', 'containerUrl'],
    [
      'an identity',
      withOutput({}, { identityReference: { resourceId: 'r' } }),
      'UnsupportedProperty',
      'identityReference',
    ],
    [
      'a header that is not about the blob',
      withOutput({}, { uploadHeaders: [{ name: 'Authorization' }] }),
      'InvalidPropertyValue',
      'name',
    ],
  ])('are refused with %s, by name', (_, body, code, name) => {
    const refused = refusalOf(() => parseTaskAdd(body, 0));
    expect([refused.code, refused.values['PropertyName']]).toEqual([code, name]);
  });
});

test.each([
  ['a', 'a'],
  ['./a//b/', 'a/b'],
  ['', ''],
  ['..', undefined],
  ['a/../b', undefined],
  ['/a', undefined],
  ['a\0b', undefined],
  ['..a/b..', '..a/b..'],
])('the path %j stays below as %j', (path, expected) => expect(pathBelow(path)).toBe(expected));

test.each([
  [undefined, 0o770],
  ['0770', 0o770],
  ['644', 0o644],
  ['0o755', 0o755],
  ['0', 0],
  ['', undefined],
  ['8', undefined],
  ['rwx', undefined],
])('the file mode %j means %j', (text, expected) => expect(fileModeOf(text)).toBe(expected));

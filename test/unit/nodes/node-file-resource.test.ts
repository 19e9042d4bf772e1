// Files as Batch shows them, and the paths and ranges that clients name.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BatchError } from '../../../shared/errors.js';
import {
  contentTypeOf,
  parseFilePath,
  parseFileRange,
  toFileContentAnswer,
  toFilePropertiesAnswer,
  toNodeFileResource,
} from '../../../shared/nodes/node-file-resource.js';
import type { NodeFile } from '../../../shared/nodes/node-messages.js';

const filesUrl = 'http://h/pools/p/nodes/n/files';
const file: NodeFile = {
  name: 'shared/out put.txt',
  isDirectory: false,
  sizeBytes: 82,
  lastModified: '2026-01-01T00:00:00.500Z',
  fileMode: '0o100644',
};

describe('a file path', () => {
  it.each([
    ['shared/a.txt', 'shared/a.txt'],
    ['shared\\sub\\a.txt', 'shared/sub/a.txt'],
    ['/shared//a.txt', 'shared/a.txt'],
    ['./shared/./a.txt', 'shared/a.txt'],
    ['..a/b..', '..a/b..'],
  ])('%s is %s below the root', (given, path) => {
    expect(parseFilePath(given)).toBe(path);
  });

  it.each(['', '/', '.', '..', '../a', 'a/../../b', 'a\\..\\b', 'a/..'])('%j is no file', (given) => {
    expect(() => parseFilePath(given)).toThrow(expect.objectContaining({ code: 'FileNotFound' }));
  });

  it('never leads out of the root', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('.', '..', '/', '\\', 'a')), (parts) => {
        try {
          const names = parseFilePath(parts.join('')).split('/');
          expect(names).not.toContain('..');
          expect(names).not.toContain('');
        } catch (error) {
          expect(error).toBeInstanceOf(BatchError);
        }
      }),
    );
  });
});

describe('a file range', () => {
  it.each([
    [undefined, { from: 0 }],
    ['bytes=0-9', { from: 0, to: 9 }],
    ['bytes=5-5', { from: 5, to: 5 }],
    ['bytes=7-', { from: 7 }],
  ])('%s is %j', (header, range) => {
    expect(parseFileRange(header)).toEqual(range);
  });

  it.each([
    '',
    'bytes=',
    'bytes=-5',
    'bytes=9-8',
    'bytes=a-b',
    'bytes=0-1,3-4',
    '0-9',
    'bytes=-1-2',
    `bytes=0-${'9'.repeat(30)}`,
  ])('%j is refused', (header) => {
    expect(() => parseFileRange(header)).toThrow(expect.objectContaining({ code: 'InvalidRange' }));
  });
});

describe('a file', () => {
  it('is listed with its size as text and its URL as one segment', () => {
    expect(toNodeFileResource(file, { filesUrl })).toEqual({
      name: 'shared/out put.txt',
      url: `${filesUrl}/shared%2Fout%20put.txt`,
      isDirectory: false,
      properties: {
        lastModified: '2026-01-01T00:00:00.500Z',
        contentLength: '82',
        contentType: 'text/plain',
        fileMode: '0o100644',
      },
    });
  });

  it('is listed relative to the task that it belongs to', () => {
    const directory = 'workitems/j/job-1/t';
    const place = { filesUrl: 'http://h/jobs/j/tasks/t/files', directory };
    expect(toNodeFileResource({ ...file, name: `${directory}/wd/a.bin` }, place)).toMatchObject({
      name: 'wd/a.bin',
      url: 'http://h/jobs/j/tasks/t/files/wd%2Fa.bin',
    });
  });

  it('carries no properties when it is a directory', () => {
    expect(toNodeFileResource({ name: 'shared', isDirectory: true }, { filesUrl })).toEqual({
      name: 'shared',
      url: `${filesUrl}/shared`,
      isDirectory: true,
    });
  });

  it('is told about in headers with lower-case truth values', () => {
    const headers = {
      'ocp-batch-file-isdirectory': 'false',
      'ocp-batch-file-url': encodeURIComponent(`${filesUrl}/shared%2Fout%20put.txt`),
      'ocp-batch-file-mode': '0o100644',
    };
    expect(toFilePropertiesAnswer(file, { filesUrl })).toEqual({
      status: 200,
      headers: { ...headers, 'Content-Type': 'text/plain', 'Content-Length': '82' },
      lastModified: '2026-01-01T00:00:00.500Z',
    });
    const content = new TextEncoder().encode('part');
    expect(toFileContentAnswer(file, content, { filesUrl })).toEqual({
      status: 200,
      bytes: { content, contentType: 'text/plain' },
      headers,
      lastModified: '2026-01-01T00:00:00.500Z',
    });
  });

  it.each([
    ['stdout.txt', 'text/plain'],
    ['wd/A.TXT', 'text/plain'],
    ['a.json', 'application/json'],
    ['page.html', 'application/octet-stream'],
    ['noextension', 'application/octet-stream'],
    ['a.constructor', 'application/octet-stream'],
  ])('named %s is of type %s', (name, type) => {
    expect(contentTypeOf(name)).toBe(type);
  });
});

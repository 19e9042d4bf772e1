// Which files a pattern means, and where they are looked for.
import { describe, expect, test } from 'vitest';
import { readFilePattern, type PatternPlace } from '../../../agent/file-pattern.js';

const place: PatternPlace = {
  root: '/mnt/batch',
  working: 'workitems/J/job-1/t/wd',
  environment: { NAME: 'a*b', AZ_BATCH_NODE_SHARED_DIR: '/mnt/batch/shared' },
};
const wd = 'workitems/J/job-1/t/wd';
const read = (pattern: string) => readFilePattern(pattern, place);

describe('a pattern', () => {
  test.each([
    ['out.txt', wd, 'out.txt'],
    ['sub/./out.txt', `${wd}/sub`, 'out.txt'],
    ['../stdout.txt', 'workitems/J/job-1/t', 'stdout.txt'],
    ['$AZ_BATCH_NODE_SHARED_DIR/log', 'shared', 'log'],
    ['${AZ_BATCH_NODE_SHARED_DIR}/log', 'shared', 'log'],
    ['/mnt/batch/shared/log', 'shared', 'log'],
    ['abc[*].txt', wd, 'abc*.txt'],
    ['$NAME', wd, 'a*b'],
    ['$UNKNOWN', wd, '$UNKNOWN'],
  ])('%s without wildcards is one file', (pattern, base, literal) => {
    expect(read(pattern)).toMatchObject({ base, literal, isDeep: false });
  });

  test.each([
    ['*.txt', wd, false],
    ['../std*.txt', 'workitems/J/job-1/t', false],
    ['sub/*.txt', `${wd}/sub`, false],
    ['sub/**/*.txt', `${wd}/sub`, true],
    ['**', wd, true],
    ['*/x', wd, true],
    ['/mnt/batch/shared/*', 'shared', false],
  ])('%s is looked for in its fixed part', (pattern, base, isDeep) => {
    const found = read(pattern);
    expect(found).toMatchObject({ base, isDeep });
    expect(found?.literal).toBeUndefined();
  });

  test.each(['/etc/passwd', '/mnt/batchelor/x', '../../../../../../x', '/mnt/batch'])(
    '%s that leads out of the root is none',
    (pattern) => expect(read(pattern)).toBeUndefined(),
  );
});

const names = [
  'a.txt',
  'ab.txt',
  'b.txt',
  '.hidden.txt',
  'a.log',
  'sub/a.txt',
  'sub/deep/a.txt',
  'sub/.git/a.txt',
  '.cache/a.txt',
  'a[1].txt',
  '-.txt',
];

test.each([
  ['*.txt', ['a.txt', 'ab.txt', 'b.txt', 'a[1].txt', '-.txt']],
  ['.*.txt', ['.hidden.txt']],
  ['?.txt', ['a.txt', 'b.txt', '-.txt']],
  ['[ab].txt', ['a.txt', 'b.txt']],
  ['[a-z].txt', ['a.txt', 'b.txt']],
  ['[!a].txt', ['b.txt', '-.txt']],
  ['[a-].txt', ['a.txt', '-.txt']],
  ['a[[]1].t*', ['a[1].txt']],
  ['**/*.txt', ['a.txt', 'ab.txt', 'b.txt', 'sub/a.txt', 'sub/deep/a.txt', 'a[1].txt', '-.txt']],
  ['**/a.txt', ['a.txt', 'sub/a.txt', 'sub/deep/a.txt']],
  ['*/a.txt', ['sub/a.txt']],
  ['.*/a.txt', ['.cache/a.txt']],
  ['**', ['a.txt', 'ab.txt', 'b.txt', 'a.log', 'sub/a.txt', 'sub/deep/a.txt', 'a[1].txt', '-.txt']],
  ['**/deep/**', ['sub/deep/a.txt']],
  ['a**t', ['a.txt', 'ab.txt', 'a[1].txt']],
  ['*.none', []],
])('%s means %j', (pattern, expected) => {
  const found = read(pattern);
  expect(names.filter((name) => found?.matches(name) === true)).toEqual(expected);
});

test('an unlucky pattern is decided soon', () => {
  const found = read(`${'*a'.repeat(200)}b`);
  expect(found?.matches('a'.repeat(5000))).toBe(false);
});

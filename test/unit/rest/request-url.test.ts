// Route values from hosts that decode differently, and the raw parts of an URL.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeRouteValues, readRequestUrl } from '../../../shared/rest/request-url.js';

const read = (url: string, headers: Record<string, string> = {}) =>
  readRequestUrl({ url, headers: new Headers(headers) });

describe('an URL', () => {
  it('keeps its path raw and its query pairs decoded, in order', () => {
    expect(read('http://h:1/pools/p/files/wd%2Fa%20b?api-version=1&$filter=id%20eq%20%27a+b%27&b')).toMatchObject({
      baseUrl: 'http://h:1',
      rawPath: '/pools/p/files/wd%2Fa%20b',
      query: [
        { name: 'api-version', value: '1' },
        { name: '$filter', value: "id eq 'a b'" },
        { name: 'b', value: '' },
      ],
    });
    expect(read('http://h').rawPath).toBe('/');
  });

  it.each([
    ['example.org:8080', 'http://example.org:8080'],
    ['[::1]:80', 'http://[::1]:80'],
    ['a b', 'http://h'],
    ['a/b', 'http://h'],
    ['a"', 'http://h'],
  ])('with Host %s starts links with %s', (host, expected) => {
    expect(read('http://h/jobs', { host }).baseUrl).toBe(expected);
  });
});

describe('route values', () => {
  const rawPath = '/pools/p%3A1/nodes/n/files/wd%2Fa%20b%2525.txt';

  it.each([
    ['decoded all of it', 'wd/a b%25.txt'],
    ['left slashes encoded', 'wd%2Fa b%25.txt'],
    ['decoded nothing', 'wd%2Fa%20b%2525.txt'],
  ])('mean the same when the host %s', (_, filePath) => {
    expect(decodeRouteValues({ poolId: 'p:1', filePath }, rawPath)).toEqual({
      poolId: 'p:1',
      filePath: 'wd/a b%25.txt',
    });
  });

  it('that span several segments stay as they are', () => {
    expect(decodeRouteValues({ filePath: 'wd/a' }, '/files/wd/a')).toEqual({ filePath: 'wd/a' });
  });

  it('are the file’s name, whatever it is', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[ -~äß/\\%]{1,30}$/), (name) => {
        const path = `/files/${encodeURIComponent(name)}`;
        expect(decodeRouteValues({ filePath: name }, path)).toEqual({ filePath: name });
      }),
    );
  });
});

import { describe, expect, test } from 'vitest';
import { requestUrl } from '../../../local/functions-host/http/http-messages.js';

describe('the URL of a request', () => {
  test.each([
    ['/pools/p/files/shared%2Fa.txt?x=%24b', 'http://h:7071/pools/p/files/shared%2Fa.txt?x=%24b'],
    ['/files/a%5Cb%20c/%41?$select=id,state&n=(1)', 'http://h:7071/files/a%5Cb%20c/%41?$select=id,state&n=(1)'],
    ['/a//b/', 'http://h:7071/a//b/'],
    ['//evil/x', 'http://h:7071//evil/x'],
    ['http://other:1/a%2Fb?c', 'http://h:7071/a%2Fb?c'],
    ['http://other:1', 'http://h:7071/'],
  ])('keeps the target %s as it was sent', (target, url) => {
    expect(requestUrl(target, 'h:7071')?.href).toBe(url);
  });

  test('is what the function will see where a target holds what no URI may hold', () => {
    const url = requestUrl('/a/../b\\c?"', 'h')?.href;
    expect(url).toBe('http://h/b/c?%22');
    expect(new Request(url ?? '').url).toBe(url);
  });

  test.each([
    ['*', 'h'],
    ['h:80', 'h'],
    ['/a#b', 'h'],
    ['/a', 'h/b'],
    ['/a', 'user@h'],
    ['/a', 'h:port'],
    ['/a', 'h?x'],
  ])('cannot be made of target %s and host %s', (target, host) => {
    expect(requestUrl(target, host)).toBeUndefined();
  });
});

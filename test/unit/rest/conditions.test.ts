// Conditional headers against a resource's entity tag and modification time.
import { describe, expect, it } from 'vitest';
import { BatchError } from '../../../shared/errors.js';
import { parseConditions, requireConditions, type Validators } from '../../../shared/rest/conditions.js';

const resource: Validators = { etag: '0x8DE', lastModified: '2026-01-01T00:00:10.900Z' };
const at = (second: number): string => `Thu, 01 Jan 2026 00:00:${second} GMT`;

const isMet = (headers: Record<string, string>, validators = resource): boolean => {
  const conditions = parseConditions((name) => headers[name]);
  try {
    requireConditions(conditions, validators);
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(BatchError);
    expect(error).toMatchObject({ code: 'ConditionNotMet', values: {} });
    return false;
  }
};

describe('conditions', () => {
  it.each<[Record<string, string>, boolean]>([
    [{}, true],
    [{ 'if-match': '0x8DE' }, true],
    [{ 'if-match': '"0x8DE"' }, true],
    [{ 'if-match': 'W/"0x8DE"' }, true],
    [{ 'if-match': '"0x1", "0x8DE"' }, true],
    [{ 'if-match': '*' }, true],
    [{ 'if-match': '0x1' }, false],
    [{ 'if-match': '' }, false],
    [{ 'if-none-match': '0x1' }, true],
    [{ 'if-none-match': '"0x8DE"' }, false],
    [{ 'if-none-match': '*' }, false],
    [{ 'if-modified-since': at(10) }, false],
    [{ 'if-modified-since': at(11) }, false],
    [{ 'if-modified-since': 'Thu, 01 Jan 2026 00:00:09 GMT' }, true],
    [{ 'if-unmodified-since': at(10) }, true],
    [{ 'if-unmodified-since': at(11) }, true],
    [{ 'if-unmodified-since': 'Thu, 01 Jan 2026 00:00:09 GMT' }, false],
    [{ 'if-match': '0x8DE', 'if-modified-since': at(11) }, false],
    [{ 'if-match': '0x8DE', 'if-unmodified-since': at(10) }, true],
  ])('%j: %s', (headers, expected) => {
    expect(isMet(headers)).toBe(expected);
  });

  it('on something without entity tag hold for any tag only', () => {
    const file: Validators = { lastModified: '2026-01-01T00:00:10Z' };
    expect(isMet({ 'if-match': '*' }, file)).toBe(true);
    expect(isMet({ 'if-match': '0x1' }, file)).toBe(false);
    expect(isMet({ 'if-modified-since': at(10) }, file)).toBe(false);
  });
});

import { describe, expect, test } from 'vitest';
import { nextOccurrence, parseSchedule } from '../../../local/functions-host/timers/ncrontab.js';

describe('an NCRONTAB schedule', () => {
  // 2026-01-01 is a Thursday.
  test.each([
    ['0 */5 * * * *', '2026-01-01T00:00:00Z', '2026-01-01T00:05:00.000Z'],
    ['0 */5 * * * *', '2026-01-01T00:04:59.999Z', '2026-01-01T00:05:00.000Z'],
    ['*/10 * * * * *', '2026-01-01T00:00:05Z', '2026-01-01T00:00:10.000Z'],
    ['5/20 * * * * *', '2026-01-01T00:00:26Z', '2026-01-01T00:00:45.000Z'],
    ['0 0 * * * *', '2026-12-31T23:30:00Z', '2027-01-01T00:00:00.000Z'],
    ['0 30 9 * * 1-5', '2026-01-02T09:30:00Z', '2026-01-05T09:30:00.000Z'],
    ['0 30 9 * Jan Mon,Wed', '2026-01-01T00:00:00Z', '2026-01-05T09:30:00.000Z'],
    ['0 0 0 * * Sunday', '2026-01-01T00:00:00Z', '2026-01-04T00:00:00.000Z'],
    ['0 0 0 * * 7', '2026-01-01T00:00:00Z', '2026-01-04T00:00:00.000Z'],
    ['0 0 0 29 2 *', '2026-01-01T00:00:00Z', '2028-02-29T00:00:00.000Z'],
    ['0 0 0 13 * 5', '2026-01-01T00:00:00Z', '2026-02-13T00:00:00.000Z'],
    ['0 0 12 31 * *', '2026-04-01T00:00:00Z', '2026-05-31T12:00:00.000Z'],
    ['15,45 1-3 2 * * *', '2026-01-01T02:03:45Z', '2026-01-02T02:01:15.000Z'],
    ['*/5 * * * *', '2026-01-01T00:00:00Z', '2026-01-01T00:05:00.000Z'],
  ])('%s after %s is due at %s', (expression, after, due) => {
    expect(nextOccurrence(parseSchedule(expression), new Date(after))?.toISOString()).toBe(due);
  });

  test('that never comes has no next occurrence', () => {
    expect(nextOccurrence(parseSchedule('0 0 0 30 2 *'), new Date('2026-01-01T00:00:00Z'))).toBeUndefined();
  });

  test.each([
    '',
    '* * * *',
    '60 * * * * *',
    '* * 24 * * *',
    '* * * 0 * *',
    '* * * * 13 *',
    '* * * * * 8',
    '*/0 * * * * *',
    '5-1 * * * * *',
    '*-5 * * * * *',
    'x * * * * *',
    '1, * * * * *',
    '* * * * Foo *',
  ])('"%s" is refused', (expression) => {
    expect(() => parseSchedule(expression)).toThrow(`Schedule "${expression}"`);
  });
});

// The small pure pieces of the REST edge: durations, dates, entity tags, selections, skip tokens.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BatchError } from '../../../shared/errors.js';
import { etagOf, toValidators } from '../../../shared/rest/etag.js';
import { formatHttpDate, parseHttpDate } from '../../../shared/rest/http-date.js';
import { formatDuration, parseDuration } from '../../../shared/rest/iso-duration.js';
import { applySelect, parseSelect } from '../../../shared/rest/odata-select.js';
import { decodeSkipToken, encodeSkipToken } from '../../../shared/rest/paging.js';

const refusalOf = (attempt: () => unknown): BatchError | undefined => {
  try {
    attempt();
    return undefined;
  } catch (error) {
    if (error instanceof BatchError) return error;
    throw error;
  }
};

describe('durations', () => {
  it.each([
    ['PT15M', 900_000],
    ['P7D', 604_800_000],
    ['PT0S', 0],
    ['P1DT2H3M4.005S', 93_784_005],
    ['P1279DT12H30M5S', 110_550_605_000],
    ['PT0.001S', 1],
  ])('%s is %d milliseconds and back', (text, milliseconds) => {
    expect(parseDuration(text)).toBe(milliseconds);
    expect(formatDuration(milliseconds)).toBe(text);
  });

  it('counts a year as 365 days and a month as 30', () => {
    expect(formatDuration(parseDuration('P3Y6M4DT12H30M5S'))).toBe('P1279DT12H30M5S');
  });

  it('cuts off what is finer than a millisecond', () => {
    expect(parseDuration('PT1.0019999S')).toBe(1001);
  });

  it('takes the longest duration, and longer ones, for no limit', () => {
    expect(parseDuration('P10675199DT2H48M5.4775807S')).toBeUndefined();
    expect(parseDuration('P99999999999D')).toBeUndefined();
    expect(formatDuration(undefined)).toBe('P10675199DT2H48M5.4775807S');
    expect(parseDuration('P10675199DT2H48M5.476S')).toBe(922_337_203_685_476);
  });

  it.each([
    '',
    'P',
    'PT',
    'P1',
    '1D',
    'P1DT',
    'PT1D',
    'P-1D',
    '-P1D',
    'P1W',
    'PT1.5M',
    'PT.5S',
    'PT1S ',
    'p1d',
    'P1H',
    `P${'9'.repeat(200)}D`,
  ])('refuses %s', (text) => {
    expect(() => parseDuration(text)).toThrow(RangeError);
  });

  it('come back the same for every whole number of milliseconds', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 922_337_203_685_476 }), (milliseconds) => {
        expect(parseDuration(formatDuration(milliseconds))).toBe(milliseconds);
      }),
    );
  });
});

describe('HTTP dates', () => {
  it('come back the same in whole seconds', () => {
    fc.assert(
      fc.property(fc.date({ min: new Date(0), max: new Date('9999-01-01'), noInvalidDate: true }), (date) => {
        const seconds = Math.floor(date.getTime() / 1000) * 1000;
        expect(parseHttpDate(formatHttpDate(date.toISOString()))).toBe(seconds);
      }),
    );
  });

  it.each([
    '',
    'now',
    '2026-01-01T00:00:00Z',
    'Thu, 31 Feb 2026 00:00:00 GMT',
    'Thu, 01 Jan 2026 24:00:00 GMT',
    'Thu, 01 Jan 2026 00:00:00 CET',
    'foo 1',
  ])('are not %s', (text) => {
    expect(parseHttpDate(text)).toBeUndefined();
  });
});

describe('entity tags', () => {
  it('are the ticks since year 1 in upper-case hexadecimal', () => {
    expect(etagOf('1970-01-01T00:00:00Z')).toBe('0x89F7FF5F7B58000');
    expect(etagOf('2018-04-10T18:49:39.9872344Z')).toBe(
      `0x${(621_355_968_000_000_000n + BigInt(Date.parse('2018-04-10T18:49:39Z')) * 10_000n + 9_872_344n).toString(16).toUpperCase()}`,
    );
  });

  it('differ as soon as the instants do', () => {
    const instant = fc.date({ noInvalidDate: true, min: new Date('2000-01-01'), max: new Date('2100-01-01') });
    fc.assert(
      fc.property(instant, instant, (one, other) => {
        const isSame = etagOf(one.toISOString()) === etagOf(other.toISOString());
        expect(isSame).toBe(one.getTime() === other.getTime());
      }),
    );
    expect(toValidators('2026-01-01T00:00:00.000Z').lastModified).toBe('2026-01-01T00:00:00.000Z');
  });
});

describe('selections', () => {
  const properties = ['id', 'state', 'url'];

  it('keep what is named and leave out the rest', () => {
    const select = parseSelect('id, state', properties);
    expect(applySelect(select, { id: 'a', url: 'u', state: 's' })).toEqual({ id: 'a', state: 's' });
    expect(applySelect(select, { id: 'a' })).toEqual({ id: 'a' });
  });

  it('keep everything when there is none', () => {
    for (const text of [undefined, '', ' ']) {
      expect(applySelect(parseSelect(text, properties), { id: 'a', url: 'u' })).toEqual({ id: 'a', url: 'u' });
    }
  });

  it.each(['Id', 'id,', 'id;state', 'executionInfo/exitCode', '*'])('refuse %s', (text) => {
    expect(refusalOf(() => parseSelect(text, properties))).toMatchObject({
      code: 'InvalidQueryParameterValue',
      values: { QueryParameterName: '$select', QueryParameterValue: text },
    });
  });
});

describe('skip tokens', () => {
  it('carry any continuation through an URL', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (continuation) => {
        const token = encodeSkipToken(continuation);
        expect(token).toMatch(/^[A-Za-z0-9_-]+$/);
        expect(decodeSkipToken(token)).toBe(continuation);
      }),
    );
  });

  it('that were not given out are refused', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const refusal = refusalOf(() => expect(encodeSkipToken(decodeSkipToken(text))).toBe(text));
        if (refusal) expect(refusal.code).toBe('InvalidQueryParameterValue');
      }),
    );
    const token = encodeSkipToken('job-7');
    for (const tampered of [
      '',
      token.slice(1),
      `${token}=`,
      `${token} `,
      `2${token.slice(1)}`,
      `1${'A'.repeat(5000)}`,
    ]) {
      expect(refusalOf(() => decodeSkipToken(tampered))?.code).toBe('InvalidQueryParameterValue');
    }
  });
});

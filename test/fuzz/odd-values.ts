// Values that have broken something somewhere, by what they are for.
import { secretMark } from './body-examples.js';

/** Around the bounds that Batch sets, and what is none at all. */
export const durations = {
  good: ['PT1H', 'PT5M', 'P1D', 'PT10M', 'PT15M', 'P7D', 'P10675199DT2H48M5.4775807S'],
  odd: [
    ...['PT1M', 'PT0S', 'PT1S', 'PT4M59.999S', 'PT15M0.001S', 'PT59S', 'PT30S', 'P1Y2M3DT4H5M6.789S', '-PT1H', 'PT'],
    ...['P99999999999999999999D', 'PT1.5H', `PT${'9'.repeat(90)}S`],
  ],
};

export const instants = {
  good: ['2026-01-01T00:00:00Z', '2026-02-01T00:00:00Z', '2027-01-01T00:00:00.0000001Z', '2020-01-01T00:00:00Z'],
  odd: [
    ...['9999-12-31T23:59:59.9999999Z', '0001-01-01T00:00:00Z', '2026-13-45T99:99:99Z', '2026-01-01T00:00:00+14:00'],
    ...['+275760-09-13T00:00:00.001Z', 'Thu, 01 Jan 1970 00:00:00 GMT', '2024-02-30T00:00:00Z'],
  ],
};

export const urls = {
  good: [
    `https://account.blob.core.windows.net/inputs?sig=${secretMark}`,
    `https://account.blob.core.windows.net/inputs/a.txt?sig=${secretMark}&a=1`,
  ],
  odd: ['http://127.0.0.1:1/', 'file:///etc/passwd', 'http://[::1', 'javascript:alert(1)', 'https://user:pw@h/c'],
};

export const oddValues: readonly unknown[] = [
  ...[null, true, false, 0, -0, -1, 1, 1.5, 2 ** 31, 2 ** 53, -(2 ** 63), 1e308],
  ...['', ' ', '0', 'true', 'null', 'NaN', 'x'.repeat(65), 'x'.repeat(2_000), 'x'.repeat(70_000)],
  ...['../../etc/passwd', 'a/b', 'a\\b', 'a\u0000b', 'a\nb', '\ud800', '\u202e\u0000', 'ünïcödé ☃ 😀'],
  ...['__proto__', 'constructor', 'toString', '%00', '$TargetDedicated', "' or 1 eq 1"],
  ...[durations, instants, urls].flatMap(({ good, odd }) => [...good, ...odd]),
  ...['terminatejob', 'TerminateJob', 'poolId', 'Pool-1', 'Job-1', 't1'],
  ...[[], [[]], [null], {}, { __proto__: null }],
  Array.from({ length: 101 }, (_, index) => `t${index}`),
  Array.from({ length: 101 }, (_, index) => ({ name: `n${index}`, value: 'v' })),
];

export const oddNames = [
  ...['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'ID', '', 'a b', 'x'.repeat(300)],
];

import { describe, expect, test } from 'vitest';
import { readFileSync } from 'node:fs';
import { parseHostJson } from '../../../local/functions-host/config/host-json.js';
import { parseJsonWithComments } from '../../../local/functions-host/config/json-with-comments.js';
import {
  isDisabled,
  parseLocalSettings,
  resolveConnection,
  resolveReferences,
} from '../../../local/functions-host/config/settings.js';
import { parseTimeSpanMs } from '../../../local/functions-host/config/time-span.js';
import { globToRegExp } from '../../../local/functions-host/app/find-entry-files.js';

describe('JSON with comments', () => {
  test('may hold comments and trailing commas, which inside strings are text', () => {
    const text = '\uFEFF{ // one\n "a": "http://x/* y */,]", /* two\n */ "b": [1, 2, ], "c": "\\",}", }';
    expect(parseJsonWithComments(text)).toEqual({ a: 'http://x/* y */,]', b: [1, 2], c: '",}' });
  });

  test('that is broken is a syntax error', () => {
    expect(() => parseJsonWithComments('{ "a": }')).toThrow(SyntaxError);
  });
});

test.each([
  ['00:00:01', 1_000],
  ['00:05:00', 300_000],
  ['1.02:03:04.500', 93_784_500],
  ['00:00:00.2000000', 200],
  ['10:00', 36_000_000],
  ['5', undefined],
  ['24:00:00', undefined],
  ['00:60:00', undefined],
  ['', undefined],
])('the time span "%s" is %s ms', (text, milliseconds) => {
  expect(parseTimeSpanMs(text)).toBe(milliseconds);
});

describe('host.json', () => {
  test("takes Azure's defaults for what it does not say", () => {
    expect(parseHostJson('{ "version": "2.0" }')).toMatchObject({
      functionTimeoutMs: 1_800_000,
      http: { routePrefix: 'api', maxOutstandingRequests: 200, maxConcurrentRequests: 100 },
      serviceBus: {
        maxConcurrentCalls: 16,
        maxConcurrentSessions: 8,
        maxMessageBatchSize: 1000,
        sessionIdleTimeout: 60_000,
      },
    });
  });

  test('of this project can be used', () => {
    expect(parseHostJson(readFileSync('host.json', 'utf8')).http.routePrefix).toBe('');
  });

  test('knows -1 as without bound', () => {
    const { functionTimeoutMs, http } = parseHostJson(
      '{ "version": "2.0", "functionTimeout": "-1", "extensions": { "http": { "maxOutstandingRequests": -1 } } }',
    );
    expect([functionTimeoutMs, http.maxOutstandingRequests]).toEqual([Infinity, Infinity]);
  });

  test('that asks for what this host cannot do is refused, every property by name', () => {
    const text = JSON.stringify({
      version: '1.0',
      functionTimeout: 'soon',
      extensions: { serviceBus: { prefetchCount: 5, maxConcurrentCalls: 0, sessionIdleTimeout: 'x' } },
    });
    expect(() => parseHostJson(text)).toThrow(
      /version: .*functionTimeout: .*prefetchCount: .*maxConcurrentCalls: .*sessionIdleTimeout: /,
    );
  });
});

describe('settings', () => {
  test('come from the values of local.settings.json', () => {
    const text = '{ "IsEncrypted": false, "Values": { "A": "1", "B": true, }, "Host": { "CORS": "*" } }';
    expect(parseLocalSettings(text)).toEqual({ A: '1', B: 'true' });
  });

  test.each([
    '{ "Values": { "Secret": "s3cret" ',
    '{ "IsEncrypted": true, "Values": { "Secret": "s3cret" } }',
    '{ "Values": { "Secret": ["s3cret"] } }',
  ])('that cannot be read are refused without repeating a value: %s', (text) => {
    expect(() => parseLocalSettings(text)).toThrow(/^(?!.*s3cret)local\.settings\.json/);
  });

  test('replace references, and a missing one is named', () => {
    expect(resolveReferences('a-%X%-%Y%', { X: '1', Y: '2' }, 'here')).toBe('a-1-2');
    expect(() => resolveReferences('%Z%', {}, 'here')).toThrow("Setting 'Z', named in here, is not defined");
  });

  test('hold connections under their own or their prefixed name', () => {
    expect(resolveConnection('Bus', { Bus: 'a', AzureWebJobsBus: 'b' }, 'f')).toBe('a');
    expect(resolveConnection('Bus', { AzureWebJobsBus: 'b' }, 'f')).toBe('b');
    expect(() => resolveConnection('Bus', {}, 'f')).toThrow(/'Bus'.*not defined/);
    expect(() => resolveConnection('Bus', { Bus__fullyQualifiedNamespace: 'n' }, 'f')).toThrow(/identity/);
  });

  test('switch a function off', () => {
    expect(isDisabled('f', { 'AzureWebJobs.f.Disabled': 'True' })).toBe(true);
    expect(isDisabled('f', { AzureWebJobs_f_Disabled: '1' })).toBe(true);
    expect(isDisabled('f', { 'AzureWebJobs.f.Disabled': 'false' })).toBe(false);
  });
});

test.each([
  ['dist/functions/**/*.js', 'dist/functions/a.js', true],
  ['dist/functions/**/*.js', 'dist/functions/http/deep/a.js', true],
  ['dist/functions/**/*.js', 'dist/functions/a.js.map', false],
  ['dist/functions/**/*.js', 'dist/functions2/a.js', false],
  ['dist/src/{index.js,functions/*.js}', 'dist/src/functions/a.js', true],
  ['dist/src/{index.js,functions/*.js}', 'dist/src/index.js', true],
  ['dist/src/{index.js,functions/*.js}', 'dist/src/functions/x/a.js', false],
  ['a?.js', 'ab.js', true],
  ['a.js', 'abjs', false],
])('the glob %s meets %s: %s', (glob, file, isMatch) => {
  expect(globToRegExp(glob).test(file)).toBe(isMatch);
});

// The queue definition file.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../../local/service-bus/config.js';
import { parseDuration } from '../../../local/service-bus/duration.js';
import { parseJsonWithComments } from '../../../local/service-bus/json-with-comments.js';

const withQueues = (Queues: unknown, Topics: unknown = []): unknown => ({
  UserConfig: { Namespaces: [{ Name: 'sbemulatorns', Queues, Topics }], Logging: { Type: 'File' } },
});
const withQueue = (Properties: unknown): unknown => withQueues([{ Name: 'q', Properties }]);
const minutes = (count: number): number => count * 60_000;

const withTopic = (Subscriptions: unknown, Properties?: unknown): unknown =>
  withQueues([], [{ Name: 't', Properties, Subscriptions }]);
const withRule = (Properties: unknown): unknown => withTopic([{ Name: 's', Rules: [{ Name: 'r', Properties }] }]);

describe('the topics of a configuration', () => {
  test('have subscriptions with the rules that are given, or with the one that lets everything through', () => {
    const correlation = { ContentType: '', Label: 'l', Properties: { a: 'x', n: 1.5, i: 2, b: true } };
    const { topics } = parseConfig(
      withTopic(
        [
          { Name: 'one', Properties: { RequiresSession: true, MaxDeliveryCount: 4 } },
          {
            Name: 'two',
            Rules: [{ Name: 'r', Properties: { FilterType: 'Correlation', CorrelationFilter: correlation } }],
          },
        ],
        { DefaultMessageTimeToLive: 'PT1H' },
      ),
    );
    expect(topics[0]?.rules).toMatchObject({ name: 't', defaultTimeToLiveMs: minutes(60) });
    expect(topics[0]?.subscriptions).toMatchObject([
      {
        rules: { name: 't/Subscriptions/one', requiresSession: true, maxDeliveryCount: 4 },
        filters: [{ name: '$Default', filter: { type: 'true' } }],
      },
      {
        rules: { name: 't/Subscriptions/two' },
        filters: [
          {
            name: 'r',
            filter: {
              type: 'correlation',
              system: { subject: 'l' },
              application: [
                ['a', { type: 'string', value: 'x' }],
                ['n', { type: 'double', value: 1.5 }],
                ['i', { type: 'long', value: 2n }],
                ['b', { type: 'boolean', value: true }],
              ],
            },
          },
        ],
      },
    ]);
  });

  test.each([
    [
      'an SQL filter',
      { FilterType: 'Sql', SqlFilter: { SqlExpression: "a = 'b'" } },
      /Subscriptions\['s'\]\.Rules\['r'\].*SqlExpression|SQL filter 'a = 'b'' is not supported/,
    ],
    [
      'an SQL action',
      { FilterType: 'Sql', SqlFilter: { SqlExpression: '1=1' }, Action: { SqlExpression: 'SET a = 1' } },
      /Action\.SqlExpression: SQL rule actions are not supported/,
    ],
    [
      'a correlation filter that names nothing',
      { FilterType: 'Correlation', CorrelationFilter: { Label: '', To: '' } },
      /CorrelationFilter: a correlation filter must name at least one property/,
    ],
    ['no filter at all', { FilterType: 'Correlation' }, /CorrelationFilter/],
    ['an unknown kind of filter', { FilterType: 'Regex' }, /Rules\['r'\]/],
    [
      'a misspelt property',
      { FilterType: 'Correlation', CorrelationFilter: { Subject: 'x' } },
      /Rules\['r'\].*CorrelationFilter.*Subject/,
    ],
  ])('with %s are refused by name', (_, properties, message) => {
    expect(() => parseConfig(withRule(properties))).toThrow(message);
  });

  test('share their names with queues, and are refused twice', () => {
    const both = { UserConfig: { Namespaces: [{ Queues: [{ Name: 'x' }], Topics: [{ Name: 'X' }] }] } };
    expect(() => parseConfig(both)).toThrow(/'X' is defined twice/);
    expect(() => parseConfig(withTopic([{ Name: 's' }, { Name: 'S' }]))).toThrow(/'S' is defined twice/);
    const rule = { Name: 'r', Properties: { FilterType: 'Sql', SqlFilter: { SqlExpression: '1=1' } } };
    expect(() => parseConfig(withTopic([{ Name: 's', Rules: [rule, rule] }]))).toThrow(/'r' is defined twice/);
  });
});

describe('the configuration', () => {
  test("of the project defines the project's queues", () => {
    const text = readFileSync(new URL('../../../local/service-bus/Config.json', import.meta.url), 'utf8');
    const { queues, warnings } = parseConfig(parseJsonWithComments(text));
    expect(warnings).toEqual([]);
    const brief = queues.map((queue) => [
      queue.name,
      queue.requiresSession,
      queue.lockDurationMs,
      queue.maxDeliveryCount,
    ]);
    expect(brief).toEqual([
      ['job-requests', false, minutes(1), 10],
      ['job-events', true, minutes(5), 10],
      ['node-orders', true, minutes(5), 10],
      ['node-replies', true, minutes(1), 10],
      ['pool-capacity', true, minutes(5), 10],
      ['outgoing-events', false, minutes(5), 10],
    ]);
    expect(queues.map((queue) => queue.duplicateWindowMs)).toEqual([
      minutes(5),
      ...Array<undefined>(5).fill(undefined),
    ]);
    expect(queues.find(({ name }) => name === 'node-orders')?.defaultTimeToLiveMs).toBe(minutes(60));
    expect(queues.find(({ name }) => name === 'node-replies')?.defaultTimeToLiveMs).toBe(minutes(5));
  });

  test.each([
    ['a misspelt property', { RequiresSesion: true }, /Queues\['q'\]\.Properties.*RequiresSesion/],
    ['a duration that is none', { LockDuration: '5 minutes' }, /Queues\['q'\]\.Properties\.LockDuration: '5 minutes'/],
    ['a count of the wrong type', { MaxDeliveryCount: '10' }, /Properties\.MaxDeliveryCount/],
    ['a count below one', { MaxDeliveryCount: 0 }, /Properties\.MaxDeliveryCount/],
    ['forwarding', { ForwardTo: 'other' }, /Properties\.ForwardTo.*not supported/],
  ])('with %s is refused by the name of the property', (_, properties, message) => {
    expect(() => parseConfig(withQueue(properties))).toThrow(message);
  });

  test('is refused with all its faults at once, and for a queue defined twice', () => {
    expect(() => parseConfig(withQueue({ LockDuration: 'x', MaxDeliveryCount: -1 }))).toThrow(
      /LockDuration.*MaxDeliveryCount/,
    );
    const twice = { UserConfig: { Namespaces: [{ Queues: [{ Name: 'q' }, { Name: 'Q' }] }] } };
    expect(() => parseConfig(twice)).toThrow(/'Q' is defined twice/);
    expect(() => parseConfig({})).toThrow(/UserConfig/);
  });

  test('outside the range of the official emulator only brings a warning', () => {
    const { queues, warnings } = parseConfig(withQueue({ LockDuration: 'PT1S', MaxDeliveryCount: 100 }));
    expect(queues[0]).toMatchObject({ lockDurationMs: 1_000, maxDeliveryCount: 100 });
    expect(warnings).toEqual([expect.stringContaining('LockDuration'), expect.stringContaining('MaxDeliveryCount')]);
    expect(parseConfig(withQueue({ LockDuration: 'PT1M' })).warnings).toEqual([]);
  });

  test.each([
    ['LockDuration', 'PT5S', 'PT5M', 'PT4S', 'PT5M1S'],
    ['DuplicateDetectionHistoryTimeWindow', 'PT5S', 'PT5M', 'PT4S', 'PT6M'],
    ['DefaultMessageTimeToLive', 'PT5M', 'PT1H', 'PT4M', 'P1D'],
    ['MaxDeliveryCount', 1, 10, undefined, 11],
  ])('has the official range for %s, on queues and subscriptions', (property, least, most, under, over) => {
    const warn = (value: unknown): number => parseConfig(withQueue({ [property]: value })).warnings.length;
    expect([warn(least), warn(most), under === undefined ? 1 : warn(under), warn(over)]).toEqual([0, 0, 1, 1]);
    if (property.startsWith('Duplicate')) return;
    const onSubscription = (value: unknown): string[] => [
      ...parseConfig(withTopic([{ Name: 's', Properties: { [property]: value } }])).warnings,
    ];
    expect(onSubscription(most)).toEqual([]);
    expect(onSubscription(over)).toEqual([expect.stringContaining(`Subscription 't/s': ${property}`)]);
  });

  test('says in one line what the official emulator would miss in the file as a whole', () => {
    expect(parseConfig({ UserConfig: { Namespaces: [{ Name: 'mine', Queues: [] }] } }).warnings).toEqual([
      expect.stringMatching(/would miss.*Logging; Topics; .*'sbemulatorns'/),
    ]);
    const many = Array.from({ length: 51 }, (_, at) => ({ Name: `q${at}` }));
    expect(parseConfig(withQueues(many)).warnings).toEqual([expect.stringMatching(/takes 50 .* there are 51/)]);
    expect(parseConfig(withTopic([])).warnings).toEqual([expect.stringMatching(/1 to 50 subscriptions/)]);
    const rule = (at: number): unknown => ({
      Name: `r${at}`,
      Properties: { FilterType: 'Sql', SqlFilter: { SqlExpression: '1=1' } },
    });
    const rules = Array.from({ length: 1_001 }, (_, at) => rule(at));
    expect(parseConfig(withTopic([{ Name: 's', Rules: rules }])).warnings).toEqual([
      expect.stringMatching(/1000 rules/),
    ]);
  });
});

test.each([
  ['PT1M', 60_000],
  ['PT0.5S', 500],
  ['P1DT2H3M4S', 93_784_000],
  ['PT', undefined],
  ['P', undefined],
  ['P1M', undefined],
  ['1M', undefined],
])('the duration %s is %s milliseconds', (text, expected) => {
  expect(parseDuration(text)).toBe(expected);
});

test('comments and trailing commas are passed over, and left alone inside strings', () => {
  const text = '{ // one\n "a": "// no, \\" /* no */ ,}", /* two */ "b": [1, 2,], }';
  expect(parseJsonWithComments(text)).toEqual({ a: '// no, " /* no */ ,}', b: [1, 2] });
});

// What the operations benchmark makes of its counts: accounts, budgets, labels, arguments.
import { describe, expect, test } from 'vitest';
import { parseBenchArguments } from '../../../bench/operations/arguments.js';
import { accountOf, budgetOf, spendingOf } from '../../../bench/operations/budget.js';
import { labelOf } from '../../../bench/operations/message-label.js';
import { countedOf, toKey, type Counted } from '../../../bench/operations/operation.js';
import { toRecord } from '../../../bench/operations/report.js';

const tableHost = '127.0.0.1:1';
const counted = (given: Partial<Counted>): Counted => ({
  kind: 'send',
  at: 'job-events',
  what: 'hint.tasks-added',
  by: 'add-task-collection',
  isApart: false,
  count: 1,
  ...given,
});
const pass = 'react-to-job-events';

describe('the budget', () => {
  test('of the sample is the sum of its job, its nodes and its tasks', () => {
    expect(budgetOf({ jobs: 1, nodes: 2, tasks: 8 }, false)).toEqual({ E: 19, S: 81, T: 60 });
  });

  test('of table requests is a fifth of a request per task where passes are full', () => {
    expect(budgetOf({ jobs: 1, nodes: 100, tasks: 10_000 }, true)).toEqual({ E: 10_403, S: 61_209, T: 2_812 });
  });

  test('counts messages and renewals, executions, and requests to the table service alone', () => {
    const all = (['send', 'receive', 'settle', 'renew', 'accept', 'wait', 'execution'] as const).map((kind) =>
      counted({ kind, count: 2 }),
    );
    const requests = [tableHost, '127.0.0.1:2'].map((at) => counted({ kind: 'request', at, what: 'get job' }));
    expect(spendingOf([...all, ...requests], tableHost)).toEqual({ E: 2, S: 8, T: 1 });
  });
});

describe('an operation is on the account of', () => {
  test.each([
    ['work', 'a hint of tasks', counted({})],
    ['work', 'a pass over a report', counted({ kind: 'execution', at: pass, what: 'node.report task ended' })],
    [
      'work',
      'a pass woken by a pool and a report',
      counted({ kind: 'execution', at: pass, what: 'hint.pool-added; node.report of no run' }),
    ],
    [
      'pools',
      'the adding of a pool',
      counted({ kind: 'execution', at: 'add-pool', what: 'http POST', by: 'functions-host' }),
    ],
    [
      'pools',
      'a table request of the adding of a pool',
      counted({ kind: 'request', what: 'insert pools', by: 'add-pool' }),
    ],
    [
      'pools',
      'a pass over a new pool',
      counted({ kind: 'request', what: 'query pool', by: `${pass} < hint.pool-added` }),
    ],
    [
      'pools',
      'what a provisioner is told',
      counted({ kind: 'receive', at: 'pool-capacity', what: 'pool.capacity', by: 'operations' }),
    ],
    ['upkeep', 'a sweep', counted({ kind: 'execution', at: 'sweep', what: 'timer', by: 'functions-host' })],
    ['upkeep', 'a table request of a sweep', counted({ kind: 'request', what: 'query pools', by: 'sweep < timer' })],
    ['upkeep', 'a wake-up', counted({ what: 'hint.wake-up', by: `${pass} < node.report of no run` })],
    ['pools', 'a node that joins', counted({ kind: 'request', what: 'put pool', by: 'join-node' })],
    ['links', 'a wait without a message', counted({ kind: 'wait', what: 'drained', by: 'agent' })],
    ['reads', 'anything done for a read', counted({ kind: 'request', what: 'get job', by: 'get-job', isApart: true })],
  ] as const)('%s: %s', (account, _, operation) => {
    expect(accountOf(operation)).toBe(account);
  });
});

describe('a message is named', () => {
  const event = (type: string, data: unknown) => ({ type: `dev.bookend.${type}`, data });
  const signed = (content: object) => `e30.${Buffer.from(JSON.stringify(content)).toString('base64url')}.c2lnbmVk`;

  test.each([
    ['hint.tasks-added', event('hint.tasks-added', { poolId: 'p' })],
    ['node.report of no run', event('node.report', signed({ runs: [] }))],
    [
      'node.report task ended, task running',
      event(
        'node.report',
        signed({
          runs: [
            { kind: 'task', state: 'running' },
            { kind: 'task', state: 'ended' },
          ],
        }),
      ),
    ],
    ['node.order', event('node.order', 'e30.sealed.for.its.node')],
    ['other', { type: 'com.example.thing' }],
    ['other', 'no event at all'],
  ])('%s', (label, body) => {
    expect(labelOf(body)).toBe(label);
  });
});

describe('a record of a phase', () => {
  const phase = { name: 'phase', isBulk: false, durationMs: 1 };
  const tallyOf = (...all: Counted[]) => Object.fromEntries(all.map((each) => [toKey(each), each.count]));

  test('says whether each kind of operation is within the budget of the work', () => {
    const work = { jobs: 1, nodes: 0, tasks: 0 };
    const record = (count: number) =>
      toRecord({ ...phase, work, tally: tallyOf(counted({ count })) }, { tableHost, phases: [] });
    expect(record(9)).toMatchObject({ isWithinBudget: true, counted: { work: { S: 9 } } });
    expect(record(10)).toMatchObject({ isWithinBudget: false, budget: { S: 9 } });
  });

  test('of idle nodes counts all kinds and accounts together', () => {
    const tally = tallyOf(
      counted({ count: 40 }),
      counted({ what: 'hint.wake-up', count: 50 }),
      counted({ kind: 'wait', count: 999 }),
    );
    const record = toRecord({ ...phase, nodeHours: 2, tally }, { tableHost, phases: [] });
    expect(record).toMatchObject({ perIdleNodeHour: { counted: 45, budget: 60 }, isWithinBudget: true });
  });

  test('takes its counts from the keys they were written under', () => {
    const one = counted({ isApart: true, count: 3 });
    expect(countedOf(new Map(Object.entries(tallyOf(one))))).toEqual([one]);
  });
});

describe('the command line', () => {
  test('asks for all scenarios at their full size unless told otherwise', () => {
    expect(parseBenchArguments([])).toEqual({
      kind: 'run',
      scenarios: ['sample', 'crowd', 'idle'],
      agents: 100,
      tasks: 10_000,
      idleNodes: 4,
      isCheck: false,
      isFull: false,
    });
    expect(parseBenchArguments(['--only', 'crowd', '--tasks', '50', '--check'])).toMatchObject({
      scenarios: ['crowd'],
      tasks: 50,
      isCheck: true,
    });
  });

  test.each([[['--only', 'nothing']], [['--agents', '0']], [['--tasks', 'many']], [['--unknown']]])(
    'refuses %j',
    (given) => {
      expect(parseBenchArguments(given).kind).toBe('fault');
    },
  );
});

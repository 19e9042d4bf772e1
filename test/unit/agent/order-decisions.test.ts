// What an order changes, given what the journal holds.
import { describe, expect, test } from 'vitest';
import type { NodeRecord } from '../../../agent/node-record.js';
import { decideOrder, type OrderDecision, type SeenByOrder } from '../../../agent/order-decisions.js';
import type { RunRecord } from '../../../agent/run-record.js';
import { orderWith, runWith } from '../../helpers/agent-on-machine.js';
import { ended, instantAt, recordWith, states } from '../../helpers/run-records.js';

const now = instantAt(100);
const node: NodeRecord = {
  version: 1,
  epoch: 1,
  imageEpoch: 1,
  imageId: 'image',
  epochBeganAt: instantAt(0),
  hasJoined: true,
  wasShutDown: false,
  reservedSequence: 0,
};

function seenWith(runs: readonly RunRecord[] = [], rest: Partial<SeenByOrder> = {}): SeenByOrder {
  const byId = new Map(runs.map((run) => [run.runId, run]));
  return {
    node,
    runs: byId,
    pending: new Map([...byId].filter(([, run]) => run.state.name !== 'ended' || !run.state.acknowledged)),
    forgottenJobs: new Map(),
    earlyKills: new Map(),
    endReportedIn: new Map(),
    logTargets: new Map(),
    ...rest,
  };
}

function applied(decision: OrderDecision) {
  if (decision.kind !== 'applied') throw new Error('The order was refused');
  return decision;
}

const failure = { category: 'usererror', code: 'TaskEnded', message: 'asked' } as const;
const task = runWith('/bin/true');

describe('an order', () => {
  test('of another epoch or of a forgotten job is refused', () => {
    expect(decideOrder(orderWith({ epoch: 2, tasks: [task] }), seenWith(), now)).toEqual({ kind: 'refused' });
    const job = { version: 1 as const, incarnation: 'incarnation1', jobDirectory: 'x', at: now, isDone: true };
    const seen = seenWith([], { forgottenJobs: new Map([['incarnation1', job]]) });
    expect(decideOrder(orderWith({ tasks: [task] }), seen, now)).toEqual({ kind: 'refused' });
  });

  test('of a forgotten job still kills what runs of it, which it is not refused for, and runs nothing', () => {
    const job = { version: 1 as const, incarnation: 'incarnation1', jobDirectory: 'x', at: now, isDone: false };
    const seen = seenWith([recordWith({ runId: task.runId, state: states.running })], {
      forgottenJobs: new Map([['incarnation1', job]]),
    });
    const order = orderWith({
      tasks: [runWith('/bin/false', { taskId: 'late' })],
      kills: [{ runId: task.runId, failure }],
    });
    const decision = applied(decideOrder(order, seen, now));
    expect(decision.runs).toEqual([]);
    expect(decision.kills).toEqual(order.kills);
    expect(decision.earlyKills).toMatchObject([{ runId: task.runId, failure }]);
    // Whoever kills it does so at every report in which it still runs: telling at once would have the two go in circles until it has ended.
    expect(decision.isReportDue).toBe(false);
  });

  test('accepts runs that are new and leaves a report for later', () => {
    const decision = applied(decideOrder(orderWith({ tasks: [task] }), seenWith(), now));
    expect(decision.runs).toMatchObject([
      { runId: task.runId, incarnation: 'incarnation1', state: { name: 'accepted' } },
    ]);
    expect(decision.isReportDue).toBe(false);
  });

  test.each([states.accepted, states.running])(
    'that names a known run in state %o only makes a report due',
    (state) => {
      const seen = seenWith([recordWith({ runId: task.runId, state })]);
      const decision = applied(decideOrder(orderWith({ tasks: [task] }), seen, now));
      expect(decision.runs).toEqual([]);
      expect(decision.isReportDue).toBe(true);
    },
  );

  test('that names a run whose end was acknowledged has it reported once more, and not run', () => {
    const record = recordWith({
      runId: task.runId,
      state: ended({ ending: 'exited', exitCode: 0, acknowledged: true }),
    });
    const decision = applied(decideOrder(orderWith({ tasks: [task] }), seenWith([record]), now));
    expect(decision.runs).toMatchObject([{ runId: task.runId, state: { name: 'ended', acknowledged: false } }]);
    expect(decision.isReportDue).toBe(true);
  });

  test('that kills a run before its order comes keeps that run from starting', () => {
    const first = applied(decideOrder(orderWith({ kills: [{ runId: task.runId, failure }] }), seenWith(), now));
    expect(first.earlyKills).toMatchObject([{ runId: task.runId, failure }]);
    const seen = seenWith([], { earlyKills: new Map(first.earlyKills.map((kill) => [kill.runId, kill])) });
    const second = applied(decideOrder(orderWith({ tasks: [task] }), seen, now));
    expect(second.runs).toMatchObject([{ state: { name: 'ended', ending: 'neverStarted', failure } }]);
    expect(second.isReportDue).toBe(true);
  });

  test.each([states.accepted, states.running])('that kills a run in state %o has the kill journaled, once', (state) => {
    const seen = seenWith([recordWith({ runId: task.runId, state })]);
    const order = orderWith({ kills: [{ runId: task.runId, failure }] });
    const decision = applied(decideOrder(order, seen, now));
    expect(decision.earlyKills).toMatchObject([{ runId: task.runId, failure }]);
    expect(decision.kills).toEqual(order.kills);
    const journaled = new Map(decision.earlyKills.map((kill) => [kill.runId, kill]));
    expect(applied(decideOrder(order, { ...seen, earlyKills: journaled }, now)).earlyKills).toEqual([]);
  });

  test('that kills a run which has ended has its end reported once more', () => {
    const seen = seenWith([
      recordWith({ runId: task.runId, state: ended({ ending: 'exited', exitCode: 0, acknowledged: true }) }),
    ]);
    const decision = applied(decideOrder(orderWith({ kills: [{ runId: task.runId, failure }] }), seen, now));
    expect(decision.runs).toMatchObject([{ state: { ending: 'exited', acknowledged: false } }]);
    expect(decision.earlyKills).toEqual([]);
    expect(decision.isReportDue).toBe(true);
  });

  test('that kills and orders the same run ends it unstarted', () => {
    const order = orderWith({ tasks: [task], kills: [{ runId: task.runId, failure }] });
    const decision = applied(decideOrder(order, seenWith(), now));
    expect(decision.runs).toMatchObject([{ state: { name: 'ended', ending: 'neverStarted', failure } }]);
  });

  test.each<[string, { epoch: number; sequence: number }, readonly string[]]>([
    ['covers ends up to its number', { epoch: 1, sequence: 5 }, ['first', 'second']],
    ['leaves later ends', { epoch: 1, sequence: 4 }, ['first']],
    ['of another epoch covers nothing', { epoch: 0, sequence: 9 }, []],
  ])('whose acknowledgement %s', (_, acknowledged, expected) => {
    const runs = ['first', 'second', 'untold', 'open'].map((runId) =>
      recordWith({ runId, state: runId === 'open' ? states.running : states.succeeded }),
    );
    const endReportedIn = new Map([
      ['first', 3],
      ['second', 5],
    ]);
    const decision = applied(decideOrder(orderWith({ acknowledged }), seenWith(runs, { endReportedIn }), now));
    expect(decision.runs.map((run) => run.runId)).toEqual(expected);
    for (const run of decision.runs) expect(run.state).toMatchObject({ acknowledged: true });
  });
});

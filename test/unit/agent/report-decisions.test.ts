// What reports say, and how they are named.
import { describe, expect, test } from 'vitest';
import type { Identity } from '../../../agent/identity.js';
import { ageAt } from '../../../agent/instant.js';
import { buildReport, reportMessageId, toRunReport } from '../../../agent/report-decisions.js';
import type { RunState } from '../../../agent/run-record.js';
import { reportSchema } from '../../../shared/nodes/node-messages.js';
import { ended, instantAt, recordWith, states } from '../../helpers/run-records.js';

const identity: Identity = {
  poolId: 'pool1',
  nodeId: 'node1',
  rootDirectory: '/root-of-node',
  accountName: 'account1',
  accountUrl: 'http://localhost',
  userName: 'tester',
};
const now = instantAt(1_000);
const time = { now: () => now, ageMs: (instant: typeof now) => ageAt(instant, now) };
const node = {
  version: 1,
  epoch: 3,
  imageEpoch: 2,
  imageId: 'image',
  epochBeganAt: instantAt(400),
  hasJoined: true,
  wasShutDown: false,
  reservedSequence: 100,
} as const;

describe('a run in a report', () => {
  const running = { ...states.running, firstStartedAt: instantAt(100), startedAt: instantAt(700) };
  test.each<[string, RunState, object]>([
    ['accepted', states.accepted, { state: 'accepted', retryCount: 0 }],
    ['running for the first time', running, { state: 'running', startedAgoMs: 300, retryCount: 0 }],
    [
      'tried again: Batch tells the start of the latest try',
      { ...running, tryNumber: 2 },
      { state: 'running', startedAgoMs: 300, retryCount: 2, lastRetryAgoMs: 300 },
    ],
    [
      'ended',
      ended({ ending: 'exited', exitCode: 4, startedAt: instantAt(100), endedAt: instantAt(900) }),
      { state: 'ended', ending: 'exited', exitCode: 4, startedAgoMs: 900, endedAgoMs: 100 },
    ],
    ['never started', ended({ ending: 'neverStarted' }), { state: 'ended', ending: 'neverStarted', endedAgoMs: 990 }],
  ])('%s', (_, state, expected) => {
    const told = toRunReport(recordWith({ runId: 'run1', state }), time.ageMs);
    expect(told).toMatchObject({ runId: 'run1', jobId: 'job1', attempt: 1, ...expected });
  });

  test('of an earlier boot has its age from the wall clock, and no age is negative', () => {
    const endedAt = { bootId: 'boot0', uptimeMs: 999_999, wallMs: now.wallMs - 5_000 };
    expect(
      toRunReport(recordWith({ runId: 'run1', state: ended({ ending: 'lost', endedAt }) }), time.ageMs),
    ).toMatchObject({ endedAgoMs: 5_000 });
    expect(time.ageMs({ ...endedAt, wallMs: now.wallMs + 5_000 })).toBe(0);
  });
});

describe('a report', () => {
  test('keeps to the schema that the controller reads it by', () => {
    const pending = Object.entries(states).map(([runId, state]) => recordWith({ runId, state }));
    const { report, ends, isPartial } = buildReport({
      identity,
      node,
      poolIncarnation: undefined,
      pending,
      sequence: 7,
      told: new Set(),
      time,
    });
    expect(reportSchema.parse(report)).toEqual(report);
    expect(report).toMatchObject({ epoch: 3, imageEpoch: 2, sequence: 7, bootedAgoMs: 600 });
    expect(ends).toEqual(['succeeded', 'failed', 'killed', 'lost', 'neverStarted']);
    expect(isPartial).toBe(false);
  });

  test('that would not fit into a message tells new ends first, and a series of them tells all', () => {
    const many = Array.from({ length: 3_000 }, (_, index) =>
      recordWith({ runId: `run${index}`, state: index < 500 ? states.running : states.succeeded }),
    );
    const told = new Set<string>();
    let series = 0;
    for (let isPartial = true; isPartial; series += 1) {
      const built = buildReport({ identity, node, poolIncarnation: undefined, pending: many, sequence: 1, told, time });
      expect(JSON.stringify(built.report).length).toBeLessThan(200_000);
      expect(built.ends.some((runId) => !told.has(runId))).toBe(true);
      for (const runId of built.ends) told.add(runId);
      isPartial = built.isPartial;
    }
    expect(told.size).toBe(2_500);
    expect(series).toBeGreaterThan(1);
  });

  test('has an id that fits, however long the names are', () => {
    expect(reportMessageId(identity, 3, 7)).toBe('pool1/node1/3/7');
    const long = { ...identity, poolId: 'p'.repeat(64), nodeId: 'n'.repeat(64) };
    expect(reportMessageId(long, 3, 7).length).toBeLessThanOrEqual(128);
    expect(reportMessageId(long, 3, 7)).not.toBe(reportMessageId(long, 3, 8));
  });
});

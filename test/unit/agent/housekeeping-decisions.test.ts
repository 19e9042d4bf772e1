// What is remembered, and for how long.
import { expect, test } from 'vitest';
import { decideExpired } from '../../../agent/housekeeping-decisions.js';
import { ageAt } from '../../../agent/instant.js';
import type { RunRecord } from '../../../agent/run-record.js';
import { ended, instantAt, recordWith, states } from '../../helpers/run-records.js';

const hourMs = 3600_000;
const now = instantAt(30 * 24 * hourMs);
const agoMs = (ms: number) => instantAt(now.uptimeMs - ms);
const acknowledged = (runId: string, ms: number, rest: Partial<RunRecord> = {}): RunRecord =>
  recordWith({
    runId,
    state: ended({ ending: 'exited', exitCode: 0, acknowledged: true, endedAt: agoMs(ms) }),
    ...rest,
  });

function expiredOf(runs: readonly RunRecord[]): readonly string[] {
  const byId = new Map(runs.map((run) => [run.runId, run]));
  const ageMs = (instant: typeof now): number => ageAt(instant, now);
  return decideExpired({ runs: byId, forgottenJobs: new Map(), earlyKills: new Map(), ageMs }).runIds;
}

test('ended tasks are remembered for seven days after their end was acknowledged, preparations as long as their job', () => {
  const weekMs = 7 * 24 * hourMs;
  const old = [
    acknowledged('old', weekMs + 1),
    acknowledged('young', weekMs - 1),
    acknowledged('preparation', weekMs + 1, { kind: 'preparation' }),
    recordWith({ runId: 'unacknowledged', state: ended({ ending: 'lost', endedAt: agoMs(weekMs + 1) }) }),
    recordWith({ runId: 'running', state: states.running }),
  ];
  expect(expiredOf(old)).toEqual(['old']);
});

test('a node that runs very many tasks remembers the newest, and all that a late order could still name', () => {
  const many = Array.from({ length: 10_005 }, (_, index) =>
    acknowledged(`run${index}`, index < 10_003 ? hourMs : 3 * hourMs),
  );
  expect(expiredOf(many)).toEqual(['run10003', 'run10004']);
});

test('forgotten jobs and early kills go after seven days, a job only once it is gone', () => {
  const job = (incarnation: string, isDone: boolean) =>
    ({ version: 1, incarnation, jobDirectory: 'd', at: agoMs(8 * 24 * hourMs), isDone }) as const;
  const kill = (runId: string, ms: number) =>
    ({
      version: 1,
      runId,
      incarnation: 'i',
      at: agoMs(ms),
      failure: { category: 'usererror', code: 'c', message: 'm' },
    }) as const;
  const expired = decideExpired({
    runs: new Map(),
    forgottenJobs: new Map([
      ['gone', job('gone', true)],
      ['going', job('going', false)],
    ]),
    earlyKills: new Map([
      ['old', kill('old', 8 * 24 * hourMs)],
      ['young', kill('young', hourMs)],
    ]),
    ageMs: (instant) => ageAt(instant, now),
  });
  expect(expired).toEqual({ runIds: [], incarnations: ['gone'], earlyKills: ['old'] });
});

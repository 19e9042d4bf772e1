// When reports go out, on a clock that only the test moves.
import { describe, expect, test } from 'vitest';
import { startReporter } from '../../../agent/reporter.js';
import { silentLog } from '../../../shared/log.js';
import { createManualClock } from '../../helpers/manual-clock.js';

function createReporter(presenceMs = 1_000) {
  const clock = createManualClock();
  const sends: { atMs: number; settle: (outcome: boolean | Error) => void }[] = [];
  const reporter = startReporter({
    clock,
    log: silentLog,
    presenceMs: () => presenceMs,
    prepare: () => Promise.resolve(),
    send: () =>
      new Promise((resolve, reject) => {
        const settle = (outcome: boolean | Error): void =>
          outcome instanceof Error ? reject(outcome) : resolve(outcome);
        sends.push({ atMs: clock.monotonicMs(), settle });
      }),
  });
  return { clock, reporter, sends, instants: () => sends.map(({ atMs }) => atMs) };
}

// Lets everything that waits on settled promises go on.
async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

describe('a report', () => {
  test('goes at once when none is in flight, and what changes meanwhile goes together afterwards', async () => {
    const { reporter, sends, clock } = createReporter();
    reporter.request(0);
    reporter.request(0);
    await settled();
    expect(sends).toHaveLength(1);
    for (let change = 0; change < 5; change += 1) reporter.request(0);
    await settled();
    expect(sends).toHaveLength(1);
    sends[0]?.settle(false);
    await settled();
    expect(sends).toHaveLength(2);
    sends[1]?.settle(false);
    await settled();
    expect(sends).toHaveLength(2);
    reporter.stop();
    expect(clock.pending()).toBe(0);
  });

  test('that may wait is sent in time, or answered by an earlier one', async () => {
    const { reporter, sends, clock, instants } = createReporter(60_000);
    reporter.request(30_000);
    clock.advance(10_000);
    reporter.request(0);
    await settled();
    sends[0]?.settle(false);
    await settled();
    clock.advance(59_999);
    await settled();
    expect(instants()).toEqual([10_000]);
    reporter.request(30_000);
    clock.advance(1);
    await settled();
    expect(instants()).toEqual([10_000, 70_000]);
    reporter.stop();
  });

  test('goes now and then as a sign of life', async () => {
    const { reporter, sends, clock, instants } = createReporter(1_000);
    reporter.request(0);
    for (let round = 0; round < 3; round += 1) {
      await settled();
      sends[round]?.settle(false);
      await settled();
      clock.advance(1_000);
    }
    await settled();
    expect(instants()).toEqual([0, 1_000, 2_000, 3_000]);
    reporter.stop();
  });

  test('that was not taken is tried again with growing pauses, whatever changes, and never twice at a time', async () => {
    const { reporter, sends, clock } = createReporter(60_000);
    reporter.request(0);
    await settled();
    for (const [round, pauseMs] of [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000].entries()) {
      reporter.request(0);
      sends[round]?.settle(new Error('refused'));
      await settled();
      reporter.request(0);
      clock.advance(pauseMs - 1);
      await settled();
      expect(sends).toHaveLength(round + 1);
      clock.advance(1);
      await settled();
      expect(sends).toHaveLength(round + 2);
    }
    reporter.stop();
  });

  test('that did not hold everything is followed by another at once', async () => {
    const { reporter, sends } = createReporter(60_000);
    reporter.request(0);
    await settled();
    sends[0]?.settle(true);
    await settled();
    expect(sends).toHaveLength(2);
    reporter.stop();
  });
});

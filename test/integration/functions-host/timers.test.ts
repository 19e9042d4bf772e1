import { afterEach, expect, test } from 'vitest';
import { startFunctionsHost, type FunctionsHost } from '../../../local/functions-host/index.js';
import { createManualClock } from '../../helpers/manual-clock.js';
import { createLogCollector, createRecord, eventually, fixtureApp, masterKey } from './fixture.js';

const record = createRecord();
const collector = createLogCollector();
const clock = createManualClock();
let host: FunctionsHost;

afterEach(async () => {
  await host.stop();
  record.remove();
  expect(clock.pending()).toBe(0);
});

test('a timer function runs at each occurrence of its schedule, also after one that failed, and by hand', async () => {
  const { log } = collector;
  host = await startFunctionsHost({
    appDir: fixtureApp,
    only: ['sweeps'],
    masterKey,
    clock,
    log,
    settings: record.settings,
  });
  const runs = () => record.seen().filter((entry) => entry.function === 'sweeps');
  const runAt = async (minutes: number, count: number) => {
    clock.advance(minutes * 60_000);
    await eventually(`${count} runs`, () => runs().length === count);
    await eventually('the next occurrence is awaited', () => clock.pending() === 1);
  };

  clock.advance(4 * 60_000 + 59_999);
  expect(runs()).toEqual([]);
  clock.advance(1);
  await runAt(0, 1);
  expect(runs()[0]).toMatchObject({
    function: 'sweeps',
    timer: {
      schedule: { adjustForDST: true },
      scheduleStatus: {
        last: '0001-01-01T00:00:00',
        next: '2026-01-01T00:10:00.000Z',
        lastUpdated: '0001-01-01T00:00:00',
      },
      isPastDue: false,
    },
  });
  await runAt(5, 2);
  expect(runs()[1]).toMatchObject({ timer: { scheduleStatus: { last: '2026-01-01T00:05:00.000Z' } } });
  await runAt(5, 3);
  const failure = await eventually('the failure is logged', () =>
    collector.lines.find(({ message }) => message === 'function failed'),
  );
  expect(failure.fields['functionName']).toBe('sweeps');
  await runAt(5, 4);

  const answer = await fetch(`${host.url}/admin/functions/sweeps`, {
    method: 'POST',
    headers: { 'x-functions-key': masterKey, 'content-type': 'application/json' },
    body: '{}',
  });
  expect(answer.status).toBe(202);
  await eventually('the run by hand', () => runs().length === 5);
});

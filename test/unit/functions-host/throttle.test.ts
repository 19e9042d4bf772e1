import { describe, expect, test } from 'vitest';
import { createThrottle, type Place, type Throttle } from '../../../local/functions-host/http/throttle.js';

type Asked = { place: Place | undefined; state: 'refused' | 'waits' | 'runs' | 'madeWay' };

/** Asks for a place and a turn, and keeps what became of it. */
function ask(throttle: Throttle, address: string): Asked {
  const place = throttle.enter(address);
  const asked: Asked = { place, state: place === undefined ? 'refused' : 'waits' };
  void place?.turn().then((mayRun) => (asked.state = mayRun ? 'runs' : 'madeWay'));
  return asked;
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const statesOf = async (all: readonly Asked[]): Promise<string[]> => {
  await settled();
  return all.map(({ state }) => state);
};
const times = (count: number, throttle: Throttle, address: string): Asked[] =>
  Array.from({ length: count }, () => ask(throttle, address));

describe('requests of one address', () => {
  test('have all places that there are, and all turns', async () => {
    const throttle = createThrottle({ maxOutstandingRequests: 400, maxConcurrentRequests: 100 });
    const all = await statesOf(times(401, throttle, 'a'));
    expect(all.filter((state) => state === 'runs').length).toBe(100);
    expect(all.filter((state) => state === 'waits').length).toBe(300);
    expect(all.at(-1)).toBe('refused');
  });

  test('run in the order in which they came', async () => {
    const throttle = createThrottle({ maxOutstandingRequests: 10, maxConcurrentRequests: 1 });
    const all = times(3, throttle, 'a');
    all[0]?.place?.leave();
    expect(await statesOf(all)).toEqual(['runs', 'runs', 'waits']);
  });
});

describe('requests of several addresses', () => {
  test('have turns one address after the other, however many each has', async () => {
    const throttle = createThrottle({ maxOutstandingRequests: 100, maxConcurrentRequests: 1 });
    const many = times(50, throttle, 'a');
    const few = times(2, throttle, 'b');
    many[0]?.place?.leave();
    await settled();
    const order: string[] = [];
    for (let turn = 0; turn < 4; turn += 1) {
      const runs = [...many.slice(1), ...few].find(({ state }) => state === 'runs');
      if (runs === undefined) throw new Error('nobody runs');
      order.push(few.includes(runs) ? 'b' : 'a');
      runs.state = 'refused';
      runs.place?.leave();
      await settled();
    }
    expect(order).toEqual(['a', 'b', 'a', 'b']);
  });

  test('share a full host: the last one of the address that has most makes way', async () => {
    const throttle = createThrottle({ maxOutstandingRequests: 4, maxConcurrentRequests: 1 });
    const many = times(4, throttle, 'a');
    const few = times(3, throttle, 'b');
    // Two each: nobody has more than the others any more.
    expect(await statesOf(many)).toEqual(['runs', 'waits', 'madeWay', 'madeWay']);
    expect(await statesOf(few)).toEqual(['waits', 'waits', 'refused']);
    // Also those that made way give their places back, which are no longer theirs.
    for (const { place } of many.slice(2)) place?.leave();
    expect(await statesOf(times(1, throttle, 'c'))).toEqual(['waits']);
  });

  test('leave nothing behind', async () => {
    const throttle = createThrottle({ maxOutstandingRequests: 2, maxConcurrentRequests: 1 });
    for (let round = 0; round < 5; round += 1) {
      const all = [...times(2, throttle, 'a'), ...times(1, throttle, 'b')];
      expect(await statesOf(all)).toEqual(['runs', 'madeWay', 'waits']);
      for (const { place } of all) {
        place?.leave();
        await settled();
      }
    }
  });
});

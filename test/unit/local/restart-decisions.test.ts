// How long the supervisor waits before it starts a program again.
import { expect, it } from 'vitest';
import { decideRestart } from '../../../local/programs/restart-decisions.js';

it('the wait doubles from 0.1 s to 2 s while the program ends again and again', () => {
  const delays: number[] = [];
  let endsInARow = 0;
  for (let end = 0; end < 7; end++) {
    const decision = decideRestart({ endsInARow, livedMs: 50 });
    delays.push(decision.delayMs);
    endsInARow = decision.endsInARow;
  }
  expect(delays).toEqual([100, 200, 400, 800, 1600, 2000, 2000]);
});

it('a program that lived for a while is started again at once', () => {
  expect(decideRestart({ endsInARow: 9, livedMs: 10_000 })).toEqual({ delayMs: 100, endsInARow: 1 });
});

it('the wait stays bounded however often the program ended', () => {
  expect(decideRestart({ endsInARow: 1_000_000, livedMs: 0 }).delayMs).toBe(2000);
});

// The bus contract on the bus in memory that tests of the agent run on.
import { describe, test } from 'vitest';
import { systemClock } from '../../../shared/clock.js';
import { createMemoryBus } from '../../helpers/memory-bus.js';
import { busCases, type BusPowers } from './bus-cases.js';

const unavailable = (): never => {
  throw new Error('The bus in memory has no broker');
};
const noPowers: BusPowers = {
  expireLock: unavailable,
  detachIdleLinks: unavailable,
  waiting: unavailable,
  pass: unavailable,
};

/** What it deliberately leaves out, by the start of the case's title. */
const leftOut = [
  'a message that is dead-lettered', // it never gives a message up by itself: no agent abandons one that often
  'a scheduled message', // agents schedule nothing
  'a session whose lock', // nobody but its holder ends a session here
  'a session whose link',
  'where duplicates', // nothing that agents send is looked at for duplicates
];

describe('the bus in memory', () => {
  for (const { title, run } of busCases) {
    const isLeftOut = leftOut.some((start) => title.startsWith(start));
    test.skipIf(isLeftOut)(title, () => run(createMemoryBus(systemClock), systemClock, noPowers));
  }
});

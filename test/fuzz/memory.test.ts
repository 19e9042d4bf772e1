// Generated requests at every operation of the app, in this process: whatever comes, it is answered as Batch answers, a refusal changes
// nothing, and no log tells a secret. The seed is printed. BOOKEND_FUZZ_SEED draws the same again, with BOOKEND_FUZZ_PROPERTY and
// BOOKEND_FUZZ_PATH the one case that failed; BOOKEND_FUZZ_REQUESTS says how many.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Services } from '../../shared/services.js';
import { withFresh } from './arbitrary-body.js';
import { arbitraryRequest, plainRequest } from './arbitrary-request.js';
import { checkProperty } from './check-property.js';
import { startFuzzStack, type FuzzStack, type Step } from './fuzz-stack.js';
import { fuzzSeed, isLeftOut } from './fuzz-settings.js';
import { weighted } from './one-of.js';
import { shrinkableList } from './shrinkable-list.js';

const current = vi.hoisted(() => ({ services: undefined as Services | undefined }));
vi.mock('../../shared/services.js', () => ({ getServices: () => current.services }));

const requests = Number(process.env['BOOKEND_FUZZ_REQUESTS'] ?? 300);
/** On one state, before it is taken back. */
const atOnce = 20;
const stepsAtOnce = 8;
const timeout = 600_000;
let stack: FuzzStack;

beforeAll(async () => {
  stack = await startFuzzStack((services) => (current.services = services));
});
afterAll(() => {
  const counts = [...stack.statuses].sort().map(([what, count]) => `${what}: ${count}`);
  const total = [...stack.statuses.values()].reduce((sum, count) => sum + count, 0);
  process.stdout.write(`fuzz seed ${fuzzSeed}: ${total} requests, ${counts.join(', ')}\n`);
});

describe(`of seed ${fuzzSeed}`, () => {
  test.skipIf(isLeftOut('requests'))(`${requests} requests are answered as Batch answers`, { timeout }, async () => {
    const all = shrinkableList(arbitraryRequest(stack.operations, stack.ids), atOnce);
    await checkProperty('requests', all, stack.run, { numRuns: Math.ceil(requests / atOnce) });
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  test.skipIf(isLeftOut('sequences'))(
    'requests that follow from each other, with passes between them',
    { timeout },
    async () => {
      const { operations } = stack;
      const step = fc.oneof<fc.WeightedArbitrary<Step>[]>(
        weighted<Step>(5, plainRequest(operations, withFresh(stack.ids))),
        weighted<Step>(1, fc.constantFrom<Step[]>('goOn', 'hoursLater')),
      );
      const all = shrinkableList(step, stepsAtOnce);
      await checkProperty('sequences', all, stack.run, { numRuns: Math.ceil(requests / 25) });
    },
  );
});

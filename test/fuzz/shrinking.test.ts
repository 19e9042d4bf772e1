// Whether the suite would find a fault, and say what matters of it and no more: faults are planted between the suite and the app.
import fc from 'fast-check';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import type { Answer } from '../../local/functions-host/http/http-messages.js';
import type { Services } from '../../shared/services.js';
import { arbitraryRequest, plainRequest } from './arbitrary-request.js';
import { jsonType } from './arbitrary-headers.js';
import { findSmallest } from './check-property.js';
import type { FuzzRequest } from './fuzz-request.js';
import { shrinkableList } from './shrinkable-list.js';
import { startFuzzStack, type FuzzStack, type Send, type Step } from './fuzz-stack.js';

const current = vi.hoisted(() => ({ services: undefined as Services | undefined }));
vi.mock('../../shared/services.js', () => ({ getServices: () => current.services }));

// Shrinking tries hundreds of cases: with the whole suite only.
const isLeftOut = process.env['BOOKEND_FUZZ_REQUESTS'] === undefined;
let stack: FuzzStack;
beforeAll(async () => {
  if (isLeftOut) return;
  stack = await startFuzzStack((services) => (current.services = services));
});

const broken: Answer = { status: 500, headers: {}, body: Buffer.from('planted') };
const seed = 7;

const isRequest = (step: Step): step is FuzzRequest => typeof step !== 'string';

describe.skipIf(isLeftOut)('a planted fault', { timeout: 600_000 }, () => {
  test('in what an operation does with a property is found, and shrunk to a body with that property alone', async () => {
    const planted: Send = (request) => (hasMetadata(request.body) ? Promise.resolve(broken) : stack.app.send(request));
    const requests = shrinkableList(arbitraryRequest(stack.operations, stack.ids), 20);
    const run = (steps: readonly FuzzRequest[]): Promise<void> => stack.run(steps, planted);
    const found = await findSmallest('planted', requests, run, { numRuns: 200, seed });
    const [request, ...more] = found?.smallest ?? [];
    expect(more, found?.report).toEqual([]);
    expect(JSON.parse(request?.body ?? '')).toEqual({ metadata: [expect.anything()] });
    expect(request?.headers).toEqual({ 'content-type': jsonType });
    expect(request?.target).toMatch(/^[^?]+\?api-version=2022-10-01\.16\.0$/);
    expect(found?.report).toContain('BOOKEND_FUZZ_SEED=7 BOOKEND_FUZZ_PROPERTY=planted BOOKEND_FUZZ_PATH=');
    // The same case and no other, from what the report says.
    const again = await findSmallest('planted', requests, run, { numRuns: 1, seed, path: found?.path });
    expect(again?.smallest).toEqual(found?.smallest);
  });

  test('that shows only in a request after another is shrunk to these two', async () => {
    const some = ['delete-pool', 'delete-job', 'delete-task', 'terminate-job', 'disable-job', 'enable-job', 'get-job'];
    const operations = stack.operations.filter(({ name }) => some.includes(name));
    const steps = shrinkableList(
      fc.oneof<fc.Arbitrary<Step>[]>(plainRequest(operations, stack.ids), fc.constant('goOn')),
      8,
    );
    const run = (drawn: readonly Step[]): Promise<void> => stack.run(drawn, brokenAfterDelete(stack));
    const found = await findSmallest('planted', steps, run, { numRuns: 300, seed });
    expect(found?.smallest.map((step) => (isRequest(step) ? step.method : step))).toEqual(['DELETE', 'POST']);
  });
});

/** Once something was deleted, the next POST that succeeds is answered as no answer should look. */
function brokenAfterDelete({ app }: FuzzStack): Send {
  let isDeleted = false;
  return async (request) => {
    const answer = await app.send(request);
    if (request.method === 'DELETE' && answer.status < 300) isDeleted = true;
    return isDeleted && request.method === 'POST' && answer.status < 300 ? broken : answer;
  };
}

function hasMetadata(body: string | undefined): boolean {
  try {
    const json: unknown = JSON.parse(body ?? '');
    return typeof json === 'object' && json !== null && 'metadata' in json && isFilled(json.metadata);
  } catch {
    return false; // No JSON: nothing of the planted fault.
  }
}

const isFilled = (value: unknown): boolean => Array.isArray(value) && value.length > 0;

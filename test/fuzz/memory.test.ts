// Generated requests at every operation of the app, in this process: whatever comes, it is answered as Batch answers, a refusal changes
// nothing, and no log tells a secret. The seed is printed; BOOKEND_FUZZ_SEED replays it, BOOKEND_FUZZ_REQUESTS says how many.
import fc from 'fast-check';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { describeError } from '../../shared/log.js';
import type { Services } from '../../shared/services.js';
import type { Life } from '../integration/controller/life.js';
import { loadHttpFunctions, operationsIn } from './app-operations.js';
import { arbitraryRequest, type FuzzOperation, type KnownIds } from './arbitrary-request.js';
import { secretMark } from './body-examples.js';
import { checkFuzzAnswer, isBeforeTruth, isRefusal, textOf } from './check-fuzz-answer.js';
import { findParameters } from './find-parameters.js';
import { fuzzSeed, toReplay } from './fuzz-settings.js';
import type { FuzzRequest } from './fuzz-request.js';
import { createMemoryApp, noChange, type Changes, type MemoryApp, type Snapshot } from './memory-app.js';
import { populate, settle, signed } from './populate.js';

const current = vi.hoisted(() => ({ services: undefined as Services | undefined }));
vi.mock('../../shared/services.js', () => ({ getServices: () => current.services }));

const requests = Number(process.env['BOOKEND_FUZZ_REQUESTS'] ?? 300);
/** On one state, before it is taken back. */
const atOnce = 20;
const mostFailures = 10;

let app: MemoryApp;
let operations: readonly FuzzOperation[];
let ids: KnownIds;
let life: Life;
let start: Snapshot;

beforeAll(async () => {
  const core = await loadHttpFunctions();
  app = createMemoryApp(core, (services) => (current.services = services));
  ({ ids, life } = await populate(app));
  operations = await findParameters(operationsIn(core), ids, (request) => app.send(request));
  start = app.snapshot();
});

const withoutLists = ({ rows, ...others }: Changes): Changes => ({
  ...others,
  messages: 0,
  rows: rows.filter((row) => !/^(jobs|pools|pool:\S+ job:\S+)/.test(row)),
});

/** Whoever reads the list of jobs may leave notes in it, of what the heads say anyway: docs/decisions/0019. */
const withoutNotes = ({ rows, ...rest }: Changes): Changes => ({
  ...rest,
  rows: rows.filter((row) => !row.startsWith('jobs ')),
});

/** Sends one request and checks all that can be seen of it. */
async function check(request: FuzzRequest): Promise<number> {
  app.logLines.length = 0;
  const answer = await app.send(request);
  checkFuzzAnswer(request, answer);
  const told = `${request.method} ${request.target.slice(0, 300)} -> ${answer.status}`;
  const isRead = ['GET', 'HEAD', 'OPTIONS'].includes(request.method);
  const text = textOf(answer);
  const changed = isBeforeTruth(text) ? withoutLists(app.changes()) : app.changes();
  const changes = isRead ? withoutNotes(changed) : changed;
  if (isRefusal(answer) || isRead)
    expect(changes, `${told} ${text.slice(0, 400)} changed ${JSON.stringify(changes)}`).toEqual(noChange);
  for (const line of app.logLines) {
    expect(line, told).not.toContain(secretMark);
    expect(line, told).not.toContain(app.account.key);
    expect(line, told).not.toMatch(/^error/);
  }
  return answer.status;
}

/** What was accepted harms nobody: the controller can work with it, and all of it can be shown. */
async function checkAfterwards(): Promise<void> {
  expect(await settle(app, life)).toEqual([]);
  const jobs = ids['jobId'] ?? [];
  const lists = ['/jobs', '/pools', '/nodecounts', '/pools/Pool-1/nodes', ...jobs.map((id) => `/jobs/${id}/tasks`)];
  for (const path of lists) {
    const request = signed('GET', path);
    const answer = await app.send(request);
    checkFuzzAnswer(request, answer);
    if (!path.includes('/', 1)) expect(answer.status, path).toBe(200);
  }
}

describe('generated requests', () => {
  test(`are answered as Batch answers: ${requests} of seed ${fuzzSeed}`, { timeout: 600_000 }, async () => {
    const sequence = fc.array(arbitraryRequest(operations, ids), { minLength: atOnce, maxLength: atOnce, size: 'max' });
    const failures: string[] = [];
    const statuses = new Map<string, number>();
    for (const all of fc.sample(sequence, { seed: fuzzSeed, numRuns: Math.ceil(requests / atOnce) })) {
      app.restore(start);
      for (const request of all) {
        const status = await check(request).catch((error: unknown) => {
          failures.push(
            `${describeError(error).slice(0, 1_500)}\n${app.logLines.find((line) => line.startsWith('error')) ?? ''}\n${JSON.stringify(request).slice(0, 3_000)}`,
          );
          return 'failed';
        });
        statuses.set(`${request.method} ${status}`, (statuses.get(`${request.method} ${status}`) ?? 0) + 1);
      }
      await checkAfterwards().catch((error: unknown) => {
        failures.push(`${describeError(error).slice(0, 1_500)}\nafter ${JSON.stringify(all)}`);
      });
      if (failures.length >= mostFailures) break;
    }
    const counts = [...statuses].sort().map(([what, count]) => `${what}: ${count}`);
    process.stdout.write(`fuzz seed ${fuzzSeed}: ${counts.join(', ')}\n`);
    expect(failures, `${toReplay({ BOOKEND_FUZZ_REQUESTS: requests })}\n${failures.join('\n\n')}`).toEqual([]);
    expect(Object.keys(Object.prototype)).toEqual([]);
  });
});

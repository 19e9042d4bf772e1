// A smaller share of the generated requests over a real socket, at the compiled app on Azurite and the broker.
// By `npm run test:fuzz`; BOOKEND_FUZZ_SEED replays a run, BOOKEND_FUZZ_HTTP_REQUESTS says how many.
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { arbitraryRequest, type KnownIds } from './arbitrary-request.js';
import { secretMark } from './body-examples.js';
import { checkFuzzAnswer, isBeforeTruth, isRefusal, textOf } from './check-fuzz-answer.js';
import { findParameters } from './find-parameters.js';
import { fuzzSeed, toReplay } from './fuzz-settings.js';
import { startHttpApp, type HttpApp } from './http-app.js';
import { signed } from './populate.js';

const requests = Number(process.env['BOOKEND_FUZZ_HTTP_REQUESTS'] ?? 0);
const mostFailures = 10;
const ids: KnownIds = {
  poolId: ['Pool-1', 'Pool-2'],
  nodeId: ['tvm-1'],
  jobId: ['Job-1', 'Job-1', 'Job-disabled', 'Job-ending'],
  taskId: ['t1', 't2', 't3'],
  filePath: ['stdout.txt', 'wd/a b%.txt'],
  rest: ['a.txt'],
};
let app: HttpApp;

beforeAll(async () => {
  if (requests === 0) return;
  app = await startHttpApp();
  const ask = async (method: string, path: string, json?: object): Promise<void> => {
    const answer = await app.send(signed(method, path, json));
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${textOf(answer)}`);
  };
  const special = { jobPreparationTask: { commandLine: 'true' }, jobReleaseTask: { commandLine: 'true' } };
  await ask('POST', '/pools', { id: 'Pool-1', vmSize: 's', targetDedicatedNodes: 2 });
  await ask('POST', '/pools', { id: 'Pool-2', vmSize: 's', targetDedicatedNodes: 0 });
  for (const id of ['Job-1', 'Job-disabled', 'Job-ending']) {
    await ask('POST', '/jobs', { id, poolInfo: { poolId: 'Pool-1' }, ...special });
    const value = ['t1', 't2', 't3'].map((task) => ({ id: task, commandLine: 'true' }));
    await ask('POST', `/jobs/${id}/addtaskcollection`, { value });
  }
  await ask('POST', '/jobs/Job-disabled/disable', { disableTasks: 'requeue' });
  await ask('POST', '/jobs/Job-ending/terminate');
}, 120_000);
afterAll(() => app?.stop());

const differences = (before: readonly string[], after: readonly string[]): readonly string[] => [
  ...before.filter((line) => !after.includes(line)).map((line) => `- ${line}`),
  ...after.filter((line) => !before.includes(line)).map((line) => `+ ${line}`),
];

test.skipIf(requests === 0)(
  `${requests} requests over HTTP are answered as Batch answers: seed ${fuzzSeed}`,
  { timeout: 600_000 },
  async () => {
    const operations = await findParameters(app.operations, ids, (request) => app.send(request));
    const failures: string[] = [];
    let before = await app.state();
    for (const request of fc.sample(arbitraryRequest(operations, ids), { seed: fuzzSeed, numRuns: requests })) {
      const told = `${request.method} ${request.target.slice(0, 300)}`;
      try {
        const answer = await app.send(request);
        checkFuzzAnswer(request, answer);
        const isRead = ['GET', 'HEAD', 'OPTIONS'].includes(request.method);
        // A read is looked at with the next request that is none: it takes reading the whole table.
        const after = isRead ? before : await app.state();
        if (isRefusal(answer) && !isBeforeTruth(textOf(answer)))
          expect(
            differences(before, after),
            `${told} -> ${answer.status}, or a read before it, changed something`,
          ).toEqual([]);
        before = after;
      } catch (error) {
        failures.push(`${String(error).slice(0, 1_500)}\n${JSON.stringify(request).slice(0, 3_000)}`);
        before = await app.state();
      }
      expect(app.isAlive(), `${told} ended the process\n${app.log().slice(-3_000)}`).toBe(true);
      if (failures.length >= mostFailures) break;
    }
    expect(failures, `${toReplay({ BOOKEND_FUZZ_HTTP_REQUESTS: requests })}\n${failures.join('\n\n')}`).toEqual([]);
    for (const secret of [secretMark, app.account.key]) expect(app.log()).not.toContain(secret);
    expect(
      app
        .log()
        .split('\n')
        .filter((line) => line.includes('"level":"error"')),
    ).toEqual([]);
    expect((await app.send(signed('GET', '/health'))).status).toBe(200);
  },
);

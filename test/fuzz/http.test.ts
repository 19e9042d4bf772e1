// A smaller share of the generated requests over a real socket, at the compiled app on Azurite and the broker.
// By `npm run test:fuzz`; BOOKEND_FUZZ_SEED draws the same again, BOOKEND_FUZZ_HTTP_REQUESTS says how many.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { KnownIds } from './arbitrary-path.js';
import { arbitraryRequest } from './arbitrary-request.js';
import { secretMark } from './body-examples.js';
import { checkFuzzAnswer, isBeforeTruth, isRefusal, textOf } from './check-fuzz-answer.js';
import { findParameters } from './find-parameters.js';
import { checkProperty } from './check-property.js';
import type { FuzzOperation } from './arbitrary-query.js';
import type { FuzzRequest } from './fuzz-request.js';
import { fuzzSeed, isLeftOut } from './fuzz-settings.js';
import { startHttpApp, type HttpApp } from './http-app.js';
import { signed } from './populate.js';

const requests = Number(process.env['BOOKEND_FUZZ_HTTP_REQUESTS'] ?? 0);
const ids: KnownIds = {
  poolId: ['Pool-1', 'Pool-2'],
  nodeId: ['tvm-1'],
  jobId: ['Job-1', 'Job-1', 'Job-disabled', 'Job-ending'],
  taskId: ['t1', 't2', 't3'],
  filePath: ['stdout.txt', 'wd/a b%.txt'],
  rest: ['a.txt'],
};
let app: HttpApp;
let operations: readonly FuzzOperation[];
/** The state after the last request, unless that failed. */
let known: readonly string[] | undefined;

beforeAll(async () => {
  if (requests === 0) return;
  await begin();
  operations = await findParameters(app.operations, ids, (request) => app.send(request));
}, 120_000);
afterAll(() => app?.stop());

/** The app, with something in it. */
async function begin(): Promise<void> {
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
}

const differences = (before: readonly string[], after: readonly string[]): readonly string[] => [
  ...before.filter((line) => !after.includes(line)).map((line) => `- ${line}`),
  ...after.filter((line) => !before.includes(line)).map((line) => `+ ${line}`),
];

/** Sends one request, on what those before it left. */
async function run(request: FuzzRequest): Promise<void> {
  // What a request did to the process is no fault of the ones that shrinking tries after it.
  if (!app.isAlive()) await begin();
  const before = known ?? (await app.state());
  known = undefined;
  const told = `${request.method} ${request.target.slice(0, 300)}`;
  const answer = await app.send(request).catch((error: unknown) => {
    throw new Error(`${told} was not answered\n${app.log().slice(-3_000)}`, { cause: error });
  });
  expect(app.isAlive(), `${told} ended the process\n${app.log().slice(-3_000)}`).toBe(true);
  checkFuzzAnswer(request, answer);
  // A read is looked at with the next request that is none: it takes reading the whole table.
  const isRead = ['GET', 'HEAD', 'OPTIONS'].includes(request.method);
  const after = isRead ? before : await app.state();
  if (isRefusal(answer) && !isBeforeTruth(textOf(answer)))
    expect(differences(before, after), `${told} -> ${answer.status}, or a read before it, changed something`).toEqual(
      [],
    );
  known = after;
}

test.skipIf(requests === 0 || isLeftOut('http'))(
  `${requests} requests over HTTP are answered as Batch answers: seed ${fuzzSeed}`,
  { timeout: 600_000 },
  async () => {
    const settings = { BOOKEND_FUZZ_HTTP_REQUESTS: requests };
    await checkProperty('http', arbitraryRequest(operations, ids), run, { numRuns: requests, settings });
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

// The setting by which a release is owed wherever the preparation ran. Against the running stack, over REST.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { jobBody, taskBodies } from '../e2e/marked-job.js';
import { startSharedStack, type SharedStack } from '../e2e/shared-stack.js';
import { createJobsWorld, hold } from './jobs-world.js';

let stack: SharedStack;
beforeAll(async () => {
  stack = await startSharedStack('jobs-release-after', { settings: { BookendReleaseAfter: 'preparation' } });
});
afterAll(() => stack.stop());

const { client, plan, poolOfOne, begun, counts, reached, status, until } = createJobsWorld(() => stack);

test('with releaseAfter preparation a node is released whose preparation failed, or was killed by the end of the job', async () => {
  await Promise.all([poolOfOne('failing'), poolOfOne('killed')]);
  const failing = plan('failing', 'failing');
  const killed = plan('killed', 'killed');
  await client().job.add(jobBody(failing, { preparation: 'exit 1' }));
  await client().job.add(jobBody(killed, { preparation: hold('never') }));
  for (const job of [failing, killed]) await client().task.addCollection(job.jobId, taskBodies(job));
  await until('the failure', async () => (await status(failing)).preparation?.state === 'completed');
  await begun(killed, 'never');
  await until('the running preparation', async () => (await status(killed)).preparation?.state === 'running');
  for (const job of [failing, killed]) await client().job.terminate(job.jobId);
  for (const job of [failing, killed]) {
    await reached(job, 'completed');
    expect(counts(job)).toEqual({ preparation: 1, release: 1 });
    expect((await status(job)).release).toMatchObject({ result: 'success' });
  }
});

// Long definitions stand in blobs of their job, or of the pool whose start task it is, and go with it.
import { expect, test } from 'vitest';
import { addJob } from '../../../shared/jobs/add-job.js';
import { placeDefinition } from '../../../shared/passes/place-definition.js';
import { purgeJob } from '../../../shared/passes/purge-job.js';
import { runPass } from '../../../shared/passes/run-pass.js';
import { addPool } from '../../../shared/pools/add-pool.js';
import { deletePool } from '../../../shared/pools/delete-pool.js';
import { unconditional as conditions } from '../../../shared/rest/conditions.js';
import { jobDefinition, poolDefinition } from '../../helpers/definitions.js';
import { createServices } from '../../helpers/memory-services.js';

const constraints = { retentionMs: 0, maxTaskRetryCount: 0 };
const definition = { commandLine: 'x'.repeat(31_000), environmentSettings: [], constraints };
const run = { runId: 'run1', kind: 'task', taskId: 't', attempt: 1, definition } as const;

test('the long definitions of a job are removed with it, and those of others stay', async () => {
  const services = createServices();
  const job = await addJob(services, jobDefinition({ id: 'J' }));
  for (const incarnation of [job.incarnation, 'other'])
    expect(await placeDefinition(services, incarnation, run)).toHaveProperty('url');
  await purgeJob(services, job);
  const left = await services.blobs.list('definitions/');
  expect(left.map(({ name }) => name)).toEqual(['definitions/other/run1.json']);
});

test('the long definitions of start tasks are removed with their pool', async () => {
  const services = createServices();
  const { incarnation } = await addPool(services, poolDefinition({ id: 'P' }));
  const asked = { reports: [], jobIds: [], everyJob: false, reask: false };
  await runPass(services, 'P', asked);
  expect(await placeDefinition(services, incarnation, { ...run, kind: 'startTask' })).toHaveProperty('url');
  await deletePool(services, 'P', { conditions });
  await runPass(services, 'P', asked);
  expect(services.rows.get('pool:p', 'head')).toBeUndefined();
  expect(await services.blobs.list('definitions/')).toEqual([]);
});

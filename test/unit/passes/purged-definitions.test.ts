// Long definitions stand in blobs of their job, and go with it.
import { expect, test } from 'vitest';
import { placeDefinition } from '../../../shared/passes/place-definition.js';
import { purgeJob } from '../../../shared/passes/purge-job.js';
import { jobDefinition } from '../../helpers/definitions.js';
import { createServices } from '../../helpers/memory-services.js';

test('the long definitions of a job are removed with it, and those of others stay', async () => {
  const services = createServices();
  const constraints = { retentionMs: 0, maxTaskRetryCount: 0 };
  const definition = { commandLine: 'x'.repeat(31_000), environmentSettings: [], constraints };
  const run = { runId: 'run1', kind: 'task', taskId: 't', attempt: 1, definition } as const;
  for (const incarnation of ['mine', 'other'])
    expect(await placeDefinition(services, incarnation, run)).toHaveProperty('url');
  const at = services.clock.now().toISOString();
  await purgeJob(services, {
    ...{ definition: jobDefinition({ id: 'J' }), incarnation: 'mine', creationTime: at, lastModified: at },
    ...{ state: 'deleting', stateTransitionTime: at, nextTaskOrder: 0, openTasks: 0, everAssigned: false },
  });
  const left = await services.blobs.list('definitions/');
  expect(left.map(({ name }) => name)).toEqual(['definitions/other/run1.json']);
});

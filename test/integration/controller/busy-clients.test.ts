// Clients that add job after job do not keep a pass from its end: naming a job to its pool changes nothing that passes save by its etag.
import { expect, test } from 'vitest';
import { hintTypes, toHintMessage } from '../../../shared/events/hints.js';
import { addJob } from '../../../shared/jobs/add-job.js';
import { reactToJobEvents } from '../../../shared/passes/react-to-job-events.js';
import { addPool } from '../../../shared/pools/add-pool.js';
import { poolPartition } from '../../../shared/pools/pool-rows.js';
import type { Services } from '../../../shared/services.js';
import type { Table } from '../../../shared/tables/table.js';
import { addTasks } from '../../../shared/tasks/add-tasks.js';
import { jobDefinition, poolDefinition, taskDefinition } from '../../helpers/definitions.js';
import { createServices } from '../../helpers/memory-services.js';
import { beginLife, describe as describeState, goOnUntil } from './life.js';

test('a pass that saves its pool ends while a job is added and named each time that it has read the pool', async () => {
  const memory = createServices();
  let added = 0;
  let isBusy = false;
  const table: Table = {
    ...memory.table,
    async query(partition, ...given) {
      const page = await memory.table.query(partition, ...given);
      if (isBusy && partition === poolPartition('P')) {
        added += 1;
        await addJob(memory, jobDefinition({ id: `N${added}` }));
        await addTasks(memory, `N${added}`, [taskDefinition('t')]);
      }
      return page;
    },
  };
  const services: Services = { ...memory, table };
  const life = beginLife(services, memory);
  await addPool(services, poolDefinition());
  await goOnUntil(life, 'nodes', async () => (await describeState(life.truth)).includes('idle,idle'));
  await addJob(memory, jobDefinition());
  await addTasks(memory, 'J', [taskDefinition('t1')]);
  isBusy = true;
  const { body } = toHintMessage(
    hintTypes.tasksAdded,
    { poolId: 'P', jobId: 'J' },
    { id: 'x', now: memory.clock.now() },
  );
  await reactToJobEvents(services, [{ body, messageId: 'x', sessionId: 'p', deliveryCount: 1 }]);
  expect(added).toBeLessThan(4);
});

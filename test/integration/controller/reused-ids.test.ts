// A request that is slow, and finds that its id has been given to another meanwhile, leaves that one alone.
import { expect, test } from 'vitest';
import type { BatchError } from '../../../shared/errors.js';
import { addJob } from '../../../shared/jobs/add-job.js';
import { deleteJob } from '../../../shared/jobs/delete-job.js';
import { headRow, jobPartition } from '../../../shared/jobs/job-rows.js';
import { terminateJob } from '../../../shared/jobs/terminate-job.js';
import { addPool } from '../../../shared/pools/add-pool.js';
import { deletePool } from '../../../shared/pools/delete-pool.js';
import { poolPartition, toPoolHead } from '../../../shared/pools/pool-rows.js';
import { resizePool } from '../../../shared/pools/resize-pool.js';
import { loadPool, loadStoredPool } from '../../../shared/pools/read-pools.js';
import { loadJob } from '../../../shared/jobs/read-jobs.js';
import { unconditional as conditions } from '../../../shared/rest/conditions.js';
import type { Services } from '../../../shared/services.js';
import { addTasks } from '../../../shared/tasks/add-tasks.js';
import { deleteTask } from '../../../shared/tasks/delete-task.js';
import { loadTask } from '../../../shared/tasks/read-tasks.js';
import { jobDefinition, poolDefinition, taskDefinition } from '../../helpers/definitions.js';
import { createServices } from '../../helpers/memory-services.js';

type World = { readonly services: Services; giveAnew(partition: string, act: () => Promise<unknown>): void };

/** A world with pool P and job J of two tasks, in which an id can be given anew just before the next write of its partition. */
async function begin(): Promise<World> {
  const memory = createServices();
  let armed: { readonly partition: string; readonly act: () => Promise<unknown> } | undefined;
  const services: Services = {
    ...memory,
    table: {
      ...memory.table,
      async write(partition, writes) {
        if (armed?.partition === partition) {
          const { act } = armed;
          armed = undefined;
          for (const { row } of memory.rows.query(partition, {}, 1000).entities)
            memory.rows.write(partition, [{ type: 'delete', row }]);
          await act();
        }
        return memory.table.write(partition, writes);
      },
    },
  };
  await addPool(services, poolDefinition());
  await addJob(services, jobDefinition());
  await addTasks(services, 'J', [taskDefinition('t1'), taskDefinition('t2')]);
  return { services, giveAnew: (partition, act) => void (armed = { partition, act }) };
}

const refusal = (attempt: Promise<unknown>): Promise<unknown> =>
  attempt.then(
    () => 'accepted',
    (error: unknown) => (error as BatchError).code,
  );

test('a pool that was added again is not deleted by the deletion of the one before', async () => {
  const { services, giveAnew } = await begin();
  giveAnew(poolPartition('P'), () => addPool(services, poolDefinition()));
  expect(await refusal(deletePool(services, 'P', { conditions }))).toBe('PoolNotFound');
  expect((await loadPool(services, 'P')).pool.state).toBe('active');
});

test('a pool that was added again is not resized by the request that was meant for the one before', async () => {
  const { services, giveAnew } = await begin();
  const steady = async (): Promise<void> => {
    const { pool } = await loadStoredPool(services, 'P');
    const head = { ...pool, allocationState: 'steady' as const };
    await services.table.write(poolPartition('P'), [{ type: 'upsert', row: headRow, values: toPoolHead(head) }]);
  };
  await steady();
  giveAnew(poolPartition('P'), async () => {
    await addPool(services, poolDefinition());
    await steady();
  });
  const request = { targetDedicatedNodes: 9, resizeTimeoutMs: 900_000, option: 'requeue' as const };
  expect(await refusal(resizePool(services, 'P', { request, conditions }))).toBe('PoolNotFound');
  expect((await loadPool(services, 'P')).pool.definition.targetDedicatedNodes).not.toBe(9);
});

test.each([
  ['deletion', (services: Services) => deleteJob(services, 'J', { conditions })],
  ['termination', (services: Services) => terminateJob(services, 'J', { conditions })],
])('a job that was added again is not touched by the %s of the one before', async (_, act) => {
  const { services, giveAnew } = await begin();
  giveAnew(jobPartition('J'), () => addJob(services, jobDefinition()));
  expect(await refusal(act(services))).toBe('JobNotFound');
  expect((await loadJob(services, 'J')).state).toBe('active');
});

test('tasks meant for a job that is gone are not added to the one that has its id', async () => {
  const { services, giveAnew } = await begin();
  giveAnew(jobPartition('J'), () => addJob(services, jobDefinition()));
  expect(await refusal(addTasks(services, 'J', [taskDefinition('t3')]))).toBe('JobNotFound');
  expect((await loadJob(services, 'J')).openTasks).toBe(0);
});

test('a task that was added again is not deleted by the deletion of the one before', async () => {
  const { services, giveAnew } = await begin();
  const job = await services.table.get(jobPartition('J'), headRow);
  giveAnew(jobPartition('J'), async () => {
    await services.table.write(jobPartition('J'), [{ type: 'insert', row: headRow, values: job?.values ?? {} }]);
    await addTasks(services, 'J', [taskDefinition('t1')]);
  });
  await deleteTask(services, 'J', 't1', { conditions });
  expect((await loadTask(services, 'J', 't1')).order).toBe(3);
});

// When a pool is told of a job: at the latest before the job wants something of it, and in a way that no pass and no sweep takes back.
import { beforeEach, describe, expect, test } from 'vitest';
import { addJob } from '../../../shared/jobs/add-job.js';
import { deleteJob } from '../../../shared/jobs/delete-job.js';
import { disableJob } from '../../../shared/jobs/disable-job.js';
import { sweep } from '../../../shared/passes/sweep.js';
import { addPool } from '../../../shared/pools/add-pool.js';
import { addTasks } from '../../../shared/tasks/add-tasks.js';
import type { Services } from '../../../shared/services.js';
import { createCountingTable } from '../../helpers/counting-table.js';
import { jobDefinition, poolDefinition, taskDefinition } from '../../helpers/definitions.js';
import { createServices, type MemoryServices } from '../../helpers/memory-services.js';
import {
  beginLife,
  countBeginnings,
  describe as describeState,
  goOn,
  goOnUntil,
  unconditional,
  type Life,
} from './life.js';

let memory: MemoryServices;
let life: Life;

beforeEach(() => {
  memory = createServices();
  life = beginLife(memory, memory);
});

const isNamed = (): boolean => memory.rows.get('pool:p', 'job:j') !== undefined;
const isPoolListed = (): boolean => memory.rows.get('pools', 'p') !== undefined;
const add = (services: Services, ...ids: string[]) =>
  addTasks(
    services,
    'J',
    ids.map((id) => taskDefinition(id)),
  );

/** Nobody is told of anything that was said. */
const loseMessages = (): void => void (life.heard = life.bus.sent.length);

async function givenNodes(): Promise<void> {
  await addPool(memory, poolDefinition());
  await goOnUntil(life, 'the nodes', async () => (await describeState(life.truth)).includes('idle,idle'));
}

describe('a job', () => {
  test('that wants nothing yet costs two writes', async () => {
    const table = createCountingTable(memory.table);
    await addJob({ ...memory, table }, jobDefinition());
    expect(table.take()).toMatchObject({ gets: 0, queries: 0, writes: 2 });
    expect(isNamed()).toBe(false);
  });

  test('is named to its pool with its first tasks, and not again with the next', async () => {
    await givenNodes();
    await addJob(memory, jobDefinition());
    const table = createCountingTable(memory.table);
    await add({ ...memory, table }, 't1');
    expect(table.take()).toMatchObject({ gets: 1, writes: 2 });
    expect(isNamed()).toBe(true);
    await add({ ...memory, table }, 't2');
    expect(table.take()).toMatchObject({ gets: 1, writes: 1 });
  });

  test('has its tasks found by the sweep when no message tells of them, also of the later ones', async () => {
    await givenNodes();
    await addJob(memory, jobDefinition());
    for (const id of ['t1', 't2']) {
      await add(memory, id);
      loseMessages();
      await sweep(memory, { quietPoolsToo: false });
      await goOn(life);
      expect(countBeginnings(life)[`task ${id}`]).toBe(1);
    }
  });

  test('has its pool listed that is not there yet, and its tasks run when that is added', async () => {
    await addJob(memory, jobDefinition());
    await add(memory, 't1');
    expect(isPoolListed()).toBe(true);
    loseMessages();
    await sweep(memory, { quietPoolsToo: true });
    expect(isPoolListed()).toBe(true);
    await givenNodes();
    await goOn(life);
    expect(countBeginnings(life)['task t1']).toBe(1);
  });

  test('that is disabled before it had any task becomes so although no message tells of it', async () => {
    await addPool(memory, poolDefinition());
    await addJob(memory, jobDefinition());
    await disableJob(memory, 'J', { disableTasks: 'requeue', conditions: unconditional });
    loseMessages();
    await goOnUntil(life, 'the pause', async () => (await describeState(life.truth)).includes('job disabled'));
  });

  test('that never wanted anything is removed although no message tells of its deletion, with or without a pool', async () => {
    for (const withPool of [false, true]) {
      if (withPool) await addPool(memory, poolDefinition());
      await addJob(memory, jobDefinition());
      await deleteJob(memory, 'J', { conditions: unconditional });
      loseMessages();
      await goOnUntil(life, 'the removal', async () => !(await describeState(life.truth)).includes('job'));
      expect(isNamed()).toBe(false);
    }
  });
});

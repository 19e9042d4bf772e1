// A verb that comes in before any call of a pass: the pass loses its race, decides anew, and neither loses nor repeats anything.
import { describe, expect, test } from 'vitest';
import { addJob } from '../../../shared/jobs/add-job.js';
import { deleteJob } from '../../../shared/jobs/delete-job.js';
import { terminateJob } from '../../../shared/jobs/terminate-job.js';
import { deletePool } from '../../../shared/pools/delete-pool.js';
import type { Services } from '../../../shared/services.js';
import type { Table } from '../../../shared/tables/table.js';
import { addTasks } from '../../../shared/tasks/add-tasks.js';
import { deleteTask } from '../../../shared/tasks/delete-task.js';
import { jobDefinition, poolDefinition, taskDefinition } from '../../helpers/definitions.js';
import { createServices, type MemoryServices } from '../../helpers/memory-services.js';
import { addPool } from '../../../shared/pools/add-pool.js';
import { beginLife, countBeginnings, describe as describeState, goOnUntil, unconditional, type Life } from './life.js';

type Interrupted = {
  readonly life: Life;
  readonly memory: MemoryServices;
  arm(at: number, act: () => Promise<unknown>): void;
  hasStruck(): boolean;
};

/** Services whose table lets `act` happen just before call number `at`. */
function begin(): Interrupted {
  const memory = createServices();
  let armed: { readonly at: number; readonly act: () => Promise<unknown> } | undefined;
  let count = 0;
  let struck = false;
  const before = async (): Promise<void> => {
    const isNow = armed?.at === count;
    count += 1;
    if (!isNow) return;
    const { act } = armed ?? {};
    armed = undefined;
    struck = true;
    await act?.();
  };
  const table: Table = {
    async get(...given) {
      await before();
      return memory.table.get(...given);
    },
    async query(...given) {
      await before();
      return memory.table.query(...given);
    },
    async queryAcross(...given) {
      await before();
      return memory.table.queryAcross(...given);
    },
    async write(...given) {
      await before();
      return memory.table.write(...given);
    },
  };
  const services: Services = { ...memory, table };
  const life = beginLife(services, memory);
  // One message at a time makes for the most moments to come in at.
  life.batchSize = 1;
  return {
    memory,
    life,
    hasStruck: () => struck,
    arm(at, act) {
      [armed, count, struck] = [{ at, act }, 0, false];
    },
  };
}

async function givenPoolAndJob(): Promise<Interrupted> {
  const given = begin();
  await addPool(given.memory, poolDefinition());
  await goOnUntil(given.life, 'the nodes', async () => (await describeState(given.memory.table)).includes('idle,idle'));
  await addJob(given.memory, jobDefinition());
  await addTasks(given.memory, 'J', [taskDefinition('t1'), taskDefinition('t2'), taskDefinition('t3')]);
  return given;
}

/** Calls `play` with the verb coming in before call 0, 1, 2 … of everything that follows, until the story is over before the call comes. */
async function interruptEach(
  verb: (services: Services) => Promise<unknown>,
  end: (given: Interrupted) => Promise<void>,
): Promise<number> {
  for (let at = 0; ; at += 1) {
    const given = await givenPoolAndJob();
    given.arm(at, () => verb(given.memory));
    try {
      await goOnUntil(given.life, 'rest', () => Promise.resolve(true));
      if (!given.hasStruck()) return at;
      await end(given);
    } catch (error) {
      throw new Error(`With the verb before call ${at}`, { cause: error });
    }
  }
}

const isIn = (given: Interrupted, state: string) => async (): Promise<boolean> =>
  (await describeState(given.memory.table)).includes(state);

/** What began at most once, each preparation followed by as many releases. */
function expectBalance({ life }: Interrupted): void {
  const counts = countBeginnings(life);
  for (const [name, count] of Object.entries(counts)) expect(`${name}: ${count}`).toBe(`${name}: 1`);
  for (const node of [...life.nodes.values()]) {
    const hasRun = (kind: string): boolean =>
      node.facts.some(({ run, happened }) => run.kind === kind && happened === 'began');
    expect(`${node.id} released: ${hasRun('release')}`).toBe(`${node.id} released: ${hasRun('task')}`);
  }
}

describe('during passes', () => {
  test('a terminate at any moment ends the job, with every node released that had a task', async () => {
    const moments = await interruptEach(
      (services) => terminateJob(services, 'J', { conditions: unconditional }),
      async (given) => {
        await goOnUntil(given.life, 'the end of the job', isIn(given, 'job completed'));
        expectBalance(given);
        expect(await describeState(given.memory.table)).toContain('nodes idle,idle');
      },
    );
    expect(moments).toBeGreaterThan(20);
  });

  test('a delete at any moment removes the job, with every node released that had a task', async () => {
    const moments = await interruptEach(
      (services) => deleteJob(services, 'J', { conditions: unconditional }),
      async (given) => {
        await goOnUntil(given.life, 'the removal of the job', async () => !(await isIn(given, 'job ')()));
        expectBalance(given);
        expect(given.memory.rows.query('job:j', {}, 10).entities).toEqual([]);
        expect(await describeState(given.memory.table)).toContain('nodes idle,idle');
      },
    );
    expect(moments).toBeGreaterThan(20);
  });

  test('a task deleted at any moment is gone, and the others run once', async () => {
    const moments = await interruptEach(
      (services) => deleteTask(services, 'J', 't2', { conditions: unconditional }),
      async (given) => {
        await goOnUntil(given.life, 'the end of the tasks', isIn(given, 'open 0'));
        const counts = countBeginnings(given.life);
        expect([counts['task t1'], counts['task t3']]).toEqual([1, 1]);
        expect(counts['task t2'] ?? 1).toBe(1);
        expect(await given.memory.table.get('job:j', 'task:t2')).toBeUndefined();
        expect(await describeState(given.memory.table)).toContain('nodes idle,idle');
      },
    );
    expect(moments).toBeGreaterThan(20);
  });

  test('tasks added at any moment are run once, like the others', async () => {
    const moments = await interruptEach(
      (services) => addTasks(services, 'J', [taskDefinition('t4'), taskDefinition('t1')]),
      async (given) => {
        await goOnUntil(given.life, 'the end of the tasks', isIn(given, 'open 0'));
        const counts = countBeginnings(given.life);
        expect(['t1', 't2', 't3', 't4'].map((id) => counts[`task ${id}`])).toEqual([1, 1, 1, 1]);
      },
    );
    expect(moments).toBeGreaterThan(20);
  });

  test('a pool deleted at any moment is gone, its provisioner told, and its tasks wait', async () => {
    const moments = await interruptEach(
      (services) => deletePool(services, 'P', { conditions: unconditional }),
      async (given) => {
        await goOnUntil(given.life, 'the removal of the pool', async () => !(await isIn(given, 'pool ')()));
        expect(given.life.nodes.size).toBe(0);
        expect(given.life.formerNodes).toHaveLength(2);
        const rows = given.memory.rows.query('job:j', {}, 100).entities.map(({ row }) => row);
        const open = Number(/open (\d)/.exec(await describeState(given.memory.table))?.[1]);
        expect(rows.filter((row) => row.startsWith('ready:'))).toHaveLength(open);
      },
    );
    expect(moments).toBeGreaterThan(20);
  });
});

// What a pass remembers of a job from the pass before: it saves reading, and changes nothing else, however old it is.
import { beforeEach, describe, expect, test } from 'vitest';
import { addJob } from '../../../shared/jobs/add-job.js';
import { terminateJob } from '../../../shared/jobs/terminate-job.js';
import { jobPartition } from '../../../shared/jobs/job-rows.js';
import { createJobMemory, type JobMemory } from '../../../shared/passes/job-memory.js';
import type { KnownJob } from '../../../shared/passes/known-job.js';
import { addPool } from '../../../shared/pools/add-pool.js';
import { fromNode } from '../../../shared/pools/pool-rows.js';
import type { Services } from '../../../shared/services.js';
import type { Table } from '../../../shared/tables/table.js';
import { addTasks } from '../../../shared/tasks/add-tasks.js';
import { jobDefinition, poolDefinition, taskDefinition } from '../../helpers/definitions.js';
import { createServices, type MemoryServices } from '../../helpers/memory-services.js';
import {
  beginLife,
  countBeginnings,
  describe as describeState,
  goOn,
  goOnUntil,
  letGo,
  playSample,
  unconditional,
  type Life,
} from './life.js';

const tasks = ['t1', 't2', 't3', 't4', 't5'];
let memory: MemoryServices;
let life: Life;
/** How often the job's rows were read, by what pass reads them with. */
let readings = 0;

function begin(jobMemory?: JobMemory): void {
  memory = createServices();
  readings = 0;
  const table: Table = {
    ...memory.table,
    query(partition, ...given) {
      if (partition === jobPartition('J')) readings += 1;
      return memory.table.query(partition, ...given);
    },
  };
  const services: Services = { ...memory, table, ...(jobMemory && { jobMemory }) };
  life = beginLife(services, memory);
  life.batchSize = 1;
}

async function givenPool(): Promise<void> {
  await addPool(life.services, poolDefinition());
  await goOnUntil(life, 'the nodes', async () => (await describeState(life.truth)).includes('idle,idle'));
}

async function givenRunningJob(): Promise<void> {
  await givenPool();
  await addJob(life.services, jobDefinition());
  for (const id of tasks) life.held.add(id);
  await addTasks(
    life.services,
    'J',
    tasks.map((id) => taskDefinition(id)),
  );
  await goOn(life);
}

/** Does it, and has nobody told of it. */
async function unheard(act: () => Promise<unknown>): Promise<void> {
  await goOn(life);
  await act();
  life.heard = life.bus.sent.length;
}

function expectEachOnce(): void {
  for (const [name, count] of Object.entries(countBeginnings(life))) expect(`${name}: ${count}`).toBe(`${name}: 1`);
}

describe('a pass', () => {
  beforeEach(() => begin());

  test('reads a job that only passes have changed since the last one not again', async () => {
    await givenPool();
    await addJob(life.services, jobDefinition());
    await addTasks(
      life.services,
      'J',
      tasks.map((id) => taskDefinition(id)),
    );
    await goOn(life);
    expect(await describeState(life.truth)).toContain('open 0');
    expectEachOnce();
    // When it was told of the tasks.
    expect(readings).toBe(1);
  });

  test('reads a job that a message says was changed', async () => {
    await givenRunningJob();
    const before = readings;
    await addTasks(life.services, 'J', [taskDefinition('t6')]);
    await goOn(life);
    expect(readings).toBe(before + 1);
  });

  test('reads the job when it would leave it as it is, as no write shows then whether it still is so', async () => {
    await givenRunningJob();
    const before = readings;
    // The nodes have nothing new to tell.
    letGo(life, 'nothing');
    await goOn(life);
    expect(readings).toBeGreaterThan(before);
    expectEachOnce();
  });

  test('finds the end of the job that it was not told of, and gives no task to a node any more', async () => {
    await givenRunningJob();
    await unheard(() => terminateJob(life.services, 'J', { conditions: unconditional }));
    letGo(life, 't1');
    await goOn(life);
    await goOnUntil(life, 'the end of the job', async () =>
      (await describeState(life.truth)).includes('job completed'),
    );
    const counts = countBeginnings(life);
    expect([counts['task t3'], counts['task t4'], counts['task t5']]).toEqual([undefined, undefined, undefined]);
    for (const id of life.nodes.keys()) expect(counts[`release on ${id}`]).toBe(1);
    expectEachOnce();
  });

  test('gives tasks that were added and not told of to nodes like the others', async () => {
    await givenRunningJob();
    await unheard(() => addTasks(life.services, 'J', [taskDefinition('t6')]));
    life.held.clear();
    for (const id of tasks) letGo(life, id);
    await goOnUntil(life, 'the end of the tasks', async () => (await describeState(life.truth)).includes('open 0'));
    expect(countBeginnings(life)['task t6']).toBe(1);
    expectEachOnce();
  });
});

describe('with a memory that is', () => {
  for (const age of [1, 2, 3, 5]) {
    test(`${age} passes behind everything runs once, and every lease is that of a run`, async () => {
      begin(laggingMemory(age));
      await playSample(life, ['addPool', 'addJob', 'addTasks']);
      const nodes = memory.rows.query('pool:p', { from: 'node:', below: 'node;' }, 10).entities.map(fromNode);
      expect(nodes.map(({ leases }) => leases)).toEqual([[], []]);
      expect(nodes.reduce((sum, { totalTasksRun }) => sum + totalTasksRun, 0)).toBe(5);
      await playSample(life, ['terminate', 'delete', 'deletePool']);
      expectEachOnce();
    });
  }

  test('that of another host, which did not see what this one has saved, everything runs once', async () => {
    begin(takingTurns([createJobMemory({ monotonicMs: () => 0 }), createJobMemory({ monotonicMs: () => 0 })]));
    await playSample(life);
    expectEachOnce();
  });
});

/** Recalls what was kept `age` times ago, whatever was forgotten since. */
function laggingMemory(age: number): JobMemory {
  const kept: KnownJob[] = [];
  return {
    recall: (_, key) => kept.filter((job) => job.key === key).at(-1 - age),
    keep: (_, job) => void kept.push(job),
    forget: () => undefined,
    distrust: () => undefined,
  };
}

/** Each time that something is kept it is the next one's turn. */
function takingTurns(memories: readonly JobMemory[]): JobMemory {
  let turn = 0;
  const current = (): JobMemory => {
    const memory = memories[turn % memories.length];
    if (memory === undefined) throw new Error('There is no memory');
    return memory;
  };
  return {
    recall: (...given) => current().recall(...given),
    keep(...given) {
      current().keep(...given);
      turn += 1;
    },
    forget: (key) => current().forget(key),
    distrust: (key) => current().distrust(key),
  };
}

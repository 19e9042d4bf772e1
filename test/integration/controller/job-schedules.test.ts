// Job schedules over time, with the passes and nodes that play their jobs: when jobs are made, what becomes of them, how schedules end.
import { describe, expect, test } from 'vitest';
import { addJob } from '../../../shared/jobs/add-job.js';
import { deleteJob } from '../../../shared/jobs/delete-job.js';
import { listJobs } from '../../../shared/jobs/list-jobs.js';
import { loadJob } from '../../../shared/jobs/read-jobs.js';
import { terminateJob } from '../../../shared/jobs/terminate-job.js';
import { addJobSchedule } from '../../../shared/job-schedules/add-job-schedule.js';
import { disableJobSchedule, enableJobSchedule } from '../../../shared/job-schedules/disable-job-schedule.js';
import { deleteJobSchedule, terminateJobSchedule } from '../../../shared/job-schedules/end-job-schedule.js';
import type { JobSchedule, JobSpecification, Recurrence } from '../../../shared/job-schedules/job-schedule.js';
import {
  findJobSchedule,
  listJobSchedules,
  listJobsOfSchedule,
  loadJobSchedule,
} from '../../../shared/job-schedules/read-job-schedules.js';
import { updateJobSchedule } from '../../../shared/job-schedules/update-job-schedule.js';
import { sweep } from '../../../shared/passes/sweep.js';
import { addPool } from '../../../shared/pools/add-pool.js';
import { loadPool } from '../../../shared/pools/read-pools.js';
import { BusUnavailable } from '../../../shared/queues/bus.js';
import type { Services } from '../../../shared/services.js';
import type { Table, Write } from '../../../shared/tables/table.js';
import { addTasks } from '../../../shared/tasks/add-tasks.js';
import { createFaultyTable, type Pulse } from '../../helpers/faulty-table.js';
import { jobScheduleDefinition, jobDefinition, poolDefinition, taskDefinition } from '../../helpers/definitions.js';
import { createServices, type MemoryServices } from '../../helpers/memory-services.js';
import {
  ask,
  beginLife,
  countBeginnings,
  describe as describeState,
  goOn,
  goOnUntil,
  letGo,
  unconditional,
  type Life,
} from './life.js';

const minute = 60_000;
const hour = 60 * minute;
const asked = { conditions: unconditional };
const page = { limit: 100 };

type Given = { readonly memory: MemoryServices; readonly life: Life; readonly services: Services };

async function given(): Promise<Given> {
  const memory = createServices();
  const life = beginLife(memory, memory);
  await addPool(memory, poolDefinition());
  await goOnUntil(life, 'the nodes', async () => (await describeState(memory.table)).includes('idle,idle'));
  return { memory, life, services: memory };
}

const { id: _, ...plainJob } = jobDefinition();
/** Each job runs its manager, which ends it. */
const managed: JobSpecification = {
  ...plainJob,
  jobManagerTask: { task: taskDefinition('manager'), killJobOnCompletion: true, allowLowPriorityNode: true },
};

const add = (
  { services }: Pick<Given, 'services'>,
  schedule: Recurrence,
  jobSpecification: JobSpecification = plainJob,
): Promise<JobSchedule> => addJobSchedule(services, jobScheduleDefinition({ schedule, jobSpecification }));

async function pass({ memory, life }: Given, ms: number): Promise<void> {
  memory.clock.pass(ms);
  await goOn(life);
}

const read = ({ memory }: Given): Promise<JobSchedule> => loadJobSchedule(memory, 'S');
const states = async ({ memory }: Given): Promise<Record<string, string>> => {
  const { items } = await listJobsOfSchedule(memory, 'S', page);
  return Object.fromEntries(items.map(({ definition, state }) => [definition.id, state]));
};
/** What is left of jobs and job schedules. */
const rowsLeft = ({ rows }: MemoryServices): readonly string[] =>
  rows
    .partitions()
    .filter((name) => name.startsWith('job:') || name === 'jobschedules')
    .flatMap((name) => rows.query(name, {}, 100).entities.map(({ row }) => `${name} ${row}`));
const end = (world: Given, jobId: string): Promise<unknown> =>
  terminateJob(world.services, jobId, asked).then(() => goOn(world.life));

describe('a job schedule', () => {
  test('has made its first job when the request that added it is answered', async () => {
    const world = await given();
    const { creationTime } = await add(world, { recurrenceIntervalMs: 24 * hour });
    const { recentJob, nextRunTime } = await read(world);
    expect(recentJob).toMatchObject({ number: 1, dueAt: creationTime });
    expect(Date.parse(nextRunTime ?? '') - Date.parse(creationTime)).toBe(24 * hour);
    expect(await loadJob(world.memory, 'S:job-1')).toMatchObject({ state: 'active', definition: { poolId: 'P' } });
    expect((await listJobs(world.memory, page)).items.map(({ definition }) => definition.id)).toEqual(['S:job-1']);
    expect((await listJobSchedules(world.memory, page)).items.map(({ definition }) => definition.id)).toEqual(['S']);
  });

  test('makes one job after the other, each with a preparation and a release of its own', async () => {
    const world = await given();
    await add(world, { recurrenceIntervalMs: hour }, managed);
    await goOn(world.life);
    expect(await states(world)).toEqual({ 'S:job-1': 'completed' });
    await pass(world, hour);
    await pass(world, hour);
    expect(await states(world)).toEqual({ 'S:job-1': 'completed', 'S:job-2': 'completed', 'S:job-3': 'completed' });
    const counts = Object.entries(countBeginnings(world.life));
    const total = (start: string): number =>
      counts.filter(([name]) => name.startsWith(start)).reduce((sum, [, count]) => sum + count, 0);
    expect([total('preparation'), total('task'), total('release')]).toEqual([3, 3, 3]);
    expect((await read(world)).state).toBe('active');
  });

  test('makes a job that is due as soon as the one before has ended, within its start window', async () => {
    const world = await given();
    await add(world, { recurrenceIntervalMs: hour, startWindowMs: 10 * minute });
    await pass(world, hour + 5 * minute);
    expect(await states(world)).toEqual({ 'S:job-1': 'active' });
    await end(world, 'S:job-1');
    expect(await states(world)).toEqual({ 'S:job-1': 'completed', 'S:job-2': 'active' });
    expect((await read(world)).lost).toBeUndefined();
  });

  test('hears of a job that a pass completed', async () => {
    const world = await given();
    await add(world, {});
    await addTasks(world.services, 'S:job-1', [taskDefinition('t1')]);
    await goOn(world.life);
    await end(world, 'S:job-1');
    expect(await states(world)).toEqual({ 'S:job-1': 'completed' });
    expect((await read(world)).state).toBe('completed');
  });

  test('loses an occurrence whose window passes while its job is active, and says why', async () => {
    const world = await given();
    await add(world, { recurrenceIntervalMs: hour, startWindowMs: 10 * minute });
    await pass(world, hour + 10 * minute);
    expect((await read(world)).lost).toMatchObject({ count: 1, lastReason: 'previousJobActive' });
    await end(world, 'S:job-1');
    expect(await states(world)).toEqual({ 'S:job-1': 'completed' });
    await pass(world, 50 * minute);
    expect(await states(world)).toMatchObject({ 'S:job-2': 'active' });
  });

  test('makes no job while it is disabled, and none that was missed meanwhile', async () => {
    const world = await given();
    await add(world, { recurrenceIntervalMs: hour, startWindowMs: 10 * minute }, managed);
    await goOn(world.life);
    await disableJobSchedule(world.services, 'S', asked);
    await pass(world, hour + 20 * minute);
    expect(Object.keys(await states(world))).toEqual(['S:job-1']);
    await enableJobSchedule(world.services, 'S', asked);
    await goOn(world.life);
    expect(await read(world)).toMatchObject({ state: 'active', lost: { count: 1, lastReason: 'disabled' } });
    await pass(world, 40 * minute);
    expect(Object.keys(await states(world))).toEqual(['S:job-1', 'S:job-2']);
  });

  test('without recurrence is completed when its job has ended', async () => {
    const world = await given();
    await add(world, { doNotRunUntil: new Date(world.memory.clock.now().getTime() + hour).toISOString() }, managed);
    await goOn(world.life);
    expect(await states(world)).toEqual({});
    await pass(world, hour);
    expect(await states(world)).toEqual({ 'S:job-1': 'completed' });
    expect((await read(world)).state).toBe('completed');
  });

  test('makes its jobs from the specification that it has when they are due', async () => {
    const world = await given();
    await add(world, { recurrenceIntervalMs: hour });
    const changes = { jobSpecification: { ...plainJob, priority: 7 } };
    await updateJobSchedule(world.services, 'S', { changes, conditions: unconditional });
    expect((await loadJob(world.memory, 'S:job-1')).definition.priority).toBe(0);
    await end(world, 'S:job-1');
    await pass(world, hour);
    expect((await loadJob(world.memory, 'S:job-2')).definition.priority).toBe(7);
  });

  test('that is terminated has its job terminated for that reason, with its release, and is completed then', async () => {
    const world = await given();
    await add(world, { recurrenceIntervalMs: hour });
    await addTasks(world.services, 'S:job-1', [taskDefinition('t1')]);
    await goOn(world.life);
    world.life.held.add('release');
    const terminating = await terminateJobSchedule(world.services, 'S', asked);
    expect(terminating.state).toBe('terminating');
    await goOn(world.life);
    expect([(await read(world)).state, await states(world)]).toEqual(['terminating', { 'S:job-1': 'terminating' }]);
    letGo(world.life, 'release');
    await goOn(world.life);
    expect((await read(world)).state).toBe('completed');
    expect(await loadJob(world.memory, 'S:job-1')).toMatchObject({ terminateReason: 'TerminateJobSchedule' });
    await expect(terminateJobSchedule(world.services, 'S', asked)).rejects.toMatchObject({
      code: 'JobScheduleCompleted',
    });
  });

  test('that is deleted takes all its jobs with it, each with the release that it owes, and gives its id free', async () => {
    const world = await given();
    await add(world, { recurrenceIntervalMs: hour }, managed);
    await goOn(world.life);
    world.life.held.add('manager');
    await pass(world, hour);
    expect(await states(world)).toEqual({ 'S:job-1': 'completed', 'S:job-2': 'active' });
    await deleteJobSchedule(world.services, 'S', asked);
    await goOn(world.life);
    expect(await findJobSchedule(world.memory, 'S')).toBeUndefined();
    expect((await listJobs(world.memory, page)).items).toEqual([]);
    const releases = Object.entries(countBeginnings(world.life)).filter(([name]) => name.startsWith('release'));
    expect(releases.reduce((sum, [, count]) => sum + count, 0)).toBe(2);
    expect(rowsLeft(world.memory)).toEqual([]);
    await addJob(world.services, jobDefinition({ id: 'S' }));
  });

  test('that is deleted with many jobs deletes them some at a time until none is left', async () => {
    const world = await given();
    await add(world, { recurrenceIntervalMs: hour });
    for (let number = 1; number <= 45; number += 1) {
      await end(world, `S:job-${number}`);
      await pass(world, hour);
    }
    expect(Object.keys(await states(world))).toHaveLength(46);
    await deleteJobSchedule(world.services, 'S', asked);
    await goOn(world.life);
    expect((await listJobs(world.memory, page)).items).toEqual([]);
    expect(await findJobSchedule(world.memory, 'S')).toBeUndefined();
  });

  test('makes the next job when its job is deleted by a user', async () => {
    const world = await given();
    await add(world, { recurrenceIntervalMs: hour });
    await deleteJob(world.services, 'S:job-1', asked);
    await pass(world, hour);
    expect(await states(world)).toEqual({ 'S:job-2': 'active' });
  });
});

describe('the ids of jobs and job schedules', () => {
  test('are given once among both, in any letter case', async () => {
    const { services } = await given();
    await addJob(services, jobDefinition({ id: 'both' }));
    await expect(addJobSchedule(services, jobScheduleDefinition({ id: 'BOTH' }))).rejects.toMatchObject({
      code: 'JobWithSameIdExists',
    });
    await addJobSchedule(services, jobScheduleDefinition());
    await expect(addJob(services, jobDefinition({ id: 's' }))).rejects.toMatchObject({
      code: 'JobScheduleWithSameIdExists',
    });
    await expect(addJobSchedule(services, jobScheduleDefinition())).rejects.toMatchObject({
      code: 'JobScheduleExists',
    });
    await expect(loadJob(services, 'S')).rejects.toMatchObject({ code: 'JobNotFound' });
    await expect(loadJobSchedule(services, 'both')).rejects.toMatchObject({ code: 'JobScheduleNotFound' });
    await expect(terminateJob(services, 'S', asked)).rejects.toMatchObject({ code: 'JobNotFound' });
  });

  test('that are asked for at once go to one of both', async () => {
    const { services } = await given();
    const [job, schedule] = await Promise.allSettled([
      addJob(services, jobDefinition({ id: 'S' })),
      addJobSchedule(services, jobScheduleDefinition()),
    ]);
    expect([job.status, schedule.status].sort()).toEqual(['fulfilled', 'rejected']);
  });
});

describe('a pool for the lifetime of a schedule', () => {
  const { id: _id, ...pool } = poolDefinition({ targetDedicatedNodes: 1 });
  const shared = (keepAlive: boolean): JobSpecification => ({
    ...managed,
    poolId: '',
    autoPool: { poolLifetimeOption: 'jobschedule', keepAlive, pool },
  });
  const poolOf = async (world: Given) => loadPool(world.memory, (await read(world)).sharedPoolId ?? '');

  test('is made with its first job, serves all of them, and goes when it is completed', async () => {
    const world = await given();
    await add(world, { recurrenceIntervalMs: hour }, shared(false));
    await goOn(world.life);
    const { pool: first } = await poolOf(world);
    await pass(world, hour);
    expect(await states(world)).toEqual({ 'S:job-1': 'completed', 'S:job-2': 'completed' });
    expect((await poolOf(world)).pool.incarnation).toBe(first.incarnation);
    await terminateJobSchedule(world.services, 'S', asked);
    await goOn(world.life);
    expect((await read(world)).state).toBe('completed');
    await expect(poolOf(world)).rejects.toMatchObject({ code: 'PoolNotFound' });
  });

  test('stays for the releases of a schedule that is deleted, and goes then', async () => {
    const world = await given();
    world.life.held.add('manager');
    await add(world, { recurrenceIntervalMs: hour }, shared(false));
    await goOn(world.life);
    const poolId = (await read(world)).sharedPoolId ?? '';
    await deleteJobSchedule(world.services, 'S', asked);
    await goOn(world.life);
    expect(await findJobSchedule(world.memory, 'S')).toBeUndefined();
    expect(Object.keys(countBeginnings(world.life)).some((name) => name.startsWith('release'))).toBe(true);
    await expect(loadPool(world.memory, poolId)).rejects.toMatchObject({ code: 'PoolNotFound' });
  });

  test('goes when its schedule is completed, without the sweep, whichever answer of the table was lost', async () => {
    for (let at = 0; ; at += 1) {
      const world = await given();
      await add(world, { recurrenceIntervalMs: hour }, shared(false));
      await goOn(world.life);
      const table = createFaultyTable(world.memory.table);
      const life = { ...world.life, services: { ...world.memory, table } };
      await terminateJobSchedule(world.memory, 'S', asked);
      table.arm('answerLost', at);
      await goOn(life);
      expect([at, (await read(world)).state]).toEqual([at, 'completed']);
      await expect(poolOf(world), `call ${at}`).rejects.toMatchObject({ code: 'PoolNotFound' });
      if (table.hasStruck()) continue;
      expect(at).toBeGreaterThan(3);
      return;
    }
  });

  test('outlives it when it is to be kept alive', async () => {
    const world = await given();
    await add(world, {}, shared(true));
    await goOn(world.life);
    expect((await read(world)).state).toBe('completed');
    expect((await poolOf(world)).pool.state).toBe('active');
  });
});

/** Does `act` once, just before the insert of this partition's head. */
function interrupted(table: Table, partition: string, act: () => Promise<unknown>): Table {
  const isMeant = ({ type, row }: Write): boolean => type === 'insert' && row === 'head';
  let isDone = false;
  return {
    get: (name, row) => table.get(name, row),
    query: (name, range, limit, continuation) => table.query(name, range, limit, continuation),
    queryAcross: (...asked) => table.queryAcross(...asked),
    async write(name, writes) {
      if (!isDone && name === partition && writes.some(isMeant)) {
        isDone = true;
        await act();
      }
      return table.write(name, writes);
    },
  };
}

describe('a schedule that is being added', () => {
  const inAnHour = (memory: MemoryServices): Recurrence => ({
    doNotRunUntil: new Date(memory.clock.now().getTime() + hour).toISOString(),
    recurrenceIntervalMs: hour,
  });

  test('makes its job in time, without the sweep, whichever answer of the table was lost', async () => {
    for (let at = 0; ; at += 1) {
      const world = await given();
      const table = createFaultyTable(world.memory.table);
      table.arm('answerLost', at);
      await add({ services: { ...world.memory, table } }, inAnHour(world.memory));
      const struck = table.hasStruck();
      await pass(world, hour);
      expect([at, await states(world)]).toEqual([at, { 'S:job-1': 'active' }]);
      if (struck) continue;
      expect(at).toBeGreaterThan(3);
      return;
    }
  });

  test('makes its job in time, without the sweep, when the wake-up could not be sent at first', async () => {
    const world = await given();
    const { bus } = world.memory;
    let failures = 0;
    const send: typeof bus.send = (queue, messages) => {
      failures += 1;
      return failures === 1 ? Promise.reject(new BusUnavailable('The broker is away')) : bus.send(queue, messages);
    };
    await add({ services: { ...world.memory, bus: { ...bus, send } } }, inAnHour(world.memory));
    expect(failures).toBe(2);
    await goOn(world.life);
    await pass(world, hour);
    expect(await states(world)).toEqual({ 'S:job-1': 'active' });
  });

  test('stays in the list when a sweep looks for it before it is there', async () => {
    const world = await given();
    const table = interrupted(world.memory.table, 'job:s', () => sweep(world.memory, { quietPoolsToo: true }));
    await add({ services: { ...world.memory, table } }, {});
    const { items } = await listJobSchedules(world.memory, page);
    expect(items.map(({ definition }) => definition.id)).toEqual(['S']);
  });

  test.each([
    ['by force', true],
    ['without force', false],
  ])('and is terminated before its job is added, %s, ends that job', async (_, force) => {
    const world = await given();
    const table = interrupted(world.memory.table, 'job:s:job-1', async () => {
      await terminateJobSchedule(world.memory, 'S', { ...asked, force });
      await goOn(world.life);
    });
    await add({ services: { ...world.memory, table } }, { recurrenceIntervalMs: hour });
    await goOn(world.life);
    expect(await read(world)).toMatchObject({ state: 'completed' });
    expect(await loadJob(world.memory, 'S:job-1')).toMatchObject({
      state: 'completed',
      terminateReason: 'TerminateJobSchedule',
    });
  });

  test('and is deleted before its job is added leaves nothing behind', async () => {
    const world = await given();
    const table = interrupted(world.memory.table, 'job:s:job-1', async () => {
      await deleteJobSchedule(world.memory, 'S', asked);
      await goOn(world.life);
    });
    await add({ services: { ...world.memory, table } }, { recurrenceIntervalMs: hour }, managed);
    await goOn(world.life);
    expect(await findJobSchedule(world.memory, 'S')).toBeUndefined();
    await sweep(world.memory, { quietPoolsToo: true });
    await goOn(world.life);
    expect(rowsLeft(world.memory)).toEqual([]);
  });

  test('and whose job was added and deleted by others meanwhile does not bring it back', async () => {
    const world = await given();
    const table = interrupted(world.memory.table, 'job:s:job-1', async () => {
      await sweep(world.memory, { quietPoolsToo: true });
      await goOn(world.life);
      await deleteJob(world.memory, 'S:job-1', asked);
      await goOn(world.life);
      expect((await read(world)).recentJob?.endedAt).toBeDefined();
    });
    await add({ services: { ...world.memory, table } }, { recurrenceIntervalMs: hour });
    await goOn(world.life);
    await expect(loadJob(world.memory, 'S:job-1')).rejects.toMatchObject({ code: 'JobNotFound' });
    await pass(world, hour);
    expect(await states(world)).toEqual({ 'S:job-2': 'active' });
  });

  /** Adds the schedule by somebody who is slow to add its job, so that `act` comes before, and who dies right after. */
  async function addAndDie(world: Given, act: () => Promise<unknown>): Promise<void> {
    const { memory, life } = world;
    const pulse: Pulse = { isDead: false };
    const lasting = createFaultyTable(memory.table, pulse);
    const table = interrupted(lasting, 'job:s:job-1', async () => {
      await act();
      await goOn(life);
      lasting.arm('crash', 0);
    });
    const send: typeof memory.bus.send = (...given) =>
      pulse.isDead ? Promise.reject(new BusUnavailable('The sender is dead')) : memory.bus.send(...given);
    const services: Services = { ...memory, table, bus: { ...memory.bus, send } };
    await expect(add({ services }, { recurrenceIntervalMs: hour }, managed)).rejects.toThrow();
    expect(memory.rows.get('job:s:job-1', 'head')).toBeDefined();
    await sweep(memory, { quietPoolsToo: false });
    await goOn(life);
  }

  test('and is terminated before its job is added has that job ended, although whoever added it has died', async () => {
    const world = await given();
    await addAndDie(world, () => terminateJobSchedule(world.memory, 'S', asked));
    expect(await loadJob(world.memory, 'S:job-1')).toMatchObject({
      state: 'completed',
      terminateReason: 'TerminateJobSchedule',
    });
    expect((await read(world)).state).toBe('completed');
    expect(countBeginnings(world.life)).toEqual({});
  });

  test('and is deleted before its job is added leaves nothing behind, although whoever added it has died', async () => {
    const world = await given();
    await addAndDie(world, () => deleteJobSchedule(world.memory, 'S', asked));
    expect(rowsLeft(world.memory)).toEqual([]);
    expect(countBeginnings(world.life)).toEqual({});
  });

  test('keeps the job that others have added first', async () => {
    const world = await given();
    const table = interrupted(world.memory.table, 'job:s:job-1', async () => {
      await sweep(world.memory, { quietPoolsToo: true });
      await goOn(world.life);
    });
    await add({ services: { ...world.memory, table } }, { recurrenceIntervalMs: hour });
    await goOn(world.life);
    expect(await states(world)).toEqual({ 'S:job-1': 'active' });
  });
});

describe('with every call to the table dying in turn', () => {
  /** Adds a schedule, plays two of its jobs, deletes it; the call number `at` of all that dies with its caller. */
  async function play(
    at: number,
  ): Promise<{ struck: boolean; beginnings: Record<string, number>; left: readonly string[] }> {
    const memory = createServices();
    const pulse: Pulse = { isDead: false };
    const table = createFaultyTable(memory.table, pulse);
    const services: Services = { ...memory, table };
    const life = beginLife(services, memory, pulse);
    await addPool(services, poolDefinition());
    await goOnUntil(life, 'the nodes', async () => (await describeState(memory.table)).includes('idle,idle'));
    table.arm('crash', at);
    await ask(life, () => add({ services }, { recurrenceIntervalMs: hour }, managed));
    const isCompleted = async (jobId: string): Promise<boolean> =>
      (await loadJob(memory, jobId).catch(() => undefined))?.state === 'completed';
    await goOnUntil(life, 'the end of the first job', () => isCompleted('S:job-1'));
    memory.clock.pass(hour);
    await goOnUntil(life, 'the end of the second job', () => isCompleted('S:job-2'));
    await ask(life, () => deleteJobSchedule(services, 'S', asked));
    await goOnUntil(life, 'the end of the schedule', async () => (await findJobSchedule(memory, 'S')) === undefined);
    const struck = table.hasStruck();
    table.disarm();
    // The look that removed the schedule may have died before it removed its place in the list.
    await sweep(memory, { quietPoolsToo: true });
    await goOn(life);
    return {
      struck,
      beginnings: countBeginnings(life),
      left: rowsLeft(memory),
    };
  }

  test('each occurrence has one job, and nothing is left of them in the end', async () => {
    let at = 0;
    for (; ; at += 1) {
      const { struck, beginnings, left } = await play(at).catch((error: unknown) => {
        throw new Error(`With call ${at} dying`, { cause: error });
      });
      const total = (kind: string): number =>
        Object.entries(beginnings)
          .filter(([name]) => name.startsWith(kind))
          .reduce((sum, [, count]) => sum + count, 0);
      expect([at, total('preparation'), total('task manager'), total('release')]).toEqual([at, 2, 2, 2]);
      expect(left).toEqual([]);
      if (!struck) break;
    }
    expect(at).toBeGreaterThan(60);
  });
});

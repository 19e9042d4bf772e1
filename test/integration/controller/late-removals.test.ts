// Whoever removes what was deleted may be away for minutes before any of its calls, while somebody else has finished and the id was given
// anew: nothing of its next owner goes. And nobody who gives it anew is overtaken by the removal.
import { describe, expect, test } from 'vitest';
import { loadNodeSeal } from '../../../agent/adapters/jose-node-seal.js';
import { addJobSchedule } from '../../../shared/job-schedules/add-job-schedule.js';
import { deleteJobSchedule } from '../../../shared/job-schedules/end-job-schedule.js';
import { jobScheduleHintTypes } from '../../../shared/events/job-schedule-hints.js';
import { hintTypes } from '../../../shared/events/hints.js';
import { addJob } from '../../../shared/jobs/add-job.js';
import { deleteJob } from '../../../shared/jobs/delete-job.js';
import { listJobs } from '../../../shared/jobs/list-jobs.js';
import { createJoseSealing } from '../../../shared/nodes/jose-sealing.js';
import { joinNode } from '../../../shared/nodes/join-node.js';
import { reactToJobEvents, type JobEventMessage } from '../../../shared/passes/react-to-job-events.js';
import { sweep } from '../../../shared/passes/sweep.js';
import { addPool } from '../../../shared/pools/add-pool.js';
import { deletePool } from '../../../shared/pools/delete-pool.js';
import { toJoinKeyText } from '../../../shared/pools/join-keys.js';
import { listJoinKeys } from '../../../shared/pools/rotate-join-key.js';
import type { Services } from '../../../shared/services.js';
import { TableConflict, type Table, type Write } from '../../../shared/tables/table.js';
import { addTasks } from '../../../shared/tasks/add-tasks.js';
import { jobDefinition, jobScheduleDefinition, poolDefinition, taskDefinition } from '../../helpers/definitions.js';
import { tokenOf } from '../../helpers/join-token.js';
import { createServices, type MemoryServices } from '../../helpers/memory-services.js';
import { memoryState } from '../../helpers/memory-state.js';
import { unconditional as conditions } from './life.js';

/** Services of somebody who is held up just before a call to the table, for as long as `act` takes. */
function slowed(
  memory: MemoryServices,
  isMeant: (call: number, writes?: readonly Write[], partition?: string) => boolean,
  act: () => Promise<unknown>,
) {
  let [count, isDone] = [0, false];
  const before = async (partition: string, writes?: readonly Write[]): Promise<void> => {
    const isNow = !isDone && isMeant(count, writes, partition);
    count += 1;
    if (!isNow) return;
    isDone = true;
    await act();
  };
  const table: Table = {
    async get(...given) {
      await before(given[0]);
      return memory.table.get(...given);
    },
    async query(...given) {
      await before(given[0]);
      return memory.table.query(...given);
    },
    async queryAcross(...given) {
      await before(given[0].row);
      return memory.table.queryAcross(...given);
    },
    async write(...given) {
      await before(given[0], given[1]);
      return memory.table.write(...given);
    },
  };
  return { services: { ...memory, table } satisfies Services, isDone: () => isDone };
}

/** Handles what the bus was given, until it is given nothing more. */
function triggersOf(memory: MemoryServices) {
  let heard = 0;
  const next = (): JobEventMessage[] => {
    const messages = memory.bus.sent
      .slice(heard)
      .filter(({ queue, message }) => queue === 'job-events' && message.scheduledEnqueueTime === undefined)
      .map(({ message: { body, messageId, sessionId } }): JobEventMessage => ({
        ...{ body, messageId, deliveryCount: 1 },
        ...(sessionId !== undefined && { sessionId }),
      }));
    heard = memory.bus.sent.length;
    return messages;
  };
  return {
    next,
    async goOn(): Promise<void> {
      for (let messages = next(); messages.length > 0; messages = next()) await reactToJobEvents(memory, messages);
    },
  };
}

const unlessRaced = (attempt: Promise<unknown>): Promise<unknown> =>
  attempt.catch((error: unknown) => {
    if (!(error instanceof TableConflict)) throw error;
  });

/** Calls `play` with the hold-up before call 0, 1, 2 … until all is over before the call comes; answers how many there were. */
async function heldUpBeforeEach(play: (at: number) => Promise<boolean>): Promise<number> {
  for (let at = 0; ; at += 1) {
    const struck = await play(at).catch((error: unknown) => {
      throw new Error(`Held up before call ${at}`, { cause: error });
    });
    if (!struck) return at;
  }
}

const rowsOf = (memory: MemoryServices, partition: string): readonly string[] =>
  memory.rows.query(partition, {}, 1000).entities.map(({ row }) => row.replace(/^event:.*/, 'event'));

describe('a job that is given the id of one that was deleted', () => {
  // It wants something from the start, so that its pool is told of it.
  const definition = jobDefinition({ constraints: { maxWallClockMs: 24 * 3600_000, maxTaskRetryCount: 0 } });

  const few = ['t1', 't2', 't3'];
  // Several transactions' worth, the last of which are about rows that both jobs have.
  const many = Array.from({ length: 150 }, (_, index) => `t${index}`);

  async function given(taskIds = few) {
    const memory = createServices();
    const triggers = triggersOf(memory);
    await addPool(memory, poolDefinition({ targetDedicatedNodes: 0 }));
    await addAnew(memory, taskIds);
    await triggers.goOn();
    return { memory, triggers };
  }

  async function addAnew(memory: MemoryServices, taskIds: readonly string[]): Promise<string> {
    const { incarnation } = await addJob(memory, definition);
    await addTasks(
      memory,
      'J',
      taskIds.map((id) => taskDefinition(id)),
    );
    return incarnation;
  }

  async function expectWhole(memory: MemoryServices, incarnation: string, taskIds = few): Promise<void> {
    const rows = rowsOf(memory, 'job:j');
    expect(rows.filter((row) => row.startsWith('task:'))).toEqual(taskIds.map((id) => `task:${id}`).sort());
    expect(rows.filter((row) => row.startsWith('ready:'))).toHaveLength(taskIds.length);
    const { items } = await listJobs(memory, { limit: 10 });
    expect(items.map((job) => job.incarnation)).toEqual([incarnation]);
    expect(rowsOf(memory, 'pool:p')).toContain('job:j');
  }

  test.each([
    ['few tasks', few],
    ['many tasks', many],
  ])('keeps all its rows, whenever a pass that removes one of %s is held up', async (_, taskIds) => {
    const calls = await heldUpBeforeEach(async (at) => {
      const { memory, triggers } = await given(taskIds);
      await deleteJob(memory, 'J', { conditions });
      const messages = triggers.next();
      let incarnation = '';
      const slow = slowed(
        memory,
        (call) => call === at,
        async () => {
          await reactToJobEvents(memory, messages);
          incarnation = await addAnew(memory, taskIds);
          await triggers.goOn();
        },
      );
      await unlessRaced(reactToJobEvents(slow.services, messages));
      if (slow.isDone()) await expectWhole(memory, incarnation, taskIds);
      return slow.isDone();
    });
    expect(calls).toBeGreaterThan(7);
  });

  test('keeps its places in the lists, whenever it is held up while the one before is removed', async () => {
    let refused = 0;
    const calls = await heldUpBeforeEach(async (at) => {
      const { memory, triggers } = await given();
      await deleteJob(memory, 'J', { conditions });
      const slow = slowed(
        memory,
        (call) => call === at,
        () => triggers.goOn(),
      );
      try {
        const incarnation = await addAnew(slow.services, few);
        await triggers.goOn();
        await expectWhole(memory, incarnation);
      } catch (error) {
        expect(error).toMatchObject({ code: 'JobBeingDeleted' });
        refused += 1;
      }
      return slow.isDone();
    });
    expect(calls).toBeGreaterThan(2);
    expect(refused).toBe(1);
  });

  test('is found by the sweep although nobody has asked for anything since', async () => {
    const { memory, triggers } = await given();
    await deleteJob(memory, 'J', { conditions });
    const slow = slowed(
      memory,
      (_, writes, partition) => partition === 'job:j' && writes?.some(({ type }) => type === 'insert') === true,
      () => triggers.goOn(),
    );
    await addJob(slow.services, definition);
    expect(slow.isDone()).toBe(true);
    expect(rowsOf(memory, 'pool:p')).toContain('job:j');
    expect(rowsOf(memory, 'jobs')).toEqual(['j']);
  });

  test('leaves no key in the list when it was refused, once nobody can be adding it any more', async () => {
    const { memory, triggers } = await given();
    await expect(addJob(memory, definition)).rejects.toMatchObject({ code: 'JobExists' });
    await deleteJob(memory, 'J', { conditions });
    await triggers.goOn();
    expect(rowsOf(memory, 'jobs')).toEqual(['j']);
    await listJobs(memory, { limit: 10 });
    expect(rowsOf(memory, 'jobs')).toEqual(['j']);
    memory.clock.pass(2 * 3600_000);
    expect((await listJobs(memory, { limit: 10 })).items).toEqual([]);
    expect(rowsOf(memory, 'jobs')).toEqual([]);
  });
});

describe('a job schedule that is given the id of one that was deleted', () => {
  const definition = jobScheduleDefinition({
    id: 'S',
    schedule: { recurrenceIntervalMs: 3600_000 },
    jobSpecification: (({ id: _, ...specification }) => specification)(jobDefinition()),
  });

  test.each([
    ['the pass that removes its job', hintTypes.jobEnding],
    ['the look that removes it', jobScheduleHintTypes.changed],
  ])('keeps its job and its rows, whenever %s is held up', async (_, heldUp) => {
    const calls = await heldUpBeforeEach(async (at) => {
      const memory = createServices();
      const triggers = triggersOf(memory);
      await addPool(memory, poolDefinition({ targetDedicatedNodes: 0 }));
      await addJobSchedule(memory, definition);
      await triggers.goOn();
      await deleteJobSchedule(memory, 'S', { conditions });
      let messages = triggers.next();
      if (heldUp === hintTypes.jobEnding) {
        await reactToJobEvents(memory, messages);
        messages = triggers.next();
      }
      let incarnation = '';
      const slow = slowed(
        memory,
        (call) => call === at,
        async () => {
          await reactToJobEvents(memory, messages);
          await triggers.goOn();
          ({ incarnation } = await addJobSchedule(memory, definition));
          await triggers.goOn();
        },
      );
      await unlessRaced(reactToJobEvents(slow.services, messages));
      await triggers.goOn();
      if (!slow.isDone()) return false;
      expect(rowsOf(memory, 'job:s')).toEqual(['head', 'job:000000000001']);
      const head = JSON.parse(String(memory.rows.get('job:s', 'head')?.values['jobSchedule'])) as {
        incarnation: string;
        recentJob: { incarnation: string; endedAt?: string };
      };
      expect(head.incarnation).toBe(incarnation);
      expect(head.recentJob.endedAt).toBeUndefined();
      const { items } = await listJobs(memory, { limit: 10 });
      expect(items.map(({ incarnation: each, state }) => [each, state])).toEqual([
        [head.recentJob.incarnation, 'active'],
      ]);
      expect(rowsOf(memory, 'pool:p')).toContain('job:s:job-1');
      expect(rowsOf(memory, 'jobschedules')).toEqual(['s']);
      return true;
    });
    expect(calls).toBeGreaterThan(4);
  });
});

describe('a pool that is given the id of one that was deleted', () => {
  test('keeps a machine that joins it under its old name, whenever a pass over the one before is held up', async () => {
    const seal = await loadNodeSeal(memoryState());
    const join = async (services: Services): Promise<void> => {
      const [key] = await listJoinKeys(services, 'P');
      const claims = { poolId: 'P', nodeId: 'own', keys: seal.keys(), iat: services.clock.now().getTime() / 1000 };
      const token = await tokenOf(claims, key === undefined ? '' : toJoinKeyText(key));
      await joinNode(services, { poolId: 'P', nodeId: 'own', token });
    };
    const calls = await heldUpBeforeEach(async (at) => {
      const memory: MemoryServices = { ...createServices(), sealing: createJoseSealing() };
      const triggers = triggersOf(memory);
      await addPool(memory, poolDefinition({ targetDedicatedNodes: 0 }));
      await join(memory);
      await triggers.goOn();
      await deletePool(memory, 'P', { conditions });
      const messages = triggers.next();
      const slow = slowed(
        memory,
        (call) => call === at,
        async () => {
          await reactToJobEvents(memory, messages);
          await addPool(memory, poolDefinition({ targetDedicatedNodes: 0 }));
          await join(memory);
        },
      );
      await unlessRaced(reactToJobEvents(slow.services, messages));
      if (slow.isDone())
        expect(rowsOf(memory, 'pool:p').filter((row) => row !== 'event' && row !== 'exists')).toEqual([
          'head',
          'node:own',
        ]);
      return slow.isDone();
    });
    expect(calls).toBeGreaterThan(3);
  });

  test('stays in the list when a sweep looks for it before it is there', async () => {
    const memory = createServices();
    const slow = slowed(
      memory,
      (_, writes, partition) => partition === 'pool:p' && writes !== undefined,
      () => sweep(memory, { quietPoolsToo: true }),
    );
    await addPool(slow.services, poolDefinition());
    expect(rowsOf(memory, 'pools')).toEqual(['p']);
  });

  test('comes into the list again with the next attempt to add it, when the first died after a sweep', async () => {
    const memory = createServices();
    const dying = slowed(
      memory,
      (_, writes, partition) => partition === 'pool:p' && writes !== undefined,
      () => sweep(memory, { quietPoolsToo: true }),
    );
    const { table } = dying.services;
    const write: Table['write'] = async (...given) => {
      if (dying.isDone()) throw new Error('died');
      return table.write(...given);
    };
    await expect(addPool({ ...memory, table: { ...table, write } }, poolDefinition())).rejects.toThrow('died');
    expect(rowsOf(memory, 'pools')).toEqual([]);
    await expect(addPool(memory, poolDefinition())).rejects.toMatchObject({ code: 'PoolExists' });
    expect(rowsOf(memory, 'pools')).toEqual(['p']);
  });

  test('comes into the list again with an attempt to add it that was under way, too', async () => {
    const memory = createServices();
    const isAddition = (_: number, writes?: readonly Write[], partition?: string): boolean =>
      partition === 'pool:p' && writes !== undefined;
    // Both attempts have written its place when the sweep finds no pool; the first adds it before the sweep takes the place, and dies.
    const write: Table['write'] = async (partition, writes) => {
      if (partition !== 'pool:p') return memory.table.write(partition, writes);
      const slowSweep = slowed(
        memory,
        (__, removal, of) => of === 'pools' && removal !== undefined,
        () => memory.table.write(partition, writes),
      );
      const second = slowed(memory, isAddition, async () => {
        await sweep(slowSweep.services, { quietPoolsToo: true });
        expect(slowSweep.isDone()).toBe(true);
        expect(rowsOf(memory, 'pools')).toEqual([]);
      });
      await expect(addPool(second.services, poolDefinition())).rejects.toMatchObject({ code: 'PoolExists' });
      throw new Error('died');
    };
    const dying = { ...memory, table: { ...memory.table, write } };
    await expect(addPool(dying, poolDefinition())).rejects.toThrow('died');
    expect(rowsOf(memory, 'pools')).toEqual(['p']);
  });

  test('stays in the list as long as a job names it, also when a sweep comes before the job', async () => {
    await heldUpBeforeEach(async (at) => {
      const memory = createServices();
      const slow = slowed(
        memory,
        (call) => call === at,
        async () => {
          // What else is under way gets there first.
          await new Promise((resolve) => void setImmediate(resolve));
          await sweep(memory, { quietPoolsToo: true });
        },
      );
      await addJob(
        slow.services,
        jobDefinition({ constraints: { maxWallClockMs: 24 * 3600_000, maxTaskRetryCount: 0 } }),
      );
      expect(rowsOf(memory, 'pools')).toEqual(['p']);
      return slow.isDone();
    });
  });
});

// A whole life of a pool and a job, with every single call to table and bus going wrong in turn: the end is the same, nothing is lost, and
// nothing happens twice.
import { describe, expect, test } from 'vitest';
import type { Bus } from '../../../shared/queues/bus.js';
import { BusUnavailable } from '../../../shared/queues/bus.js';
import type { Services } from '../../../shared/services.js';
import { Crash, createFaultyTable, type FaultyTable, type Pulse, type TableFault } from '../../helpers/faulty-table.js';
import { createServices, type MemoryServices } from '../../helpers/memory-services.js';
import { beginLife, countBeginnings, perform, playSample, sampleActs, type Life, type SampleAct } from './life.js';

type Faulty = {
  readonly life: Life;
  readonly table: FaultyTable;
  readonly bus: FaultyBus;
  readonly memory: MemoryServices;
};
type BusFault = 'refused' | 'answerLost' | 'crash';
type FaultyBus = Bus & { calls(): number; arm(fault: BusFault, at: number): void; disarm(): void };

function createFaultyBus(bus: Bus, pulse: Pulse): FaultyBus {
  let armed: { readonly fault: BusFault; readonly at: number } | undefined;
  let count = 0;
  return {
    ...bus,
    async send(queue, messages) {
      if (pulse.isDead) throw new Crash('already dead');
      const fault = armed?.at === count ? armed.fault : undefined;
      pulse.isDead = fault === 'crash';
      count += 1;
      if (fault === 'refused') throw new BusUnavailable('The bus was made unavailable');
      await bus.send(queue, messages);
      if (fault === 'answerLost') throw new BusUnavailable('The answer of the bus was lost');
      if (fault === 'crash') throw new Crash('after a send');
    },
    calls: () => count,
    arm(fault, at) {
      [armed, count] = [{ fault, at }, 0];
    },
    disarm() {
      [armed, count] = [undefined, 0];
    },
  };
}

function begin(): Faulty {
  const memory = createServices();
  const pulse: Pulse = { isDead: false };
  const table = createFaultyTable(memory.table, pulse);
  const bus = createFaultyBus(memory.bus, pulse);
  const services: Services = { ...memory, table, bus };
  return { memory, table, bus, life: beginLife(services, memory, pulse) };
}

/** What is left in the table when everything was deleted, and how often everything ran. */
function endOf({ life, memory }: Faulty) {
  const rows = memory.rows.partitions().flatMap((partition) =>
    memory.rows
      .query(partition, {}, 1000)
      .entities.filter(({ row }) => !row.startsWith('event:'))
      .map(({ row }) => `${partition} ${row}`),
  );
  // A key that somebody wrote while its job was being removed is left: it names nothing, and lists pass over it.
  const left = rows.filter((row) => row !== 'jobs j');
  return { rows: left, beginnings: countBeginnings(life) };
}

const acts = sampleActs.map((act, index) => [act, sampleActs.slice(0, index), sampleActs.slice(index + 1)] as const);

/** Plays the life again and again, with one call of `act` going wrong each time, until none is left to go wrong. */
async function playEach<Fault>(
  act: SampleAct,
  before: readonly SampleAct[],
  after: readonly SampleAct[],
  faults: readonly Fault[],
  {
    arm,
    calls,
    disarm,
  }: {
    arm: (faulty: Faulty, fault: Fault, at: number) => void;
    calls: (faulty: Faulty) => number;
    disarm: (faulty: Faulty) => void;
  },
): Promise<number> {
  let played = 0;
  for (const fault of faults) {
    for (let at = 0, isLast = false; !isLast; at += 1) {
      const faulty = begin();
      await playSample(faulty.life, before);
      arm(faulty, fault, at);
      try {
        await perform(faulty.life, act);
        isLast = calls(faulty) <= at;
        disarm(faulty);
        await playSample(faulty.life, after);
      } catch (error) {
        throw new Error(`With ${String(fault)} at call ${at} of ${act}`, { cause: error });
      }
      expect({ fault, at, ...endOf(faulty) }).toEqual({ fault, at, ...expected(faulty.life) });
      played += 1;
    }
  }
  return played;
}

/** Every task once; preparation and release once on each node that had a task; every row gone but the keys that the next sweep forgets. */
function expected(life: Life) {
  const nodeIds = [...new Set([...life.nodes.values(), ...life.formerNodes].map(({ id }) => id))];
  const beginnings: Record<string, number> = {};
  for (const id of ['t1', 't2', 't3', 't4', 't5']) beginnings[`task ${id}`] = 1;
  for (const id of nodeIds) Object.assign(beginnings, { [`preparation on ${id}`]: 1, [`release on ${id}`]: 1 });
  return { rows: ['pools p'], beginnings };
}

describe('a life without faults', () => {
  test('runs every task once, and preparation and release once on each node', async () => {
    const faulty = begin();
    await playSample(faulty.life);
    expect(endOf(faulty)).toEqual(expected(faulty.life));
    expect(faulty.life.formerNodes).toHaveLength(2);
  });
});

describe('a life in which one call to the table goes wrong', () => {
  const table = {
    arm: (faulty: Faulty, fault: TableFault, at: number) => faulty.table.arm(fault, at),
    calls: (faulty: Faulty) => faulty.table.calls(),
  };
  test.each(acts)('during %s ends the same, and no client sees more of it than a pause', async (act, before, after) => {
    const faults: readonly TableFault[] = ['refused', 'answerLost', 'raced'];
    const disarm = ({ table, life }: Faulty): void => {
      table.disarm();
      expect(life.outages).toEqual([]);
    };
    const played = await playEach(act, before, after, faults, { ...table, disarm });
    expect(played).toBeGreaterThan(faults.length);
  });

  test.each(acts)('and takes the program with it, during %s, ends the same', async (act, before, after) => {
    const disarm = (faulty: Faulty): void => faulty.table.disarm();
    expect(await playEach(act, before, after, ['crash'], { ...table, disarm })).toBeGreaterThan(1);
  });
});

describe('a life in which one call to the bus goes wrong', () => {
  const faults: readonly BusFault[] = ['refused', 'answerLost', 'crash'];
  test.each(acts)('during %s ends the same', async (act, before, after) => {
    const played = await playEach(act, before, after, faults, {
      arm: ({ bus }, fault, at) => bus.arm(fault, at),
      calls: ({ bus }) => bus.calls(),
      disarm: ({ bus }) => bus.disarm(),
    });
    expect(played).toBeGreaterThanOrEqual(faults.length);
  });
});

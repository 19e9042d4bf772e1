// The sweep forgets the events that are too old to tell, however many a pool has.
import { expect, test } from 'vitest';
import { sweep } from '../../../shared/passes/sweep.js';
import { addPool } from '../../../shared/pools/add-pool.js';
import { eventRange } from '../../../shared/events/event-rows.js';
import { poolPartition } from '../../../shared/pools/pool-rows.js';
import type { Table } from '../../../shared/tables/table.js';
import { poolDefinition } from '../../helpers/definitions.js';
import { createServices, type MemoryServices } from '../../helpers/memory-services.js';

const hourMs = 3600_000;
const partition = poolPartition('P');
const eventsOf = ({ rows }: MemoryServices): number => {
  let [count, continuation]: [number, string | undefined] = [0, undefined];
  do {
    const page = rows.query(partition, eventRange, 1000, continuation);
    count += page.entities.length;
    continuation = page.continuation;
  } while (continuation !== undefined);
  return count;
};

/** A pool that owes `old` events of 25 hours ago and `young` ones of 23 hours ago. */
async function given(old: number, young: number): Promise<MemoryServices> {
  const memory = createServices();
  const owe = (count: number): void => {
    for (let index = 0; index < count; index += 1) {
      const row = `event:${memory.clock.now().toISOString()}:${index}`;
      memory.rows.write(partition, [{ type: 'insert', row, values: {} }]);
    }
  };
  owe(old);
  memory.clock.pass(2 * hourMs);
  owe(young);
  memory.clock.pass(23 * hourMs);
  await addPool(memory, poolDefinition({ targetDedicatedNodes: 0 }));
  return memory;
}

/** The events of the pool's addition. */
const added = 1;

test.each([0, 1, 100, 101, 350])('forgets all of %i old events in one sweep, and no younger one', async (old) => {
  const memory = await given(old, 3);
  await sweep(memory, { quietPoolsToo: false });
  expect(eventsOf(memory)).toBe(3 + added);
});

test('goes on behind pages of the table that are short or empty', async () => {
  const memory = await given(250, 3);
  const short: Table = {
    ...memory.table,
    async query(name, query, limit, continuation) {
      // As the service may: nothing, but a place to go on.
      if (continuation === 'begin') return memory.table.query(name, query, limit);
      if (continuation === undefined && query.from === eventRange.from) return { entities: [], continuation: 'begin' };
      return memory.table.query(name, query, limit, continuation);
    },
  };
  await sweep({ ...memory, table: short }, { quietPoolsToo: false });
  expect(eventsOf(memory)).toBe(3 + added);
});

test('leaves what is more than one sweep may take to the next', async () => {
  const memory = await given(5_010, 3);
  await sweep(memory, { quietPoolsToo: false });
  expect(eventsOf(memory)).toBe(10 + 3 + added);
  await sweep(memory, { quietPoolsToo: false });
  expect(eventsOf(memory)).toBe(3 + added);
});

test('stops where another sweep was faster', async () => {
  const memory = await given(250, 3);
  let isOvertaken = false;
  const slow: Table = {
    ...memory.table,
    async write(name, writes) {
      if (name === partition && !isOvertaken) {
        isOvertaken = true;
        await sweep(memory, { quietPoolsToo: false });
      }
      return memory.table.write(name, writes);
    },
  };
  await sweep({ ...memory, table: slow }, { quietPoolsToo: false });
  expect(isOvertaken).toBe(true);
  expect(eventsOf(memory)).toBe(3 + added);
});

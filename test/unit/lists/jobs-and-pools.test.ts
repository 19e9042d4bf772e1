// What the lists of jobs and pools cost at the table, and that what is noted of jobs never hides one.
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { addJob } from '../../../shared/jobs/add-job.js';
import { deleteJob } from '../../../shared/jobs/delete-job.js';
import { fromJobHead, headRow, jobListPartition, jobPartition, toJobHead } from '../../../shared/jobs/job-rows.js';
import { jobOperations } from '../../../shared/jobs/job-operations.js';
import type { Job } from '../../../shared/jobs/job.js';
import { purgeJob } from '../../../shared/passes/purge-job.js';
import { addPool } from '../../../shared/pools/add-pool.js';
import { poolOperations } from '../../../shared/pools/pool-operations.js';
import {
  fromPoolHead,
  jobRefRow,
  nodeRow,
  poolPartition,
  toNode,
  toPoolHead,
} from '../../../shared/pools/pool-rows.js';
import type { Pool } from '../../../shared/pools/pool.js';
import { unconditional } from '../../../shared/rest/conditions.js';
import type { Services } from '../../../shared/services.js';
import { ContinuationUnusable, type Table } from '../../../shared/tables/table.js';
import { fromDocument, toDocument } from '../../../shared/tables/document.js';
import { createCountingTable, type CountingTable } from '../../helpers/counting-table.js';
import { jobDefinition, poolDefinition } from '../../helpers/definitions.js';
import { createServices, type MemoryServices } from '../../helpers/memory-services.js';
import { askThrough, listThrough, type Listed } from './list-through.js';

const idOf = (index: number): string => `J${String(index).padStart(4, '0')}`;
const idsIn = ({ items }: Listed): unknown[] => items.map((item) => Reflect.get(item, 'id'));
const endedAt = '2026-03-01T00:00:00.000Z';

const headOf = ({ rows }: MemoryServices, id: string): Job => {
  const head = rows.get(jobPartition(id), headRow);
  if (head === undefined) throw new Error(`There is no job '${id}'`);
  return fromJobHead(head);
};
function complete(memory: MemoryServices, id: string): void {
  const job: Job = { ...headOf(memory, id), state: 'completed', endTime: endedAt, stateTransitionTime: endedAt };
  memory.rows.write(jobPartition(id), [{ type: 'upsert', row: headRow, values: toJobHead(job) }]);
  // The pass that sees it completed takes it off its pool's list, if it was ever named there.
  const partition = poolPartition(job.definition.poolId);
  if (memory.rows.get(partition, jobRefRow(id)) !== undefined)
    memory.rows.write(partition, [{ type: 'delete', row: jobRefRow(id) }]);
}
const listJobs = (services: Services, query: Record<string, string> = {}, limit?: number): Promise<Listed> =>
  listThrough(jobOperations, 'list-jobs', services, {}, query, limit);

describe('an account of 1,000 jobs of which five have not completed', () => {
  const open = [3, 250, 251, 700, 999].map(idOf);
  let memory: MemoryServices;
  let table: CountingTable;
  let services: Services;

  beforeAll(async () => {
    memory = createServices();
    table = createCountingTable(memory.table);
    services = { ...memory, table };
    for (let index = 0; index < 1000; index += 1) {
      await addJob(memory, jobDefinition({ id: idOf(index) }));
      if (!open.includes(idOf(index))) complete(memory, idOf(index));
    }
    expect(idsIn(await listJobs(services, { $filter: "state eq 'active'" }))).toEqual(open);
    // Reading every head once tells which have completed, and that is noted, a hundred in one write.
    expect(table.take()).toMatchObject({ gets: 1000, writes: 12 });
  });
  beforeEach(() => void table.take());

  test('shows the five for the price of a page of keys and five heads', async () => {
    expect(idsIn(await listJobs(services, { $filter: "state eq 'active' or state eq 'disabled'" }))).toEqual(open);
    expect(table.take()).toMatchObject({ gets: 5, queries: 1, writes: 0 });
  });

  test('shows three a page', async () => {
    expect(idsIn(await listJobs(services, { $filter: "state ne 'completed'" }, 3))).toEqual(open);
  });

  test('reads no head that is ruled out by when the job ended or was added, or by its pool', async () => {
    const day = (text: string): string => `DateTime'${text}T00:00:00Z'`;
    const filters = [
      `stateTransitionTime gt ${day('2026-03-02')} and id gt 'j0300'`,
      `lastModified gt ${day('2026-03-02')} and id gt 'j0300'`,
      `executionInfo/endTime gt ${day('2026-03-02')} and id gt 'j0300'`,
      `creationTime lt ${day('2025-01-01')} and id gt 'j0300'`,
      `executionInfo/poolId eq 'other' and id gt 'j0300'`,
    ];
    for (const $filter of filters) expect(idsIn(await listJobs(services, { $filter }))).toEqual([]);
    // Of those two that are open behind J0300 nothing is noted.
    expect(table.take()).toMatchObject({ gets: 2 * filters.length, writes: 0 });
  });

  test('reads the keys that the ids leave possible', async () => {
    const found = await listJobs(services, { $filter: "startswith(id,'j001') and state eq 'completed'" });
    expect(idsIn(found)).toEqual(Array.from({ length: 10 }, (_, index) => idOf(10 + index)));
    expect(table.take()).toMatchObject({ gets: 10, queries: 1, rows: 10 });
  });

  test('is shown whole, in order, in pages', async () => {
    const found = await listJobs(services, {}, 300);
    expect(idsIn(found)).toEqual(Array.from({ length: 1000 }, (_, index) => idOf(index)));
  });
});

describe('what is noted of a job that has completed', () => {
  let memory: MemoryServices;
  const completed = { $filter: "state eq 'completed'" };
  const active = { $filter: "state eq 'active'" };
  const noteOf = (id: string): unknown => memory.rows.get(jobListPartition, id.toLowerCase())?.values;

  beforeEach(async () => {
    memory = createServices();
    await addJob(memory, jobDefinition({ id: 'A' }));
    complete(memory, 'A');
  });

  async function purge(id: string): Promise<void> {
    await deleteJob(memory, id, { force: false, conditions: unconditional });
    await purgeJob(memory, headOf(memory, id));
  }

  test('does not hide it while it is being deleted', async () => {
    await listJobs(memory);
    await deleteJob(memory, 'A', { force: false, conditions: unconditional });
    expect(idsIn(await listJobs(memory, { $filter: "state eq 'deleting'" }))).toEqual(['A']);
    expect(idsIn(await listJobs(memory, completed))).toEqual([]);
  });

  test('is gone with it, and says nothing of the next job of that id', async () => {
    await listJobs(memory);
    await purge('A');
    expect(noteOf('A')).toBeUndefined();
    await addJob(memory, jobDefinition({ id: 'A' }));
    expect(idsIn(await listJobs(memory, active))).toEqual(['A']);
  });

  test('is not written where the id was given to another job meanwhile', async () => {
    const slow: Table = {
      ...memory.table,
      async write(partition, writes) {
        await purge('A');
        memory.clock.pass(1000);
        await addJob(memory, jobDefinition({ id: 'A' }));
        return memory.table.write(partition, writes);
      },
    };
    expect(idsIn(await listJobs({ ...memory, table: slow }, completed))).toEqual(['A']);
    expect(noteOf('A')).not.toHaveProperty('hasCompleted');
    expect(idsIn(await listJobs(memory, active))).toEqual(['A']);
  });

  test('is taken back when nothing is left of the job, or another one has the id', async () => {
    await listJobs(memory);
    const note = memory.rows.get(jobListPartition, 'a')?.values ?? {};
    await purge('A');
    memory.rows.write(jobListPartition, [{ type: 'upsert', row: 'a', values: note }]);
    await listJobs(memory);
    expect(noteOf('A')).toBeUndefined();
    memory.clock.pass(1000);
    await addJob(memory, jobDefinition({ id: 'A' }));
    memory.rows.write(jobListPartition, [{ type: 'upsert', row: 'a', values: note }]);
    await listJobs(memory);
    expect(noteOf('A')).not.toHaveProperty('hasCompleted');
  });

  test('is not needed: a key that was written long ago has none', async () => {
    expect(noteOf('A')).not.toHaveProperty('hasCompleted');
    expect(idsIn(await listJobs(memory, completed))).toEqual(['A']);
    expect(noteOf('A')).toMatchObject({ hasCompleted: true, endTime: endedAt, poolId: 'P' });
  });
});

describe('an account of 300 completed jobs of which two are being deleted', () => {
  const deleted = [20, 250].map(idOf);
  let memory: MemoryServices;
  let table: CountingTable;
  const idsBy = async ($filter: string): Promise<unknown[]> => idsIn(await listJobs({ ...memory, table }, { $filter }));

  beforeEach(async () => {
    memory = createServices();
    table = createCountingTable(memory.table);
    for (let index = 0; index < 300; index += 1) {
      await addJob(memory, jobDefinition({ id: idOf(index), poolId: index < 200 ? 'P' : 'Q' }));
      complete(memory, idOf(index));
    }
    await listJobs(memory);
    memory.clock.pass(Date.parse('2026-04-01') - memory.clock.now().getTime());
    for (const id of deleted) await deleteJob(memory, id, { force: false, conditions: unconditional });
    table.take();
  });

  test.each([
    "state eq 'deleting'",
    `stateTransitionTime gt DateTime'${endedAt}'`,
    `lastModified ge DateTime'2026-04-01' and executionInfo/endTime eq DateTime'${endedAt}'`,
  ])('tells them from the others by one query of what each pool has to see to: %s', async ($filter) => {
    expect(await idsBy($filter)).toEqual(deleted);
    expect(table.take()).toMatchObject({ queries: 1 + 2, gets: 2, writes: 0 });
  });

  test('reads the heads of those that a pool has to see to for another reason', async () => {
    await addJob(memory, jobDefinition({ id: 'other', poolId: 'P' }));
    expect(await idsBy("state eq 'deleting'")).toEqual(deleted);
    expect(table.take()).toMatchObject({ gets: 3 });
  });

  test('reads the heads where a pool has too much to see to', async () => {
    const references = Array.from({ length: 1001 }, (_, index) => jobRefRow(`another${index}`));
    for (const row of references) memory.rows.write(poolPartition('P'), [{ type: 'upsert', row, values: {} }]);
    expect(await idsBy("state eq 'deleting'")).toEqual(deleted);
    expect(table.take()).toMatchObject({ gets: 200 + 1 });
  });

  test('takes what an earlier version noted for what it says, and notes the rest', async () => {
    for (const row of ['j0001', 'j0020']) {
      const {
        stateTransitionTime: _,
        lastModified: __,
        ...values
      } = memory.rows.get(jobListPartition, row)?.values ?? {};
      memory.rows.write(jobListPartition, [{ type: 'upsert', row, values }]);
    }
    const $filter = `stateTransitionTime gt DateTime'${endedAt}'`;
    expect(await idsBy($filter)).toEqual(deleted);
    expect(table.take()).toMatchObject({ gets: 3, writes: 1 });
    expect(await idsBy($filter)).toEqual(deleted);
    expect(table.take()).toMatchObject({ gets: 2, writes: 0 });
  });
});

describe('a list of pools', () => {
  let memory: MemoryServices;
  let table: CountingTable;
  let services: Services;
  const at = '2026-01-01T00:00:00.000Z';

  beforeEach(async () => {
    memory = createServices();
    for (const id of ['A', 'B', 'C']) {
      await addPool(memory, poolDefinition({ id, vmSize: id === 'B' ? 'large' : 'small' }));
      for (const [index, state] of (['idle', 'running', 'running'] as const).entries()) {
        const node = { id: `n${index}`, poolId: id, state, stateTransitionTime: at, allocationTime: at } as const;
        const rest = { epoch: 1, imageEpoch: 1, sequence: 1, leases: [], totalTasksRun: 0, totalTasksSucceeded: 0 };
        const values = toNode({ ...node, ...rest });
        memory.rows.write(poolPartition(id), [{ type: 'insert', row: nodeRow(node.id), values }]);
      }
    }
    table = createCountingTable(memory.table);
    services = { ...memory, table };
  });
  const list = (name: string, query: Record<string, string> = {}, limit?: number): Promise<Listed> =>
    listThrough(poolOperations, name, services, {}, query, limit);

  test('counts the nodes of those only that pass its filter', async () => {
    const found = await list('list-pools', { $filter: "vmSize eq 'LARGE' and state eq 'active'" });
    expect(found.items).toMatchObject([{ id: 'B', currentDedicatedNodes: 3 }]);
    expect(table.take()).toMatchObject({ queries: 2, gets: 1 });
  });

  test('looks at the keys that the ids leave possible', async () => {
    expect(idsIn(await list('list-pools', { $filter: "id ge 'b' and id lt 'C'" }))).toEqual(['B']);
    expect(table.take()).toMatchObject({ queries: 2, gets: 1, across: 0 });
    expect(idsIn(await list('list-pools', { $filter: "id ge 'a' and id lt 'c'" }, 1))).toEqual(['A', 'B']);
  });

  test('shows no id that only a job names', async () => {
    await addJob(memory, jobDefinition({ poolId: 'AB' }));
    expect(idsIn(await list('list-pools'))).toEqual(['A', 'B', 'C']);
  });

  test.each([
    [{}, 3],
    [{ $filter: "poolId eq 'a'" }, 1],
  ])('of node counts counts by state: %j', async (query, count) => {
    const found = await list('list-pool-node-counts', query, 2);
    expect(found.items).toHaveLength(count);
    expect(found.items[0]).toMatchObject({ poolId: 'A', dedicated: { idle: 1, running: 2, total: 3 } });
    expect(table.take()).toMatchObject({ across: 0 });
  });

  test('counts nodes also where a version without columns wrote them', async () => {
    const head = memory.rows.get(poolPartition('A'), headRow);
    const { nodesHaveColumns: _, ...values } = head?.values ?? {};
    const node = { id: 'n0', poolId: 'A', state: 'idle' };
    memory.rows.write(poolPartition('A'), [
      { type: 'upsert', row: headRow, values },
      { type: 'upsert', row: nodeRow('n0'), values: toDocument('node', node) },
    ]);
    const found = await list('list-pool-node-counts', { $filter: "poolId eq 'A'" });
    expect(found.items).toMatchObject([{ dedicated: { idle: 1, running: 2, total: 3 } }]);
  });
});

describe('an account of 1,000 pools of which three are being resized', () => {
  const resizing = [7, 500, 999];
  const poolId = (index: number): string => `P${String(index).padStart(4, '0')}`;
  const expected = resizing.map(poolId);
  let memory: MemoryServices;
  let table: CountingTable;
  let services: Services;
  const save = (id: string, change: (pool: Pool) => Pool): void => {
    const head = memory.rows.get(poolPartition(id), headRow);
    if (head === undefined) throw new Error(`There is no pool '${id}'`);
    memory.rows.write(poolPartition(id), [
      { type: 'upsert', row: headRow, values: toPoolHead(change(fromPoolHead(head))) },
    ]);
  };
  const list = (query: Record<string, string> = {}, limit?: number): Promise<Listed> =>
    listThrough(poolOperations, 'list-pools', services, {}, query, limit);

  beforeAll(async () => {
    memory = createServices();
    table = createCountingTable(memory.table);
    services = { ...memory, table };
    for (let index = 0; index < 1000; index += 1) {
      await addPool(memory, poolDefinition({ id: poolId(index) }));
      if (resizing.includes(index)) continue;
      const at = endedAt;
      save(poolId(index), (pool) => ({ ...pool, allocationState: 'steady', allocationStateTransitionTime: at }));
    }
  });
  beforeEach(() => void table.take());

  test.each([
    "allocationState eq 'resizing'",
    "state eq 'active' and allocationState ne 'Steady'",
    `allocationStateTransitionTime lt DateTime'${endedAt}' and enableAutoScale eq false`,
    "allocationState eq 'resizing' or allocationState eq 'stopping' or state eq 'deleting'",
  ])('shows the three for one query of columns, and a head and its nodes each: %s', async ($filter) => {
    expect(idsIn(await list({ $filter }))).toEqual(expected);
    expect(table.take()).toMatchObject({ queries: 1 + 3, across: 1, gets: 3, writes: 0 });
  });

  test('shows one a page, each once', async () => {
    const found = await list({ $filter: "allocationState eq 'resizing'" }, 1);
    expect(idsIn(found)).toEqual(expected);
    expect(found.requests).toBe(3);
  });

  test('shows all of them without a filter, and looks through nothing but the list and their heads and nodes', async () => {
    expect((await list({}, 300)).items).toHaveLength(1000);
    expect(table.take()).toMatchObject({ queries: 4 + 1000, across: 0, gets: 1000 });
  });

  test('refuses the link of a list of the other kind', async () => {
    const ask = async (query: Record<string, string>, continuation?: string): Promise<string> => {
      const page = { limit: 1, ...(continuation !== undefined && { continuation }) };
      return (await askThrough(poolOperations, 'list-pools', services, {}, query, page)).list?.continuation ?? '';
    };
    const resized = { $filter: "allocationState eq 'resizing'" };
    const [plain, byId, filtered] = [await ask({}), await ask({ $filter: "id gt 'p'" }), await ask(resized)];
    expect(await ask({}, byId)).not.toBe('');
    for (const link of [plain, byId]) await expect(ask(resized, link)).rejects.toBeInstanceOf(ContinuationUnusable);
    await expect(ask({}, filtered)).rejects.toBeInstanceOf(ContinuationUnusable);
  });

  test('hides none whose head a version without columns wrote, before or since', async () => {
    for (const id of ['P0003', 'P0004']) {
      const head = memory.rows.get(poolPartition(id), headRow);
      const pool = fromDocument<Pool>('pool', head?.values ?? {});
      const allocationState = id === 'P0004' ? 'resizing' : 'steady';
      const values = toDocument('pool', { ...pool, allocationState });
      memory.rows.write(poolPartition(id), [{ type: 'upsert', row: headRow, values }]);
    }
    expect(idsIn(await list({ $filter: "allocationState eq 'resizing'" }))).toEqual(['P0004', ...expected]);
    expect(table.take()).toMatchObject({ queries: 1 + 4, gets: 5 });
  });
});

// What lists and counts cost at the table, where they are filtered, and that rows without columns are never lost.
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { addJob } from '../../../shared/jobs/add-job.js';
import { headRow, jobPartition } from '../../../shared/jobs/job-rows.js';
import type { Services } from '../../../shared/services.js';
import { fromDocument, toDocument } from '../../../shared/tables/document.js';
import { addTasks } from '../../../shared/tasks/add-tasks.js';
import { countTasks } from '../../../shared/tasks/count-tasks.js';
import { taskOperations } from '../../../shared/tasks/task-operations.js';
import { taskRow, toTaskStatus } from '../../../shared/tasks/task-rows.js';
import type { TaskStatus } from '../../../shared/tasks/task.js';
import { createCountingTable, type CountingTable } from '../../helpers/counting-table.js';
import { jobDefinition, taskDefinition } from '../../helpers/definitions.js';
import { createServices, type MemoryServices } from '../../helpers/memory-services.js';
import { listThrough, type Listed } from './list-through.js';

const at = '2026-01-01T00:00:00.000Z';
const failed: TaskStatus = {
  state: 'completed',
  stateTransitionTime: at,
  execution: { result: 'failure', exitCode: 3, startTime: at, endTime: at, retryCount: 0, requeueCount: 0 },
};
const idOf = (index: number): string => `t${String(index).padStart(5, '0')}`;

describe('a job of 10,000 tasks of which three failed', () => {
  const size = 10_000;
  let memory: MemoryServices;
  let table: CountingTable;
  let services: Services;
  const list = (query: Record<string, string>, limit?: number): Promise<Listed> =>
    listThrough(taskOperations, 'list-tasks', services, { jobId: 'J' }, query, limit);
  const idsIn = ({ items }: Listed): unknown[] => items.map((item) => Reflect.get(item, 'id'));

  beforeAll(async () => {
    memory = createServices();
    table = createCountingTable(memory.table);
    services = { ...memory, table };
    await addJob(memory, jobDefinition({ id: 'J' }));
    for (let from = 0; from < size; from += 100) {
      const ids = Array.from({ length: 100 }, (_, index) => idOf(from + index));
      await addTasks(
        memory,
        'J',
        ids.map((id) => taskDefinition(id)),
      );
    }
    for (const index of [7, 5000, 9999])
      memory.rows.write(jobPartition('J'), [
        { type: 'merge', row: taskRow(idOf(index)), values: toTaskStatus(failed) },
      ]);
  });
  beforeEach(() => void table.take());

  test.each([
    "executionInfo/result eq 'failure'",
    "state eq 'Completed' and executionInfo/exitCode ne 0",
    "executionInfo/endTime ge DateTime'2026-01-01T00:00:00Z'",
    "(state eq 'completed' or state eq 'running') and executionInfo/exitCode gt 2",
  ])('shows the three with one query, by %s', async ($filter) => {
    const found = await list({ $filter });
    expect(idsIn(found)).toEqual([idOf(7), idOf(5000), idOf(9999)]);
    expect(found.requests).toBe(1);
    expect(table.take()).toMatchObject({ queries: 1, gets: 1, writes: 0, rows: 3 });
  });

  test('shows one of them a page, each once', async () => {
    const found = await list({ $filter: "executionInfo/result eq 'failure'" }, 1);
    expect(idsIn(found)).toEqual([idOf(7), idOf(5000), idOf(9999)]);
    expect(found.requests).toBe(3);
  });

  test('reads no more ids than may pass', async () => {
    const found = await list({ $filter: "startswith(id,'T0500') and id ne 't05000'" });
    expect(idsIn(found)).toEqual(Array.from({ length: 9 }, (_, index) => idOf(5001 + index)));
    expect(table.take()).toMatchObject({ queries: 1, rows: 10 });
  });

  test('is counted from columns', async () => {
    const counted = await countTasks(services, 'J');
    expect(counted.taskCounts).toEqual({ active: 9997, running: 0, completed: 3, succeeded: 0, failed: 3 });
    expect(counted.taskSlotCounts).toEqual(counted.taskCounts);
    expect(table.take()).toMatchObject({ queries: 10, rows: size });
  });

  test('shows the three in pages where a version without columns wrote to it since', async () => {
    // Such a version writes a head without the mark, and a status without its columns.
    const partition = jobPartition('J');
    const head = memory.rows.get(partition, headRow);
    const document = toDocument('job', fromDocument<object>('job', head?.values ?? {}));
    const status = toDocument('status', failed);
    memory.rows.write(partition, [
      { type: 'upsert', row: headRow, values: document },
      { type: 'merge', row: taskRow(idOf(1)), values: status },
    ]);
    const found = await list({ $filter: "executionInfo/result eq 'failure'" });
    expect(idsIn(found)).toEqual([idOf(1), idOf(7), idOf(5000), idOf(9999)]);
    expect((await countTasks(services, 'J')).taskCounts.failed).toBe(4);
    // Whatever this version writes next does not bring the mark back.
    await addTasks(memory, 'J', [taskDefinition('more')]);
    expect(memory.rows.get(partition, headRow)?.values['rowsHaveColumns']).toBeUndefined();
  });
});

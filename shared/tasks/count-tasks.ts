// Counting a job's tasks by their states: read from their rows, so that the numbers are those of the list of tasks, and of each row no
// more than is counted.
// https://learn.microsoft.com/rest/api/batchservice/job/get-task-counts
import { jobPartition } from '../jobs/job-rows.js';
import { loadJob } from '../jobs/read-jobs.js';
import type { Services } from '../services.js';
import type { Entity } from '../tables/table.js';
import { countedColumns, fromCountedColumns, type CountedTask } from './task-columns.js';
import { fromTaskRow, taskRange } from './task-rows.js';

type Counts = { active: number; running: number; completed: number; succeeded: number; failed: number };
export type TaskCounts = { readonly taskCounts: Counts; readonly taskSlotCounts: Counts };

const largestPage = 1000;

/** Tasks, and slots they take, by state; one that is preparing counts as running. Throws JobNotFound. */
export async function countTasks({ table }: Pick<Services, 'table'>, jobId: string): Promise<TaskCounts> {
  const { rowsHaveColumns = false } = await loadJob({ table }, jobId);
  const query = rowsHaveColumns ? { ...taskRange, columns: countedColumns } : taskRange;
  const counts: TaskCounts = { taskCounts: none(), taskSlotCounts: none() };
  let continuation: string | undefined;
  do {
    const page = await table.query(jobPartition(jobId), query, largestPage, continuation);
    for (const row of page.entities) {
      const task = rowsHaveColumns ? fromCountedColumns(row.values) : fromWhole(row);
      add(counts.taskCounts, task, 1);
      add(counts.taskSlotCounts, task, task.slots);
    }
    continuation = page.continuation;
  } while (continuation !== undefined);
  return counts;
}

const none = (): Counts => ({ active: 0, running: 0, completed: 0, succeeded: 0, failed: 0 });

function fromWhole(row: Entity): CountedTask {
  const { state, execution, definition } = fromTaskRow(row);
  return { state, isSuccess: execution.result === 'success', slots: definition.requiredSlots };
}

function add(counts: Counts, { state, isSuccess }: CountedTask, number: number): void {
  counts[state === 'preparing' ? 'running' : state] += number;
  if (state === 'completed') counts[isSuccess ? 'succeeded' : 'failed'] += number;
}

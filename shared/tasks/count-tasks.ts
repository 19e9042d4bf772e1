// Counting a job's tasks by their states: read from their rows, so that the numbers are those of the list of tasks.
// https://learn.microsoft.com/rest/api/batchservice/job/get-task-counts
import { jobPartition } from '../jobs/job-rows.js';
import { loadJob } from '../jobs/read-jobs.js';
import type { Services } from '../services.js';
import { fromTaskRow, taskRange } from './task-rows.js';
import type { Task } from './task.js';

type Counts = { active: number; running: number; completed: number; succeeded: number; failed: number };
export type TaskCounts = { readonly taskCounts: Counts; readonly taskSlotCounts: Counts };

const largestPage = 1000;

/** Tasks, and slots they take, by state; one that is preparing counts as running. Throws JobNotFound. */
export async function countTasks({ table }: Pick<Services, 'table'>, jobId: string): Promise<TaskCounts> {
  await loadJob({ table }, jobId);
  const counts: TaskCounts = { taskCounts: none(), taskSlotCounts: none() };
  let continuation: string | undefined;
  do {
    const page = await table.query(jobPartition(jobId), taskRange, largestPage, continuation);
    for (const row of page.entities) {
      const task = fromTaskRow(row);
      add(counts.taskCounts, task, 1);
      add(counts.taskSlotCounts, task, task.definition.requiredSlots);
    }
    continuation = page.continuation;
  } while (continuation !== undefined);
  return counts;
}

const none = (): Counts => ({ active: 0, running: 0, completed: 0, succeeded: 0, failed: 0 });

function add(counts: Counts, { state, execution }: Task, number: number): void {
  counts[state === 'preparing' ? 'running' : state] += number;
  if (state !== 'completed') return;
  counts[execution.result === 'success' ? 'succeeded' : 'failed'] += number;
}

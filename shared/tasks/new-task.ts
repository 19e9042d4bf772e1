// A task as it is when it is added: its own row, and the one by which passes find that it waits.
import type { Write } from '../tables/table.js';
import { toPlaceWrite } from './task-place.js';
import type { Task, TaskDefinition } from './task.js';
import { taskRow, toTaskRow } from './task-rows.js';

/** A task of `jobId` at position `order`. */
export function toNewTask(jobId: string, definition: TaskDefinition, order: number, now: Date): Task {
  const at = now.toISOString();
  return {
    jobId,
    definition,
    order,
    creationTime: at,
    lastModified: at,
    state: 'active',
    stateTransitionTime: at,
    execution: { retryCount: 0, requeueCount: 0 },
  };
}

/** The rows of a new task; `stamp` tells whose request wrote them. */
export function toTaskInserts(task: Task, stamp: string): readonly Write[] {
  return [
    { type: 'insert', row: taskRow(task.definition.id), values: { ...toTaskRow(task), stamp } },
    toPlaceWrite(task).write,
  ];
}

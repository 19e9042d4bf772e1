// A task as it is when it is added: its own row, and the one by which passes find that it waits.
import { readyRow, toReady } from '../jobs/job-rows.js';
import type { Write } from '../tables/table.js';
import { toUnseenWrite } from './dependency-rows.js';
import { toReadyTask, type Task, type TaskDefinition } from './task.js';
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
    toPlaceWrite(task),
  ];
}

// A task that depends on others is looked at by the next pass, whatever has become of these.
function toPlaceWrite(task: Task): Write {
  const { definition, order, stateTransitionTime } = task;
  if (definition.dependsOn === undefined)
    return { type: 'insert', row: readyRow(order), values: toReady(toReadyTask(task)) };
  return toUnseenWrite({ taskId: definition.id, order, activeSince: stateTransitionTime });
}

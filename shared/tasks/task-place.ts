// Where a task waits that has just become active: for a slot, or to be looked at because it depends on others.
import { readyRow, toReady } from '../jobs/job-rows.js';
import type { Write } from '../tables/table.js';
import { toUnseenWrite } from './dependency-rows.js';
import { toReadyTask, type Task } from './task.js';

/** The row that puts an active task in its place. One that has run before does not wait for others again. */
export function toPlaceWrite(task: Task): { readonly write: Write; readonly isDependent: boolean } {
  const { definition, order, stateTransitionTime, attempts = 0 } = task;
  if (definition.dependsOn === undefined || attempts > 0)
    return { write: { type: 'insert', row: readyRow(order), values: toReady(toReadyTask(task)) }, isDependent: false };
  const waiting = { taskId: definition.id, order, activeSince: stateTransitionTime };
  return { write: toUnseenWrite(waiting), isDependent: true };
}

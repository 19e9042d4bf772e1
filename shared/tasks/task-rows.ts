// Task rows in their job's partition: the definition, which never changes, and the status, which a pass overwrites without reading it.
// Each in a document, with columns beside it for lists.
import { fromDocument, toDocument } from '../tables/document.js';
import type { Entity, EntityValues, RowRange } from '../tables/table.js';
import { toOriginColumns, toStatusColumns } from './task-columns.js';
import type { Task, TaskDefinition, TaskStatus } from './task.js';

/** Task ids are case-insensitive, so keys are lower case. */
export const taskRow = (taskId: string): string => `task:${taskId.toLowerCase()}`;
export const taskRange: RowRange = { from: 'task:', below: 'task;' };

type Immutable = Pick<Task, 'jobId' | 'order' | 'creationTime' | 'lastModified'>;

export function toTaskRow(task: Task): EntityValues {
  const { jobId, order, creationTime, lastModified, definition, ...status } = task;
  return {
    ...toDocument('definition', definition),
    ...toDocument('origin', { jobId, order, creationTime, lastModified } satisfies Immutable),
    ...toOriginColumns(task),
    ...toTaskStatus(status),
  };
}

/** Only the properties that change, for a merge. */
export function toTaskStatus(status: TaskStatus): EntityValues {
  return { ...toDocument('status', status), ...toStatusColumns(status) };
}

export function fromTaskRow(entity: Entity): Task {
  return {
    ...fromDocument<Immutable>('origin', entity.values),
    definition: fromDocument<TaskDefinition>('definition', entity.values),
    ...fromDocument<TaskStatus>('status', entity.values),
  };
}

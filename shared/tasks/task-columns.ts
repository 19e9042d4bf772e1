// What of a task its row carries in columns beside the documents, for lists that are filtered and for counting.
import { toColumns, type FilterColumns } from '../rest/filter-columns.js';
import type { EntityValues } from '../tables/table.js';
import type { Task, TaskStatus } from './task.js';

const statusColumns = {
  state: { column: 'state', kind: 'text' },
  stateTransitionTime: { column: 'stateTransitionTime', kind: 'instant' },
  'executionInfo/startTime': { column: 'startTime', kind: 'instant' },
  'executionInfo/endTime': { column: 'endTime', kind: 'instant' },
  'executionInfo/exitCode': { column: 'exitCode', kind: 'number' },
  'executionInfo/result': { column: 'result', kind: 'text' },
} as const satisfies FilterColumns;

const originColumns = {
  creationTime: { column: 'creationTime', kind: 'instant' },
  lastModified: { column: 'lastModified', kind: 'instant' },
} as const satisfies FilterColumns;

/** By what a list of tasks can be filtered in the table. */
export const taskColumns: FilterColumns = { ...statusColumns, ...originColumns };

/** The columns of what changes while a task is run: written with every status. */
export function toStatusColumns({ state, stateTransitionTime, execution }: TaskStatus): EntityValues {
  return toColumns(statusColumns, { state, stateTransitionTime, executionInfo: execution });
}

/** The columns of what changes on a user's word only. */
export function toOriginColumns(task: Pick<Task, 'creationTime' | 'lastModified' | 'definition'>): EntityValues {
  return { ...toColumns(originColumns, task), slots: task.definition.requiredSlots };
}

/** The columns that counting takes. */
export const countedColumns = ['state', 'result', 'slots'] as const;

/** What a task counts as. */
export type CountedTask = Pick<Task, 'state'> & { readonly isSuccess: boolean; readonly slots: number };

/** The counted columns of a row that has them. */
export function fromCountedColumns({ state, result, slots }: EntityValues): CountedTask {
  return { state: state as Task['state'], isSuccess: result === 'success', slots: Number(slots) };
}

// What of a node its row carries in columns beside the document, for lists that are filtered and for counting.
import { toColumns, type FilterColumns } from '../rest/filter-columns.js';
import type { Entity, EntityValues } from '../tables/table.js';
import type { Node, NodeState } from './node.js';

/** By what a list of nodes can be filtered in the table. */
export const nodeColumns = {
  state: { column: 'state', kind: 'text' },
  stateTransitionTime: { column: 'stateTransitionTime', kind: 'instant' },
  lastBootTime: { column: 'lastBootTime', kind: 'instant' },
  allocationTime: { column: 'allocationTime', kind: 'instant' },
  'startTaskInfo/state': { column: 'startTaskState', kind: 'text' },
  'startTaskInfo/result': { column: 'startTaskResult', kind: 'text' },
  'startTaskInfo/exitCode': { column: 'startTaskExitCode', kind: 'number' },
  'startTaskInfo/startTime': { column: 'startTaskStartTime', kind: 'instant' },
  'startTaskInfo/endTime': { column: 'startTaskEndTime', kind: 'instant' },
} as const satisfies FilterColumns;

/** The columns of a node. A start task that was only ordered is not shown. */
export function toNodeColumns({ startTask, ...node }: Node): EntityValues {
  const run = startTask?.run;
  return toColumns(nodeColumns, { ...node, startTaskInfo: run?.state === 'ordered' ? undefined : run });
}

/** The columns that counting the nodes of a pool takes. */
export const countedColumns = ['state'] as const;

/** The state in a row that has columns. */
export const fromCountedColumns = ({ values }: Entity): NodeState => values['state'] as NodeState;

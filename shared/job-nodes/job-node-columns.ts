// What of a job node its row carries in columns beside the document, for the list of preparation and release status.
import { toColumns, type FilterColumns } from '../rest/filter-columns.js';
import type { EntityValues } from '../tables/table.js';
import { toPreparationInfo, toReleaseInfo } from './execution-infos.js';
import type { JobNode } from './job-node.js';

/** By what that list can be filtered in the table. */
export const jobNodeColumns = {
  poolId: { column: 'poolId', kind: 'text' },
  nodeId: { column: 'nodeId', kind: 'text' },
  'jobPreparationTaskExecutionInfo/state': { column: 'preparationState', kind: 'text' },
  'jobPreparationTaskExecutionInfo/startTime': { column: 'preparationStartTime', kind: 'instant' },
  'jobPreparationTaskExecutionInfo/endTime': { column: 'preparationEndTime', kind: 'instant' },
  'jobPreparationTaskExecutionInfo/exitCode': { column: 'preparationExitCode', kind: 'number' },
  'jobPreparationTaskExecutionInfo/result': { column: 'preparationResult', kind: 'text' },
  'jobReleaseTaskExecutionInfo/state': { column: 'releaseState', kind: 'text' },
  'jobReleaseTaskExecutionInfo/startTime': { column: 'releaseStartTime', kind: 'instant' },
  'jobReleaseTaskExecutionInfo/endTime': { column: 'releaseEndTime', kind: 'instant' },
  'jobReleaseTaskExecutionInfo/exitCode': { column: 'releaseExitCode', kind: 'number' },
  'jobReleaseTaskExecutionInfo/result': { column: 'releaseResult', kind: 'text' },
} as const satisfies FilterColumns;

/** The columns of a job node. */
export function toJobNodeColumns(jobNode: JobNode): EntityValues {
  return toColumns(jobNodeColumns, {
    poolId: jobNode.poolId,
    nodeId: jobNode.nodeId,
    jobPreparationTaskExecutionInfo: toPreparationInfo(jobNode),
    jobReleaseTaskExecutionInfo: toReleaseInfo(jobNode),
  });
}

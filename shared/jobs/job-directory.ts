// Where a job and its tasks live below a node's root. Batch names the folders so; clients read them from `taskRootDirectory`.

import { parseScheduledJobId, scheduledJobId } from './scheduled-job-id.js';

/** Folder of a job below the node root; the jobs of one schedule lie side by side. */
export function jobDirectory(jobId: string): string {
  const scheduled = parseScheduledJobId(jobId);
  return scheduled === undefined
    ? `workitems/${jobId}/job-1`
    : `workitems/${scheduled.scheduleId}/job-${scheduled.number}`;
}

/**
 * The jobs whose task, preparation or release may have this folder, with the id of that: a schedule's first job and a job that has the id of
 * the schedule have folders of one name. Empty for any other folder.
 */
export function ownersOf(directory: string): readonly { readonly jobId: string; readonly taskId: string }[] {
  const [, item, number, taskId] = /^workitems\/([^/]+)\/job-(\d+)\/([^/]+)$/.exec(directory) ?? [];
  if (item === undefined || taskId === undefined) return [];
  const scheduled = { jobId: scheduledJobId(item, Number(number)), taskId };
  return number === '1' ? [{ jobId: item, taskId }, scheduled] : [scheduled];
}

/** Folder of a task, a preparation or a release below the node root. */
export function taskDirectory(jobId: string, taskId: string): string {
  return `${jobDirectory(jobId)}/${taskId}`;
}

// Where a job and its tasks live below a node's root. Batch names the folders so; clients read them from `taskRootDirectory`.

/** Folder of a job below the node root. */
export function jobDirectory(jobId: string): string {
  return `workitems/${jobId}/job-1`;
}

/** Folder of a task, a preparation or a release below the node root. */
export function taskDirectory(jobId: string, taskId: string): string {
  return `${jobDirectory(jobId)}/${taskId}`;
}

// Where the files of a task lie: on the node that has it, or had it last, in the task's folder.
import { BatchError } from '../errors.js';
import { taskDirectory } from '../jobs/job-directory.js';
import { requireJoined, type FileRoot } from '../nodes/node-files.js';
import type { Node } from '../nodes/node.js';
import { loadNode } from '../nodes/read-nodes.js';
import type { Services } from '../services.js';
import { loadTask } from './read-tasks.js';

/** The folder of a task, and the task's own ids as they were given. */
export type TaskFileRoot = FileRoot & { readonly jobId: string; readonly taskId: string };

/** Throws JobNotFound, TaskNotFound, TaskFilesUnavailable while no node has had the task or when that node is gone, NodeNotReady. */
export async function locateTaskFiles(services: Services, jobId: string, taskId: string): Promise<TaskFileRoot> {
  const task = await loadTask(services, jobId, taskId);
  if (!task.assignment)
    throw new BatchError('TaskFilesUnavailable', `Task '${taskId}' of job '${jobId}' has not been on a node yet.`);
  const { poolId, nodeId } = task.assignment;
  const { membership } = await requireNode(services, poolId, nodeId);
  const ids = { jobId: task.jobId, taskId: task.definition.id };
  return { poolId, nodeId, membership, directory: taskDirectory(ids.jobId, ids.taskId), ...ids };
}

async function requireNode(services: Services, poolId: string, nodeId: string): Promise<Node> {
  try {
    const { node } = await loadNode(services, poolId, nodeId);
    requireJoined(node);
    return node;
  } catch (error) {
    const isGone = error instanceof BatchError && ['PoolNotFound', 'NodeNotFound'].includes(error.code);
    if (!isGone) throw error;
    throw new BatchError(
      'TaskFilesUnavailable',
      `Node '${nodeId}', which had the task's files, is gone.`,
      {},
      {
        cause: error,
      },
    );
  }
}

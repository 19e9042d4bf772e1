// Where the files of a task lie: on the node that has it, or had it last, in the task's folder.
import { BatchError } from '../errors.js';
import { taskDirectory } from '../jobs/job-directory.js';
import { isOfCode, requireJoined, type FileRoot } from '../nodes/node-files.js';
import type { Membership } from '../nodes/node-keys.js';
import { loadNode } from '../nodes/read-nodes.js';
import type { Services } from '../services.js';
import { loadTask } from './read-tasks.js';

/** The folder of a task, and the task's own ids as they were given. */
export type TaskFileRoot = FileRoot & { readonly jobId: string; readonly taskId: string };

/**
 * Also of a task whose node is gone: what was kept of its output can be read all the same, and what was not is TaskFilesUnavailable.
 * Throws JobNotFound, TaskNotFound, TaskFilesUnavailable while no node has had the task, NodeNotReady.
 */
export async function locateTaskFiles(services: Services, jobId: string, taskId: string): Promise<TaskFileRoot> {
  const task = await loadTask(services, jobId, taskId);
  if (!task.assignment)
    throw new BatchError('TaskFilesUnavailable', `Task '${taskId}' of job '${jobId}' has not been on a node yet.`);
  const { poolId, nodeId } = task.assignment;
  const ids = { jobId: task.jobId, taskId: task.definition.id };
  const found = await findNode(services, poolId, nodeId);
  return { poolId, nodeId, directory: taskDirectory(ids.jobId, ids.taskId), ...ids, ...found };
}

async function findNode(
  services: Services,
  poolId: string,
  nodeId: string,
): Promise<{ readonly membership: Membership | undefined; readonly absence?: BatchError }> {
  try {
    const { node } = await loadNode(services, poolId, nodeId);
    requireJoined(node);
    return { membership: node.membership };
  } catch (error) {
    if (!isOfCode(error, 'PoolNotFound', 'NodeNotFound')) throw error;
    const message = `Node '${nodeId}', which had the task's files, is gone.`;
    return { membership: undefined, absence: new BatchError('TaskFilesUnavailable', message, {}, { cause: error }) };
  }
}

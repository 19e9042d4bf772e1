// An active job of which nothing can run, because its preparation failed on every node: what is said of it.
import type { FailureInfo } from '../tasks/run-definition.js';
import type { BlockedJob } from './job.js';

/**
 * Why a task of such a job waits. Batch leaves such a job without a word; the code is the one by which its scheduler tells that a
 * preparation failed.
 */
export function toBlockedReason(poolId: string, { nodes, nodeCount }: BlockedJob): FailureInfo {
  return {
    category: 'usererror',
    code: 'JobPreparationTaskFailed',
    message:
      `The job preparation task failed on all ${nodeCount} nodes of pool '${poolId}'; the task waits until one of them is reimaged, ` +
      'another node joins the pool, or the job ends',
    details: nodes.map(({ nodeId, code }) => ({ name: nodeId, value: code })),
  };
}

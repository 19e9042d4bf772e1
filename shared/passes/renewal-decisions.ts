// Orders whose URLs are good no more: a node that found so keeps saying it in its reports until the order came again.
import type { JobNode } from '../job-nodes/job-node.js';
import { isEnding } from '../jobs/job-decisions.js';
import type { Node } from '../nodes/node.js';
import { isReachable } from '../nodes/node-decisions.js';
import type { RunReport } from '../nodes/node-messages.js';
import { taskOf, type Draft, type JobDraft } from './draft.js';
import { orderOf, toPreparationOrder, toReleaseOrder, toTaskOrder } from './order-decisions.js';
import { jobKey } from './seen.js';
import { renewStartTask } from './start-task-decisions.js';

/** Sends again what a report asks for, unless nothing is to come of it any more. Nothing is saved: the node asks until it is heard. */
export function renewOrders(draft: Draft): void {
  for (const report of draft.asked.reports) {
    const node = draft.nodes.get(report.nodeId);
    if (node === undefined || node.epoch !== report.epoch || !isReachable(node)) continue;
    for (const run of report.runs) {
      if (run.needsFreshOrder !== true || run.state === 'ended') continue;
      if (run.kind === 'startTask') {
        renewStartTask(draft, node, run.runId);
        continue;
      }
      const jobDraft = draft.jobs.get(jobKey(run.jobId));
      const jobNode = jobDraft?.jobNodes.get(node.id);
      if (jobDraft?.job.incarnation === run.incarnation && jobNode !== undefined)
        renewOrder(draft, jobDraft, jobNode, node, run);
    }
  }
}

function renewOrder(draft: Draft, jobDraft: JobDraft, jobNode: JobNode, node: Node, { kind, runId }: RunReport): void {
  const { definition } = jobDraft.job;
  const { preparation, release } = jobNode;
  switch (kind) {
    case 'startTask':
      return;
    case 'preparation': {
      const isOpen = preparation.state === 'ordered' || preparation.state === 'running';
      const order = isOpen && preparation.runId === runId ? toPreparationOrder(definition, jobNode) : undefined;
      if (order !== undefined) orderOf(draft, jobDraft, node).preparation = order;
      return;
    }
    case 'release': {
      const isOpen = (release.state === 'ordered' || release.state === 'running') && isEnding(jobDraft.job);
      const order = isOpen && release.runId === runId ? toReleaseOrder(definition, jobNode) : undefined;
      if (order !== undefined) orderOf(draft, jobDraft, node).release = order;
      return;
    }
    case 'task': {
      const known = jobNode.runs.find((each) => each.runId === runId);
      if (known === undefined || known.killSentAt !== undefined || known.taskDeleted === true) return;
      const task = taskOf(draft, jobNode.jobId, known.taskId);
      const { tasks } = orderOf(draft, jobDraft, node);
      if (task === undefined || tasks.some((order) => order.runId === runId)) return;
      tasks.push(toTaskOrder(definition, jobNode, known, task.definition));
    }
  }
}

// The step after assigning: active jobs of which no task can run, as every node is barred. They say so once, and again after they could run.
import { isBarred } from '../job-nodes/job-node-decisions.js';
import type { BlockedJob } from '../jobs/job.js';
import type { Node, NodeState } from '../nodes/node.js';
import { jobNodeOf, owe, type Draft, type JobDraft } from './draft.js';

// More would fill the job's row without telling more.
const mostNodesTold = 10;

/** Notes on each job whether it is blocked, and owes the event when it has become so. */
export function tellBlockedJobs(draft: Draft): void {
  for (const jobDraft of draft.jobs.values()) {
    const barred = blockingNodes(draft, jobDraft);
    const { blocked, ...job } = jobDraft.job;
    if (barred.length === 0) {
      if (blocked !== undefined) jobDraft.job = job;
    } else if (blocked === undefined || blocked.nodeCount !== barred.length) {
      const next = toBlocked(jobDraft, barred, blocked?.since ?? draft.at);
      jobDraft.job = { ...job, blocked: next };
      if (blocked === undefined) tell(draft, jobDraft, next);
    }
  }
}

/** The barred nodes, if there are any and no other that could run a task of the job now or later; none while no task waits. */
function blockingNodes(draft: Draft, jobDraft: JobDraft): readonly Node[] {
  const { job, ready, seen } = jobDraft;
  const isWaiting = job.state === 'active' && (ready.size > 0 || seen.moreReady);
  if (!isWaiting || draft.pool?.state !== 'active') return [];
  const nodes = [...draft.nodes.values()].filter(({ state }) => !isHopeless(state));
  const isBarredNode = (node: Node): boolean => isBarred(jobNodeOf(jobDraft, node), job.definition);
  return nodes.every(isBarredNode) ? nodes : [];
}

// What may become usable by itself is waited for.
function isHopeless(state: NodeState): boolean {
  return ['unknown', 'unusable', 'starttaskfailed', 'leavingpool'].includes(state);
}

function toBlocked({ jobNodes }: JobDraft, barred: readonly Node[], since: string): BlockedJob {
  const nodes = barred.slice(0, mostNodesTold).map(({ id }) => {
    const preparation = jobNodes.get(id)?.preparation;
    const failure = preparation?.state === 'completed' ? preparation.failureInfo : undefined;
    return { nodeId: id, code: failure?.code ?? 'Unknown' };
  });
  return { since, nodes, nodeCount: barred.length };
}

function tell(draft: Draft, jobDraft: JobDraft, { since, nodes, nodeCount }: BlockedJob): void {
  const { poolId } = jobDraft.job.definition;
  owe(draft, jobDraft, {
    type: 'dev.bookend.job.stuck',
    subject: '',
    identity: [since],
    data: { poolId, failedNodes: nodes, failedNodeCount: nodeCount, pendingTasks: jobDraft.job.openTasks },
  });
}

// A job that ends by force: its nodes are told to kill what is left of it and not waited for; the releases that they owe are waived.
// Query parameter `force` of https://learn.microsoft.com/rest/api/batchservice/job/terminate, as newer versions of the service have it.
import { mayOweRelease } from '../job-nodes/job-node-decisions.js';
import type { JobNode, Preparation } from '../job-nodes/job-node.js';
import type { Node } from '../nodes/node.js';
import { putJobNode, type Draft, type JobDraft } from './draft.js';
import { waiveAndTell } from './loss-decisions.js';
import { orderOf } from './order-decisions.js';
import { endedByUser, endUnheard } from './task-run-decisions.js';

/** Ends everything of the job on this node, which is absent where it cannot be reached. False when the rest must wait for another round. */
export function cutShort(draft: Draft, jobDraft: JobDraft, jobNode: JobNode, node: Node | undefined): boolean {
  const { preparation, release, runs } = jobNode;
  const owed = isInFlight(release) || (release.state === 'none' && mayOweRelease(jobNode, jobDraft.job.definition));
  if (!owed && !isInFlight(preparation) && runs.length === 0) return true;
  const runIds = [preparation, release].flatMap((run) => (isInFlight(run) && 'runId' in run ? [run.runId] : []));
  if (node !== undefined) {
    const { kills } = orderOf(draft, jobDraft, node);
    for (const runId of [...runIds, ...runs.map((run) => run.runId)]) kills.push({ runId, failure: endedByUser });
  }
  let next: JobNode = { ...jobNode, preparation: withoutRun(preparation, draft) };
  if (owed) next = waiveAndTell(draft, jobDraft, next, 'forced');
  putJobNode(jobDraft, next);
  for (const run of runs)
    if (!endUnheard(draft, jobDraft, jobDraft.jobNodes.get(next.nodeId) ?? next, run)) return false;
  return true;
}

const isInFlight = ({ state }: JobNode['preparation'] | JobNode['release']): boolean =>
  state === 'ordered' || state === 'running';

/** The preparation as it is on show once nobody waits for its end. */
function withoutRun(preparation: Preparation, { at }: Draft): Preparation {
  switch (preparation.state) {
    case 'ordered':
      return { state: 'none' };
    case 'running':
      return { ...preparation, state: 'completed', endTime: at, result: 'failure', failureInfo: endedByUser };
    case 'none':
    case 'completed':
      return preparation;
  }
}

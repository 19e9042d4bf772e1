// Jobs that ended while a node could not be told: it forgets them when it can be reached again, as whatever it still has of them is nobody's.
import type { Job } from '../jobs/job.js';
import { isReachable } from '../nodes/node-decisions.js';
import { acknowledgeWithinMs } from '../nodes/node-messages.js';
import { isReasked, orderFor, type Draft } from './draft.js';

// The row of a node is read by every pass.
const mostRemembered = 100;

/** Has the node forget the job once it can be told. */
export function forgetLater(draft: Draft, nodeId: string, { definition, incarnation }: Job): void {
  const node = draft.nodes.get(nodeId);
  if (node === undefined || node.forgottenJobs?.some((job) => job.incarnation === incarnation) === true) return;
  const forgottenJobs = [...(node.forgottenJobs ?? []), { jobId: definition.id, incarnation }].slice(-mostRemembered);
  draft.nodes.set(nodeId, { ...node, forgottenJobs });
}

/** Tells nodes that can be reached what to forget: once, and again when asked to. What was told long enough ago is remembered no more. */
export function forgetJobs(draft: Draft): void {
  for (const node of [...draft.nodes.values()]) {
    const { forgottenJobs } = node;
    if (forgottenJobs === undefined || !isReachable(node)) continue;
    const kept = forgottenJobs.flatMap((job) => {
      const isDue = job.sentAt === undefined || isReasked(draft, job.sentAt);
      if (isDue) orderFor(draft, node, job).forget = true;
      if (isDue) return [{ ...job, sentAt: draft.at }];
      return draft.now.getTime() - Date.parse(job.sentAt ?? '') > acknowledgeWithinMs ? [] : [job];
    });
    if (kept.length === forgottenJobs.length && kept.every((job, index) => job === forgottenJobs[index])) continue;
    const { forgottenJobs: _, ...rest } = node;
    draft.nodes.set(node.id, kept.length === 0 ? rest : { ...rest, forgottenJobs: kept });
  }
}

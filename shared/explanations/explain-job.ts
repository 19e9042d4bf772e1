// Explaining a job: why it does not go on, or what it is at. An extension to Batch, docs/explain.md.
import { isOpen } from '../jobs/job-decisions.js';
import type { Services } from '../services.js';
import { countOf, mostNamed, type Explanation, type NodeCode, type NodeExplanation, type Wait } from './explanation.js';
import { findNextEvents } from './next-events.js';
import { explainNodes } from './node-explanations.js';
import { seeForExplanation, type SeenForExplanation } from './see-job.js';
import { explainTasks } from './task-waits.js';

/** Throws JobNotFound. */
export async function explainJob(services: Pick<Services, 'table' | 'clock'>, jobId: string): Promise<Explanation> {
  return explain(await seeForExplanation(services, jobId), services.clock.now());
}

/** The explanation of what was seen. Pure. */
export function explain(seen: SeenForExplanation, now: Date): Explanation {
  const { id, poolId } = seen.job.definition;
  const nodes = explainNodes(seen);
  const waitsFor = explainWaits(seen, nodes);
  const next = findNextEvents(seen);
  const [soonest] = next;
  return {
    jobId: id,
    poolId,
    state: seen.job.state,
    at: now.toISOString(),
    summary: [
      `Job '${id}' is ${seen.job.state}.`,
      ...waitsFor.map(({ text }) => text),
      ...(soonest === undefined ? [] : [`Next, at ${soonest.at}: ${soonest.text}`]),
    ].join(' '),
    waitsFor,
    nodeCounts: countByCode(nodes),
    nodes: firstOfEach(nodes),
    next,
  };
}

function explainWaits(seen: SeenForExplanation, nodes: readonly NodeExplanation[]): readonly Wait[] {
  const { job } = seen;
  if (isOpen(job)) {
    const disabled: readonly Wait[] =
      job.state === 'active' ? [] : [{ code: 'jobDisabled', text: 'No task is started until it is enabled.' }];
    if (job.openTasks > 0) return [...disabled, ...explainTasks(seen)];
    const text = 'It has no task that has not completed; it goes on until it is terminated or deleted.';
    return [...disabled, { code: 'noTasks', text }];
  }
  const counts = countByCode(nodes);
  const { ending = 0, releasing = 0 } = counts;
  const why = job.terminateReason === undefined ? '' : ` (${job.terminateReason})`;
  if (job.state === 'completed') return [{ code: 'jobCompleted', text: `It is over${why}; nothing is waited for.` }];
  const waits: Wait[] = [];
  if (ending > 0)
    waits.push({
      code: 'endingTasks',
      text: `What is left of it is being killed on ${countOf(ending, 'node')}${why}.`,
    });
  if (releasing > 0)
    waits.push({ code: 'releasing', text: `The job release task is awaited on ${countOf(releasing, 'node')}${why}.` });
  if (waits.length === 0)
    waits.push({ code: 'removal', text: 'No node owes it anything; it ends in the next look at its pool.' });
  return waits;
}

function countByCode(nodes: readonly NodeExplanation[]): Partial<Record<NodeCode, number>> {
  const counts: Partial<Record<NodeCode, number>> = {};
  for (const { code } of nodes) counts[code] = (counts[code] ?? 0) + 1;
  return counts;
}

function firstOfEach(nodes: readonly NodeExplanation[]): readonly NodeExplanation[] {
  const named: Partial<Record<NodeCode, number>> = {};
  return nodes.filter(({ code }) => (named[code] = (named[code] ?? 0) + 1) <= mostNamed);
}

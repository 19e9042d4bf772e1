// What happens next by itself: time limits, orders that are repeated, nodes that are given up, the pool's wake-up. Pure.
import type { JobNode, OrderedRun } from '../job-nodes/job-node.js';
import { deadlineOf, isOver } from '../jobs/job-decisions.js';
import type { Node } from '../nodes/node.js';
import { isReachable } from '../nodes/node-decisions.js';
import { acknowledgeWithinMs } from '../nodes/node-messages.js';
import { busySilenceMs } from '../passes/loss-decisions.js';
import type { NextEvent } from './explanation.js';
import type { SeenForExplanation } from './see-job.js';

const mostEvents = 20;

const later = (at: string, ms: number): string => new Date(Date.parse(at) + ms).toISOString();

/** The soonest of them; what should have happened by now is among them, as it happens in the next look at the pool. */
export function findNextEvents(seen: SeenForExplanation): readonly NextEvent[] {
  const { job, pool } = seen;
  if (isOver(job)) return [];
  const deadline = deadlineOf(job);
  const events: NextEvent[] = [
    ...(deadline === undefined
      ? []
      : [
          { code: 'jobTimeLimit' as const, at: deadline, text: 'The job is terminated: its maxWallClockTime is over.' },
        ]),
    ...seen.jobNodes.flatMap((jobNode) => ofJobNode(seen, jobNode)),
    ...(pool?.wakeUpAt === undefined
      ? []
      : [
          {
            code: 'poolLookedAt' as const,
            at: pool.wakeUpAt,
            text: `Pool '${pool.definition.id}' is looked at again.`,
          },
        ]),
  ];
  return events.sort((a, b) => a.at.localeCompare(b.at)).slice(0, mostEvents);
}

function ofJobNode(seen: SeenForExplanation, jobNode: JobNode): readonly NextEvent[] {
  const node = seen.nodes.find(({ id }) => id === jobNode.nodeId);
  if (node === undefined || !isReachable(node)) return [];
  return [
    ...preparationLimit(seen, jobNode),
    ...releaseLimit(seen, jobNode),
    ...taskLimits(seen, jobNode),
    ...repeats(jobNode),
    ...silence(seen, jobNode, node),
  ];
}

function preparationLimit({ job }: SeenForExplanation, { preparation, nodeId }: JobNode): readonly NextEvent[] {
  const limitMs = job.definition.jobPreparationTask?.constraints.maxWallClockMs;
  if (preparation.state !== 'running' || limitMs === undefined) return [];
  const text = `The job preparation task on node '${nodeId}' is killed: its maxWallClockTime is over.`;
  return [{ code: 'preparationTimeLimit', at: later(preparation.startTime, limitMs), text }];
}

function releaseLimit({ job }: SeenForExplanation, { release, nodeId }: JobNode): readonly NextEvent[] {
  const limitMs = job.definition.jobReleaseTask?.maxWallClockMs;
  if (release.state !== 'running' || limitMs === undefined) return [];
  const text = `The job release task on node '${nodeId}' is killed: its maxWallClockTime is over.`;
  return [{ code: 'releaseTimeLimit', at: later(release.startTime, limitMs), text }];
}

function taskLimits({ onNodes }: SeenForExplanation, { runs, nodeId }: JobNode): readonly NextEvent[] {
  return runs.flatMap(({ taskId, startTime }): NextEvent[] => {
    const limitMs = onNodes.find(({ definition }) => definition.id === taskId)?.definition.constraints.maxWallClockMs;
    if (startTime === undefined || limitMs === undefined) return [];
    const text = `Task '${taskId}' on node '${nodeId}' is killed: its maxWallClockTime is over.`;
    return [{ code: 'taskTimeLimit', at: later(startTime, limitMs), text }];
  });
}

function repeats(jobNode: JobNode): readonly NextEvent[] {
  const unheard = inFlight(jobNode).filter(({ heard }) => !heard);
  const [first] = unheard.map(({ orderedAt, repeatedAt }) => repeatedAt ?? orderedAt).sort();
  if (first === undefined) return [];
  const text = `Node '${jobNode.nodeId}' is told again what it has not answered.`;
  return [{ code: 'orderRepeated', at: later(first, acknowledgeWithinMs), text }];
}

function silence({ pool }: SeenForExplanation, jobNode: JobNode, node: Node): readonly NextEvent[] {
  const ordered = inFlight(jobNode).map(({ orderedAt }) => orderedAt);
  const [oldest] = ordered.sort();
  if (oldest === undefined) return [];
  const [latest = oldest] = [node.lastSeen ?? node.allocationTime, pool?.watchingSince ?? oldest, oldest]
    .sort()
    .reverse();
  const text = `Node '${node.id}' is given up for lost, unless it is heard of before.`;
  return [{ code: 'nodeGivenUp', at: later(latest, busySilenceMs), text }];
}

const inFlight = ({ preparation, release, runs }: JobNode): readonly OrderedRun[] => [
  ...(preparation.state === 'ordered' || preparation.state === 'running' ? [preparation] : []),
  ...(release.state === 'ordered' || release.state === 'running' ? [release] : []),
  ...runs,
];

// The last step of a pass: when to look again although nobody says anything. One wake-up at a time is under way for a pool.
import type { JobNode } from '../job-nodes/job-node.js';
import { acknowledgeWithinMs } from '../nodes/node-messages.js';
import { isReasked, type Draft } from './draft.js';
import { busySilenceMs, idleSilenceMs } from './loss-decisions.js';
import { isReachable } from '../nodes/node-decisions.js';

// A bound has passed once it is exceeded, so a look at the bound itself would come too early.
const afterBoundMs = 1000;
const longestAheadMs = 24 * 3600_000;

/** Notes the wake-up in the pool, if one is due earlier than the one under way; its instant is to be scheduled after saving. */
export function decideWakeUp(draft: Draft): Date | undefined {
  const { pool, now } = draft;
  if (pool === undefined) return undefined;
  const wantedMs = Math.min(nodesWantMs(draft), jobsWantMs(draft), stepsWantMs(draft));
  if (wantedMs === Infinity) return undefined;
  const underWayMs = pool.wakeUpAt === undefined ? undefined : Date.parse(pool.wakeUpAt);
  const stillComing = underWayMs !== undefined && underWayMs > now.getTime() && underWayMs <= wantedMs;
  if (stillComing) {
    const decidedAt = pool.wakeUpDecidedAt ?? draft.at;
    return isReasked(draft, decidedAt) ? new Date(underWayMs) : undefined;
  }
  const at = new Date(wantedMs);
  draft.pool = { ...pool, wakeUpAt: at.toISOString(), wakeUpDecidedAt: draft.at };
  return at;
}

function nodesWantMs(draft: Draft): number {
  if (![...draft.nodes.values()].some(isReachable)) return Infinity;
  return draft.now.getTime() + boundMs(draft) + afterBoundMs;
}

/** What a step of this pass waits for; of a far instant the way is gone in steps. */
function stepsWantMs({ lookAgainMs, now }: Draft): number {
  if (lookAgainMs === Infinity) return Infinity;
  return Math.min(Math.max(lookAgainMs, now.getTime()) + afterBoundMs, now.getTime() + longestAheadMs);
}

/** The nearest time limit of a job, also where there is no node; of a far one the way is gone in steps. */
function jobsWantMs({ refs, now }: Draft): number {
  const deadlines = [...refs.values()].flatMap(({ deadline }) =>
    deadline === undefined ? [] : [Date.parse(deadline)],
  );
  if (deadlines.length === 0) return Infinity;
  return Math.min(Math.max(Math.min(...deadlines), now.getTime() + afterBoundMs), now.getTime() + longestAheadMs);
}

/** How soon a node that can be reached may have to be asked again, or be given up. */
function boundMs(draft: Draft): number {
  const nodes = [...draft.nodes.values()].filter(isReachable);
  const nodeIds = new Set(nodes.map(({ id }) => id));
  const jobNodes = [...draft.jobs.values()]
    .flatMap((job) => [...job.jobNodes.values()])
    .filter(({ nodeId }) => nodeIds.has(nodeId));
  const isStartUnheard = nodes.some(({ startTask }) => startTask?.run.state === 'ordered' && !startTask.run.heard);
  if (isStartUnheard || jobNodes.some(isUnheard)) return acknowledgeWithinMs;
  const isBusy =
    draft.orders.size > 0 ||
    nodes.some(({ startTask }) => startTask?.run.state === 'running') ||
    nodes.some(({ leases }) => leases.length > 0) ||
    jobNodes.some(isInFlight);
  return isBusy ? busySilenceMs : idleSilenceMs;
}

const isUnheard = ({ preparation, release, runs }: JobNode): boolean =>
  (preparation.state === 'ordered' && !preparation.heard) ||
  (release.state === 'ordered' && !release.heard) ||
  runs.some(({ heard }) => !heard);

const isInFlight = ({ preparation, release }: JobNode): boolean =>
  [preparation, release].some(({ state }) => state === 'ordered' || state === 'running');

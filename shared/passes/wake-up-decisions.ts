// The last step of a pass: when to look again although nobody says anything. One wake-up at a time is under way for a pool.
import type { JobNode } from '../job-nodes/job-node.js';
import { acknowledgeWithinMs } from '../nodes/node-messages.js';
import { isReasked, type Draft } from './draft.js';
import { busySilenceMs, idleSilenceMs } from './loss-decisions.js';
import { isReachable } from './order-decisions.js';

// A bound has passed once it is exceeded, so a look at the bound itself would come too early.
const afterBoundMs = 1000;

/** Notes the wake-up in the pool, if one is due earlier than the one under way; its instant is to be scheduled after saving. */
export function decideWakeUp(draft: Draft): Date | undefined {
  const { pool, now } = draft;
  if (pool === undefined) return undefined;
  const nodes = [...draft.nodes.values()].filter(isReachable);
  if (nodes.length === 0) return undefined;
  const wantedMs = now.getTime() + boundMs(draft) + afterBoundMs;
  const underWayMs = pool.wakeUpAt === undefined ? undefined : Date.parse(pool.wakeUpAt);
  const stillComing = underWayMs !== undefined && underWayMs > now.getTime() && underWayMs <= wantedMs;
  if (stillComing) {
    // It was decided a bound before its instant at the latest.
    const decidedMs = underWayMs - acknowledgeWithinMs - afterBoundMs;
    return isReasked(draft, new Date(decidedMs).toISOString()) ? new Date(underWayMs) : undefined;
  }
  const at = new Date(wantedMs);
  draft.pool = { ...pool, wakeUpAt: at.toISOString() };
  return at;
}

/** How soon a node that can be reached may have to be asked again, or be given up. */
function boundMs(draft: Draft): number {
  const nodes = [...draft.nodes.values()].filter(isReachable);
  const nodeIds = new Set(nodes.map(({ id }) => id));
  const jobNodes = [...draft.jobs.values()]
    .flatMap((job) => [...job.jobNodes.values()])
    .filter(({ nodeId }) => nodeIds.has(nodeId));
  if (jobNodes.some(isUnheard)) return acknowledgeWithinMs;
  const isBusy = draft.orders.size > 0 || nodes.some(({ leases }) => leases.length > 0) || jobNodes.some(isInFlight);
  return isBusy ? busySilenceMs : idleSilenceMs;
}

const isUnheard = ({ preparation, release, runs }: JobNode): boolean =>
  (preparation.state === 'ordered' && !preparation.heard) ||
  (release.state === 'ordered' && !release.heard) ||
  runs.some(({ heard }) => !heard);

const isInFlight = ({ preparation, release }: JobNode): boolean =>
  [preparation, release].some(({ state }) => state === 'ordered' || state === 'running');

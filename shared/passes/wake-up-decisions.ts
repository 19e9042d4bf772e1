// The last step of a pass: when to look again although nobody says anything. One wake-up at a time is under way for a pool.
import { busySilenceMs, idleSilenceMs } from './loss-decisions.js';
import type { Draft } from './draft.js';

/** Notes the wake-up in the pool, if one is due earlier than the one under way; its instant is to be scheduled after saving. */
export function decideWakeUp(draft: Draft): Date | undefined {
  const { pool, now } = draft;
  if (pool === undefined) return undefined;
  const anyJoined = [...draft.nodes.values()].some((node) => node.epoch > 0 && node.state !== 'unknown');
  if (!anyJoined) return undefined;
  const busy =
    draft.orders.size > 0 || [...draft.nodes.values()].some((node) => node.leases.length > 0) || anyInFlight(draft);
  const wantedMs = now.getTime() + (busy ? busySilenceMs : idleSilenceMs);
  const underWayMs = pool.wakeUpAt === undefined ? undefined : Date.parse(pool.wakeUpAt);
  const stillComing = underWayMs !== undefined && underWayMs > now.getTime() && underWayMs <= wantedMs;
  if (stillComing) return draft.asked.reask ? new Date(underWayMs) : undefined;
  const at = new Date(wantedMs);
  draft.pool = { ...pool, wakeUpAt: at.toISOString() };
  return at;
}

function anyInFlight(draft: Draft): boolean {
  const flies = (state: string): boolean => state === 'ordered' || state === 'running';
  return [...draft.jobs.values()].some(({ jobNodes }) =>
    [...jobNodes.values()].some(
      ({ nodeId, preparation, release }) =>
        draft.nodes.has(nodeId) && (flies(preparation.state) || flies(release.state)),
    ),
  );
}

// What a capacity snapshot means for the nodes of a pool on this machine. Pure: knows no process and no disk.
import { z } from 'zod';
import type { Capacity } from '../../shared/nodes/node-messages.js';

/** What the provisioner remembers of a pool id; kept on disk, so that nodes come back after a restart. */
export const poolRecordSchema = z.object({
  poolId: z.string(),
  incarnation: z.string(),
  nodeIds: z.array(z.string()),
  /** Instant of the snapshot, ISO 8601 UTC: an older one of the same pool changes nothing. */
  asOf: z.string().optional(),
  /** Incarnations that have ended; a late snapshot does not bring them back. The newest last. */
  ended: z.array(z.string()),
});
export type PoolRecord = z.infer<typeof poolRecordSchema>;

export type CapacityDecision =
  { readonly kind: 'ignore'; readonly reason: string } | { readonly kind: 'apply'; readonly record: PoolRecord };

/** Late snapshots come within a message's life; far fewer pools of one id than this end in that time. */
const rememberedEnded = 16;

/**
 * Takes a snapshot over what is known. Snapshots may come twice, late and out of order: the result is the same.
 * An empty list ends the incarnation for good, since a pool of that id that comes later has another one.
 */
export function decideCapacity(
  known: PoolRecord | undefined,
  wanted: Capacity,
  asOf: string | undefined,
): CapacityDecision {
  const ended = known?.ended ?? [];
  if (ended.includes(wanted.incarnation)) return { kind: 'ignore', reason: 'that pool has ended' };
  const isOlder = known?.asOf !== undefined && asOf !== undefined && Date.parse(asOf) < Date.parse(known.asOf);
  if (isOlder) return { kind: 'ignore', reason: 'a newer snapshot is known' };
  const isNewIncarnation = known?.incarnation !== wanted.incarnation;
  const isEnding = wanted.nodeIds.length === 0;
  if (isNewIncarnation && isEnding && known !== undefined && known.nodeIds.length > 0) {
    // Another pool of this id has ended; the present one stays, and that one never comes back.
    return { kind: 'apply', record: { ...known, ended: remember(ended, wanted.incarnation) } };
  }
  const nowEnded = [
    ...(isNewIncarnation && known !== undefined ? [known.incarnation] : []),
    ...(isEnding ? [wanted.incarnation] : []),
  ];
  return {
    kind: 'apply',
    record: {
      poolId: wanted.poolId,
      incarnation: wanted.incarnation,
      nodeIds: [...new Set(wanted.nodeIds)],
      ...(asOf === undefined ? {} : { asOf }),
      ended: remember(ended, ...nowEnded),
    },
  };
}

/**
 * What to do with one node, by the pool incarnation its machine was made for and the one it is wanted for; undefined = none.
 * A machine of a former incarnation goes even if its id is wanted again: it is another pool's disk.
 */
export function decideMachine(
  present: string | undefined,
  wanted: string | undefined,
): 'nothing' | 'start' | 'remove' | 'replace' {
  if (present === wanted) return 'nothing';
  if (present === undefined) return 'start';
  return wanted === undefined ? 'remove' : 'replace';
}

/** A folder name for any pool or node id: harmless characters stay, others become `~` and their hexadecimal code. */
export function folderName(id: string): string {
  return id.replace(/[^A-Za-z0-9_-]/gu, (character) => `~${(character.codePointAt(0) ?? 0).toString(16)}~`) || '~';
}

function remember(ended: readonly string[], ...more: readonly string[]): string[] {
  return [...new Set([...ended, ...more])].slice(-rememberedEnded);
}

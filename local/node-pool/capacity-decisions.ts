// What a capacity snapshot means for the nodes of a pool on this machine. Pure: knows no process and no disk.
import { z } from 'zod';
import type { Capacity } from '../../shared/nodes/node-messages.js';

/** How many boots and new images a machine has had on request, or is to have. */
export const powerSchema = z.object({ boots: z.int(), images: z.int() });
export type Power = z.infer<typeof powerSchema>;

/** What the provisioner remembers of a pool id; kept on disk, so that nodes come back after a restart. */
export const poolRecordSchema = z.object({
  poolId: z.string(),
  incarnation: z.string(),
  nodeIds: z.array(z.string()),
  /** By node, how many boots and new images were asked for; absent = none. */
  power: z.record(z.string(), powerSchema).optional(),
  /** Instant of the snapshot, ISO 8601 UTC: an older one of the same pool changes nothing. */
  asOf: z.string().optional(),
  /** What machines of the pool join with. */
  joinKey: z.string().optional(),
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
 * `isEnding` ends the incarnation for good, since a pool of that id that comes later has another one.
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
  const isEnding = wanted.isEnding ?? wanted.nodeIds.length === 0;
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
      nodeIds: isEnding ? [] : [...new Set(wanted.nodeIds)],
      ...(wanted.power === undefined ? {} : { power: wanted.power }),
      ...(asOf === undefined ? {} : { asOf }),
      ...(wanted.joinKey === undefined ? {} : { joinKey: wanted.joinKey }),
      ended: remember(ended, ...nowEnded),
    },
  };
}

/** A machine as it is, or as it is wanted: the pool incarnation that it is for, and what it was, or is to be, put through. */
export type MachineFacts = { readonly incarnation: string; readonly power: Power };

/**
 * What to do with one node; undefined = no machine. A machine of a former incarnation goes even if its id is wanted again: it is another
 * pool's disk.
 */
export function decideMachine(
  present: MachineFacts | undefined,
  wanted: MachineFacts | undefined,
): 'nothing' | 'start' | 'remove' | 'replace' | 'reboot' | 'reimage' {
  if (present === undefined) return wanted === undefined ? 'nothing' : 'start';
  if (wanted === undefined) return 'remove';
  if (present.incarnation !== wanted.incarnation) return 'replace';
  if (present.power.images < wanted.power.images) return 'reimage';
  return present.power.boots < wanted.power.boots ? 'reboot' : 'nothing';
}

/** What is wanted of a node by what is remembered of its pool. */
export function wantedMachine(record: PoolRecord | undefined, nodeId: string): MachineFacts | undefined {
  if (record?.nodeIds.includes(nodeId) !== true) return undefined;
  return { incarnation: record.incarnation, power: record.power?.[nodeId] ?? { boots: 0, images: 0 } };
}

/** A folder name for any pool or node id: harmless characters stay, others become `~` and their hexadecimal code. */
export function folderName(id: string): string {
  return id.replace(/[^A-Za-z0-9_-]/gu, (character) => `~${(character.codePointAt(0) ?? 0).toString(16)}~`) || '~';
}

function remember(ended: readonly string[], ...more: readonly string[]): string[] {
  return [...new Set([...ended, ...more])].slice(-rememberedEnded);
}

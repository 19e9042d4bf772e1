// Which epoch a starting agent belongs to. Pure: it knows neither disk nor bus.
//
//   same epoch   same boot of the machine, nobody ended the boot on purpose, same image: living processes are adopted.
//   next epoch   the machine was rebooted, or the node was shut down: what had not ended is lost.
//   next image   the node root is not the one that was left, or the journal is gone: no preparation counts any more.
import { z } from 'zod';
import type { Instant } from './instant.js';
import type { NodeRecord } from './node-record.js';

/** Left in the node root, to know it again. Its epoch outlives a lost journal. */
export const imageMarkerSchema = z.object({ imageId: z.string(), epoch: z.int() });
export type ImageMarker = z.infer<typeof imageMarkerSchema>;

export type JoinDecision = {
  readonly node: NodeRecord;
  readonly isSameEpoch: boolean;
  readonly isNewImage: boolean;
};

/** Decides the epoch from what journal and root hold; `freshImageId` is used for a new image. */
export function decideJoin(
  seen: { readonly node: NodeRecord | undefined; readonly marker: ImageMarker | undefined },
  now: Instant,
  freshImageId: string,
): JoinDecision {
  const { node, marker } = seen;
  const isNewImage = node === undefined || marker === undefined || marker.imageId !== node.imageId;
  // Nobody was told of an epoch that was not joined, so it can simply be joined again.
  if (node !== undefined && !node.hasJoined)
    return { node: { ...node, epochBeganAt: now }, isSameEpoch: false, isNewImage: false };
  if (!isNewImage && !node.wasShutDown && node.epochBeganAt.bootId === now.bootId)
    return { node, isSameEpoch: true, isNewImage: false };
  const epoch = Math.max(node?.epoch ?? 0, marker?.epoch ?? 0) + 1;
  return {
    node: {
      version: 1,
      epoch,
      imageEpoch: isNewImage ? epoch : node.imageEpoch,
      imageId: isNewImage ? freshImageId : node.imageId,
      epochBeganAt: now,
      hasJoined: false,
      wasShutDown: false,
      reservedSequence: node?.reservedSequence ?? 0,
    },
    isSameEpoch: false,
    isNewImage,
  };
}

/** The controller knows a later epoch of this node than the journal: it was lost once. Outranks it, as a new image. */
export function decideOutrank(node: NodeRecord, knownEpoch: number, now: Instant): NodeRecord {
  const epoch = Math.max(node.epoch, knownEpoch) + 1;
  return { ...node, epoch, imageEpoch: epoch, epochBeganAt: now };
}

// Watches how much of the node's disk is free, and has the controller told when it becomes too little, and when it is enough again.
// https://learn.microsoft.com/azure/batch/batch-pool-node-error-checking#full-disk
import type { Timer } from '../shared/clock.js';
import type { NodeFault } from '../shared/nodes/node-messages.js';
import type { AgentWorld } from './agent-context.js';

export type DiskWatch = {
  /** What is wrong with the disk now. */
  faults(): readonly NodeFault[];
  stop(): void;
};

/** Below this much free space a disk counts as full unless told otherwise: the figure that Batch's documentation shows. */
export const defaultReservedDiskBytes = 1_000_000;
const lookEveryMs = 10_000;
// Whoever makes room wants to go on.
const lookWhileFullMs = 5_000;
// Enough is somewhat more than too little, or a disk at the edge would come and go.
const mostMarginBytes = 100_000_000;

/** `onChange`: the faults are others than before. */
export function startDiskWatch(
  { disk, clock, log, identity }: Pick<AgentWorld, 'disk' | 'clock' | 'log' | 'identity'>,
  onChange: () => void,
): DiskWatch {
  const { reservedDiskBytes = defaultReservedDiskBytes } = identity;
  let isFull = false;
  let isStopped = false;
  let timer: Timer | undefined;
  const look = async (): Promise<void> => {
    try {
      const freeBytes = await disk.freeBytes();
      const wantedBytes = reservedDiskBytes + (isFull ? Math.min(reservedDiskBytes, mostMarginBytes) : 0);
      const wasFull = isFull;
      isFull = freeBytes < wantedBytes;
      if (isStopped || wasFull === isFull) return;
      log.warn(isFull ? 'disk became full' : 'disk has room again', { freeBytes, reservedDiskBytes });
      onChange();
    } catch (error) {
      log.warn('free space of the disk was not read', { error });
    }
  };
  const watch = (): void => {
    void look().then(() => {
      if (!isStopped) timer = clock.schedule(isFull ? lookWhileFullMs : lookEveryMs, watch);
    });
  };
  watch();
  return {
    faults: () =>
      isFull
        ? [{ code: 'DiskFull', message: `Less than ${reservedDiskBytes} bytes are free on the disk of the node` }]
        : [],
    stop() {
      isStopped = true;
      timer?.cancel();
    },
  };
}

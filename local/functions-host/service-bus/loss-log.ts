// One log line when a queue is lost and one when it is back, however many strands and attempts there are in between.
import type { Log } from '../../../shared/log.js';

export type LossLog = { happened(error: unknown): void; ended(): void };

export function createLossLog(log: Log): LossLog {
  let isLost = false;
  return {
    happened(error) {
      if (!isLost) log.warn('queue was lost; trying again', { error });
      isLost = true;
    },
    ended() {
      if (isLost) log.info('queue was reached again');
      isLost = false;
    },
  };
}

// When reports are sent: at once when one is due and none is in flight, together when one is, and now and then as a sign of life.
// Knows nothing of what a report says.
import type { Clock, Timer } from '../shared/clock.js';
import type { Log } from '../shared/log.js';

export type Reporter = {
  /** A report is to be sent within `delayMs`; 0 = now. A report that is built later than this call answers it. */
  request(delayMs: number): void;
  stop(): void;
};

export type ReporterOptions = {
  readonly clock: Clock;
  readonly log: Log;
  /** What has to happen before a snapshot can be built; changes meanwhile still get into it. */
  readonly prepare: () => Promise<void>;
  /** Builds the newest snapshot in this turn and sends it; true when another should follow. Rejects when it is not known to have arrived. */
  readonly send: () => Promise<boolean>;
  /** How soon the next sign of life is owed, asked after each report. */
  readonly presenceMs: () => number;
};

const firstBackOffMs = 100;
const longestBackOffMs = 5_000;

export function startReporter({ clock, log, prepare, send, presenceMs }: ReporterOptions): Reporter {
  let dueAtMs = Infinity;
  let isInFlight = false;
  let isStopped = false;
  let failures = 0;
  let timer: Timer | undefined;

  const arm = (): void => {
    timer?.cancel();
    timer = undefined;
    if (isStopped || isInFlight || dueAtMs === Infinity) return;
    const leftMs = dueAtMs - clock.monotonicMs();
    if (leftMs <= 0) void sendNewest();
    else timer = clock.schedule(leftMs, arm);
  };
  const request = (delayMs: number): void => {
    // While the broker does not answer, only the back-off decides when the next snapshot goes.
    const earliestMs = failures > 0 && !isInFlight ? dueAtMs : -Infinity;
    dueAtMs = Math.max(earliestMs, Math.min(dueAtMs, clock.monotonicMs() + delayMs));
    arm();
  };
  const sendNewest = async (): Promise<void> => {
    isInFlight = true;
    let nextMs: number;
    try {
      await prepare();
      dueAtMs = Infinity;
      const isMore = await send();
      if (failures > 0) log.info('reports arrived again', { failures });
      failures = 0;
      nextMs = isMore ? 0 : presenceMs();
    } catch (error) {
      failures += 1;
      if (failures === 1) log.warn('report was not sent', { error });
      nextMs = Math.min(firstBackOffMs * 2 ** (failures - 1), longestBackOffMs);
      dueAtMs = Infinity;
    }
    isInFlight = false;
    if (isStopped) return;
    dueAtMs = Math.min(dueAtMs, clock.monotonicMs() + nextMs);
    arm();
  };
  return {
    request,
    stop() {
      isStopped = true;
      timer?.cancel();
    },
  };
}

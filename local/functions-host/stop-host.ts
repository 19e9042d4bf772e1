// How a host stops: no new work, what is in flight finishes or is given up, the app's last hooks, then the connections.
import type { Clock } from '../../shared/clock.js';
import type { Log } from '../../shared/log.js';
import type { Invoker } from './app/invoke.js';
import { withDeadline } from './deadline.js';

/** Something that brings work into the host. */
export type Intake = {
  /** Takes no more; resolves when all it took has been answered or settled. */
  stopReceiving(): Promise<void>;
  /** Ends its connections, whatever is under way. */
  close(): Promise<void>;
};

// What is given up still has to be abandoned and answered.
const settleMs = 700;
const hooksMs = 500;
const closeMs = 700;

/**
 * Stops all intakes. Takes at most `graceMs` plus two seconds and never rejects; what goes wrong is logged.
 * `terminate` runs the app's appTerminate hooks.
 */
export async function stopHost(
  intakes: readonly Intake[],
  options: { invoker: Invoker; clock: Clock; log: Log; graceMs: number; terminate: () => Promise<void> },
): Promise<void> {
  const { invoker, clock, log, graceMs } = options;
  const bounded = (work: Promise<unknown>, ms: number, message: string): Promise<boolean> =>
    withDeadline(work, { clock, ms }).then(
      () => true,
      (error: unknown) => {
        log.warn(message, { error });
        return false;
      },
    );
  const finished = Promise.all([...intakes.map((intake) => intake.stopReceiving()), invoker.idle()]);
  if (!(await bounded(finished, graceMs, 'functions in flight were given up'))) {
    invoker.giveUp();
    await bounded(finished, settleMs, 'work in flight was left unsettled');
  }
  await bounded(options.terminate(), hooksMs, 'appTerminate hooks did not end well');
  await bounded(Promise.all(intakes.map((intake) => intake.close())), closeMs, 'connections did not close in time');
}

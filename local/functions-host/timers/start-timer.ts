// Runs a timer-triggered function at each occurrence of its schedule, one run at a time, on the host's clock.
// It keeps no schedule across restarts: an occurrence missed while the host was down is not made up.
import type { Clock, Timer } from '../../../shared/clock.js';
import type { Log } from '../../../shared/log.js';
import type { InvocationRequest } from '../app/core-api.js';
import type { Intake } from '../stop-host.js';
import { nextOccurrence, parseSchedule, type Schedule } from './ncrontab.js';

/** What a timer function is called with, before the library lower-cases the first letters. */
export function timerPayload(last: Date | undefined, next: Date | undefined, isPastDue: boolean): object {
  // .NET's default date stands for "never ran".
  const text = (date: Date | undefined): string => date?.toISOString() ?? '0001-01-01T00:00:00';
  return {
    Schedule: { AdjustForDST: true },
    ScheduleStatus: { Last: text(last), Next: text(next), LastUpdated: text(last) },
    IsPastDue: isPastDue,
  };
}

/** The request of one run, `payload` being what `timerPayload` made. */
export function timerRequest(bindingName: string, payload: object): InvocationRequest {
  return { inputData: [{ name: bindingName, data: { json: JSON.stringify(payload) } }] };
}

/**
 * Prepares a schedule and returns what starts it. A run that fails is left to the invoker's log and the schedule goes on; an occurrence that passes while a
 * run lasts is skipped, as in Azure. Throws when the expression cannot be parsed.
 */
export function prepareTimer(options: {
  schedule: string;
  runOnStartup: boolean;
  clock: Clock;
  log: Log;
  run: (payload: object) => Promise<unknown>;
}): () => Intake {
  const schedule = parseSchedule(options.schedule);
  return () => startTimer({ ...options, schedule });
}

function startTimer(options: {
  schedule: Schedule;
  runOnStartup: boolean;
  clock: Clock;
  log: Log;
  run: (payload: object) => Promise<unknown>;
}): Intake {
  const { clock, log, schedule } = options;
  let timer: Timer | undefined;
  let isStopped = false;
  let last: Date | undefined;

  function arm(): void {
    const now = clock.now();
    const next = nextOccurrence(schedule, now);
    if (isStopped) return;
    if (next === undefined) return log.warn('schedule has no further occurrence');
    timer = clock.schedule(next.getTime() - now.getTime(), () => {
      // A clock that runs a little fast must not run the same occurrence twice.
      if (clock.now() < next) return arm();
      void fire(clock.now().getTime() - next.getTime() > 1000);
    });
  }

  async function fire(isPastDue: boolean): Promise<void> {
    const started = clock.now();
    try {
      await options.run(timerPayload(last, nextOccurrence(schedule, started), isPastDue));
    } catch {
      // The invoker has logged it; the next occurrence runs all the same.
    }
    last = started;
    if (!isStopped) arm();
  }

  if (options.runOnStartup) void fire(false);
  else arm();
  return {
    async stopReceiving() {
      isStopped = true;
      timer?.cancel();
    },
    async close() {},
  };
}

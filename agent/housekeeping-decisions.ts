// Which records have been remembered long enough. Pure.
import type { Instant } from './instant.js';
import type { EarlyKill, ForgottenJob } from './node-record.js';
import type { RunRecord } from './run-record.js';

const rememberedMs = 7 * 24 * 3600_000;
// However many tasks a node runs, no more than these are remembered beyond the time for which the bus keeps an order (an hour).
const mostRemembered = 10_000;
const orderLifetimeMs = 2 * 3600_000;

export type Expired = {
  readonly runIds: readonly string[];
  readonly incarnations: readonly string[];
  readonly earlyKills: readonly string[];
};

/** Only tasks and start tasks expire: a preparation's success is asked for as long as its job lives, until the job is forgotten. */
export function decideExpired(seen: {
  readonly runs: ReadonlyMap<string, RunRecord>;
  readonly forgottenJobs: ReadonlyMap<string, ForgottenJob>;
  readonly earlyKills: ReadonlyMap<string, EarlyKill>;
  readonly ageMs: (instant: Instant) => number;
}): Expired {
  const isOld = (instant: Instant): boolean => seen.ageMs(instant) > rememberedMs;
  const agedTasks = [...seen.runs.values()]
    .filter((run) => run.kind === 'task' || run.kind === 'startTask')
    .flatMap(({ runId, state }) =>
      state.name === 'ended' && state.acknowledged ? [{ runId, ageMs: seen.ageMs(state.endedAt) }] : [],
    )
    .sort((a, b) => a.ageMs - b.ageMs);
  return {
    runIds: agedTasks
      .filter(({ ageMs }, index) => ageMs > (index < mostRemembered ? rememberedMs : orderLifetimeMs))
      .map((run) => run.runId),
    incarnations: [...seen.forgottenJobs.values()]
      .filter((job) => job.isDone && isOld(job.at))
      .map((job) => job.incarnation),
    earlyKills: [...seen.earlyKills.values()].filter((kill) => isOld(kill.at)).map((kill) => kill.runId),
  };
}

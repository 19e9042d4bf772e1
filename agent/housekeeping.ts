// Forgets, hourly, what is remembered only so that an old order finds it: ended tasks, forgotten jobs, early kills.
import type { Timer } from '../shared/clock.js';
import type { AgentContext } from './agent-context.js';
import { decideExpired } from './housekeeping-decisions.js';

const intervalMs = 3600_000;

export function startHousekeeping(agent: AgentContext): { stop(): void } {
  const { journal, clock, processes, log } = agent;
  let timer: Timer;
  const tidy = async (): Promise<void> => {
    const expired = decideExpired({ ...journal, ageMs: agent.time.ageMs });
    for (const runId of expired.runIds) await processes.forget(runId);
    await journal.removeRuns(expired.runIds);
    await journal.removeForgottenJobs(expired.incarnations);
    await journal.removeEarlyKills(expired.earlyKills);
  };
  const arm = (): void => {
    timer = clock.schedule(intervalMs, () => {
      arm();
      tidy().catch((error: unknown) => log.warn('old records were not removed', { error }));
    });
  };
  arm();
  return { stop: () => timer.cancel() };
}

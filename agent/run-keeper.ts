// Gives every run that may run a life, and jobs that are to be forgotten their end. Called whenever something has changed.
import type { AgentContext } from './agent-context.js';
import { forgetJob } from './forget-job.js';
import { EndRequest } from './end-request.js';
import { liveRun } from './live-run.js';
import { decideNextSteps } from './run-decisions.js';
import type { Ending } from './run-record.js';
import { AgentStopped, untilDone } from './waiting.js';

export type RunKeeper = {
  /** Takes up the runs that an earlier agent of this epoch started. */
  adopt(): void;
  /** Starts what may start now. */
  advance(): void;
  /** Ends a run that has not ended; the first reason wins. */
  end(runId: string, ending: Ending): void;
  /** Resolves when no life is left; only once the agent stops. */
  settled(): Promise<void>;
};

export function createRunKeeper(agent: AgentContext): RunKeeper {
  const { journal, log, stop } = agent;
  const lives = new Map<string, AbortController>();
  const working = new Set<Promise<void>>();
  const forgetting = new Set<string>();

  const watch = (work: Promise<void>, finished: () => void): void => {
    const watched = work
      .catch((error: unknown) => {
        if (!(error instanceof AgentStopped)) log.error('work on runs stopped', { error });
      })
      .finally(() => {
        working.delete(watched);
        finished();
        advance();
      });
    working.add(watched);
  };
  const begin = (runId: string, reason?: EndRequest): void => {
    const ending = new AbortController();
    const ordered = journal.earlyKills.get(runId);
    if (reason !== undefined) ending.abort(reason);
    // An order that an earlier agent took but did not get to.
    else if (ordered !== undefined) ending.abort(new EndRequest({ ending: 'killed', failure: ordered.failure }));
    lives.set(runId, ending);
    // A life that met a fault goes on from the record, like that of an adopted run.
    const life = untilDone(() => liveRun(agent, runId, ending), { ...agent, what: 'life of a run' });
    watch(life, () => lives.delete(runId));
  };
  const advance = (): void => {
    if (stop.aborted) return;
    const steps = decideNextSteps({
      pending: journal.pending.values(),
      runs: journal.runs,
      live: new Set(lives.keys()),
      forgottenJobs: journal.forgottenJobs,
      imageEpoch: agent.node().imageEpoch,
    });
    for (const { runId, step } of steps)
      begin(runId, step === 'start' ? undefined : new EndRequest({ ending: 'killed' }));
    for (const job of journal.forgottenJobs.values()) {
      if (job.isDone || forgetting.has(job.incarnation) || isBusy(job.incarnation)) continue;
      forgetting.add(job.incarnation);
      const gone = untilDone(() => forgetJob(agent, job), { ...agent, what: 'job to be forgotten' });
      watch(gone, () => forgetting.delete(job.incarnation));
    }
  };
  const isBusy = (incarnation: string): boolean =>
    [...journal.pending.values()].some((run) => run.incarnation === incarnation && run.state.name !== 'ended');
  return {
    advance,
    end(runId, ending) {
      const reason = new EndRequest(ending);
      const life = lives.get(runId);
      if (life !== undefined) life.abort(reason);
      else if (journal.pending.get(runId)?.state.name === 'accepted') begin(runId, reason);
    },
    adopt() {
      for (const run of journal.pending.values()) if (run.state.name === 'running') begin(run.runId);
    },
    async settled() {
      while (working.size > 0) await Promise.allSettled(working);
    },
  };
}

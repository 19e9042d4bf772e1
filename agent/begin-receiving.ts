// The part of a run that comes before its command: receiving its files. It is journaled first, it shows as running, and it takes its share of
// the time that the run has.
import type { RunConstraints } from '../shared/tasks/run-definition.js';
import type { ResourceFile } from '../shared/tasks/resource-file.js';
import type { AgentContext } from './agent-context.js';
import { EndRequest } from './end-request.js';
import { wallClockExceeded } from './failures.js';
import type { Instant } from './instant.js';
import { receiveResourceFiles, type ReceiveOutcome } from './resource-files.js';
import type { AcceptedState, RunRecord } from './run-record.js';
import { untilDone, withFirstOf } from './waiting.js';

// Somebody looks at what receives its files for a while.
const beganReportMs = 500;

/** Journals that the run receives its files, before the first of them, and has it reported when that takes a while. */
export async function noteBeginning(agent: AgentContext, run: RunRecord, state: AcceptedState): Promise<Instant> {
  const beganAt = agent.time.now();
  const began = { ...run, state: { ...state, beganAt } };
  await untilDone(() => agent.journal.save({ runs: [began] }), { ...agent, what: 'beginning of a run was journaled' });
  agent.reporter.request(beganReportMs);
  return beganAt;
}

export type Given = {
  readonly files: readonly ResourceFile[];
  readonly constraints: RunConstraints;
  /** Working directory, relative to the node root. */
  readonly working: string;
  readonly beganAt: Instant;
};

/** Receives the files. Rejects with the reason of `signal`, or with an EndRequest when the run's time is over meanwhile. */
export async function receiveInTime(
  agent: AgentContext,
  { files, constraints: { maxWallClockMs }, working, beganAt }: Given,
  signal: AbortSignal,
): Promise<ReceiveOutcome> {
  const timeUp = new AbortController();
  const timer =
    maxWallClockMs === undefined
      ? undefined
      : agent.clock.schedule(maxWallClockMs - agent.time.ageMs(beganAt), () =>
          timeUp.abort(new EndRequest({ ending: 'wallClock', failure: wallClockExceeded })),
        );
  try {
    return await withFirstOf([signal, agent.stop, timeUp.signal], (first) =>
      receiveResourceFiles({ ...agent, working, signal: first }, files),
    );
  } finally {
    timer?.cancel();
  }
}

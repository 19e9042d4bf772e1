// Records of the agent's journal for tests of its decisions.
import type { Instant } from '../../agent/instant.js';
import type { RunRecord, RunState } from '../../agent/run-record.js';
import type { RunConstraints } from '../../shared/tasks/run-definition.js';

export function instantAt(uptimeMs: number, bootId = 'boot1'): Instant {
  return { bootId, uptimeMs, wallMs: 1_000_000 + uptimeMs };
}

export function definitionWith(constraints: Partial<RunConstraints> = {}) {
  return {
    commandLine: '/bin/true',
    environmentSettings: [],
    constraints: { retentionMs: 0, maxTaskRetryCount: 0, ...constraints },
  };
}

export const states = {
  accepted: { name: 'accepted', definition: { inline: definitionWith() } },
  running: {
    name: 'running',
    definition: definitionWith(),
    program: '/bin/true',
    tryNumber: 0,
    firstStartedAt: instantAt(0),
    startedAt: instantAt(0),
  },
  succeeded: ended({ ending: 'exited', exitCode: 0 }),
  failed: ended({ ending: 'exited', exitCode: 1 }),
  killed: ended({ ending: 'killed', exitCode: 137 }),
  lost: ended({ ending: 'lost' }),
  neverStarted: ended({ ending: 'neverStarted' }),
} as const satisfies Record<string, RunState>;

export function ended(
  rest: Pick<Extract<RunState, { name: 'ended' }>, 'ending'> & Partial<Extract<RunState, { name: 'ended' }>>,
): Extract<RunState, { name: 'ended' }> {
  return { name: 'ended', retryCount: 0, endedAt: instantAt(10), acknowledged: false, ...rest };
}

export function recordWith(given: Partial<RunRecord> & { readonly runId: string }): RunRecord {
  return {
    version: 1,
    kind: 'task',
    jobId: 'job1',
    incarnation: 'incarnation1',
    jobDirectory: 'workitems/job1/job-1',
    taskId: given.runId,
    attempt: 1,
    imageEpoch: 1,
    acceptedAt: instantAt(0),
    state: states.accepted,
    ...given,
  };
}

// What a report says: the journal's unacknowledged runs as the controller reads them. Pure.
import { createHash } from 'node:crypto';
import type { NodeFault, Report, RunReport } from '../shared/nodes/node-messages.js';
import { agentVersion, sessionOf, type Identity } from './identity.js';
import type { Instant, NodeTime } from './instant.js';
import type { NodeRecord } from './node-record.js';
import type { RunRecord, TryRecord } from './run-record.js';

// A message holds 256 KB, and the signed text is a third longer; what does not fit goes into the next report.
const largestRunsCharacters = 150_000;
const mostAskedFor = 20;

export type BuiltReport = {
  readonly report: Report;
  /** Runs whose end this report carries. */
  readonly ends: readonly string[];
  /** An end that no report has told yet did not fit: another report should follow. */
  readonly isPartial: boolean;
};

/**
 * The snapshot of `pending` runs. If they do not fit into one message, ends that no report has told come first, told ends last: so each
 * report of a series tells something new, and the series ends.
 */
export function buildReport(seen: {
  readonly identity: Identity;
  readonly node: NodeRecord;
  readonly poolIncarnation: string | undefined;
  readonly pending: Iterable<RunRecord>;
  readonly sequence: number;
  /** Runs whose end a report of this agent has carried. */
  readonly told: ReadonlySet<string> | ReadonlyMap<string, unknown>;
  readonly time: NodeTime;
  /** What is wrong with the node. */
  readonly faults?: readonly NodeFault[];
  /** Jobs whose output the node cannot send, for want of a URL. */
  readonly jobsWithoutLogTarget?: readonly { readonly jobId: string; readonly incarnation: string }[];
}): BuiltReport {
  const now = seen.time.now();
  // A few suffice: the others are asked for once these are answered.
  const needsLogTarget = (seen.jobsWithoutLogTarget ?? []).slice(0, mostAskedFor);
  const rank = (run: RunRecord): number => (run.state.name !== 'ended' ? 1 : seen.told.has(run.runId) ? 2 : 0);
  const all = [...seen.pending].sort((a, b) => rank(a) - rank(b));
  const runs: RunReport[] = [];
  let characters = 0;
  for (const run of all) {
    const told = toRunReport(run, seen.time.ageMs);
    characters += JSON.stringify(told).length + 1;
    if (characters > largestRunsCharacters) break;
    runs.push(told);
  }
  return {
    report: {
      poolId: seen.identity.poolId,
      nodeId: seen.identity.nodeId,
      epoch: seen.node.epoch,
      imageEpoch: seen.node.imageEpoch,
      imageId: seen.node.imageId,
      ...(seen.poolIncarnation === undefined ? {} : { poolIncarnation: seen.poolIncarnation }),
      sequence: seen.sequence,
      agentVersion,
      nodeTime: new Date(now.wallMs).toISOString(),
      bootedAgoMs: seen.time.ageMs(seen.node.epochBeganAt),
      runs,
      ...((seen.faults ?? []).length === 0 ? {} : { faults: [...(seen.faults ?? [])] }),
      ...(needsLogTarget.length === 0 ? {} : { needsLogTarget }),
    },
    ends: runs.filter((run) => run.state === 'ended').map((run) => run.runId),
    isPartial: all.slice(runs.length).some((run) => rank(run) === 0),
  };
}

/** One run as the controller reads it; `ageMs` tells how long ago an instant was. */
export function toRunReport(run: RunRecord, ageMs: (instant: Instant) => number): RunReport {
  const { state } = run;
  const common = {
    runId: run.runId,
    kind: run.kind,
    jobId: run.jobId,
    incarnation: run.incarnation,
    taskId: run.taskId,
    attempt: run.attempt,
  };
  switch (state.name) {
    case 'accepted':
      return {
        ...common,
        state: state.beganAt === undefined ? 'accepted' : 'running',
        ...started(state.beganAt, 0, ageMs),
        ...(state.needsFreshOrder === true ? { needsFreshOrder: true } : {}),
      };
    case 'running':
      return { ...common, state: 'running', ...started(state.startedAt, state.tryNumber, ageMs) };
    case 'ended':
      return {
        ...common,
        state: 'ended',
        ...started(state.startedAt, state.retryCount, ageMs),
        endedAgoMs: ageMs(state.endedAt),
        ending: state.ending,
        ...(state.exitCode === undefined ? {} : { exitCode: state.exitCode }),
        ...(state.failure === undefined ? {} : { failure: state.failure }),
        ...(run.kind !== 'preparation' || state.tries === undefined ? {} : { tries: toldTries(state.tries, ageMs) }),
      };
  }
}

function toldTries(tries: readonly TryRecord[], ageMs: (instant: Instant) => number): RunReport['tries'] {
  return tries.map(({ number, startedAt, endedAt, exitCode }) => ({
    retry: number,
    startedAgoMs: ageMs(startedAt),
    endedAgoMs: ageMs(endedAt),
    ...(exitCode === undefined ? {} : { exitCode }),
  }));
}

// Batch resets a task's start to that of its latest retry, so both ages come from the same instant.
function started(
  startedAt: Instant | undefined,
  retryCount: number,
  ageMs: (instant: Instant) => number,
): Pick<RunReport, 'startedAgoMs' | 'retryCount' | 'lastRetryAgoMs'> {
  if (startedAt === undefined) return { retryCount };
  const agoMs = ageMs(startedAt);
  return { startedAgoMs: agoMs, retryCount, ...(retryCount > 0 ? { lastRetryAgoMs: agoMs } : {}) };
}

/** Names a report for good: node, epoch, number. Long ids are replaced by a digest. */
export function reportMessageId(identity: Identity, epoch: number, sequence: number): string {
  const readable = `${sessionOf(identity)}/${epoch}/${sequence}`;
  return readable.length <= 128 ? readable : createHash('sha256').update(readable).digest('hex');
}

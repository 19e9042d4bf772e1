// What a report says: the journal's unacknowledged runs as the controller reads them. Pure.
import { createHash } from 'node:crypto';
import type { Report, RunReport } from '../shared/nodes/node-messages.js';
import { agentVersion, sessionOf, type Identity } from './identity.js';
import type { Instant, NodeTime } from './instant.js';
import type { NodeRecord } from './node-record.js';
import type { RunRecord } from './run-record.js';

// A message holds 256 KB; what does not fit goes into the next report.
const largestRunsCharacters = 190_000;

export type BuiltReport = {
  readonly report: Report;
  /** Runs whose end this report carries. */
  readonly ends: readonly string[];
  /** Not everything fitted: another report should follow. */
  readonly isPartial: boolean;
};

/** The snapshot of `pending` runs, ended ones first, since they wait for an answer. */
export function buildReport(seen: {
  readonly identity: Identity;
  readonly node: NodeRecord;
  readonly pending: Iterable<RunRecord>;
  readonly sequence: number;
  readonly time: NodeTime;
}): BuiltReport {
  const now = seen.time.now();
  const all = [...seen.pending].sort((a, b) => Number(b.state.name === 'ended') - Number(a.state.name === 'ended'));
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
      sequence: seen.sequence,
      agentVersion,
      nodeTime: new Date(now.wallMs).toISOString(),
      bootedAgoMs: seen.time.ageMs(seen.node.epochBeganAt),
      runs,
    },
    ends: runs.filter((run) => run.state === 'ended').map((run) => run.runId),
    isPartial: runs.length < all.length,
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
      return { ...common, state: 'accepted', retryCount: 0 };
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
      };
  }
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

// How the attempts of a job node come to be remembered: from the report of an end, or because the node will never tell of it. Pure.
import { failureExitCode } from '../tasks/failures.js';
import type { RunReport } from '../nodes/node-messages.js';
import { mostAttempts, type Attempt } from './attempt.js';
import { instantAgo, outcomeOf } from './job-node-decisions.js';
import type { JobNode } from './job-node.js';

/** The job node after a report of a preparation's or release's end was applied to `before`; the same object when there is nothing to add. */
export function rememberEnd(before: JobNode, after: JobNode, report: RunReport, now: Date): JobNode {
  const { kind, startedAgoMs, endedAgoMs, ending } = report;
  if (kind !== 'preparation' && kind !== 'release') return after;
  if (after === before || report.state !== 'ended' || ending === 'neverStarted') return after;
  const outcome = outcomeOf(report, now);
  const common = { kind, runId: report.runId, attempt: report.attempt };
  const earlier = (report.tries ?? []).map((tried): Attempt => {
    const times = { startTime: instantAgo(now, tried.startedAgoMs), endTime: instantAgo(now, tried.endedAgoMs) };
    const code = tried.exitCode === undefined ? {} : { exitCode: tried.exitCode };
    // Only what ended with a code other than 0 is tried again.
    return { ...common, retry: tried.retry, ...times, ...code, failureInfo: failureExitCode, result: 'failure' };
  });
  const last: Attempt = {
    ...common,
    retry: report.retryCount,
    startTime: instantAgo(now, startedAgoMs ?? endedAgoMs),
    endTime: instantAgo(now, endedAgoMs),
    ...(report.exitCode === undefined ? {} : { exitCode: report.exitCode }),
    ...(outcome?.failureInfo === undefined ? {} : { failureInfo: outcome.failureInfo }),
    result: outcome?.result ?? 'interrupted',
  };
  return withAttempts(after, [...earlier, last]);
}

/** The job node `after`, with what ran in `before` remembered as interrupted if it is not waited for any more. */
export function rememberInterrupted(before: JobNode, after: JobNode, now: Date): JobNode {
  let next = after;
  for (const kind of ['preparation', 'release'] as const) {
    const was = before[kind];
    if (was.state !== 'running' || ('runId' in after[kind] && after[kind].runId === was.runId)) continue;
    if (next.attempts?.some(({ runId }) => runId === was.runId) === true) continue;
    const attempt = kind === 'preparation' ? before.preparationAttempts : before.releaseAttempts;
    const { runId, startTime, retryCount } = was;
    next = withAttempts(next, [
      { kind, runId, attempt, retry: retryCount, startTime, endTime: now.toISOString(), result: 'interrupted' },
    ]);
  }
  return next;
}

function withAttempts(jobNode: JobNode, added: readonly Attempt[]): JobNode {
  const all = [...(jobNode.attempts ?? []), ...added];
  const newest = (kind: Attempt['kind']): Attempt[] => all.filter((each) => each.kind === kind).slice(-mostAttempts);
  return { ...jobNode, attempts: [...newest('preparation'), ...newest('release')] };
}

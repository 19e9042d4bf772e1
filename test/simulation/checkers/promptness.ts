// While nothing goes wrong, the tables learn at once that a run has ended: no sweep, no second order is needed for it.
import { fromJobNode } from '../../../shared/jobs/job-rows.js';
import type { JobNode } from '../../../shared/job-nodes/job-node.js';
import { parsedValues } from '../core/view.js';
import type { CreateChecker } from './checker.js';

// A few calls; the next thing that would mend an end that was not told comes after a minute.
const atOnceMs = 10_000;

export const checkPromptness: CreateChecker = ({ violate, faults, nowMs }) => {
  const endedAtMs = new Map<string, number>();
  let isDisturbed = false;
  return {
    onFact(fact) {
      if (fact.type === 'machineDown') isDisturbed = true;
      if (isDisturbed || faults() > 0) return;
      if (fact.type === 'processStarted') endedAtMs.delete(fact.process.runId);
      if (fact.type === 'processEnded') endedAtMs.set(fact.process.runId, nowMs());
      if (fact.type !== 'committed' || !fact.partition.startsWith('job:')) return;
      for (const { row, before, after } of fact.changes) {
        if (!row.startsWith('node:')) continue;
        const still = inFlight(parsedValues(after, fromJobNode));
        for (const runId of inFlight(parsedValues(before, fromJobNode))) {
          const endedMs = endedAtMs.get(runId);
          if (endedMs === undefined || still.has(runId)) continue;
          if (nowMs() - endedMs > atOnceMs)
            violate(
              'told at once',
              `the end of run ${runId} was known ${nowMs() - endedMs} ms later, though nothing went wrong`,
            );
        }
      }
    },
  };
};

function inFlight(jobNode: JobNode | undefined): ReadonlySet<string> {
  if (jobNode === undefined) return new Set();
  const own = [jobNode.preparation, jobNode.release].flatMap((run) =>
    run.state === 'ordered' || run.state === 'running' ? [run.runId] : [],
  );
  return new Set([...own, ...jobNode.runs.map(({ runId }) => runId)]);
}

// What the tables say of a run is what its process really did; bugs that the product itself notices are bugs.
import { fromJobNode } from '../../../shared/jobs/job-rows.js';
import { fromNode } from '../../../shared/pools/pool-rows.js';
import { forgedVersion } from '../core/facts.js';
import { fromTaskRow } from '../../../shared/tasks/task-rows.js';
import { parsedValues } from '../core/view.js';
import type { CreateChecker } from './checker.js';

export const checkTruth: CreateChecker = ({ violate }) => {
  const exits = new Map<string, number[]>();
  const running = new Set<string>();
  const exitsOf = (runId: string): readonly number[] => exits.get(runId) ?? [];
  const compare = (what: string, runId: string, result: string, exitCode: number | undefined): void => {
    const real = exitsOf(runId);
    if (result === 'success' && !real.includes(0))
      violate('truth', `${what} is told a success, but no process of it was`);
    if (exitCode !== undefined && exitCode !== 137 && !real.includes(exitCode))
      violate(
        'truth',
        `${what} is told to have ended with ${exitCode}, but ended with ${real.join(', ') || 'nothing'}`,
      );
  };
  return {
    onFact(fact) {
      if (fact.type === 'processStarted') {
        const { runId, machine, kind, jobId, taskId } = fact.process;
        const key = `${machine}/${runId}`;
        if (running.has(key)) violate('truth', `${kind} ${jobId}/${taskId} runs twice at once on ${machine}`);
        running.add(key);
      }
      if (fact.type === 'processEnded') {
        const { runId, machine } = fact.process;
        running.delete(`${machine}/${runId}`);
        exits.set(runId, [...exitsOf(runId), fact.exitCode]);
      }
      if (fact.type === 'logged' && fact.level === 'error' && /^pass failed/.test(fact.message))
        violate('no bug is logged', `${fact.who}: ${fact.message}`);
      if (fact.type === 'committed' && fact.partition.startsWith('pool:')) {
        for (const { row, after } of fact.changes)
          if (row.startsWith('node:') && parsedValues(after, fromNode)?.agentVersion === forgedVersion)
            violate('truth', `a report that ${row} did not sign was believed`);
      }
      if (fact.type !== 'committed' || !fact.partition.startsWith('job:')) return;
      for (const { row, after } of fact.changes) {
        if (row.startsWith('task:')) {
          const task = parsedValues(after, fromTaskRow);
          const { result, exitCode } = task?.execution ?? {};
          if (task?.assignment !== undefined && result !== undefined)
            compare(`task ${task.jobId}/${task.definition.id}`, task.assignment.runId, result, exitCode);
        }
        if (row.startsWith('node:')) {
          const jobNode = parsedValues(after, fromJobNode);
          for (const kind of ['preparation', 'release'] as const) {
            const run = jobNode?.[kind];
            if (jobNode === undefined || run?.state !== 'completed') continue;
            compare(`${kind} ${jobNode.jobId}/${jobNode.nodeId}`, run.runId, run.result, run.exitCode);
          }
        }
      }
    },
  };
};

// Promises 1 and 2, by the processes that really ran.
import type { JobDefinition } from '../../../shared/jobs/job.js';
import type { ProcessFact } from '../core/facts.js';
import { jobIn } from '../core/view.js';
import type { CreateChecker } from './checker.js';

type Done = { readonly boot: number; readonly image: number };

export const checkPreparations: CreateChecker = ({ violate }) => {
  const definitions = new Map<string, JobDefinition>();
  const succeeded = new Map<string, Done[]>();
  const running = new Map<string, Set<ProcessFact>>();
  const keyOf = ({ machine, incarnation }: ProcessFact): string => `${machine}/${incarnation}`;
  const at = (process: ProcessFact): string =>
    `${process.jobId}/${process.taskId} on ${process.machine}, boot ${process.boot}, image ${process.image}`;
  return {
    onFact(fact) {
      switch (fact.type) {
        case 'committed':
          for (const { row, after } of fact.changes) {
            if (row !== 'head' || !fact.partition.startsWith('job:')) continue;
            const job = jobIn(after);
            if (job !== undefined) definitions.set(job.incarnation, job.definition);
          }
          return;
        case 'processStarted': {
          const { process } = fact;
          if (process.kind === 'startTask') return;
          const definition = definitions.get(process.incarnation);
          if (definition === undefined) return violate('truth', `a process of no known job started: ${at(process)}`);
          const others = running.get(keyOf(process)) ?? new Set();
          running.set(keyOf(process), others.add(process));
          if (process.kind === 'preparation') {
            const beside = [...others].filter((other) => other.kind === 'preparation' && other !== process);
            if (beside.length > 0)
              violate('promise 2: one preparation at a time', `a second one began: ${at(process)}`);
          }
          if (process.kind !== 'task' || definition.jobPreparationTask?.waitForSuccess !== true) return;
          const { rerunOnNodeRebootAfterSuccess } = definition.jobPreparationTask;
          const isPrepared = (succeeded.get(keyOf(process)) ?? []).some(
            (done) => done.image === process.image && (!rerunOnNodeRebootAfterSuccess || done.boot === process.boot),
          );
          if (!isPrepared)
            violate('promise 1: prepared before the first task', `a task began unprepared: ${at(process)}`);
          return;
        }
        case 'processEnded': {
          const { process, exitCode, how } = fact;
          running.get(keyOf(process))?.delete(process);
          if (process.kind !== 'preparation' || exitCode !== 0 || how !== 'exited') return;
          const done = succeeded.get(keyOf(process)) ?? [];
          succeeded.set(keyOf(process), [...done, { boot: process.boot, image: process.image }]);
          return;
        }
        default:
      }
    },
  };
};

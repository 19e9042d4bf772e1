// The pool's start task: once in every boot of a node, and with `waitForSuccess` before anything of a job, by the processes that really ran.
import type { PoolDefinition } from '../../../shared/pools/pool.js';
import type { Node } from '../../../shared/nodes/node.js';
import { fromNode, fromPoolHead } from '../../../shared/pools/pool-rows.js';
import type { ProcessFact } from '../core/facts.js';
import { parsedValues } from '../core/view.js';
import type { CreateChecker } from './checker.js';

const promise = 'start task before the first task';

export const checkStartTasks: CreateChecker = ({ violate, machines }) => {
  // By pool: the start tasks that it has had.
  const definitions = new Map<string, PoolDefinition['startTask'][]>();
  const succeeded = new Set<string>();
  const running = new Set<string>();
  const bootOf = ({ machine, boot }: ProcessFact): string => `${machine}/${boot}`;
  return {
    onFact(fact) {
      switch (fact.type) {
        case 'committed': {
          if (!fact.partition.startsWith('pool:')) return;
          for (const { row, before, after } of fact.changes)
            if (row.startsWith('node:')) checkEpoch(parsedValues(before, fromNode), parsedValues(after, fromNode));
          const head = fact.changes.find(({ row }) => row === 'head');
          const pool = parsedValues(head?.after, fromPoolHead);
          if (pool === undefined) return;
          const { id, startTask } = pool.definition;
          const known = definitions.get(id) ?? [];
          const isNew = !known.some((each) => JSON.stringify(each) === JSON.stringify(startTask));
          if (isNew) definitions.set(id, [...known, startTask]);
          return;
        }
        case 'processStarted': {
          const { process } = fact;
          const boot = bootOf(process);
          if (process.kind === 'startTask') {
            if (running.has(boot)) violate(promise, `two start tasks run at once on ${process.machine}`);
            running.add(boot);
            return;
          }
          const poolId = machines().find(({ name }) => name === process.machine)?.poolId ?? '';
          // Where the pool was given another one meanwhile, the node may rightly have had none.
          const [startTask, ...others] = definitions.get(poolId) ?? [];
          if (startTask?.waitForSuccess !== true || others.length > 0 || process.kind === 'release') return;
          if (!succeeded.has(boot))
            violate(promise, `${process.kind} ${process.taskId} began on ${process.machine} before its start task`);
          return;
        }
        case 'processEnded': {
          const { process, exitCode, how } = fact;
          if (process.kind !== 'startTask') return;
          running.delete(bootOf(process));
          if (how === 'exited' && exitCode === 0) succeeded.add(bootOf(process));
          return;
        }
        default:
      }
    },
  };

  // An agent that is shut down and started again counts another epoch, whether or not its machine was booted.
  function checkEpoch(was: Node | undefined, is: Node | undefined): void {
    const [before, after] = [was?.startTask, is?.startTask];
    if (before === undefined || after === undefined || before.epoch !== after.epoch) return;
    if (before.run.state === 'completed' && before.run.runId !== after.run.runId)
      violate(promise, `the start task of ${is?.id ?? ''} was ordered again after its end in epoch ${after.epoch}`);
  }
};

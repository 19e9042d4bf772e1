// No task begins before all that it depends on have satisfied it, by the tables and by what was really run.
import { decideExitOptions } from '../../../shared/tasks/exit-decisions.js';
import { numberOf } from '../../../shared/tasks/dependencies.js';
import type { Task } from '../../../shared/tasks/task.js';
import type { CreateChecker } from './checker.js';

// Ranges in scenarios are short.
const longestRange = 100;

export const checkDependencies: CreateChecker = ({ violate, view }) => ({
  onFact(fact) {
    if (fact.type !== 'processStarted' || fact.process.kind !== 'task') return;
    const { jobId, taskId } = fact.process;
    const { job, tasks } = view.job(jobId);
    const task = tasks.find(({ definition }) => definition.id === taskId);
    if (task?.definition.dependsOn === undefined || job?.incarnation !== fact.process.incarnation) return;
    const { taskIds, taskIdRanges } = task.definition.dependsOn;
    for (const id of taskIds)
      if (!tasks.some((each) => each.definition.id.toLowerCase() === id.toLowerCase() && satisfies(each)))
        violate('dependencies', `task ${jobId}/${taskId} began before ${id}, which it depends on, had satisfied it`);
    for (const { start, end } of taskIdRanges)
      for (let number = start; number <= Math.min(end, start + longestRange); number += 1)
        if (!tasks.some((each) => numberOf(each.definition.id) === number && satisfies(each)))
          violate('dependencies', `task ${jobId}/${taskId} began before a task of number ${number} had satisfied it`);
  },
});

const satisfies = ({ state, execution, definition }: Task): boolean =>
  state === 'completed' && decideExitOptions(execution, definition.exitConditions).dependencyAction === 'satisfy';

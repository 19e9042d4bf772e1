// What users may do with the tasks between the two ends of a job: dependencies, exit conditions, ending and running them again.
import { taskDefinition } from '../../helpers/definitions.js';
import type { TaskDefinition } from '../../../shared/tasks/task.js';
import { completedWith } from './basic.js';
import { job, pool } from './definitions.js';
import { areDone, isCompleted } from './ends.js';
import type { Scenario } from './play.js';

const plain = (id: string, commandLine = 'sim 700', more: Partial<TaskDefinition> = {}): TaskDefinition =>
  taskDefinition(id, { commandLine, ...more });

const after = (
  id: string,
  taskIds: readonly string[],
  ranges: readonly (readonly [number, number])[] = [],
  commandLine = 'sim 700',
): TaskDefinition =>
  plain(id, commandLine, {
    dependsOn: { taskIds: [...taskIds], taskIdRanges: ranges.map(([start, end]) => ({ start, end })) },
  });

const dependencies: Scenario = {
  name: 'dependencies',
  about:
    'chains, fans and a range, added before and after what they depend on, one of which fails in a way that satisfies',
  isBasic: false,
  async script({ client, view, until, pause }) {
    await client.addPool(pool(2, 2));
    await client.addJob({ ...job({ preparation: 'sim 500' }), usesTaskDependencies: true });
    await client.addTasks('J', [
      after('last', ['left', 'right'], [[1, 3]]),
      after('left', ['first']),
      after('right', ['first', 'odd']),
    ]);
    await client.addTasks('J', [plain('first'), plain('1'), plain('02', 'sim 2500')]);
    await pause(3_000);
    const exitConditions = { default: { dependencyAction: 'satisfy' as const } };
    await client.addTasks('J', [plain('odd', 'sim 900 exit=4', { exitConditions }), after('3', ['1', '02'])]);
    await until('all tasks done', () => areDone(view, 8));
    await client.terminateJob('J');
    await until('the job completed', () => isCompleted(view));
  },
  findings: completedWith({ last: 0, left: 0, right: 0, first: 0, odd: 4, '1': 0, '02': 0, '3': 0 }),
};

export const taskScenarios: readonly Scenario[] = [dependencies];

// What users may do with the tasks between the two ends of a job: dependencies, exit conditions, ending and running them again.
import { taskDefinition } from '../../helpers/definitions.js';
import type { TaskDefinition } from '../../../shared/tasks/task.js';
import { completedWith } from './basic.js';
import { job, pool } from './definitions.js';
import { areDone, isCompleted } from './ends.js';
import type { View } from '../core/view.js';
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

const changes: Scenario = {
  name: 'task-changes',
  about: 'tasks are ended while they run, prepare and wait, two of them run again, and those that depend on them go on',
  isBasic: false,
  async script({ client, view, until, nextProcess, pause }) {
    const satisfying = { exitConditions: { default: { dependencyAction: 'satisfy' as const } } };
    await client.addPool(pool(2));
    await client.addJob({ ...job({ preparation: 'sim 1500' }), usesTaskDependencies: true });
    const prepares = nextProcess(({ process }) => process.kind === 'preparation');
    const runs = nextProcess(({ process }) => process.taskId === 'runs');
    await client.addTasks('J', [
      plain('prepares', 'sim 600000', satisfying),
      plain('runs', 'sim 600000'),
      plain('waits', 'sim 600000'),
      plain('fails', 'sim 400 exit=3'),
      after('follows', ['prepares', 'waits'], [], 'sim 400'),
    ]);
    await prepares;
    await client.terminateTask('J', 'prepares');
    await client.terminateTask('J', 'waits');
    await runs;
    await pause(800);
    await client.terminateTask('J', 'runs');
    await until('the failure', () => areCompleted(view, ['fails', 'runs', 'prepares', 'waits']));
    await client.reactivateTask('J', 'fails');
    await client.reactivateTask('J', 'waits');
    await pause(500);
    await client.terminateTask('J', 'waits');
    await client.deleteTask('J', 'follows');
    await until('all tasks done', () => areDone(view, 4));
    await client.terminateJob('J');
    await until('the job completed', () => isCompleted(view));
  },
  findings: (view) => [
    ...(isCompleted(view) ? [] : ['the job is not completed']),
    ...view
      .job('J')
      .tasks.filter(({ definition: { id }, execution }) =>
        id === 'fails' ? execution.exitCode !== 3 : execution.failureInfo?.code !== 'TaskEnded',
      )
      .map(({ definition: { id }, execution }) => `task ${id} ended as ${JSON.stringify(execution)}`),
  ],
};

const areCompleted = (view: View, taskIds: readonly string[]): boolean =>
  taskIds.every((id) =>
    view.job('J').tasks.some(({ definition, state }) => definition.id === id && state === 'completed'),
  );

const failure: Scenario = {
  name: 'task-failure-ends-job',
  about: 'a task fails in a way that its job ends with; the others are killed and releases run',
  isBasic: false,
  async script({ client, view, until }) {
    await client.addPool(pool(2));
    await client.addJob({ ...job({ preparation: 'sim 500' }), onTaskFailure: 'performexitoptionsjobaction' });
    await client.addTasks('J', [plain('long', 'sim 600000'), plain('fails', 'sim 2000 exit=3'), plain('never')]);
    await until('the job completed', () => isCompleted(view));
  },
  findings: (view) => {
    const reason = view.job('J').job?.terminateReason;
    return reason === 'TaskFailed' ? [] : [`the job ended because of ${reason}`];
  },
};

export const taskScenarios: readonly Scenario[] = [dependencies, changes, failure];

// What ends a job besides its user, and what users may do with a job while it goes on.
import type { JobDefinition } from '../../../shared/jobs/job.js';
import { releaseDefinition, taskDefinition } from '../../helpers/definitions.js';
import type { View } from '../core/view.js';
import { completedWith } from './basic.js';
import { job, pool, tasks } from './definitions.js';
import { areDone, exits, isCompleted, tasksAre } from './ends.js';
import type { Scenario } from './play.js';

const jobWith = (changes: Partial<JobDefinition>, shape: Parameters<typeof job>[0] = {}): JobDefinition => ({
  ...job(shape),
  ...changes,
});

/** What is wrong with how the job ended, if anything. */
const wrongReason = (view: View, terminateReason: string, jobId = 'J'): readonly string[] => {
  const found = view.job(jobId).job;
  return isCompleted(view, jobId) && found?.terminateReason === terminateReason
    ? []
    : [
        `job ${jobId} is ${found?.state ?? 'gone'} for ${found?.terminateReason ?? 'no reason'}, not ${terminateReason}`,
      ];
};

const timeLimit: Scenario = {
  name: 'job-time-limit',
  about: 'the time of a job is over while its tasks hang, that of another before its pool has a node',
  isBasic: false,
  async script({ client, view, until }) {
    const constraints = { maxWallClockMs: 20_000, maxTaskRetryCount: 0 };
    await client.addPool(pool(2));
    await client.addPool(pool(0, 1, { id: 'Q' }));
    await client.addJob(jobWith({ constraints }));
    await client.addJob(jobWith({ id: 'K', poolId: 'Q', constraints }));
    await client.addTasks(
      'J',
      tasks(3, () => 'sim 1 hang'),
    );
    await client.addTasks('K', tasks(1));
    await until('both jobs completed', () => isCompleted(view) && isCompleted(view, 'K'));
  },
  findings: (view) => ['J', 'K'].flatMap((jobId) => wrongReason(view, 'MaxWallClockTimeExpiry', jobId)),
};

const allComplete: Scenario = {
  name: 'all-tasks-complete',
  about: 'a job is told, while its tasks run, to end with the last of them; one of them fails',
  isBasic: false,
  async script({ client, view, until, nextProcess }) {
    await client.addPool(pool(2));
    await client.addJob(job());
    const runs = nextProcess(({ process }) => process.kind === 'task');
    await client.addTasks(
      'J',
      tasks(5, (number) => `sim 1500 exit=${number % 2}`),
    );
    await runs;
    await client.updateJob('J', { onAllTasksComplete: 'terminatejob' });
    await until('the job completed', () => isCompleted(view));
  },
  findings: (view) => [
    ...completedWith(exits(5, (number) => number % 2))(view),
    ...wrongReason(view, 'AllTasksComplete'),
  ],
};

const manager: Scenario = {
  name: 'job-manager',
  about: 'the job manager, which has a node for itself, ends its job while other tasks hang',
  isBasic: false,
  leavesOut: ['removed'],
  async script({ client, view, until }) {
    await client.addPool(pool(2, 2));
    const task = taskDefinition('manager', { commandLine: 'sim 9000', runExclusive: true });
    await client.addJob(jobWith({ jobManagerTask: { task, killJobOnCompletion: true, allowLowPriorityNode: true } }));
    await client.addTasks(
      'J',
      tasks(4, () => 'sim 1 hang'),
    );
    await until('the job completed', () => isCompleted(view));
  },
  findings: (view) => [...completedWith({ manager: 0 })(view), ...wrongReason(view, 'JMComplete')],
};

const pause: Scenario = {
  name: 'disable-and-enable',
  about:
    'a job is disabled in each way while its tasks run or prepare, and enabled again: every task is run to its end',
  isBasic: false,
  async script({ client, view, until, nextProcess, pause: wait, random }) {
    await client.addPool(pool(2, 2));
    await client.addJob(job());
    const prepares = nextProcess(({ process }) => process.kind === 'preparation');
    await client.addTasks('J', tasks(8));
    await prepares;
    for (const disableTasks of ['requeue', 'wait', 'requeue'] as const) {
      await wait(random.int(0, 4_000));
      await client.disableJob('J', disableTasks);
      await until('the job disabled', () => view.job('J').job?.state === 'disabled');
      if (!tasksAre(view, ['active', 'completed'])) throw new Error('a disabled job has a task on a node');
      await client.enableJob('J');
    }
    await wait(random.int(0, 2_000));
    await client.disableJob('J', 'requeue');
    await client.enableJob('J');
    await until('all tasks done', () => areDone(view, 8));
    await client.terminateJob('J');
    await until('the job completed', () => isCompleted(view));
  },
  findings: completedWith(exits(8)),
};

const forced: Scenario = {
  name: 'forced-end',
  about: 'a job whose release never ends is ended by force while other tasks and preparations of it still run',
  isBasic: false,
  async script({ client, view, until, nextProcess, pause: wait, random }) {
    await client.addPool(pool(3));
    await client.addJob(job({ preparation: 'sim 2500', release: 'sim 1 hang stubborn' }));
    const runs = nextProcess(({ process }) => process.kind === 'task');
    await client.addTasks(
      'J',
      tasks(6, (number) => (number % 2 === 0 ? 'sim 1 hang' : 'sim 300')),
    );
    await runs;
    await wait(random.int(0, 3_000));
    await client.terminateJob('J');
    await wait(random.int(0, 8_000));
    await client.terminateJob('J', { force: true });
    await until('the job completed', () => isCompleted(view));
  },
  findings: (view) => (isCompleted(view) ? [] : ['the job is not completed']),
};

const everywhere: Scenario = {
  name: 'release-after-preparation',
  about:
    'a job that is released wherever its preparation began: where it failed, and where the job’s end interrupted it',
  isBasic: false,
  async script({ client, view, until, nextProcess, pause: wait, random }) {
    await client.addPool(pool(3));
    const jobReleaseTask = releaseDefinition({
      commandLine: 'sim 900',
      maxWallClockMs: 15 * 60_000,
      releaseAfter: 'preparation',
    });
    await client.addJob(jobWith({ jobReleaseTask }, { preparation: 'sim 2000 failsOn=vm1' }));
    const prepares = nextProcess(({ process }) => process.kind === 'preparation');
    await client.addTasks('J', tasks(3));
    await prepares;
    await wait(random.int(0, 5_000));
    await client.terminateJob('J');
    await until('the job completed', () => isCompleted(view));
  },
  findings: (view) => (isCompleted(view) ? [] : ['the job is not completed']),
};

const moved: Scenario = {
  name: 'job-moved',
  about: 'a disabled job moves to another pool and back: it prepares in each, and what is owed elsewhere is waived',
  isBasic: false,
  leavesOut: ['removed'],
  async script({ client, view, until }) {
    await client.addPool(pool(1));
    await client.addPool(pool(1, 1, { id: 'Q' }));
    await client.addJob(job());
    let done = 0;
    for (const poolId of ['Q', 'P', undefined]) {
      await client.addTasks('J', [taskDefinition(`t${(done += 1)}`, { commandLine: 'sim 1000' })]);
      await until('the task done', () => areDone(view, done));
      if (poolId === undefined) continue;
      await client.disableJob('J', 'wait');
      await until('the job disabled', () => view.job('J').job?.state === 'disabled');
      await client.updateJob('J', { poolId });
      await client.enableJob('J');
    }
    await client.terminateJob('J');
    await until('the job completed', () => isCompleted(view));
  },
  findings: completedWith(exits(3)),
};

const barred: Scenario = {
  name: 'barred-everywhere',
  about: 'the preparation fails on every node: the job says so and waits, and ends as its user wants',
  isBasic: false,
  leavesOut: ['removed', 'replaced', 'reimage'],
  async script({ client, view, until }) {
    await client.addPool(pool(2));
    await client.addJob(job({ preparation: 'sim 500 exit=2' }));
    await client.addTasks('J', tasks(4));
    await until('the job blocked', () => view.job('J').job?.blocked?.nodeCount === 2);
    await client.terminateJob('J');
    await until('the job completed', () => isCompleted(view));
  },
  findings(view) {
    const told = view.job('J').events.filter(({ type }) => type === 'dev.bookend.job.stuck');
    return [
      ...(isCompleted(view) ? [] : ['the job is not completed']),
      ...(told.length > 0 ? [] : ['no event told that the job is stuck']),
    ];
  },
};

export const jobScenarios: readonly Scenario[] = [
  timeLimit,
  allComplete,
  manager,
  pause,
  forced,
  everywhere,
  moved,
  barred,
];

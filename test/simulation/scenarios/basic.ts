// The ten scenarios whose every crash point is tried.
import type { Scenario } from './play.js';
import { job, pool, tasks } from './definitions.js';
import { areDone, exits, isCompleted, isGone, isSteady, wrongExits } from './ends.js';

export const completedWith =
  (expected: Readonly<Record<string, number>>, jobId = 'J'): Scenario['findings'] =>
  (view) => [
    ...(isCompleted(view, jobId) ? [] : [`job ${jobId} is not completed`]),
    ...wrongExits(view, expected, jobId),
  ];

const sample: Scenario = {
  name: 'sample',
  about: 'the article: 8 tasks on 2 nodes, terminated, deleted, the pool deleted',
  isBasic: true,
  async script({ client, view, until }) {
    await client.addPool(pool(2));
    await client.addJob(job());
    await client.addTasks('J', tasks(8));
    await until('all tasks done', () => areDone(view, 8));
    await client.terminateJob('J');
    await until('the job completed', () => isCompleted(view));
    await client.deleteJob('J');
    await until('the job gone', () => isGone(view));
    await client.deletePool('P');
    await until('the pool gone', () => view.pool('P').pool === undefined);
  },
  findings: (view) => (isGone(view) ? [] : ['the job is not gone']),
};

const moreTasksThanSlots: Scenario = {
  name: 'more-tasks-than-slots',
  about: '9 tasks of different lengths and ends on 2 nodes with 2 slots each, added in two parts',
  isBasic: true,
  async script({ client, view, until, pause }) {
    await client.addPool(pool(2, 2));
    await client.addJob(job());
    await client.addTasks('J', tasks(9, (number) => `sim ${700 * number} exit=${number % 3}`).slice(0, 5));
    await pause(4_000);
    await client.addTasks('J', tasks(9, (number) => `sim ${700 * number} exit=${number % 3}`).slice(5));
    await until('all tasks done', () => areDone(view, 9));
    await client.terminateJob('J');
    await until('the job completed', () => isCompleted(view));
  },
  findings: completedWith(exits(9, (number) => number % 3)),
};

const twoJobs: Scenario = {
  name: 'two-jobs',
  about: 'two jobs of different priority on one pool, one ends while the other runs',
  isBasic: true,
  async script({ client, view, until }) {
    await client.addPool(pool(2));
    await Promise.all([
      client.addJob(job({ id: 'A' })),
      client.addJob(job({ id: 'B', priority: 10, release: 'sim 4000' })),
    ]);
    await Promise.all([
      client.addTasks('A', tasks(3)),
      client.addTasks(
        'B',
        tasks(3, () => 'sim 1000'),
      ),
    ]);
    await until('tasks of B done', () => areDone(view, 3, 'B'));
    await client.terminateJob('B');
    await until('tasks of A done', () => areDone(view, 3, 'A'));
    await client.terminateJob('A');
    await until('both completed', () => isCompleted(view, 'A') && isCompleted(view, 'B'));
  },
  findings: (view) => [...completedWith(exits(3), 'A')(view), ...completedWith(exits(3), 'B')(view)],
};

const failingPreparation: Scenario = {
  name: 'failing-preparation',
  about: 'the preparation fails on the first node, which gets no task; the other one runs all of them',
  isBasic: true,
  async script({ client, view, until }) {
    await client.addPool(pool(2));
    await client.addJob(job({ preparation: 'sim 1000 failsOn=vm1' }));
    await client.addTasks('J', tasks(3));
    await until('all tasks done', () => areDone(view, 3));
    await client.terminateJob('J');
    await until('the job completed', () => isCompleted(view));
  },
  findings: completedWith(exits(3)),
  leavesOut: ['removed'],
};

const waitForSuccessFalse: Scenario = {
  name: 'wait-for-success-false',
  about: 'tasks run beside their preparation and after its failure; the release is owed all the same',
  isBasic: true,
  async script({ client, view, until }) {
    await client.addPool(pool(2));
    await client.addJob(job({ preparation: 'sim 4000 exit=7', waitForSuccess: false }));
    await client.addTasks(
      'J',
      tasks(4, () => 'sim 2500'),
    );
    await until('all tasks done', () => areDone(view, 4));
    await client.terminateJob('J');
    await until('the job completed', () => isCompleted(view));
  },
  findings: completedWith(exits(4)),
};

const terminateWhilePreparing: Scenario = {
  name: 'terminate-while-preparing',
  about: 'the job is terminated while its preparations still run',
  isBasic: true,
  async script({ client, view, until, nextProcess, pause }) {
    await client.addPool(pool(2));
    await client.addJob(job({ preparation: 'sim 30000 leave' }));
    const prepares = nextProcess(({ process }) => process.kind === 'preparation');
    await client.addTasks('J', tasks(3));
    await prepares;
    await pause(1_500);
    await client.terminateJob('J');
    await until('the job completed', () => isCompleted(view));
  },
  findings: (view) => (isCompleted(view) ? [] : ['the job is not completed']),
};

const deleteWhileActive: Scenario = {
  name: 'delete-while-active',
  about: 'the job is deleted while its tasks run: they are killed, releases run, then it is gone',
  isBasic: true,
  async script({ client, view, until, nextProcess, pause }) {
    await client.addPool(pool(2));
    await client.addJob(job());
    const runs = nextProcess(({ process }) => process.kind === 'task');
    await client.addTasks(
      'J',
      tasks(4, () => 'sim 20000'),
    );
    await runs;
    await pause(700);
    await client.deleteJob('J');
    await until('the job gone', () => isGone(view));
  },
  findings: (view) => (isGone(view) ? [] : ['the job is not gone']),
};

const nodeLostWhileRunning: Scenario = {
  name: 'node-lost-while-running',
  about: 'a machine vanishes while it runs a task, which goes elsewhere; what it owed is waived',
  isBasic: true,
  async script({ client, view, until, nextProcess, pause, provisioner }) {
    await client.addPool(pool(2));
    await until('both nodes joined', () => isSteady(view, 2));
    await client.addJob(job());
    const runs = nextProcess(({ process }) => process.kind === 'task');
    await client.addTasks(
      'J',
      tasks(3, () => 'sim 5000'),
    );
    const machine = await runs;
    await pause(600);
    if (machine !== undefined) provisioner.destroy(machine);
    await until('all tasks done', () => areDone(view, 3));
    await client.terminateJob('J');
    await until('the job completed', () => isCompleted(view));
  },
  findings: completedWith(exits(3)),
  leavesOut: ['removed'],
};

const nodeLostWhileReleasing: Scenario = {
  name: 'node-lost-while-releasing',
  about: 'a machine vanishes while its release runs; the job completes with a waiver',
  isBasic: true,
  async script({ client, view, until, nextProcess, pause, provisioner }) {
    await client.addPool(pool(2));
    await client.addJob(job({ release: 'sim 5000' }));
    await client.addTasks('J', tasks(3));
    await until('all tasks done', () => areDone(view, 3));
    const releases = nextProcess(
      ({ process }) => process.kind === 'release',
      () => isCompleted(view),
    );
    await client.terminateJob('J');
    const machine = await releases;
    await pause(300);
    if (machine !== undefined) provisioner.destroy(machine);
    await until('the job completed', () => isCompleted(view));
  },
  findings: completedWith(exits(3)),
  leavesOut: ['removed'],
};

const reboot: Scenario = {
  name: 'reboot',
  about: 'a node reboots while it runs a task: it prepares again, the task runs again',
  isBasic: true,
  async script({ client, view, until, nextProcess, pause }) {
    await client.addPool(pool(2));
    await client.addJob(job());
    const runs = nextProcess(({ process }) => process.kind === 'task');
    await client.addTasks('J', tasks(4));
    const machine = await runs;
    await pause(1_000);
    machine?.reboot(false);
    await until('all tasks done', () => areDone(view, 4));
    await client.terminateJob('J');
    await until('the job completed', () => isCompleted(view));
  },
  findings: completedWith(exits(4)),
};

export const basicScenarios: readonly Scenario[] = [
  sample,
  moreTasksThanSlots,
  twoJobs,
  failingPreparation,
  waitForSuccessFalse,
  terminateWhilePreparing,
  deleteWhileActive,
  nodeLostWhileRunning,
  nodeLostWhileReleasing,
  reboot,
];

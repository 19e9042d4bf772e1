// Scenarios for the seeds beside the ten basic ones: what users, machines and senders may do at the wrong moment.
import type { CloudEvent } from '../../../shared/events/cloud-event.js';
import { taskDefinition } from '../../helpers/definitions.js';
import { completedWith } from './basic.js';
import { job, pool, tasks } from './definitions.js';
import { areDone, exits, isCompleted, isGone, isSteady, tasksAre, wrongExits } from './ends.js';
import type { Play, Scenario } from './play.js';

const reusedId: Scenario = {
  name: 'reused-id',
  about: 'a job is deleted while it runs, and added again under its id as soon as that is free',
  isBasic: false,
  async script({ client, view, until, nextProcess, pause }) {
    await client.addPool(pool(2));
    await client.addJob(job({ preparation: 'sim 1500 leave' }));
    const runs = nextProcess(({ process }) => process.kind === 'task');
    await client.addTasks(
      'J',
      tasks(3, () => 'sim 9000'),
    );
    await runs;
    await client.deleteJob('J');
    while ((await client.addJob(job({ preparation: 'sim 500' }))) !== 'accepted') await pause(700);
    await client.addTasks(
      'J',
      tasks(3, () => 'sim 1000'),
    );
    await until('all tasks of the second job done', () => areDone(view, 3));
    await client.terminateJob('J');
    await until('the second job completed', () => isCompleted(view));
  },
  findings: completedWith(exits(3)),
};

const latePurge: Scenario = {
  name: 'late-purge',
  about:
    'whoever removes a deleted job is held up until its lock is long lost; another finishes, and the id is given anew at just that time',
  isBasic: false,
  leavesOut: ['removed'],
  async script({ client, view, until, pause, random, interfere }) {
    await client.addPool(pool(2));
    await client.addJob(job());
    await client.addTasks(
      'J',
      tasks(3, () => 'sim 500'),
    );
    await until('all tasks done', () => areDone(view, 3));
    await client.terminateJob('J');
    await until('the job completed', () => isCompleted(view));
    // The lock lasts five minutes. What is removed lies in three partitions.
    interfere('handler', (about) => view.job('J').job?.state === 'deleting' && /^(job:j|jobs|pool:p)\b/.test(about), {
      skipping: random.int(0, 7),
      backMs: 400_000,
    });
    await client.deleteJob('J');
    do {
      await pause(700);
      interfere('request', (about) => about.startsWith('job:j insert head'), { thereMs: random.int(0, 2_000) });
    } while ((await client.addJob(job())) !== 'accepted');
    await client.addTasks(
      'J',
      tasks(3, () => 'sim 70000'),
    );
    await until('all tasks of the second job done', () => areDone(view, 3));
    await client.terminateJob('J');
    await until('the second job completed', () => isCompleted(view));
  },
  findings: completedWith(exits(3)),
};

const poolReplaced: Scenario = {
  name: 'pool-replaced',
  about: 'the pool is deleted while a job runs, whose tasks wait until a pool of that id comes back',
  isBasic: false,
  leavesOut: ['removed'],
  async script({ client, view, until, nextProcess, pause }) {
    await client.addPool(pool(2));
    await client.addJob(job());
    const runs = nextProcess(({ process }) => process.kind === 'task');
    await client.addTasks(
      'J',
      tasks(5, () => 'sim 6000'),
    );
    await runs;
    await pause(2_000);
    await client.deletePool('P');
    await until('the pool gone', () => view.pool('P').pool === undefined);
    await until('no task on a node', () => tasksAre(view, ['active', 'completed']));
    while ((await client.addPool(pool(2))) !== 'accepted') await pause(700);
    await until('all tasks done', () => areDone(view, 5));
    await client.terminateJob('J');
    await until('the job completed', () => isCompleted(view));
  },
  findings: completedWith(exits(5)),
};

const stubborn: Scenario = {
  name: 'stubborn',
  about:
    'tasks hang and ignore SIGTERM, a preparation leaves a service, a release never ends: all of it is gone in the end',
  isBasic: false,
  async script({ client, view, until, nextProcess, pause, world }) {
    await client.addPool(pool(2, 2));
    await client.addJob(job({ preparation: 'sim 900 leave', release: 'sim 100 hang' }));
    const runs = nextProcess(({ process }) => process.kind === 'task');
    await client.addTasks(
      'J',
      tasks(4, (number) => (number % 2 === 0 ? 'sim 1 hang stubborn' : 'sim 1 hang')),
    );
    await runs;
    await pause(3_000);
    await client.terminateJob('J');
    await until('the job completed', () => isCompleted(view));
    world.sim.tell('client', 'the job completed');
    await client.deleteJob('J');
    await until('the job gone', () => isGone(view));
  },
  findings: (view) => (isGone(view) ? [] : ['the job is not gone']),
};

const wallClock: Scenario = {
  name: 'wall-clock',
  about: 'a task runs into its time limit and fails with it; the others are not concerned',
  isBasic: false,
  async script({ client, view, until }) {
    await client.addPool(pool(2));
    await client.addJob(job());
    const constraints = { maxWallClockMs: 5_000, retentionMs: 1000, maxTaskRetryCount: 0 };
    await client.addTasks('J', [
      ...tasks(2),
      taskDefinition('slow', { commandLine: 'sim 1 hang stubborn', constraints }),
    ]);
    await until('all tasks done', () => areDone(view, 3));
    await client.terminateJob('J');
    await until('the job completed', () => isCompleted(view));
  },
  findings(view) {
    const slow = view.job('J').tasks.find(({ definition }) => definition.id === 'slow');
    const isTold = slow?.execution.result === 'failure' && slow.execution.failureInfo?.code === 'TaskEnded';
    return [
      ...completedWith(exits(2))(view),
      ...(isTold ? [] : [`the slow task is told as ${JSON.stringify(slow?.execution)}`]),
    ];
  },
};

const reimage: Scenario = {
  name: 'reimage',
  about: 'a node gets a new image while its job runs: it prepares again, its task runs again',
  isBasic: false,
  async script({ client, view, until, nextProcess, pause, random }) {
    await client.addPool(pool(2));
    await client.addJob(job({ rerun: false }));
    const runs = nextProcess(({ process }) => process.kind === 'task');
    await client.addTasks('J', tasks(6));
    const machine = await runs;
    await pause(800);
    machine?.reimage(random.chance(0.5));
    await until('all tasks done', () => areDone(view, 6));
    await client.terminateJob('J');
    await until('the job completed', () => isCompleted(view));
  },
  findings: completedWith(exits(6)),
};

const idleReimage: Scenario = {
  name: 'idle-reimage',
  about: 'a node that has nothing to do loses everything, its journal too, and is wanted later',
  isBasic: false,
  leavesOut: ['removed'],
  async script({ client, view, until, pause, provisioner }) {
    await client.addPool(pool(1));
    await until('the node joined', () => view.pool('P').nodes.some(({ state }) => state === 'idle'));
    provisioner.machines()[0]?.reboot(false);
    await pause(90_000);
    provisioner.machines()[0]?.reimage(false);
    await pause(10_000);
    await client.addJob(job());
    await client.addTasks('J', tasks(2));
    await until('all tasks done', () => areDone(view, 2));
    await client.terminateJob('J');
    await until('the job completed', () => isCompleted(view));
  },
  findings: completedWith(exits(2)),
};

const allPreparationsFail: Scenario = {
  name: 'all-preparations-fail',
  about: 'the preparation fails everywhere: the job waits, and says why; terminated, it completes',
  isBasic: false,
  leavesOut: ['removed'],
  async script(play) {
    const { client, view, until, pause } = play;
    await client.addPool(pool(2));
    await client.addJob(job({ preparation: 'sim 700 exit=9' }));
    await client.addTasks('J', tasks(3));
    await until('both nodes barred', () => barred(play) >= 2);
    await until('every task waits', () => tasksAre(view, ['active']));
    await pause(20_000);
    await until('both nodes still barred', () => barred(play) >= 2 && tasksAre(view, ['active']));
    tellWhyItHangs(play);
    await client.terminateJob('J');
    await until('the job completed', () => isCompleted(view));
  },
  findings: (view) => (isCompleted(view) ? [] : ['the job is not completed']),
};

const barred = ({ view }: Play): number =>
  view
    .job('J')
    .jobNodes.filter(({ preparation }) => preparation.state === 'completed' && preparation.result === 'failure').length;

/** Promise 8, while the job hangs: its nodes and an event carry the reason. */
function tellWhyItHangs({ view, world }: Play): void {
  const { jobNodes } = view.job('J');
  const events = view.events();
  for (const { nodeId, preparation } of jobNodes) {
    if (preparation.state !== 'completed') continue;
    const isOnRow = preparation.failureInfo?.code === 'FailureExitCode' && preparation.exitCode === 9;
    const isTold = events.some(
      ({ type, subject }) => type === 'dev.bookend.specialtask.fail' && subject.includes(`/nodes/${nodeId}/`),
    );
    const isRequeued = events.some(
      ({ type, data }) => type === 'dev.bookend.task.requeue' && data['cause'] === 'preparationFailed',
    );
    if (!isOnRow || !isTold || !isRequeued)
      world.sim.note('scenario', {
        type: 'broken',
        promise: 'promise 8: a failing preparation is told',
        text: `${nodeId}: on its row ${isOnRow}, as an event ${isTold}, at the task ${isRequeued}`,
      });
  }
}

const longDefinitions: Scenario = {
  name: 'long-definitions',
  about: 'command lines too long for a message are fetched from blobs',
  isBasic: false,
  async script({ client, view, until }) {
    await client.addPool(pool(2));
    const long = 'x'.repeat(40_000);
    await client.addJob(job({ preparation: `sim 500 ${long}`, release: `sim 500 ${long}` }));
    await client.addTasks(
      'J',
      tasks(3, (number) => `sim 900 exit=${number} ${long}`),
    );
    await until('all tasks done', () => areDone(view, 3));
    await client.terminateJob('J');
    await until('the job completed', () => isCompleted(view));
  },
  findings: completedWith(exits(3, (number) => number)),
};

const deletedTasks: Scenario = {
  name: 'deleted-tasks',
  about: 'tasks are deleted while they wait, prepare and run; the others are not concerned',
  isBasic: false,
  async script({ client, view, until, nextProcess, pause }) {
    await client.addPool(pool(2));
    await client.addJob(job());
    const prepares = nextProcess(({ process }) => process.kind === 'preparation');
    await client.addTasks('J', [
      ...tasks(5),
      ...['d1', 'd2', 'd3'].map((id) => taskDefinition(id, { commandLine: 'sim 60000' })),
    ]);
    await client.deleteTask('J', 'd1');
    await prepares;
    await client.deleteTask('J', 't1');
    await until('d2 runs', () =>
      view
        .job('J')
        .tasks.some(
          ({ definition, state }) => definition.id === 'd2' && (state === 'running' || state === 'completed'),
        ),
    );
    await pause(900);
    await client.deleteTask('J', 'd2');
    await client.deleteTask('J', 'd3');
    await until('the others done', () => areDone(view, 4));
    await client.terminateJob('J');
    await until('the job completed', () => isCompleted(view));
  },
  findings: (view) => wrongExits(view, { t2: 0, t3: 0, t4: 0, t5: 0 }),
};

const retries: Scenario = {
  name: 'retries',
  about: 'a preparation that goes well at its third try, tasks that are tried again',
  isBasic: false,
  async script({ client, view, until }) {
    await client.addPool(pool(2));
    await client.addJob(job({ preparation: 'sim 400 fails=2', preparationRetries: 4 }));
    const constraints = { retentionMs: 1000, maxTaskRetryCount: 5 };
    await client.addTasks(
      'J',
      tasks(4, (number) => `sim 600 fails=${number % 2}`, { constraints }),
    );
    await until('all tasks done', () => areDone(view, 4));
    await client.terminateJob('J');
    await until('the job completed', () => isCompleted(view));
  },
  findings: completedWith(exits(4)),
};

const deleteWhileReleasing: Scenario = {
  name: 'delete-while-releasing',
  about: 'a terminated job is deleted while its releases run: none is repeated',
  isBasic: false,
  async script({ client, view, until, nextProcess }) {
    await client.addPool(pool(2));
    await client.addJob(job({ release: 'sim 5000' }));
    await client.addTasks('J', tasks(3));
    await until('all tasks done', () => areDone(view, 3));
    const releases = nextProcess(
      ({ process }) => process.kind === 'release',
      () => isCompleted(view),
    );
    await client.terminateJob('J');
    await releases;
    await client.deleteJob('J');
    await until('the job gone', () => isGone(view));
  },
  findings: (view) => (isGone(view) ? [] : ['the job is not gone']),
};

const rebootWithoutRerun: Scenario = {
  name: 'reboot-without-rerun',
  about: 'a preparation that need not run again after a reboot; nodes reboot while they run and while they release',
  isBasic: false,
  async script({ client, view, until, nextProcess, random }) {
    await client.addPool(pool(2));
    await client.addJob(job({ rerun: false, release: 'sim 4000' }));
    const runs = nextProcess(({ process }) => process.kind === 'task');
    await client.addTasks('J', tasks(4));
    (await runs)?.reboot(random.chance(0.5));
    await until('all tasks done', () => areDone(view, 4));
    const releases = nextProcess(
      ({ process }) => process.kind === 'release',
      () => isCompleted(view),
    );
    await client.terminateJob('J');
    (await releases)?.reboot(random.chance(0.5));
    await until('the job completed', () => isCompleted(view));
  },
  findings: completedWith(exits(4)),
};

const rebootAfterRelease: Scenario = {
  name: 'reboot-after-release',
  about: 'a node reboots after its release while the other one still releases: it does not release again',
  isBasic: false,
  async script({ client, view, until, provisioner }) {
    await client.addPool(pool(2));
    await client.addJob(job({ rerun: false, release: 'sim 800 slowOn=vm2' }));
    await client.addTasks('J', tasks(4));
    await until('all tasks done', () => areDone(view, 4));
    await client.terminateJob('J');
    const isReleased = (): boolean => view.job('J').jobNodes.some(({ release }) => release.state === 'completed');
    await until('one node released', () => isReleased() || isCompleted(view));
    const done = view.job('J').jobNodes.find(({ release }) => release.state === 'completed')?.nodeId;
    provisioner
      .machines()
      .find(({ nodeId, isUp }) => nodeId === done && isUp())
      ?.reboot(false);
    await until('the job completed', () => isCompleted(view));
  },
  findings: completedWith(exits(4)),
};

const terminateWhileBusy: Scenario = {
  name: 'terminate-while-busy',
  about:
    'jobs of very short tasks, so that passes follow each other without a pause, are terminated and deleted at any instant',
  isBasic: false,
  leavesOut: ['removed'],
  async script({ client, view, until, pause, random }) {
    await client.addPool(pool(2, 2));
    await until('both nodes joined', () => isSteady(view, 2));
    const names = ['A', 'B', 'C', 'D'];
    for (const id of names) {
      await client.addJob(job({ id, preparation: 'sim 20', release: 'sim 20' }));
      await client.addTasks(
        id,
        tasks(12, () => `sim ${random.int(1, 120)}`),
      );
      await pause(random.int(0, 1500));
      if (id === 'D') await client.deleteJob(id);
      else await client.terminateJob(id);
    }
    await until('all jobs over', () => isGone(view, 'D') && names.slice(0, 3).every((id) => isCompleted(view, id)));
  },
  findings: (view) => (isGone(view, 'D') ? [] : ['job D is not gone']),
};

const singleTasks: Scenario = {
  name: 'single-tasks',
  about: 'two programs add and delete tasks one at a time while others run, so that everybody writes the same head',
  isBasic: false,
  async script({ client, view, until, pause, random }) {
    await client.addPool(pool(2, 2));
    await client.addJob(job({ preparation: 'sim 200', release: 'sim 200' }));
    const program = async (letter: string): Promise<void> => {
      for (let number = 1; number <= 8; number += 1) {
        await client.addTasks('J', [
          taskDefinition(`${letter}${number}`, { commandLine: `sim ${random.int(1, 900)}` }),
        ]);
        if (number % 4 === 0) await client.deleteTask('J', `${letter}${number - 1}`);
        await pause(random.int(0, 250));
      }
    };
    await Promise.all([program('a'), program('b')]);
    await until('all tasks done', () => areDone(view, 12));
    await client.terminateJob('J');
    await until('the job completed', () => isCompleted(view));
  },
  findings: (view) => [
    ...(isCompleted(view) ? [] : ['the job is not completed']),
    ...wrongExits(view, { a1: 0, a2: 0, a4: 0, a5: 0, a6: 0, a8: 0, b1: 0, b8: 0 }),
  ],
};

const poison: Scenario = {
  name: 'poison',
  about: 'messages that nobody can read, among good ones: each is set aside with its reason, nobody else is concerned',
  isBasic: false,
  leavesOut: ['lost', 'duplicated'],
  async script(play) {
    const { client, view, until, pause } = play;
    await client.addPool(pool(2));
    await client.addJob(job());
    for (const [id, body] of Object.entries(poisons)) sendPoison(play, id, body);
    await client.addTasks('J', tasks(4));
    await pause(2_000);
    for (const [id, body] of Object.entries(poisons)) sendPoison(play, `${id}-again`, body);
    await until('all tasks done', () => areDone(view, 4));
    await client.terminateJob('J');
    await until('the job completed', () => isCompleted(view));
  },
  findings: completedWith(exits(4)),
};

const event = (type: string, data: unknown): CloudEvent => ({ specversion: '1.0', id: 'x', source: '/x', type, data });
const poisons: Readonly<Record<string, unknown>> = {
  'no-event': { hello: 'world' },
  text: 'not an event',
  'no-type': event('dev.bookend.hint.nonsense', {}),
  'no-report': event('dev.bookend.node.report', { poolId: 'P', epoch: 'one' }),
  'no-hint': event('dev.bookend.hint.tasks-added', { jobId: 7 }),
  'other-pool': event('dev.bookend.hint.tasks-added', { poolId: 'elsewhere', jobId: 'J' }),
};

function sendPoison({ world }: Play, messageId: string, body: unknown): void {
  world.sim.note('somebody', { type: 'poisonSent', messageId });
  world.broker.accept('job-events', [{ body: body as CloudEvent, messageId, sessionId: 'p' }]);
}

export const furtherScenarios: readonly Scenario[] = [
  reusedId,
  latePurge,
  poolReplaced,
  stubborn,
  wallClock,
  reimage,
  idleReimage,
  allPreparationsFail,
  longDefinitions,
  deletedTasks,
  retries,
  deleteWhileReleasing,
  rebootWithoutRerun,
  rebootAfterRelease,
  terminateWhileBusy,
  singleTasks,
  poison,
];

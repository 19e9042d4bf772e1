// Attempts, their output and their folders, while agents die, stores fail, clocks differ and disks fill up.
import { jobContainerName, parseKeptLogName } from '../../../shared/jobs/job-container.js';
import { completedWith } from './basic.js';
import { job, pool, tasks } from './definitions.js';
import { areDone, exits, isCompleted } from './ends.js';
import type { Play, Scenario } from './play.js';

/** Whatever is kept says of which try it is, so output of two tries can be told apart by what stands in it. */
function mixedOutput({ world }: Play): readonly string[] {
  const prefix = `containers/${jobContainerName('J')}/`;
  const kept = [...world.blobs].filter(([name]) => name.startsWith(prefix) && name.includes('/stdout.'));
  return kept.flatMap(([name, content]) => {
    const retry = parseKeptLogName(name)?.retry;
    const text = Buffer.from(content).toString();
    const isOwn = text === '' || new RegExp(`^[0-9a-f]+ try ${retry}\\n$`).test(text);
    return isOwn ? [] : [`${name} holds ${JSON.stringify(text)}`];
  });
}

const keptOutput: Scenario = {
  name: 'kept-output',
  about: 'a preparation is tried three times, its agents die, a node is rebooted: each try keeps its own output',
  isBasic: false,
  async script(play) {
    const { client, view, until, nextProcess, pause, random, world } = play;
    await client.addPool(pool(2));
    await client.addJob(job({ preparation: 'sim 700 fails=2', preparationRetries: 4 }));
    const retried = nextProcess(({ process }) => process.kind === 'preparation' && process.tryNumber === 1);
    const runs = nextProcess(({ process }) => process.kind === 'task');
    await client.addTasks(
      'J',
      tasks(4, (number) => (number === 2 ? 'sim 900 exit=3' : 'sim 900')),
    );
    (await retried)?.killAgent();
    const machine = await runs;
    await pause(400);
    if (random.chance(0.5)) machine?.reboot(random.chance(0.5));
    else machine?.setSkew(random.int(-3 * 3600_000, 3 * 3600_000));
    await until('all tasks done', () => areDone(view, 4));
    await client.terminateJob('J');
    await until('the job completed', () => isCompleted(view));
    for (const text of mixedOutput(play)) world.sim.note('user', { type: 'broken', promise: 'truth', text });
  },
  findings: completedWith({ ...exits(4), t2: 3 }),
};

const fullDisk: Scenario = {
  name: 'full-disk',
  about:
    'the disk of a node fills up while its task runs, and has room again later: no task is lost, none begins meanwhile',
  isBasic: false,
  async script({ client, view, until, nextProcess, pause, world }) {
    await client.addPool(pool(1));
    await client.addJob(job());
    const runs = nextProcess(({ process }) => process.kind === 'task');
    await client.addTasks(
      'J',
      tasks(3, () => 'sim 30000'),
    );
    const machine = await runs;
    machine?.setFreeBytes(0);
    await pause(5 * 60_000);
    machine?.setFreeBytes(1e12);
    world.sim.tell('user', 'made room');
    await until('all tasks done', () => areDone(view, 3));
    await client.terminateJob('J');
    await until('the job completed', () => isCompleted(view));
  },
  findings: completedWith(exits(3)),
};

export const attemptScenarios: readonly Scenario[] = [keptOutput, fullDisk];

// Scenarios of files that runs are given and leave: some come late, some never, some are not allowed; and orders whose URLs have expired.
import type { ResourceFile } from '../../../shared/tasks/resource-file.js';
import type { TaskDefinition } from '../../../shared/tasks/task.js';
import { taskDefinition } from '../../helpers/definitions.js';
import { completedWith } from './basic.js';
import { job, pool, tasks } from './definitions.js';
import { areDone, isCompleted } from './ends.js';
import type { Play, Scenario } from './play.js';

const file = (filePath: string, behaviour = 'ok'): ResourceFile => ({
  httpUrl: `sim:${filePath},${behaviour}`,
  filePath,
});
const linked: ResourceFile = { autoStorageContainerName: 'data', blobPrefix: 'deep/', filePath: 'in' };
const keptIn = 'sim:results';
const output = (
  filePattern: string,
  { containerUrl = keptIn, path }: { readonly containerUrl?: string; readonly path?: string } = {},
): TaskDefinition['outputFiles'] => [
  {
    filePattern,
    destination: { container: { containerUrl, ...(path === undefined ? {} : { path }) } },
    uploadOptions: { uploadCondition: 'taskcompletion' },
  },
];
const withPreparation = (
  definition: ReturnType<typeof job>,
  resourceFiles: ResourceFile[],
  releaseFiles: ResourceFile[] = [],
): ReturnType<typeof job> => {
  const { jobPreparationTask, jobReleaseTask } = definition;
  return {
    ...definition,
    ...(jobPreparationTask === undefined ? {} : { jobPreparationTask: { ...jobPreparationTask, resourceFiles } }),
    ...(jobReleaseTask === undefined ? {} : { jobReleaseTask: { ...jobReleaseTask, resourceFiles: releaseFiles } }),
  };
};

/** What each task that cannot go well is told to have failed with. */
const failing: Readonly<Record<string, readonly [code: string, changes: Partial<TaskDefinition>]>> = {
  missing: ['BlobNotFound', { resourceFiles: [file('a.txt', 'missing')] }],
  denied: ['ResourceContainerAccessDenied', { resourceFiles: [{ storageContainerUrl: 'sim:denied' }] }],
  escaping: ['ResourceFileCreateFailed', { resourceFiles: [file('../a.txt')] }],
  hanging: [
    'TaskEnded',
    {
      resourceFiles: [file('a.txt', 'hang')],
      constraints: { maxWallClockMs: 9_000, retentionMs: 1000, maxTaskRetryCount: 0 },
    },
  ],
  unwelcome: ['FileUploadAccessDenied', { outputFiles: output('r.txt', { containerUrl: 'sim:denied' }) }],
};

const filesOfRuns: Scenario = {
  name: 'files-of-runs',
  about:
    'runs are given files that come at once, late or never, and leave files: each starts with all of its own or fails with the reason',
  isBasic: false,
  async script(play) {
    const { client, view, until } = play;
    await client.addPool(pool(2, 2));
    const given = [file('p.txt', 'slow=4000'), linked];
    await client.addJob(
      withPreparation(job({ preparation: 'sim 900 needs=in/deep/two.txt', release: 'sim 500 needs=r.txt' }), given, [
        file('r.txt', 'flaky=2'),
      ]),
    );
    await client.addTasks('J', [
      ...tasks(3, (number) => `sim 700 needs=b.txt writes=r.txt exit=${number}`, {
        resourceFiles: [file('b.txt', 'flaky=3'), linked],
        outputFiles: output('*.txt', { path: 'out' }),
      }),
      ...Object.entries(failing).map(([id, [, changes]]) =>
        taskDefinition(id, { commandLine: 'sim 300 writes=r.txt', ...changes }),
      ),
    ]);
    await until('all tasks done', () => areDone(view, 8));
    if (
      !play.world.transfers.uploads.has(`${keptIn}/out/r.txt`) ||
      !play.world.transfers.uploads.has(`${keptIn}/out/b.txt`)
    )
      tellBroken(play, 'a task has completed, but its output files were not uploaded');
    await client.terminateJob('J');
    await until('the job completed', () => isCompleted(view));
  },
  findings(view) {
    const told = view.job('J').tasks.flatMap(({ definition, execution: { result, failureInfo } }) => {
      const code = failing[definition.id]?.[0];
      if (code === undefined || (result === 'failure' && failureInfo?.code === code)) return [];
      return [`task ${definition.id} is told as ${result} ${failureInfo?.code ?? ''}, not ${code}`];
    });
    return [...completedWith({ t1: 1, t2: 2, t3: 3 })(view), ...told];
  },
};

const filesRefused: Scenario = {
  name: 'files-refused',
  about:
    'a preparation whose file may not be read fails on every node, is not tried again, and says so; terminated, its job completes',
  isBasic: false,
  leavesOut: ['removed'],
  async script(play) {
    const { client, view, until } = play;
    await client.addPool(pool(2));
    await client.addJob(withPreparation(job({ preparationRetries: 5 }), [file('p.txt'), file('q.txt', 'denied')]));
    await client.addTasks('J', tasks(3));
    const barred = (): number =>
      view.job('J').jobNodes.filter(({ preparation }) => {
        if (preparation.state !== 'completed' || preparation.result !== 'failure') return false;
        if (preparation.failureInfo?.code !== 'BlobAccessDenied' || preparation.retryCount !== 0)
          tellBroken(play, `the preparation is told as ${JSON.stringify(preparation)}`);
        return true;
      }).length;
    await until('both nodes barred', () => barred() >= 2);
    await client.terminateJob('J');
    await until('the job completed', () => isCompleted(view));
  },
  findings: (view) => (isCompleted(view) ? [] : ['the job is not completed']),
};

const expiredOrders: Scenario = {
  name: 'expired-orders',
  about: 'tasks wait so long for their preparation that the URLs in their orders expire: they get fresh ones, and run',
  isBasic: false,
  async script({ client, view, until }) {
    await client.addPool(pool(2));
    await client.addJob(withPreparation(job({ preparation: `sim ${7 * 60_000}` }), [linked], [linked]));
    await client.addTasks('J', [
      ...tasks(2, () => 'sim 800 needs=in/deep/three.txt', { resourceFiles: [linked] }),
      taskDefinition('long', { commandLine: `sim 800 exit=4 ${'x'.repeat(40_000)}` }),
    ]);
    await until('all tasks done', () => areDone(view, 3));
    await client.terminateJob('J');
    await until('the job completed', () => isCompleted(view));
  },
  findings: completedWith({ t1: 0, t2: 0, long: 4 }),
};

function tellBroken({ world }: Play, text: string): void {
  world.sim.note('scenario', { type: 'broken', promise: 'truth', text });
}

export const fileScenarios: readonly Scenario[] = [filesOfRuns, filesRefused, expiredOrders];

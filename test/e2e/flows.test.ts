// The flows of jobs over nodes, by the unmodified @azure/batch client over HTTP against one running stack.
// What commands did is read from the marks they left on the disk. Runs the compiled programs (`npm test` builds first).
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../helpers/eventually.js';
import { allGone } from '../helpers/started-program.js';
import { hidingTree, pidsOf } from './hiding-tree.js';
import {
  addPool,
  expectRunOnce,
  jobBody,
  jobReached,
  planJob,
  readMarks,
  taskBodies,
  tasksCompleted,
} from './marked-job.js';
import { startSharedStack, type SharedStack } from './shared-stack.js';

let stack: SharedStack;
let nodes: string[];
beforeAll(async () => {
  stack = await startSharedStack('flows');
  nodes = await addPool(stack.client, 'pool1', 2);
});
afterEach(({ task }) => stack.afterTest(task));
afterAll(() => stack.stop());

const plan = (jobId: string, tasks: number, poolId = 'pool1') => planJob(stack.directory, { jobId, poolId, tasks });

describe('preparations and releases', () => {
  it('run again for a job that was deleted and added again: what the preparation wrote is written anew', async () => {
    const job = plan('twice', 2);
    const { client } = stack;
    const shared = '$AZ_BATCH_NODE_SHARED_DIR/twice.txt';
    for (const round of [1, 2]) {
      await client().job.add(jobBody(job, { preparation: `echo round ${round} > ${shared}` }));
      await client().task.addCollection(job.jobId, taskBodies(job, `echo $AZ_BATCH_TASK_ID >> ${shared}`));
      await tasksCompleted(client, job);
      for (const nodeId of nodes)
        expect(await stack.readNodeFile('pool1', nodeId, 'shared/twice.txt')).toMatch(
          new RegExp(`^round ${round}\ntask0[12]\n$`),
        );
      await client().job.terminate(job.jobId);
      await jobReached(client, job, 'completed');
      await client().job.deleteMethod(job.jobId);
      await eventually('the end of the job', () => stack.isAbsent(client().job.get(job.jobId)));
    }
    const { runs } = readMarks(job);
    for (const nodeId of nodes) {
      expect(runs[`preparation.${nodeId}`]).toHaveLength(2);
      expect(runs[`release.${nodeId}`]).toHaveLength(2);
    }
  });

  it('are spared the node that gets no task', async () => {
    const job = plan('one-task', 1);
    await stack.runJob(job);
    await expectRunOnce(stack, job);
    const [used = ''] = readMarks(job).runs['task01'] ?? [];
    const folders = await Promise.all(nodes.map((nodeId) => stack.listNodeFiles('pool1', nodeId)));
    const having = nodes.filter((_, index) => folders[index]?.some((name) => name.includes('one-task')));
    expect(having).toEqual([used]);
  });

  it('of which the preparation fails keep its node out, and the other one runs all tasks', async () => {
    const job = plan('barred', 4);
    const [barred, other] = nodes as [string, string];
    await stack.runJob(job, { preparation: `test $AZ_BATCH_NODE_ID != ${barred}` });
    const { runs, order } = readMarks(job);
    expect(order[barred]).toEqual(['preparation']);
    expect(job.taskIds.map((id) => runs[id])).toEqual(job.taskIds.map(() => [other]));
    expect(await stack.exitCodes(job)).toEqual({ [barred]: [1, undefined], [other]: [0, 0] });
  });

  it('without waitForSuccess let tasks run beside and after a preparation that fails, and still release', async () => {
    const job = plan('not-waiting', 1);
    const preparation = 'until test -e $M/task-began; do sleep 0.05; done; exit 3';
    await stack.runJob(job, {
      preparation,
      preparationOptions: { waitForSuccess: false },
      task: 'touch $M/task-began',
    });
    const [used = ''] = readMarks(job).runs['task01'] ?? [];
    expect(readMarks(job).order[used]?.toSorted()).toEqual(['preparation', 'release', 'task01']);
    expect(await stack.exitCodes(job)).toEqual({ [used]: [3, 0] });
  });

  it('of which the release fails complete the job all the same', async () => {
    const job = plan('failing-release', 1);
    await stack.runJob(job, { release: 'exit 7' });
    const [used = ''] = readMarks(job).runs['task01'] ?? [];
    expect(await stack.exitCodes(job)).toEqual({ [used]: [0, 7] });
    expect(readMarks(job).runs[`release.${used}`]).toHaveLength(1);
  });
});

describe('tasks', () => {
  it('of one second are shared out between the nodes', async () => {
    const job = plan('eight', 8);
    await stack.runJob(job, { task: 'sleep 1' });
    await expectRunOnce(stack, job);
    expect([...new Set(Object.values(readMarks(job).runs).flat())].sort()).toEqual(nodes);
  });

  it('never run more at once than there are slots', async () => {
    const job = plan('twenty', 20);
    // Both lines are appended by the task itself, so their order in the file is that of the world.
    const noting = 'echo begin $AZ_BATCH_NODE_ID >> $M/notes; sleep 0.1; echo end $AZ_BATCH_NODE_ID >> $M/notes';
    await stack.runJob(job, { task: noting });
    await expectRunOnce(stack, job);
    const running = new Map<string, number>();
    let most = 0;
    for (const line of readFileSync(join(job.directory, 'notes'), 'utf8').trim().split('\n')) {
      const [what, nodeId = ''] = line.split(' ');
      running.set(nodeId, (running.get(nodeId) ?? 0) + (what === 'begin' ? 1 : -1));
      expect(running.get(nodeId)).toBeLessThanOrEqual(1);
      most = Math.max(
        most,
        [...running.values()].reduce((sum, each) => sum + each, 0),
      );
    }
    expect(most).toBeLessThanOrEqual(2);
    expect([...running.keys()].sort()).toEqual(nodes);
    expect([...running.values()]).toEqual([0, 0]);
  });

  it('of two jobs on one pool at once all complete, and both jobs release', async () => {
    const jobs = [plan('left', 5), plan('right', 5)];
    await Promise.all(jobs.map((job) => stack.runJob(job)));
    for (const job of jobs) await expectRunOnce(stack, job);
  });
});

describe('a job that is terminated', () => {
  it('while it prepares is over at once: no task and no release ran, and the waiver says why', async () => {
    const job = plan('interrupted', 2);
    const { client } = stack;
    const preparation = 'touch $M/preparing; until test -e $M/never; do sleep 0.05; done';
    await client().job.add(jobBody(job, { preparation }));
    await client().task.addCollection(job.jobId, taskBodies(job));
    await eventually('the preparation', () => existsSync(join(job.directory, 'preparing')));
    await client().job.terminate(job.jobId);
    await jobReached(client, job, 'completed');
    const { order } = readMarks(job);
    expect(Object.values(order)).toEqual(nodes.map(() => ['preparation']));
    const releases = (await stack.jobNodes(job)).map(({ release }) => release);
    expect(releases).toMatchObject(nodes.map(() => ({ state: 'waived', reason: 'preparationInterrupted' })));
    expect(await stack.eventTypes(job)).toContain('dev.bookend.specialtask.waived');
  });

  it('takes down whole trees of processes, hidden in other sessions and deaf to SIGTERM, before it releases', async () => {
    const job = plan('trees', 2);
    const { client } = stack;
    await client().job.add(jobBody(job));
    await client().task.addCollection(job.jobId, taskBodies(job, hidingTree));
    const pids = await eventually('all processes', () => pidsOf(job, 2));
    await client().job.terminate(job.jobId);
    await jobReached(client, job, 'completed');
    await allGone(pids, 1_000);
    expect(Object.values(readMarks(job).order).map((order) => order.at(-1))).toEqual(['release', 'release']);
    const tasks = await client().task.list(job.jobId);
    expect(tasks.map(({ executionInfo }) => executionInfo?.failureInfo?.code)).toEqual(['TaskEnded', 'TaskEnded']);
  });
});

describe('a pool that is deleted under a job', () => {
  it('sends its running tasks back to wait, waives its releases, and the job goes on when the pool returns', async () => {
    const { client } = stack;
    const before = await addPool(client, 'pool2', 2);
    const job = plan('homeless', 2, 'pool2');
    await client().job.add(jobBody(job));
    await client().task.addCollection(job.jobId, taskBodies(job, 'until test -e $M/go; do sleep 0.05; done'));
    await eventually('two running tasks', async () => {
      const tasks = await client().task.list(job.jobId);
      const begun = job.taskIds.every((id) => readMarks(job).runs[id] !== undefined);
      return begun && tasks.every(({ state }) => state === 'running');
    });
    await client().pool.deleteMethod('pool2');
    await eventually('the end of the pool', () => stack.isAbsent(client().pool.get('pool2')));
    await eventually('tasks that wait', async () =>
      (await client().task.list(job.jobId)).every(({ state }) => state === 'active'),
    );
    await eventually('the end of the tasks', () => stack.taskProcesses().length === 0);
    const waiting = await client().task.list(job.jobId);
    expect(waiting.map(({ executionInfo }) => executionInfo?.requeueCount)).toEqual([1, 1]);
    expect((await stack.jobNodes(job)).map(({ nodeId, release }) => ({ nodeId, release }))).toMatchObject(
      before.map((nodeId) => ({ nodeId, release: { state: 'waived', reason: 'nodeRemoved' } })),
    );
    expect(await stack.waiverReasons(job)).toEqual(['nodeRemoved', 'nodeRemoved']);
    expect((await client().job.get(job.jobId)).state).toBe('active');

    writeFileSync(join(job.directory, 'go'), '');
    const after = await addPool(client, 'pool2', 2);
    await tasksCompleted(client, job);
    await client().job.terminate(job.jobId);
    await jobReached(client, job, 'completed');
    const { runs, order } = readMarks(job);
    expect(Object.values(runs).map((lines) => lines.length)).toEqual(
      Object.keys(runs).map((id) => (id.startsWith('task') ? 2 : 1)),
    );
    const released = Object.keys(order).filter((nodeId) => order[nodeId]?.includes('release'));
    expect(released.every((nodeId) => after.includes(nodeId))).toBe(true);
    expect(released.length).toBeGreaterThan(0);
    await client().pool.deleteMethod('pool2');
  });
});

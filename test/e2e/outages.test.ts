// What a job comes through besides the kills at its own steps: a broker that forgot everything, a host that dies with the answer on its
// lips, agents that come back to what they left, nodes that are shut down. Runs the compiled programs (`npm test` builds first).
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { eventually } from '../helpers/eventually.js';
import { allGone } from '../helpers/started-program.js';
import { hidingTree, pidsOf } from './hiding-tree.js';
import { runJob } from './kill-scenarios.js';
import { keepKillableStack } from './kill-suite.js';
import { expectRunOnce, jobBody, jobReached, planJob, readMarks, taskBodies, tasksCompleted } from './marked-job.js';
import { persistently } from './persistently.js';

const { stack, poolId } = keepKillableStack('outages');

const plan = (jobId: string, tasks: number) => planJob(stack().directory, { jobId, poolId, tasks });
const client = () => stack().client();
const killed = (name: string) => eventually('the kill', () => stack().fired(name));

describe('a broker that lost everything', () => {
  // Whoever had just been told dies with it: only the tables still know.
  it.each([
    ['orders half sent', 'preparation', ['broker', 'agents']],
    ['order received', 'task', ['broker', 'agents']],
    ['order received', 'release', ['broker', 'agents']],
    ['report due', 'task', ['broker', 'host']],
  ] as const)('does not keep a job from its end: %s (%s), with %s', async (point, kind, victims) => {
    const jobId = `forgetting-${point}-${kind}`.replaceAll(' ', '-');
    const job = plan(jobId, 3);
    stack().arm({ name: jobId, point, kind, jobId, victims, brokerForgets: true });
    await runJob(stack(), job);
    await killed(jobId);
    await expectRunOnce(stack(), job);
  });
});

describe('a request that was accepted', () => {
  it.each([
    ['POST /addtaskcollection', false],
    ['POST /addtaskcollection', true],
    ['POST /terminate', false],
    ['POST /terminate', true],
  ])(
    'is carried out although host and broker die right after the answer: %s, forgetting: %s',
    async (kind, brokerForgets) => {
      const jobId = `answered${kind.replaceAll(/\W+/g, '-')}-${brokerForgets}`;
      const job = plan(jobId, 2);
      stack().arm({ name: jobId, point: 'answered', kind, jobId, victims: ['broker', 'host'], brokerForgets });
      await runJob(stack(), job);
      await killed(jobId);
      await expectRunOnce(stack(), job);
    },
  );

  it('to delete a job is carried out, releases first', async () => {
    const jobId = 'answered-delete';
    const job = plan(jobId, 2);
    await client().job.add(jobBody(job));
    await client().task.addCollection(jobId, taskBodies(job));
    await tasksCompleted(client, job);
    stack().arm({ name: jobId, point: 'answered', kind: 'DELETE ', jobId, victims: ['broker', 'host'] });
    await client().job.deleteMethod(jobId);
    await killed(jobId);
    await eventually('the end of the job', () => isAbsent(jobId), 60_000, 100);
    const { order } = readMarks(job);
    expect(Object.values(order).map((commands) => commands.filter((each) => each === 'release').length)).toEqual(
      Object.keys(order).map(() => 1),
    );
  });
});

describe('an agent that was killed', () => {
  it('adopts what goes on without it, and reports its end', async () => {
    const jobId = 'adopted';
    const job = plan(jobId, 2);
    const agents = () => stack().programs('agent/main.js');
    const before = agents().map(({ pid }) => pid);
    stack().arm({ name: jobId, point: 'process spawned', kind: 'task', jobId, victims: ['agents'] });
    const finished = runJob(stack(), job, 'until test -e $M/go; do sleep 0.05; done');
    await killed(jobId);
    await eventually('two other agents', () => agents().filter(({ pid }) => !before.includes(pid)).length === 2);
    await eventually('both tasks', () => job.taskIds.every((id) => readMarks(job).runs[id] !== undefined));
    writeFileSync(join(job.directory, 'go'), '');
    await finished;
    await expectRunOnce(stack(), job);
  });

  it('ends hidden processes that it did not start itself when their job is terminated', async () => {
    const jobId = 'hidden';
    const job = plan(jobId, 2);
    await client().job.add(jobBody(job));
    stack().arm({ name: jobId, point: 'process spawned', kind: 'task', jobId, victims: ['agents'] });
    await client().task.addCollection(jobId, taskBodies(job, hidingTree));
    await killed(jobId);
    const pids = await eventually('all processes', () => pidsOf(job, 2));
    await persistently('terminate the job', () => client().job.terminate(jobId), [
      'JobBeingTerminated',
      'JobCompleted',
    ]);
    await jobReached(client, job, 'completed');
    await allGone(pids, 1_000);
    expect(Object.values(readMarks(job).order).map((order) => order.at(-1))).toEqual(['release', 'release']);
  });
});

describe('a stack that was stopped', () => {
  it('prepares again what its stop interrupted, and runs everything else once', async () => {
    const jobId = 'rebooted';
    const job = plan(jobId, 2);
    await client().job.add(
      jobBody(job, { preparation: 'touch $M/preparing; until test -e $M/go; do sleep 0.05; done' }),
    );
    await client().task.addCollection(jobId, taskBodies(job));
    await eventually('the preparation', () => existsSync(join(job.directory, 'preparing')));
    await eventually('both preparations', () => Object.keys(readMarks(job).order).length === 2);
    await stack().restart();
    writeFileSync(join(job.directory, 'go'), '');
    await tasksCompleted(client, job);
    await client().job.terminate(jobId);
    await jobReached(client, job, 'completed');
    const { runs, order } = readMarks(job);
    expect(job.taskIds.map((id) => runs[id]?.length)).toEqual([1, 1]);
    const used = new Set(job.taskIds.flatMap((id) => runs[id] ?? []));
    // A node that got no task after its reboot was not prepared again, and owes nothing.
    for (const [nodeId, commands] of Object.entries(order)) {
      const special = commands.filter((command) => !command.startsWith('task'));
      const expected = used.has(nodeId) ? ['preparation', 'preparation', 'release'] : ['preparation'];
      expect(special, nodeId).toEqual(expected);
    }
  });
});

async function isAbsent(jobId: string): Promise<boolean> {
  try {
    await client().job.get(jobId);
    return false;
  } catch (error) {
    if (typeof error === 'object' && error !== null && 'statusCode' in error && error.statusCode === 404) return true;
    throw error;
  }
}

// The main flow with one process per function, as each scales on its own in Azure: nothing is shared in memory, and one can die alone.
// And what tasks leave running when their stack is stopped. Runs the compiled programs (`npm test` builds first).
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { eventually } from '../helpers/eventually.js';
import { allGone } from '../helpers/started-program.js';
import { hidingTree, pidsOf } from './hiding-tree.js';
import { addPool, expectRunOnce, jobBody, planJob, taskBodies } from './marked-job.js';
import { startSharedStack, type SharedStack } from './shared-stack.js';

let stack: SharedStack;
let isStopped = false;
beforeAll(async () => {
  stack = await startSharedStack('processes', { processPerFunction: true });
  await addPool(stack.client, 'pool1', 2);
});
afterEach(({ task }) => (isStopped ? undefined : stack.afterTest(task)));
afterAll(() => (isStopped ? undefined : stack.stop()));

const plan = (jobId: string, tasks: number) => planJob(stack.directory, { jobId, poolId: 'pool1', tasks });
const workers = (functionName: string): readonly number[] =>
  stack
    .programs()
    .filter(({ command }) => new RegExp(`--only (\\S+,)?${functionName}(,|$| )`).test(command))
    .map(({ pid }) => pid);

it('prepares, runs and releases with each function in a process of its own', async () => {
  expect(workers('react-to-job-events')).toHaveLength(1);
  expect(workers('add-job')).toHaveLength(1);
  expect(workers('react-to-job-events')).not.toEqual(workers('add-job'));
  const job = plan('apart', 4);
  await stack.runJob(job);
  await expectRunOnce(stack, job);
});

it('goes on when the process of the one function that decides is killed', async () => {
  const job = plan('beheaded', 4);
  const running = stack.runJob(job);
  const [pid = 0] = workers('react-to-job-events');
  process.kill(pid, 'SIGKILL');
  await running;
  await expectRunOnce(stack, job);
  await eventually('another process of it', () => workers('react-to-job-events').some((other) => other !== pid));
});

it('leaves no process of a task, however it hides, when the stack is stopped', async () => {
  const job = plan('left-running', 2);
  await stack.client().job.add(jobBody(job));
  await stack.client().task.addCollection(job.jobId, taskBodies(job, hidingTree));
  const pids = await eventually('all processes', () => pidsOf(job, 2));
  isStopped = true;
  await stack.stop();
  await allGone(pids, 1_000);
});

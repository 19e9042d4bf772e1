// Rules of nodes that fall silent (docs/decisions/0005), on the running stack: an agent is stopped as a machine that hangs, past the bound of its
// silence, and goes on later as if nothing had been. What it still does then is looked for in processes, files and rows.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startSharedStack, type SharedStack } from '../e2e/shared-stack.js';
import { eventually } from '../helpers/eventually.js';
import { attemptsOf, sh } from './attempts-stack.js';
import { createPoolsWorld, type PoolsWorld } from './pools-world.js';

let stack: SharedStack;
let world: PoolsWorld;
/** Agents that a test has stopped and not let go on. */
const stopped = new Set<number>();
beforeAll(async () => {
  stack = await startSharedStack('lost nodes');
  world = createPoolsWorld(stack);
});
afterAll(async () => {
  stopped.forEach(goOn);
  await stack.stop();
});

// A busy node may be silent for a minute and a half; whoever looks late counts anew.
const lossWithinMs = 300_000;
const testWithinMs = 480_000;
const lookEveryMs = 500;

function goOn(pid: number): void {
  process.kill(pid, 'SIGCONT');
  stopped.delete(pid);
}

/** Stops the node's agent, as a machine that hangs, until the controller has given it up. Its tasks go on. */
async function lose(poolId: string, nodeId: string): Promise<number> {
  const pid = stack.agentOf(poolId, nodeId);
  process.kill(pid, 'SIGSTOP');
  stopped.add(pid);
  const isLost = async () => (await stack.client().computeNode.get(poolId, nodeId)).state === 'unknown';
  await eventually(`the loss of ${nodeId}`, isLost, lossWithinMs, lookEveryMs);
  return pid;
}

/** A task that notes where it runs and under which number, waits for a mark of its node, and leaves one of its own. */
const held = (name: string): string =>
  sh(
    `N=$AZ_BATCH_NODE_ID; echo $N >> ${world.path(name)}.runs; echo $$ > ${world.path(name)}.pid.$N; ` +
      `until test -e ${world.path(name)}.go.$N; do sleep 0.1; done; echo late > ${world.path(name)}.end.$N`,
  );
const runsOf = (name: string): readonly string[] => world.read(`${name}.runs`).split('\n').filter(Boolean);
const pidOf = (name: string, nodeId: string): number => Number(world.read(`${name}.pid.${nodeId}`));
const isAlive = (pid: number): boolean => stack.taskProcesses().some((found) => found.pid === pid);
const firstNodeOf = (name: string): Promise<string> =>
  eventually(`the start of ${name}`, () => world.read(`${name}.pid.${runsOf(name)[0]}`) !== '' && runsOf(name)[0]);
const releases = (name: string): string => sh(`echo $AZ_BATCH_NODE_ID >> ${world.path(name)}.released`);

/** The folders of jobs on the node's disk. */
function jobFolders(poolId: string, nodeId: string): readonly string[] {
  const root = join(stack.dataDirectory, 'nodes', poolId, nodeId, 'root/workitems');
  return readdirSync(root).sort();
}

describe.concurrent('a node that is silent past its bound', { timeout: testWithinMs }, () => {
  test('is unknown, and its tasks run elsewhere, which is no requeue that a user asked for', async () => {
    const client = stack.client();
    const nodes = await world.addPool('silent', 2);
    await world.addJob('silent', 'silent', { task: held('silent'), release: releases('silent') });
    const first = await firstNodeOf('silent');
    const other = nodes.find((id) => id !== first) ?? '';
    await lose('silent', first);
    await eventually('the second run', () => runsOf('silent').length === 2);
    expect(runsOf('silent')).toEqual([first, other]);
    world.set(`silent.go.${other}`);
    const { executionInfo, nodeInfo } = await world.taskReached('silent', 't', 'completed');
    expect(executionInfo).toMatchObject({ exitCode: 0, requeueCount: 0 });
    expect(nodeInfo?.nodeId).toBe(other);
    await client.job.terminate('silent');
    await eventually('the end of the job', async () => (await client.job.get('silent')).state === 'completed');
    expect(world.read('silent.released')).toBe(`${other}\n`);
    const waivers = (await attemptsOf(stack, 'silent')).map((each) => [each.nodeId, each.jobReleaseTaskWaiver?.reason]);
    expect(Object.fromEntries(waivers)).toEqual({ [first]: 'nodeLost', [other]: undefined });
  });

  test('and comes back has what it still runs killed, and is idle again', async () => {
    const nodes = await world.addPool('back', 2);
    await world.addJob('back', 'back', { task: held('back') });
    const first = await firstNodeOf('back');
    const other = nodes.find((id) => id !== first) ?? '';
    const agent = await lose('back', first);
    await eventually('the second run', () => runsOf('back').length === 2);
    world.set(`back.go.${other}`);
    await world.taskReached('back', 't', 'completed');
    const [early, late] = [pidOf('back', first), pidOf('back', other)];
    expect([isAlive(early), isAlive(late)]).toEqual([true, false]);
    goOn(agent);
    await eventually('the end of the earlier run', () => !isAlive(early));
    world.set(`back.go.${first}`);
    await world.nodeReached('back', first, 'idle');
    expect(stack.agentOf('back', first)).toBe(agent);
    expect([world.isSet(`back.end.${other}`), world.isSet(`back.end.${first}`)]).toEqual([true, false]);
    expect(runsOf('back')).toEqual([first, other]);
    // Its job goes on: what it was prepared for is still there, and so is its debt.
    expect(jobFolders('back', first)).toEqual(['back']);
    expect((await stack.client().job.get('back')).state).toBe('active');
  });

  test('and comes back forgets the jobs that ended meanwhile and releases none of them, and an event says so', async () => {
    const client = stack.client();
    const [nodeId = ''] = await world.addPool('forgets', 1, { taskSlotsPerNode: 2 });
    await world.addJob('ended', 'forgets', { release: releases('ended') });
    await world.taskReached('ended', 't', 'completed');
    await world.addJob('lasting', 'forgets', { task: held('lasting'), release: releases('lasting') });
    await firstNodeOf('lasting');
    expect(jobFolders('forgets', nodeId)).toEqual(['ended', 'lasting']);
    const agent = await lose('forgets', nodeId);
    await client.job.terminate('ended');
    await eventually('the end of the job', async () => (await client.job.get('ended')).state === 'completed');
    const [attempts] = await attemptsOf(stack, 'ended');
    expect(attempts?.jobReleaseTaskWaiver?.reason).toBe('nodeLost');
    goOn(agent);
    await eventually('the folder gone', () => !jobFolders('forgets', nodeId).includes('ended'));
    // The task of the job that goes on was taken from the node with it, and may run there again.
    await eventually('the second run', () => runsOf('lasting').length === 2);
    world.set(`lasting.go.${nodeId}`);
    await world.taskReached('lasting', 't', 'completed');
    await client.job.terminate('lasting');
    await eventually('the end of the other job', async () => (await client.job.get('lasting')).state === 'completed');
    await world.nodeReached('forgets', nodeId, 'idle');
    expect([world.read('ended.released'), world.read('lasting.released')]).toEqual(['', `${nodeId}\n`]);
    const returned = (await stack.poolEvents('forgets')).filter(({ type }) => type === 'dev.bookend.node.returned');
    expect(returned.map(({ data }) => [data['nodeId'], data['forgottenJobs']])).toEqual([[nodeId, ['ended']]]);
  });
});

// Ending what runs: by orders, by the end of other runs, by the node's shutdown. Nothing survives, wherever it hid.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readProcess } from '../../../agent/adapters/process-table.js';
import type { FailureInfo } from '../../../shared/tasks/run-definition.js';
import { createNodeOnMachine, orderWith, runWith, shell, type NodeOnMachine } from '../../helpers/agent-on-machine.js';
import { eventually } from '../../helpers/eventually.js';
import { allGone } from '../../helpers/started-program.js';

const asked: FailureInfo = { category: 'usererror', code: 'TaskEnded', message: 'The task was ended by a user' };

let node: NodeOnMachine;
beforeEach(async () => {
  node = await createNodeOnMachine();
});
afterEach(async () => {
  await node.remove();
});

/** Numbers of the processes that wrote them, one a line, into a file of the shared directory. */
function pidsIn(name: string): number[] {
  const text = readFileSync(join(node.identity.rootDirectory, 'shared', name), 'utf8');
  return text.trim().split('\n').map(Number);
}

function living(pids: readonly number[]): number[] {
  return pids.filter((pid) => readProcess(pid)?.isZombie === false);
}

const writePid = 'echo $$ >> $AZ_BATCH_NODE_SHARED_DIR/pids.txt';
const hiding = [
  `setsid /bin/sh -c '${writePid}; sleep 1000' &`,
  `/bin/sh -c 'trap "" TERM; ${writePid}; while :; do sleep 1; done' &`,
  `setsid /bin/sh -c 'trap "" TERM; ${writePid}; setsid env -i sleep 1000' &`,
].join('\n');

describe('a kill', () => {
  test('ends the whole tree, with descendants in other sessions and such that ignore SIGTERM', async () => {
    await node.start();
    const task = runWith(shell(`${writePid}\n${hiding}\nwait`));
    await node.sendOrder(orderWith({ tasks: [task] }));
    await eventually('four processes', () => pidsIn('pids.txt').length === 4);
    await eventually('a report that it runs', () => node.run(task.runId)?.state === 'running');

    await node.sendOrder(orderWith({ kills: [{ runId: task.runId, failure: asked }] }));
    expect(await node.ended(task.runId)).toMatchObject({ ending: 'killed', failure: asked });
    expect(living(pidsIn('pids.txt'))).toEqual([]);
  });

  test('that comes before its order keeps the run from starting', async () => {
    await node.start();
    const task = runWith(shell('echo x > $AZ_BATCH_NODE_SHARED_DIR/ran.txt'));
    await node.sendOrder(orderWith({ kills: [{ runId: task.runId, failure: asked }] }));
    await node.sendOrder(orderWith({ tasks: [task] }));

    expect(await node.ended(task.runId)).toMatchObject({ ending: 'neverStarted', failure: asked });
    await expect(node.read('shared/ran.txt')).rejects.toThrow();
  });

  test('ends a run that waits for its preparation, which goes on', async () => {
    await node.start();
    const preparation = runWith(shell('while ! test -e go; do sleep 0.05; done'), {
      kind: 'preparation',
      taskId: 'jobpreparation',
    });
    const task = runWith('/bin/true', { requiresPreparation: preparation.runId });
    await node.sendOrder(orderWith({ preparation, tasks: [task] }));
    await node.sendOrder(orderWith({ kills: [{ runId: task.runId, failure: asked }] }));

    expect(await node.ended(task.runId)).toMatchObject({ ending: 'neverStarted', failure: asked });
    expect(node.run(preparation.runId)?.state).not.toBe('ended');
    const letGo = runWith(shell('touch $AZ_BATCH_JOB_PREP_WORKING_DIR/go'), { taskId: 'task2' });
    await node.sendOrder(orderWith({ tasks: [letGo] }));
    expect(await node.ended(preparation.runId)).toMatchObject({ ending: 'exited', exitCode: 0 });
  });

  test('is told with the reason that came first', async () => {
    await node.start();
    const task = runWith(shell(`trap '' TERM; ${writePid}; while :; do sleep 0.1; done`));
    await node.sendOrder(orderWith({ tasks: [task] }));
    await eventually('the process', () => pidsIn('pids.txt').length === 1);
    const later: FailureInfo = { ...asked, code: 'Other' };
    await node.sendOrder(orderWith({ kills: [{ runId: task.runId, failure: asked }] }));
    await node.sendOrder(orderWith({ kills: [{ runId: task.runId, failure: later }] }));

    expect(await node.ended(task.runId)).toMatchObject({ ending: 'killed', exitCode: 137, failure: asked });
  });
});

describe('what commands leave behind', () => {
  test('background processes of a task end with it', async () => {
    await node.start();
    const task = runWith(
      shell(`${hiding}\nuntil test $(wc -l < $AZ_BATCH_NODE_SHARED_DIR/pids.txt) -eq 3; do sleep 0.02; done`),
    );
    await node.sendOrder(orderWith({ tasks: [task] }));

    expect(await node.ended(task.runId)).toMatchObject({ exitCode: 0 });
    expect(living(pidsIn('pids.txt'))).toEqual([]);
  });

  test('a service that a preparation started serves the tasks and ends with the release', async () => {
    await node.start();
    const service = `setsid /bin/sh -c '${writePid}; sleep 1000' &`;
    const preparation = runWith(
      shell(`${service}\nuntil test -s $AZ_BATCH_NODE_SHARED_DIR/pids.txt; do sleep 0.02; done`),
      {
        kind: 'preparation',
        taskId: 'jobpreparation',
      },
    );
    const task = runWith(shell('kill -0 $(cat $AZ_BATCH_NODE_SHARED_DIR/pids.txt)'), {
      requiresPreparation: preparation.runId,
    });
    await node.sendOrder(orderWith({ preparation, tasks: [task] }));
    expect(await node.ended(task.runId)).toMatchObject({ exitCode: 0 });

    const release = runWith(shell('kill -0 $(cat $AZ_BATCH_NODE_SHARED_DIR/pids.txt)'), {
      kind: 'release',
      taskId: 'jobrelease',
    });
    await node.sendOrder(orderWith({ release }));
    expect(await node.ended(release.runId)).toMatchObject({ exitCode: 0 });
    expect(living(pidsIn('pids.txt'))).toEqual([]);
  });

  test('a job that is forgotten leaves no process, no folder, and no way back', async () => {
    await node.start();
    const preparation = runWith(
      shell(
        `setsid /bin/sh -c '${writePid}; sleep 1000' &\nuntil test -s $AZ_BATCH_NODE_SHARED_DIR/pids.txt; do sleep 0.02; done`,
      ),
      { kind: 'preparation', taskId: 'jobpreparation' },
    );
    await node.sendOrder(orderWith({ preparation }));
    await node.ended(preparation.runId);
    await node.sendOrder(orderWith({ forget: true }));
    await eventually('the removal of the folder', () =>
      node.read('workitems/job1/job-1/jobpreparation/stdout.txt').then(
        () => false,
        () => true,
      ),
    );
    await allGone(pidsIn('pids.txt'));

    const late = runWith(shell('echo x > $AZ_BATCH_NODE_SHARED_DIR/late.txt'), { taskId: 'late' });
    const told = node.reports().length;
    await node.sendOrder(orderWith({ tasks: [late] }));
    await eventually('a report', () => node.reports().length > told);
    expect(node.run(late.runId)).toBeUndefined();
  });
});

describe('the life of the agent', () => {
  test('a shutdown ends everything on the node within its bound, and the next start is another epoch', async () => {
    const agent = await node.start();
    const task = runWith(shell(`${writePid}\n${hiding}\nwait`));
    const waiting = runWith('/bin/true', { taskId: 'waiting', requiresPreparation: 'not-here' });
    await node.sendOrder(orderWith({ tasks: [task, waiting] }));
    await eventually('four processes', () => pidsIn('pids.txt').length === 4);
    await agent.shutdown();
    expect(living(pidsIn('pids.txt'))).toEqual([]);

    await node.start();
    expect(await node.ended(task.runId)).toMatchObject({ ending: 'lost' });
    expect(await node.ended(waiting.runId)).toMatchObject({ ending: 'lost' });
    expect(node.reports().at(-1)).toMatchObject({ epoch: 2, imageEpoch: 1 });
  });

  test('an agent that lets go leaves its tasks running, and the next one adopts them in the same epoch', async () => {
    const agent = await node.start();
    const task = runWith(shell(`${writePid}; until test -e go; do sleep 0.02; done; echo x >> ran; exit 5`));
    await node.sendOrder(orderWith({ tasks: [task] }));
    await eventually('the process', () => pidsIn('pids.txt').length === 1);
    await agent.detach();
    process.kill(pidsIn('pids.txt')[0] ?? 0, 0);

    await node.start();
    await eventually('a report of it', () => node.reports().at(-1)?.runs[0]?.state === 'running');
    const letGo = runWith(shell('touch ../../task1/wd/go'), { taskId: 'task2' });
    await node.sendOrder(orderWith({ tasks: [letGo] }));
    expect(await node.ended(task.runId)).toMatchObject({ ending: 'exited', exitCode: 5 });
    expect(await node.read('workitems/job1/job-1/task1/wd/ran')).toBe('x\n');
    expect(node.reports().at(-1)).toMatchObject({ epoch: 1 });
  });

  test('a wall clock goes on while no agent lives', async () => {
    const agent = await node.start();
    const task = runWith(shell(`${writePid}; sleep 1000`), { constraints: { maxWallClockMs: 1_000 } });
    await node.sendOrder(orderWith({ tasks: [task] }));
    await eventually('the process', () => pidsIn('pids.txt').length === 1);
    await agent.detach();
    await node.start();
    expect(await node.ended(task.runId)).toMatchObject({ ending: 'wallClock', failure: { code: 'TaskEnded' } });
    expect(living(pidsIn('pids.txt'))).toEqual([]);
  });
});

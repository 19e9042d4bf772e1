// Processes that cut their ties to a run one after the other: what was once found to belong to it is ended with it all the same.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createNodeOnMachine, orderWith, runWith, shell, type NodeOnMachine } from '../../helpers/agent-on-machine.js';
import { eventually } from '../../helpers/eventually.js';
import { allGone } from '../../helpers/started-program.js';

let node: NodeOnMachine;
beforeEach(async () => {
  node = await createNodeOnMachine();
});
afterEach(async () => {
  await node.remove();
});

const asked = { category: 'usererror', code: 'TaskEnded', message: 'The task was ended by a user' } as const;
const pids = (): number[] => {
  const path = join(node.identity.rootDirectory, 'shared', 'pids.txt');
  return existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n').map(Number) : [];
};
const writePid = 'echo $$ >> $AZ_BATCH_NODE_SHARED_DIR/pids.txt';

test('a descendant that only its parent tells of, and that outlives it, ends with its run', async () => {
  await node.start();
  // Deaf to the SIGTERM that its parent dies of, in a session of its own, without an environment.
  const deaf = `trap "" TERM; ${writePid}; exec env -i sleep 1000`;
  const task = runWith(shell(`${writePid}\nsetsid /bin/sh -c '${deaf}' &\nwait`));
  await node.sendOrder(orderWith({ tasks: [task] }));
  await eventually('two processes', () => pids().length === 2);
  await eventually('a report that it runs', () => node.run(task.runId)?.state === 'running');

  await node.sendOrder(orderWith({ kills: [{ runId: task.runId, failure: asked }] }));
  expect(await node.ended(task.runId)).toMatchObject({ ending: 'killed' });
  await allGone(pids(), 100);
});

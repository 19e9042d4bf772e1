// The sample's pool: created unless it is there, its nodes' files shown, deleted. Knows no job.
import { RequestFailed, change, request, waitFor } from './requests.js';
import { sharedFilePath } from './commands.js';
import type { Scene } from './scene.js';

const deletionWithinMs = 60_000;

/** Adds the pool; true when it was not there before. One that is just being deleted is waited for. */
export async function createPool(scene: Scene): Promise<boolean> {
  const { io, options } = scene;
  io.print(`Attempting to create pool: ${options.poolId}`);
  try {
    await request(`add pool ${options.poolId}`, () => sendPool(scene), options.signal);
  } catch (error) {
    if (!(error instanceof RequestFailed) || error.status !== 409) throw error;
    if (!(await isPoolLeaving(scene))) {
      io.print('The pool already existed when we tried to create it');
      return false;
    }
    await waitUntilGone(scene);
    await change(`add pool ${options.poolId}`, () => sendPool(scene), {
      codesOfDone: ['PoolExists'],
      signal: options.signal,
    });
  }
  io.print(`Created pool ${options.poolId} with ${options.nodeCount} small nodes`);
  return true;
}

/** Prints the shared file of every node that has one: a node that ran no task was not prepared. */
export async function printSharedFiles({ client, io, options }: Scene): Promise<void> {
  const nodes = await request(
    `list the nodes of pool ${options.poolId}`,
    () => client.computeNode.list(options.poolId, { computeNodeListOptions: { select: 'id, state' } }),
    options.signal,
  );
  // One that is not up yet ran nothing, and cannot be asked.
  const isUp = (state: string | undefined): boolean => state !== 'creating' && state !== 'starting';
  const nodeIds = nodes.flatMap(({ id, state }) => (id !== undefined && isUp(state) ? [id] : [])).sort();
  let found = 0;
  for (const nodeId of nodeIds) {
    const text = await readSharedFile({ client, io, options }, nodeId);
    if (text === undefined) continue;
    found++;
    io.print('');
    io.print(`Contents of ${sharedFilePath} on ${nodeId}:`);
    io.print('-------------------------------------------');
    io.print(text.replace(/\n$/, ''));
  }
  if (found === 0) {
    throw new Error(
      `Looked for ${sharedFilePath} on the nodes of pool ${options.poolId} (${nodeIds.join(', ')}); found: none`,
    );
  }
  io.print('');
}

/** Asks for the pool's deletion; it goes by itself. */
export async function deletePool({ client, options }: Scene): Promise<void> {
  await change(`delete pool ${options.poolId}`, () => client.pool.deleteMethod(options.poolId), {
    codesOfDone: ['PoolBeingDeleted', 'PoolNotFound'],
    signal: options.signal,
  });
}

async function sendPool({ client, options }: Scene): Promise<unknown> {
  return client.pool.add({
    id: options.poolId,
    vmSize: 'standard_d2_v3',
    virtualMachineConfiguration: {
      imageReference: { publisher: 'canonical', offer: 'ubuntuserver', sku: '18.04-lts', version: 'latest' },
      nodeAgentSKUId: 'batch.node.ubuntu 18.04',
    },
    targetDedicatedNodes: options.nodeCount,
    taskSlotsPerNode: 1,
    taskSchedulingPolicy: { nodeFillType: 'pack' },
  });
}

async function readSharedFile({ client, options }: Scene, nodeId: string): Promise<string | undefined> {
  try {
    return await request(
      `read ${sharedFilePath} of node ${nodeId}`,
      async () => {
        const { readableStreamBody } = await client.file.getFromComputeNode(options.poolId, nodeId, sharedFilePath);
        let text = '';
        for await (const chunk of readableStreamBody ?? []) text += chunk.toString();
        return text;
      },
      options.signal,
    );
  } catch (error) {
    if (error instanceof RequestFailed && error.status === 404) return undefined;
    throw error;
  }
}

async function isPoolLeaving(scene: Scene): Promise<boolean> {
  const state = await poolState(scene);
  return state === 'deleting' || state === 'gone';
}

async function waitUntilGone(scene: Scene): Promise<void> {
  await waitFor({
    what: `the deletion of pool ${scene.options.poolId}`,
    withinMs: deletionWithinMs,
    everyMs: scene.options.pollEveryMs,
    ...(scene.options.signal === undefined ? {} : { signal: scene.options.signal }),
    look: () => poolState(scene),
    isReached: (state) => state === 'gone',
    describe: (state) => `state ${state}`,
  });
}

async function poolState({ client, options }: Scene): Promise<string> {
  try {
    const pool = await request(`get pool ${options.poolId}`, () => client.pool.get(options.poolId), options.signal);
    return pool.state ?? 'unknown';
  } catch (error) {
    if (error instanceof RequestFailed && error.status === 404) return 'gone';
    throw error;
  }
}

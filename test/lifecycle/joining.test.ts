// Any machine joins a pool with its join key, and no node can read or say anything in the name of another. On the running stack.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createHttpJoin } from '../../agent/adapters/http-join.js';
import { loadNodeSeal } from '../../agent/adapters/jose-node-seal.js';
import { systemClock } from '../../shared/clock.js';
import { silentLog } from '../../shared/log.js';
import { messageTypes, nodeSession, poolSession, type Report } from '../../shared/nodes/node-messages.js';
import { sealedContentType } from '../../shared/nodes/sealing.js';
import { createAzureBus } from '../../shared/queues/azure-bus.js';
import { cloudEventSchema } from '../../shared/events/cloud-event.js';
import { startRestStack, type RestStack } from '../e2e/rest-stack.js';
import { eventually } from '../helpers/eventually.js';
import { memoryState } from '../helpers/memory-state.js';
import { allGone, descendantsOf, startProgram, type StartedProgram } from '../helpers/started-program.js';

let stack: RestStack;
let directory: string;
const agents: StartedProgram[] = [];

beforeAll(async () => {
  stack = await startRestStack();
  directory = await mkdtemp(join(tmpdir(), 'joining-'));
});
afterAll(async () => {
  await Promise.all(agents.map(end));
  await stack.stop();
  await rm(directory, { recursive: true, force: true });
});

async function end(agent: StartedProgram): Promise<void> {
  const below = descendantsOf(agent.pid);
  agent.process.kill('SIGTERM');
  await agent.ended;
  await allGone(below);
}

type JoinKeyList = { readonly value: readonly { readonly key: string; readonly validUntil?: string }[] };
const joinKeys = async (method: string, poolId: string, more = ''): Promise<JoinKeyList['value']> => {
  const { status, body } = await stack.send(method, `/pools/${poolId}/joinkeys${more}`);
  expect(status).toBe(200);
  return (body as JoinKeyList).value;
};
const newestKey = async (poolId: string): Promise<string> => (await joinKeys('GET', poolId))[0]?.key ?? '';

/** A pool that nobody provides nodes for. */
async function addPool(poolId: string): Promise<void> {
  await stack.client.pool.add({
    id: poolId,
    vmSize: 'any',
    targetDedicatedNodes: 0,
    virtualMachineConfiguration: { imageReference: {}, nodeAgentSKUId: 'any' },
  });
}

/** The agent as its README says, on a machine of its own. */
async function startAgent(poolId: string, nodeId: string, joinKey: string): Promise<StartedProgram> {
  const keyFile = join(directory, `${nodeId}.key`);
  await writeFile(keyFile, joinKey, { mode: 0o600 });
  const root = join(directory, nodeId);
  const given = [
    '--url',
    stack.batchUrl,
    '--pool',
    poolId,
    '--node',
    nodeId,
    '--root',
    root,
    '--join-key-file',
    keyFile,
  ];
  const agent = startProgram(process.execPath, ['dist/agent/main.js', ...given]);
  agents.push(agent);
  return agent;
}

const isIn = async (poolId: string, nodeId: string, states: readonly string[]): Promise<boolean> =>
  stack.client.computeNode.get(poolId, nodeId).then(
    ({ state }) => states.includes(state ?? ''),
    () => false,
  );
const idle = (poolId: string, nodeId: string) =>
  eventually(`${nodeId} idle`, () => isIn(poolId, nodeId, ['idle']), 30_000);

async function run(jobId: string, poolId: string, commandLine: string): Promise<void> {
  await stack.client.job.add({ id: jobId, poolInfo: { poolId } });
  await stack.client.task.add(jobId, { id: 't', commandLine });
}
const taskState = async (jobId: string): Promise<string> => (await stack.client.task.get(jobId, 't')).state ?? '';

test('a machine that starts the agent with a join key of the pool becomes a node and runs its tasks', async () => {
  await addPool('open');
  await startAgent('open', 'own-1', await newestKey('open'));
  await idle('open', 'own-1');
  await run('here', 'open', `/bin/sh -c 'echo hello > $AZ_BATCH_NODE_SHARED_DIR/said'`);
  await eventually('the end of the task', async () => (await taskState('here')) === 'completed', 30_000);
  expect(await readFile(join(directory, 'own-1/shared/said'), 'utf8')).toBe('hello\n');
});

test('a machine without a valid join key gets nothing', async () => {
  await addPool('closed');
  const agent = await startAgent('closed', 'own-2', `${(await newestKey('closed')).split('.')[0]}.${'A'.repeat(43)}`);
  await eventually('the refusal', () => agent.stderr().includes('AuthenticationFailed'), 30_000);
  expect((await stack.send('GET', '/pools/closed/nodes')).body['value']).toEqual([]);
});

test('join keys rotate: the new one joins at once, the old one for a while more, and nodes that have joined stay', async () => {
  await addPool('rotating');
  const old = await newestKey('rotating');
  await startAgent('rotating', 'own-3', old);
  await idle('rotating', 'own-3');
  const [fresh, before, ...more] = await joinKeys('POST', 'rotating', '/rotate');
  expect(before?.key).toBe(old);
  expect(Date.parse(before?.validUntil ?? '')).toBeGreaterThan(Date.now());
  expect([fresh?.validUntil, more]).toEqual([undefined, []]);
  await startAgent('rotating', 'own-4', fresh?.key ?? '');
  await idle('rotating', 'own-4');
  expect(await isIn('rotating', 'own-3', ['idle'])).toBe(true);
});

test('a machine that joined by itself is not rebooted or reimaged from outside: that is refused, and what it runs goes on', async () => {
  await addPool('alone');
  await startAgent('alone', 'own-5', await newestKey('alone'));
  await idle('alone', 'own-5');
  const before = await stack.client.computeNode.get('alone', 'own-5');
  const go = join(directory, 'own-5-go');
  await run('held', 'alone', `/bin/sh -c 'echo run >> ${go}.runs; until test -e ${go}; do sleep 0.1; done'`);
  await eventually('the task', async () => (await readFile(`${go}.runs`, 'utf8')) !== '', 30_000);
  const refused = { statusCode: 409, code: 'OperationNotValidOnNode' };
  expect(await stack.refusalOf(stack.client.computeNode.reboot('alone', 'own-5'))).toEqual(refused);
  expect(await stack.refusalOf(stack.client.computeNode.reimage('alone', 'own-5'))).toEqual(refused);
  await writeFile(go, '');
  await eventually('the end of the task', async () => (await taskState('held')) === 'completed', 30_000);
  expect(await readFile(`${go}.runs`, 'utf8')).toBe('run\n');
  await idle('alone', 'own-5');
  const { lastBootTime } = await stack.client.computeNode.get('alone', 'own-5');
  expect(lastBootTime).toEqual(before.lastBootTime);
});

describe('a node’s credentials', () => {
  test('open no order of another node, and make no report for it', async () => {
    await addPool('shared');
    const joinKey = await newestKey('shared');
    // Node B is a machine that is down: its orders wait. Node A is who tries to read them.
    const nodeB = await startAgent('shared', 'B', joinKey);
    await idle('shared', 'B');
    nodeB.process.kill('SIGKILL');
    await nodeB.ended;
    const sealOfA = await loadNodeSeal(memoryState());
    const joinAsA = createHttpJoin({
      url: stack.batchUrl,
      poolId: 'shared',
      nodeId: 'A',
      readJoinKey: () => Promise.resolve(joinKey),
      clock: systemClock,
    });
    const { serviceBusConnection, ...membership } = await joinAsA(sealOfA);
    await sealOfA.setMembership(membership);
    // It has presented itself, and said nothing yet.
    expect(await isIn('shared', 'A', ['starting'])).toBe(true);
    const bus = createAzureBus(serviceBusConnection, silentLog);
    try {
      await run('secret', 'shared', 'echo a-secret-of-B');
      await eventually('the task on node B', async () => (await taskState('secret')) !== 'active', 30_000);
      const session = await eventually(
        'the session of B',
        () => bus.openSession('node-orders', nodeSession('shared', 'B'), 5_000),
        60_000,
      );
      const message = await session.receive(10_000);
      const { data, ...envelope } = cloudEventSchema.parse(message?.body);
      expect(envelope.type).toBe(messageTypes.order);
      expect(await sealOfA.open(data)).toEqual({ kind: 'otherKey' });
      const everything = JSON.stringify(message?.body);
      for (const known of ['a-secret-of-B', 'secret']) {
        expect(everything).not.toContain(known);
        expect(Buffer.from(String(data), 'base64url').toString('latin1')).not.toContain(known);
      }
      if (message !== undefined) await session.abandon(message);
      await session.close();

      const before = await stack.client.computeNode.get('shared', 'B');
      const report: Report = {
        poolId: 'shared',
        nodeId: 'B',
        epoch: 99,
        imageEpoch: 99,
        sequence: 1,
        agentVersion: 'forged',
        nodeTime: new Date().toISOString(),
        bootedAgoMs: 0,
        runs: [],
      };
      for (const signed of [await sealOfA.sign(report), report]) {
        const id = `forged-${typeof signed}`;
        await bus.send('job-events', [
          {
            messageId: id,
            sessionId: poolSession('shared'),
            body: {
              specversion: '1.0',
              id,
              source: '/forged',
              type: messageTypes.report,
              datacontenttype: sealedContentType,
              data: signed,
            },
          },
        ]);
      }
      // A report of A's own, sent after them, shows that they were looked at.
      await bus.send('job-events', [
        {
          messageId: 'own',
          sessionId: poolSession('shared'),
          body: {
            specversion: '1.0',
            id: 'own',
            source: '/own',
            type: messageTypes.report,
            datacontenttype: sealedContentType,
            data: await sealOfA.sign({ ...report, nodeId: 'A', epoch: 1, imageEpoch: 1 }),
          },
        },
      ]);
      await idle('shared', 'A');
      const after = await stack.client.computeNode.get('shared', 'B');
      expect(after.nodeAgentInfo).toEqual(before.nodeAgentInfo);
      expect(after.lastBootTime).toEqual(before.lastBootTime);
      expect(await taskState('secret')).not.toBe('completed');
    } finally {
      await bus.close();
    }
    await startAgent('shared', 'B', joinKey);
    await eventually('the end of the task', async () => (await taskState('secret')) === 'completed', 60_000);
  });
});

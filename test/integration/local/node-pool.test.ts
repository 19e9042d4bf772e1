// The local provisioner against the real broker, with a stand-in for the agent program.
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { startNodePool, type NodePool } from '../../../local/node-pool/node-pool.js';
import { startServiceBus, type ServiceBus } from '../../../local/service-bus/index.js';
import { silentLog } from '../../../shared/log.js';
import { messageTypes, type Capacity } from '../../../shared/nodes/node-messages.js';
import { createAzureBus } from '../../../shared/queues/azure-bus.js';
import type { Bus } from '../../../shared/queues/bus.js';
import { eventually } from '../../helpers/eventually.js';
import { allGone } from '../../helpers/started-program.js';

const agentScript = fileURLToPath(new URL('../../fixtures/programs/child.mjs', import.meta.url));
const configPath = fileURLToPath(new URL('../../../local/service-bus/Config.json', import.meta.url));

let broker: ServiceBus;
let controller: Bus;
let base: string;
let directory: string;
let nodePool: NodePool | undefined;
beforeAll(async () => {
  broker = await startServiceBus({ config: configPath, keyName: 'RootManageSharedAccessKey', key: randomUUID() });
  controller = createAzureBus(broker.connectionString, silentLog);
});
afterAll(async () => {
  await controller.close();
  await broker.stop();
});
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'node-pool-'));
  directory = join(base, 'nodes');
  await mkdir(directory);
});
afterEach(async () => {
  await nodePool?.stop();
  nodePool = undefined;
  await rm(base, { recursive: true, force: true });
});

async function start(): Promise<NodePool> {
  nodePool = await startNodePool({
    bus: createAzureBus(broker.connectionString, silentLog),
    directory,
    log: silentLog,
    agent: {
      script: agentScript,
      accountName: 'a',
      url: 'http://127.0.0.1:1',
      logLevel: 'warn',
      isEphemeral: true,
      logFile: join(base, 'agents.log'),
    },
  });
  return nodePool;
}

function want(capacity: Omit<Capacity, 'taskSlotsPerNode'>): Promise<void> {
  return send(capacity.poolId, { ...capacity, taskSlotsPerNode: 1 });
}

async function send(poolId: string, data: unknown): Promise<void> {
  const [id, source, time] = [randomUUID(), `/pools/${poolId}`, new Date().toISOString()];
  const body = { specversion: '1.0', id, source, type: messageTypes.capacity, time, data } as const;
  await controller.send('pool-capacity', [{ body, messageId: id, sessionId: poolId }]);
}

async function reached(pool: NodePool, nodes: readonly string[]): Promise<Readonly<Record<string, number>>> {
  return eventually(`nodes ${nodes.join(', ')}`, () => {
    const present = pool.processes();
    return Object.keys(present).sort().join() === [...nodes].sort().join() && present;
  });
}

it('holds the nodes that are wanted, each in a directory of its own, and removes those that are not', async () => {
  const pool = await start();
  const poolId = randomUUID();
  await want({ poolId, incarnation: 'a', nodeIds: ['n1', 'n2'] });
  const both = await reached(pool, [`${poolId}/n1`, `${poolId}/n2`]);
  expect(existsSync(join(directory, poolId, 'n1', 'root'))).toBe(true);
  expect(existsSync(join(directory, poolId, 'n2', 'state'))).toBe(true);
  await want({ poolId, incarnation: 'a', nodeIds: ['n2'] });
  const one = await reached(pool, [`${poolId}/n2`]);
  expect(one[`${poolId}/n2`]).toBe(both[`${poolId}/n2`]);
  await eventually('the removal of its directory', () => !existsSync(join(directory, poolId, 'n1')));
  await want({ poolId, incarnation: 'a', nodeIds: [] });
  await reached(pool, []);
  await allGone(Object.values(both));
  await eventually('the removal of its directory', () => !existsSync(join(directory, poolId, 'n2')));
});

it('starts an agent again that died', async () => {
  const pool = await start();
  const poolId = randomUUID();
  await want({ poolId, incarnation: 'a', nodeIds: ['n1'] });
  const { [`${poolId}/n1`]: pid = 0 } = await reached(pool, [`${poolId}/n1`]);
  process.kill(pid, 'SIGKILL');
  await eventually('another agent', () => {
    const now = pool.processes()[`${poolId}/n1`];
    return now !== undefined && now !== pid;
  });
});

it('gives a pool that comes after another of the same id machines of its own', async () => {
  const pool = await start();
  const poolId = randomUUID();
  await want({ poolId, incarnation: 'a', nodeIds: ['n1'] });
  const { [`${poolId}/n1`]: pid = 0 } = await reached(pool, [`${poolId}/n1`]);
  await mkdir(join(directory, poolId, 'n1', 'root', 'shared'));
  await want({ poolId, incarnation: 'b', nodeIds: ['n1'] });
  await eventually('another machine', () => {
    const now = pool.processes()[`${poolId}/n1`];
    return now !== undefined && now !== pid && !existsSync(join(directory, poolId, 'n1', 'root', 'shared'));
  });
});

it('brings the nodes back after a restart, with their directories', async () => {
  const poolId = randomUUID();
  const first = await start();
  await want({ poolId, incarnation: 'a', nodeIds: ['n1'] });
  await reached(first, [`${poolId}/n1`]);
  await mkdir(join(directory, poolId, 'n1', 'root', 'shared'));
  // What a removal leaves that was interrupted by a crash.
  await mkdir(join(directory, poolId, 'n0', 'root'), { recursive: true });
  await first.stop();
  const second = await start();
  await reached(second, [`${poolId}/n1`]);
  expect(existsSync(join(directory, poolId, 'n1', 'root', 'shared'))).toBe(true);
  expect(existsSync(join(directory, poolId, 'n0'))).toBe(false);
});

it('a removed node takes along what still runs on it, also what has left its group', async () => {
  const pool = await start();
  const poolId = randomUUID();
  await want({ poolId, incarnation: 'a', nodeIds: ['n1'] });
  await reached(pool, [`${poolId}/n1`]);
  const root = join(directory, poolId, 'n1', 'root');
  const environment = { AZ_BATCH_NODE_ROOT_DIR: root, PATH: process.env['PATH'] ?? '' };
  const leftover = spawn('sleep', ['600'], { detached: true, stdio: 'ignore', env: environment });
  await want({ poolId, incarnation: 'a', nodeIds: [] });
  await reached(pool, []);
  await allGone([leftover.pid ?? 0]);
});

it('keeps a message it cannot read as a dead letter and goes on', async () => {
  const pool = await start();
  const poolId = randomUUID();
  const deadBefore = broker.control.counts()['pool-capacity']?.deadLettered ?? 0;
  await send(poolId, { poolId: 7 });
  await want({ poolId, incarnation: 'a', nodeIds: ['n1'] });
  await reached(pool, [`${poolId}/n1`]);
  await eventually(
    'the dead letter',
    () => (broker.control.counts()['pool-capacity']?.deadLettered ?? 0) === deadBefore + 1,
  );
});

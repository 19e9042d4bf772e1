// The node agent as a program. Says what it needs from the command line and the environment, and how it ends:
// SIGTERM and SIGINT shut the node down; a parent that goes takes the agent with it, but not its tasks unless --ephemeral.
import { mkdir, readFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { resolve } from 'node:path';
import { systemClock } from '../shared/clock.js';
import { systemIds } from '../shared/ids.js';
import { stderrLog } from '../shared/log.js';
import { createAzureBus } from '../shared/queues/azure-bus.js';
import { findTaskUsersFault } from './adapters/check-task-users.js';
import { createHttpDownloads } from './adapters/http-downloads.js';
import { createHttpJoin } from './adapters/http-join.js';
import { loadNodeSeal } from './adapters/jose-node-seal.js';
import { createHttpTransfers } from './adapters/http-transfers.js';
import { createLinuxProcesses } from './adapters/linux-processes.js';
import { createNodeDisk } from './adapters/node-disk.js';
import { becomeOnlyAgent } from './adapters/single-instance.js';
import { parseAgentArguments, usage, type AgentArguments } from './arguments.js';
import { createJoinedBus } from './joined-bus.js';
import { startAgent } from './start-agent.js';

const exitCodes = { done: 0, failed: 1, usage: 2 } as const;
// An agent whose parent has just died may need a moment to go.
const otherAgentWaitMs = 5_000;
const shutdownBoundMs = 4_800;

async function main(given: AgentArguments): Promise<void> {
  const log = stderrLog(given.logLevel, { poolId: given.poolId, nodeId: given.nodeId });
  const root = resolve(given.rootDirectory);
  const state = resolve(given.stateDirectory);
  await mkdir(state, { recursive: true, mode: 0o700 });
  // Listened to from the first moment on; acted upon once there is something to end.
  const endAsked = askedToEnd().then((why) => {
    log.info('agent was asked to end', { why });
    if (why === 'parentGone' && !given.isEphemeral) process.exit(exitCodes.done);
    systemClock.schedule(shutdownBoundMs, () => process.exit(exitCodes.done));
  });
  if (!(await becomeOnlyAgent(state, systemClock, otherAgentWaitMs))) {
    log.error('state directory was held by another agent');
    process.exit(exitCodes.failed);
  }
  const disk = await createNodeDisk({ root, state });
  const usersFault = given.taskUsers === 'self' ? undefined : findTaskUsersFault(given.taskUsers, root);
  if (usersFault !== undefined) {
    log.error('users of tasks could not be used', { reason: usersFault });
    process.exit(exitCodes.failed);
  }
  const seal = await loadNodeSeal(disk);
  const { bus, rejoin } = createJoinedBus({
    join: createHttpJoin({ ...given, readJoinKey: () => readFile(given.joinKeyFile, 'utf8'), clock: systemClock }),
    connect: (connectionString) => createAzureBus(connectionString, log),
    seal,
    clock: systemClock,
    log,
  });
  const agent = await startAgent({
    identity: {
      poolId: given.poolId,
      nodeId: given.nodeId,
      rootDirectory: root,
      accountName: given.accountName,
      accountUrl: given.url,
      userName: ownUserName(),
      isRoot: process.getuid?.() === 0,
      taskUsers: given.taskUsers,
      reservedDiskBytes: given.reservedDiskBytes,
    },
    bus,
    seal,
    rejoin,
    disk,
    processes: await createLinuxProcesses({ root, state, bootName: given.bootName }),
    downloads: createHttpDownloads(),
    transfers: createHttpTransfers(),
    clock: systemClock,
    ids: systemIds,
    log,
  });
  await endAsked;
  await agent.shutdown();
  process.exit(exitCodes.done);
}

function ownUserName(): string {
  try {
    return userInfo().username;
  } catch {
    // No account belongs to the number, as in many a container.
    return `bookend-${process.getuid?.()}`;
  }
}

function askedToEnd(): Promise<'signal' | 'parentGone'> {
  return new Promise((resolveWhy) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => resolveWhy('signal'));
    if (process.channel === undefined) return;
    process.once('disconnect', () => resolveWhy('parentGone'));
    // The parent may have gone before anyone listened.
    if (!process.connected) resolveWhy('parentGone');
  });
}

const parsed = parseAgentArguments(process.argv.slice(2));
if ('faults' in parsed) {
  process.stderr.write(`${parsed.faults.join('\n')}\n${usage}\n`);
  process.exit(exitCodes.usage);
} else {
  main(parsed.arguments).catch((error: unknown) => {
    process.stderr.write(`agent failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exit(exitCodes.failed);
  });
}

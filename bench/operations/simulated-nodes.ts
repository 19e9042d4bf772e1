// Provides the nodes that the controller wants: real agents on simulated machines, all in this process, over the real bus.
// Follows the snapshots of `pool-capacity` as the local provisioner does.
import { createHttpJoin } from '../../agent/adapters/http-join.js';
import { loadNodeSeal } from '../../agent/adapters/jose-node-seal.js';
import { createJoinedBus } from '../../agent/joined-bus.js';
import { startAgent, type Agent } from '../../agent/start-agent.js';
import { receiveCapacity } from '../../local/node-pool/receive-capacity.js';
import { systemClock } from '../../shared/clock.js';
import { systemIds } from '../../shared/ids.js';
import { silentLog, type Log } from '../../shared/log.js';
import { createAzureBus } from '../../shared/queues/azure-bus.js';
import type { Capacity } from '../../shared/nodes/node-messages.js';
import type { Bus } from '../../shared/queues/bus.js';
import { createSimulatedDisk, createSimulatedProcesses } from './simulated-machine.js';

export type SimulatedNodes = {
  /** How many tasks have run, apart from preparations and releases. */
  endedTasks(): number;
  stop(): Promise<void>;
};

const specialTasks = new Set(['jobpreparation', 'jobrelease']);

/** `runMs`: how long each command takes. */
export function startSimulatedNodes(options: {
  readonly serviceBusConnection: string;
  readonly accountUrl: string;
  readonly runMs: number;
  readonly log: Log;
}): SimulatedNodes {
  const { log, runMs } = options;
  const capacityBus = createAzureBus(options.serviceBusConnection, log);
  let endedTasks = 0;
  const agents = new Map<string, Promise<{ readonly agent: Agent; readonly bus: Bus }>>();
  const stopping = new AbortController();
  const start = async (
    poolId: string,
    nodeId: string,
    joinKey: string,
  ): Promise<{ readonly agent: Agent; readonly bus: Bus }> => {
    // A connection for each, as each has on a machine of its own.
    const disk = createSimulatedDisk();
    const seal = await loadNodeSeal(disk);
    const { bus, rejoin } = createJoinedBus({
      join: createHttpJoin({
        url: options.accountUrl,
        poolId,
        nodeId,
        readJoinKey: () => Promise.resolve(joinKey),
        clock: systemClock,
      }),
      connect: (connectionString) => createAzureBus(connectionString, log),
      seal,
      clock: systemClock,
      log,
    });
    const agent = await startAgent({
      identity: {
        poolId,
        nodeId,
        rootDirectory: `/simulated/${nodeId}`,
        accountName: 'bookendlocal',
        accountUrl: options.accountUrl,
        userName: 'simulated',
      },
      bus,
      seal,
      rejoin,
      disk,
      processes: createSimulatedProcesses(runMs, (environment) => {
        if (!specialTasks.has(environment['AZ_BATCH_TASK_ID'] ?? '')) endedTasks += 1;
      }),
      downloads: {
        getText: () => Promise.reject(new Error('Simulated nodes download nothing')),
        putBlob: () => Promise.reject(new Error('Simulated nodes upload nothing')),
      },
      transfers: { readUrl: noTransfer, readBlob: noTransfer, listBlobs: noTransfer, writeBlob: noTransfer },
      clock: systemClock,
      ids: systemIds,
      log: silentLog,
    });
    return { agent, bus };
  };
  const letGo = async (node: string): Promise<void> => {
    const started = agents.get(node);
    agents.delete(node);
    if (started === undefined) return;
    const { agent, bus } = await started;
    await agent.detach();
    await bus.close();
  };
  const follow = async ({ poolId, nodeIds, joinKey = '' }: Capacity): Promise<void> => {
    const wanted = new Set(nodeIds.map((nodeId) => `${poolId}/${nodeId}`));
    const own = [...agents.keys()].filter((node) => node.startsWith(`${poolId}/`));
    await Promise.all(own.filter((node) => !wanted.has(node)).map(letGo));
    for (const nodeId of nodeIds) {
      const node = `${poolId}/${nodeId}`;
      if (!agents.has(node)) agents.set(node, start(poolId, nodeId, joinKey));
    }
  };
  void receiveCapacity(follow, {
    bus: capacityBus,
    clock: systemClock,
    log,
    signal: stopping.signal,
  });
  return {
    endedTasks: () => endedTasks,
    async stop() {
      stopping.abort(new Error('The simulated nodes are being stopped'));
      await Promise.all([...agents.keys()].map(letGo));
      await capacityBus.close().catch(() => undefined);
    },
  };
}

function noTransfer(): never {
  throw new Error('Simulated nodes transfer no files');
}

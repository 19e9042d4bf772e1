// The local provisioner: makes this machine hold the nodes that the controller wants, each an agent process.
// It follows the snapshots of `pool-capacity` and knows nothing of jobs; node states are the controller's.
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { delay, systemClock, type Clock } from '../../shared/clock.js';
import type { Log } from '../../shared/log.js';
import type { Bus } from '../../shared/queues/bus.js';
import { decideCapacity, folderName, wantedMachine, type PoolRecord } from './capacity-decisions.js';
import type { AgentProgram } from './machine.js';
import { createMachines, type MachineKey, type Machines } from './machines.js';
import { loadPoolRecords, type PoolRecords } from './pool-records.js';
import { powerOff } from './power-off.js';
import { receiveCapacity, type ApplyCapacity } from './receive-capacity.js';

export type NodePoolOptions = {
  readonly bus: Bus;
  /** Holds one folder per pool, in it one folder per node. */
  readonly directory: string;
  readonly agent: AgentProgram;
  readonly log: Log;
  readonly clock?: Clock;
};

export type NodePool = {
  /** Process numbers of the agents that are up, by `pool/node`. */
  processes(): Readonly<Record<string, number>>;
  /** Shuts all nodes down; their directories stay. Closes the bus. */
  stop(): Promise<void>;
  /** SIGKILL to all agents, without waiting. */
  kill(): void;
};

/** How long the goodbye to the broker may take. */
const closeWithinMs = 2_000;

/** Brings back the nodes that were wanted when the provisioner last ran, then follows the snapshots. */
export async function startNodePool(options: NodePoolOptions): Promise<NodePool> {
  const { bus, directory, agent, log, clock = systemClock } = options;
  const stopping = new AbortController();
  const records = await loadPoolRecords(directory, clock.now());
  const machines = createMachines({
    wanted: ({ poolId, nodeId }) => wantedMachine(records.get(poolId), nodeId),
    directoryOf: ({ poolId, nodeId }: MachineKey) => join(directory, folderName(poolId), folderName(nodeId)),
    joinKeyOf: (poolId) => records.get(poolId)?.joinKey,
    agent,
    log,
  });
  await removeStrayFolders(directory, records.all());
  for (const { poolId, nodeIds } of records.all()) nodeIds.forEach((nodeId) => machines.review({ poolId, nodeId }));
  let applying: Promise<void> = Promise.resolve();
  const apply: ApplyCapacity = (wanted, asOf) => {
    stopping.signal.throwIfAborted();
    applying = applyCapacity(wanted, asOf, { records, machines, log });
    return applying;
  };
  // Its end is not awaited: the client lets a wait for the next session run on after its connection is closed.
  void receiveCapacity(apply, { bus, clock, log, signal: stopping.signal });
  return {
    processes: () => machines.processes(),
    async stop() {
      stopping.abort(new Error('The node pool is being stopped'));
      // What could not be applied was told by the receiving loop.
      await applying.catch(() => undefined);
      await Promise.all([closeBus(bus, clock), machines.stop()]);
    },
    kill() {
      stopping.abort(new Error('The node pool is being killed'));
      machines.kill();
    },
  };
}

async function applyCapacity(
  wanted: Parameters<ApplyCapacity>[0],
  asOf: string | undefined,
  { records, machines, log }: { readonly records: PoolRecords; readonly machines: Machines; readonly log: Log },
): Promise<void> {
  const { poolId, incarnation } = wanted;
  const known = records.get(poolId);
  const decision = decideCapacity(known, wanted, asOf);
  if (decision.kind === 'ignore') {
    log.debug('capacity was ignored', { poolId, incarnation, reason: decision.reason });
    return;
  }
  // Saved before the message is settled and before anything starts: a crash in between repeats it.
  await records.save(decision.record);
  const touched = new Set([...machines.nodesOf(poolId), ...(known?.nodeIds ?? []), ...decision.record.nodeIds]);
  touched.forEach((nodeId) => machines.review({ poolId, nodeId }));
}

/** Folders of nodes whose removal a crash interrupted. */
async function removeStrayFolders(directory: string, records: readonly PoolRecord[]): Promise<void> {
  for (const record of records) {
    const poolFolder = join(directory, folderName(record.poolId));
    const wanted = new Set(record.nodeIds.map(folderName));
    const found = await readdir(poolFolder, { withFileTypes: true });
    for (const entry of found.filter((each) => each.isDirectory() && !wanted.has(each.name))) {
      const folder = join(poolFolder, entry.name);
      await powerOff(folder);
      await rm(folder, { recursive: true, force: true });
    }
  }
}

/** A broker that does not answer must not hold up the rest. */
async function closeBus(bus: Bus, clock: Clock): Promise<void> {
  const isClosed = new AbortController();
  const tooLong = delay(clock, closeWithinMs, isClosed.signal).catch(() => undefined);
  await Promise.race([bus.close(), tooLong]);
  isClosed.abort();
}

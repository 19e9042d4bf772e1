// The local provisioner: makes this machine hold the nodes that the controller wants, each an agent process.
// It reacts to snapshots of `pool-capacity` and knows nothing of jobs; node states are the controller's.
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { delay, systemClock, type Clock } from '../../shared/clock.js';
import type { Log } from '../../shared/log.js';
import type { Capacity } from '../../shared/nodes/node-messages.js';
import type { Bus } from '../../shared/queues/bus.js';
import { decideCapacity, decideMachine, folderName, type PoolRecord } from './capacity-decisions.js';
import { startMachine, type AgentProgram, type Machine } from './machine.js';
import { loadPoolRecords } from './pool-records.js';
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

type Present = {
  readonly poolId: string;
  readonly nodeId: string;
  readonly incarnation: string;
  readonly machine: Machine;
};

/** How long the goodbye to the broker may take. */
const closeWithinMs = 2_000;

/** Brings back the nodes that were wanted when the provisioner last ran, then follows the snapshots. */
export async function startNodePool(options: NodePoolOptions): Promise<NodePool> {
  const { bus, directory, agent, log, clock = systemClock } = options;
  const stopping = new AbortController();
  const records = await loadPoolRecords(directory, clock.now());
  const present = new Map<string, Present>();
  /** The last removal or start per node folder: the next change of that node waits for it. */
  const changing = new Map<string, Promise<void>>();
  const change = (folder: string, work: () => Promise<void>): void => {
    const next = (changing.get(folder) ?? Promise.resolve()).then(work).catch((error: unknown) => {
      log.error('a node could not be changed', { folder, error });
    });
    changing.set(folder, next);
    void next.then(() => changing.get(folder) === next && changing.delete(folder));
  };
  // Looks at the world when its turn comes: what was wanted when it was asked for may have changed.
  const converge = async (poolId: string, nodeId: string, folder: string): Promise<void> => {
    if (stopping.signal.aborted) return;
    const record = records.get(poolId);
    const wanted = record?.nodeIds.includes(nodeId) === true ? record.incarnation : undefined;
    const here = present.get(folder);
    const decision = decideMachine(here?.incarnation, wanted);
    if (here !== undefined && decision !== 'nothing') {
      await here.machine.remove();
      present.delete(folder);
      log.info('a node was removed', { poolId, nodeId });
    }
    if (wanted === undefined || decision === 'nothing') return;
    const machine = await startMachine({ poolId, nodeId, directory: folder, agent, log });
    present.set(folder, { poolId, nodeId, incarnation: wanted, machine });
    log.info('a node was started', { poolId, nodeId });
  };
  const reconcile = (poolId: string, nodeIds: Iterable<string>): void => {
    for (const nodeId of new Set(nodeIds)) {
      const folder = nodeFolder(directory, poolId, nodeId);
      change(folder, () => converge(poolId, nodeId, folder));
    }
  };
  let applying: Promise<void> = Promise.resolve();
  const apply = async (wanted: Capacity, asOf: string | undefined): Promise<void> => {
    stopping.signal.throwIfAborted();
    const { poolId, incarnation } = wanted;
    const known = records.get(poolId);
    const decision = decideCapacity(known, wanted, asOf);
    if (decision.kind === 'ignore') {
      log.debug('capacity was ignored', { poolId, incarnation, reason: decision.reason });
      return;
    }
    // Saved before the message is settled and before anything starts: a crash in between repeats it.
    await records.save(decision.record);
    const here = [...present.values()].filter((node) => node.poolId === poolId).map((node) => node.nodeId);
    reconcile(poolId, [...here, ...(known?.nodeIds ?? []), ...decision.record.nodeIds]);
  };
  const stopMachines = async (): Promise<void> => {
    // What cannot be applied is told by the receiving loop.
    await applying.catch(() => undefined);
    await Promise.all(changing.values());
    await Promise.all([...present.values()].map(({ machine }) => machine.stop()));
    present.clear();
  };
  // A broker that does not answer must not hold up the rest. (The client lets a wait for the next session run on after
  // its connection is closed, so the receiving loop's end is not awaited: it finds itself stopped.)
  const closeBus = async (): Promise<void> => {
    const isClosed = new AbortController();
    const tooLong = delay(clock, closeWithinMs, isClosed.signal).catch(() => undefined);
    await Promise.race([bus.close(), tooLong]);
    isClosed.abort();
  };
  await removeStrayFolders(directory, records.all());
  records.all().forEach((record) => reconcile(record.poolId, record.nodeIds));
  const applyTracked: ApplyCapacity = (wanted, asOf) => (applying = apply(wanted, asOf));
  void receiveCapacity(applyTracked, { bus, clock, log, signal: stopping.signal });
  return {
    processes: () =>
      Object.fromEntries(
        [...present.values()].flatMap(({ poolId, nodeId, machine }) => {
          const pid = machine.pid();
          return pid === undefined ? [] : [[`${poolId}/${nodeId}`, pid]];
        }),
      ),
    async stop() {
      stopping.abort(new Error('The node pool is being stopped'));
      await Promise.all([closeBus(), stopMachines()]);
    },
    kill() {
      stopping.abort(new Error('The node pool is being killed'));
      present.forEach(({ machine }) => machine.kill());
    },
  };
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

function nodeFolder(directory: string, poolId: string, nodeId: string): string {
  return join(directory, folderName(poolId), folderName(nodeId));
}

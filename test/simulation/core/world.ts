// A simulated world: the tables, the broker and the blobs that all programs share, and how a program gets its services.
import type { AgentWorld } from '../../../agent/agent-context.js';
import { createJoinedBus } from '../../../agent/joined-bus.js';
import type { Identity } from '../../../agent/identity.js';
import type { Processes } from '../../../agent/processes.js';
import { createJobMemory, type JobMemory } from '../../../shared/passes/job-memory.js';
import type { Services } from '../../../shared/services.js';
import { createMemoryRows, type MemoryRows } from '../../helpers/memory-table.js';
import { createBroker, type Broker } from '../models/broker.js';
import { createSimBlobs, createSimContainers, createSimDownloads, type BlobStore } from '../models/sim-blobs.js';
import { createSimBus } from '../models/sim-bus.js';
import { createSimDisk, type DiskContent } from '../models/sim-disk.js';
import { createSimTable } from '../models/sim-table.js';
import { simJoin } from '../actors/join.js';
import { createSimSealing, loadSimSeal } from '../models/sim-sealing.js';
import { createSimTransfers, emptyTransferStore, type TransferStore } from '../models/sim-transfers.js';
import type { Life } from './life.js';
import { clockOn } from './scheduler.js';
import type { Sim } from './sim.js';

export type World = {
  readonly sim: Sim;
  readonly rows: MemoryRows;
  readonly broker: Broker;
  readonly blobs: BlobStore;
  /** What users keep in containers of their own. */
  readonly transfers: TransferStore;
  /** What a function of the app may touch. */
  servicesOf(life: Life): Services;
  /** What an agent may touch. */
  agentWorldOf(life: Life, node: NodeSide): Promise<AgentWorld>;
};

export type NodeSide = {
  readonly identity: Identity;
  readonly disk: DiskContent;
  readonly processes: (life: Life) => Processes;
  skewMs(): number;
  isSilent(): boolean;
  /** What the machine was given to join with. */
  joinKey(): string | undefined;
};

/** Lets a mutant stand between the code under test and its world. */
export type Wrap = {
  readonly services?: (services: Services) => Services;
  readonly agent?: (world: AgentWorld) => AgentWorld;
};

const config: Services['config'] = {
  serviceBusConnection: '',
  nodesServiceBusConnection: 'for nodes',
  storageConnection: '',
  account: { name: 'sim', keys: [] },
  table: 'bookend',
  container: 'bookend',
  releaseAfter: 'task',
  orderUrlValidMs: 5 * 60_000,
  applications: [],
  supportedImages: [],
  logLevel: 'info',
};

/** Remembers a job at once again after a lost race, so that what is remembered is often old. */
function createEagerMemory(sim: Sim): JobMemory {
  const memory = createJobMemory(clockOn(sim.scheduler));
  return { ...memory, distrust: memory.forget };
}

export function createWorld(sim: Sim, wrap: Wrap = {}): World {
  let writer = '';
  const rows = createMemoryRows((partition, changes) =>
    sim.note(writer, { type: 'committed', partition, changes, by: writer }),
  );
  const broker = createBroker(sim.scheduler);
  const blobs: BlobStore = new Map();
  const transfers = emptyTransferStore();
  const ids = { uuid: () => sim.ids.uuid(), random: () => sim.ids.next() };
  const simulated: World = {
    sim,
    rows,
    broker,
    blobs,
    transfers,
    servicesOf(life) {
      const services: Services = {
        table: createSimTable(sim, rows, life, (name) => (writer = name)),
        bus: createSimBus(sim, broker, life),
        blobs: createSimBlobs(sim, blobs, life),
        containers: createSimContainers(sim, blobs, life),
        clock: clockOn(sim.scheduler, life.isAlive),
        ids,
        log: sim.logOf(life.name),
        sealing: createSimSealing(sim.ids),
        jobMemory: createEagerMemory(sim),
        config,
      };
      return wrap.services?.(services) ?? services;
    },
    async agentWorldOf(life, { identity, disk: content, processes, skewMs, isSilent, joinKey }) {
      const disk = createSimDisk(sim, content, life);
      const clock = clockOn(sim.scheduler, life.isAlive, skewMs);
      const seal = await loadSimSeal(disk, sim.ids);
      const { bus, rejoin } = createJoinedBus({
        join: simJoin(simulated, { ...identity, life, isSilent, joinKey }),
        connect: () => createSimBus(sim, broker, life, isSilent),
        seal,
        clock,
        log: sim.logOf(life.name),
      });
      const world: AgentWorld = {
        identity,
        bus,
        seal,
        rejoin,
        disk,
        processes: processes(life),
        downloads: createSimDownloads(sim, blobs, life),
        transfers: createSimTransfers(sim, transfers, life),
        clock,
        ids,
        log: sim.logOf(life.name),
      };
      return wrap.agent?.(world) ?? world;
    },
  };
  return simulated;
}

// A simulated world: the tables, the broker and the blobs that all programs share, and how a program gets its services.
import type { AgentWorld } from '../../../agent/agent-context.js';
import type { Identity } from '../../../agent/identity.js';
import type { Processes } from '../../../agent/processes.js';
import type { Services } from '../../../shared/services.js';
import { createMemoryRows, type MemoryRows } from '../../helpers/memory-table.js';
import { createBroker, type Broker } from '../models/broker.js';
import { createSimBlobs, createSimDownloads, type BlobStore } from '../models/sim-blobs.js';
import { createSimBus } from '../models/sim-bus.js';
import { createSimDisk, type DiskContent } from '../models/sim-disk.js';
import { createSimTable } from '../models/sim-table.js';
import type { Life } from './life.js';
import { clockOn } from './scheduler.js';
import type { Sim } from './sim.js';

export type World = {
  readonly sim: Sim;
  readonly rows: MemoryRows;
  readonly broker: Broker;
  readonly blobs: BlobStore;
  /** What a function of the app may touch. */
  servicesOf(life: Life): Services;
  /** What an agent may touch. */
  agentWorldOf(life: Life, node: NodeSide): AgentWorld;
};

export type NodeSide = {
  readonly identity: Identity;
  readonly disk: DiskContent;
  readonly processes: (life: Life) => Processes;
  skewMs(): number;
  isSilent(): boolean;
};

/** Lets a mutant stand between the code under test and its world. */
export type Wrap = {
  readonly services?: (services: Services) => Services;
  readonly agent?: (world: AgentWorld) => AgentWorld;
};

const config: Services['config'] = {
  serviceBusConnection: '',
  storageConnection: '',
  account: { name: 'sim', keys: [] },
  table: 'bookend',
  container: 'bookend',
  releaseAfter: 'task',
  logLevel: 'info',
};

export function createWorld(sim: Sim, wrap: Wrap = {}): World {
  let writer = '';
  const rows = createMemoryRows((partition, changes) =>
    sim.note(writer, { type: 'committed', partition, changes, by: writer }),
  );
  const broker = createBroker(sim.scheduler);
  const blobs: BlobStore = new Map();
  const ids = { uuid: () => sim.ids.uuid(), random: () => sim.ids.next() };
  return {
    sim,
    rows,
    broker,
    blobs,
    servicesOf(life) {
      const services: Services = {
        table: createSimTable(sim, rows, life, (name) => (writer = name)),
        bus: createSimBus(sim, broker, life),
        blobs: createSimBlobs(sim, blobs, life),
        clock: clockOn(sim.scheduler, life.isAlive),
        ids,
        log: sim.logOf(life.name),
        config,
      };
      return wrap.services?.(services) ?? services;
    },
    agentWorldOf(life, { identity, disk, processes, skewMs, isSilent }) {
      const world: AgentWorld = {
        identity,
        bus: createSimBus(sim, broker, life, isSilent),
        disk: createSimDisk(sim, disk, life),
        processes: processes(life),
        downloads: createSimDownloads(sim, blobs, life),
        clock: clockOn(sim.scheduler, life.isAlive, skewMs),
        ids,
        log: sim.logOf(life.name),
      };
      return wrap.agent?.(world) ?? world;
    },
  };
}

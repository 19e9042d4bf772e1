// Everything a verb may touch, in memory: a table, blobs, a bus that keeps what was sent, and a clock that waiting moves.
import type { Blobs, ListedBlob } from '../../shared/blobs/blobs.js';
import type { Containers } from '../../shared/blobs/containers.js';
import type { Clock } from '../../shared/clock.js';
import type { Ids } from '../../shared/ids.js';
import { silentLog } from '../../shared/log.js';
import { createJobMemory } from '../../shared/passes/job-memory.js';
import type { Bus, OutgoingMessage, QueueName } from '../../shared/queues/bus.js';
import type { Services } from '../../shared/services.js';
import type { Table } from '../../shared/tables/table.js';
import { plainSealing } from './plain-sealing.js';
import { createMemoryRows, createMemoryTable, type MemoryRows } from './memory-table.js';

export type RecordingBus = Bus & {
  readonly sent: { readonly queue: QueueName; readonly message: OutgoingMessage }[];
};
export type PassingClock = Clock & { pass(ms: number): void };
export type MemoryServices = Omit<Services, 'table' | 'bus' | 'clock'> & {
  readonly table: Table;
  /** What the table holds, to look at and to change behind its back. */
  readonly rows: MemoryRows;
  readonly bus: RecordingBus;
  readonly clock: PassingClock;
};

export function createServices(): MemoryServices {
  const rows = createMemoryRows();
  const clock = createPassingClock();
  return {
    rows,
    table: createMemoryTable(rows),
    bus: createRecordingBus(),
    blobs: createMemoryBlobs(() => clock.now()),
    containers: createMemoryContainers(),
    clock,
    ids: createCountedIds(),
    sealing: plainSealing,
    jobMemory: createJobMemory(clock),
    log: silentLog,
    config: {
      serviceBusConnection: '',
      nodesServiceBusConnection: 'for nodes',
      storageConnection: '',
      account: { name: 'account', keys: [] },
      table: 'bookend',
      container: 'bookend',
      releaseAfter: 'task',
      orderUrlValidMs: 24 * 3600_000,
      applications: [],
      supportedImages: [],
      logLevel: 'error',
    },
  };
}

/** A bus that accepts everything and delivers nothing: whoever plays the triggers reads `sent`. */
export function createRecordingBus(): RecordingBus {
  const sent: RecordingBus['sent'] = [];
  return {
    sent,
    send(queue, messages) {
      sent.push(...messages.map((message) => ({ queue, message: structuredClone(message) })));
      return Promise.resolve();
    },
    openSession: () => Promise.resolve(undefined),
    openNextSession: () => Promise.resolve(undefined),
    close: () => Promise.resolve(),
  };
}

/** `now`: when what is put was put. */
export function createMemoryBlobs(
  now: () => Date = () => new Date(0),
): Blobs & { readonly kept: ReadonlyMap<string, Uint8Array> } {
  const kept = new Map<string, Uint8Array>();
  const modified = new Map<string, Date>();
  return {
    kept,
    put(name, content) {
      kept.set(name, content.slice());
      modified.set(name, now());
      return Promise.resolve();
    },
    get: (name) => Promise.resolve(kept.get(name)),
    remove: (name) => Promise.resolve(void kept.delete(name)),
    urlFor: (name) => Promise.resolve(`memory://${name}`),
    containerUrlFor: (name) => (name === 'bookend' ? undefined : `memory://${name}?rl`),
    list: (prefix) => Promise.resolve(listed(kept, prefix, modified)),
  };
}

/** Containers by name; nobody can write by their URLs. */
export function createMemoryContainers(): Containers & { readonly kept: Map<string, Map<string, Uint8Array>> } {
  const kept = new Map<string, Map<string, Uint8Array>>();
  return {
    kept,
    writeUrl(container) {
      if (!kept.has(container)) kept.set(container, new Map());
      return Promise.resolve(`memory://${container}`);
    },
    list: (container, prefix) => Promise.resolve(listed(kept.get(container) ?? new Map(), prefix)),
    get: (container, blob) => Promise.resolve(kept.get(container)?.get(blob)),
    remove: (container, blob) => Promise.resolve(void kept.get(container)?.delete(blob)),
  };
}

function listed(
  kept: ReadonlyMap<string, Uint8Array>,
  prefix: string,
  modified: ReadonlyMap<string, Date> = new Map(),
): ListedBlob[] {
  return [...kept]
    .filter(([name]) => name.startsWith(prefix))
    .map(([name, { byteLength }]) => ({ name, sizeBytes: byteLength, modified: modified.get(name) ?? new Date(0) }));
}

/** Time that passes whenever somebody waits for it, and never otherwise. */
export function createPassingClock(start = '2026-01-01T00:00:00.000Z'): PassingClock {
  let elapsedMs = 0;
  return {
    now: () => new Date(Date.parse(start) + elapsedMs),
    monotonicMs: () => elapsedMs,
    schedule(delayMs, callback) {
      let isCancelled = false;
      queueMicrotask(() => {
        if (isCancelled) return;
        elapsedMs += Math.max(0, delayMs);
        callback();
      });
      return { cancel: () => void (isCancelled = true) };
    },
    pass: (ms) => void (elapsedMs += ms),
  };
}

function createCountedIds(): Ids {
  let count = 0;
  return { uuid: () => `00000000-0000-4000-8000-${String(++count).padStart(12, '0')}`, random: () => 0.5 };
}

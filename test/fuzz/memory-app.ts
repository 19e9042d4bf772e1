// The app's HTTP functions as the host calls them, in this process and over stores in memory: thousands of requests a second, and every
// write is seen. Only the outermost things are played: table, blobs, bus, and nodes that answer questions about their files.
import { answerForm } from '../../local/batch-answers.js';
import { createHttpAnswerer } from '../../local/functions-host/http/http-front.js';
import { createRouteTable, type HttpFunction } from '../../local/functions-host/http/route-table.js';
import type { Answer } from '../../local/functions-host/http/http-messages.js';
import { createInvoker } from '../../local/functions-host/app/invoke.js';
import type { Core } from '../../local/functions-host/app/core-api.js';
import { readTriggers } from '../../local/functions-host/app/triggers.js';
import { systemClock } from '../../shared/clock.js';
import { systemIds, type Ids } from '../../shared/ids.js';
import { createLog, describeError, type Log } from '../../shared/log.js';
import { createJoseSealing } from '../../shared/nodes/jose-sealing.js';
import type { Bus, OutgoingMessage } from '../../shared/queues/bus.js';
import type { Services } from '../../shared/services.js';
import type { Entity } from '../../shared/tables/table.js';
import { createManualClock, type ManualClock } from '../helpers/manual-clock.js';
import { createMemoryRows, createMemoryTable, type MemoryRows } from '../helpers/memory-table.js';
import { createRecordingBus, createServices, type RecordingBus } from '../helpers/memory-services.js';
import { plainSealing } from '../helpers/plain-sealing.js';
import { createAnsweringNodes } from './answering-nodes.js';
import { bytesOf, signFuzzRequest, type Account, type FuzzRequest } from './fuzz-request.js';

export type FuzzServices = Services & { readonly bus: RecordingBus; readonly rows: MemoryRows };
/** Everything that the last request changed: rows by partition and name, messages sent, blobs more or fewer. */
export type Changes = { readonly rows: readonly string[]; readonly messages: number; readonly blobs: number };
export const noChange: Changes = { rows: [], messages: 0, blobs: 0 };

export type MemoryApp = {
  readonly account: Account;
  readonly clock: ManualClock;
  /** What log lines hold, with their errors, as text. */
  readonly logLines: string[];
  services(): FuzzServices;
  /** The host's whole answer; rejects when there is none for some seconds. */
  send(request: FuzzRequest): Promise<Answer>;
  changes(): Changes;
  /** Keeps the state to come back to it. */
  snapshot(): Snapshot;
  restore(snapshot: Snapshot): void;
};
export type Snapshot = { readonly rows: readonly Entity[]; readonly now: Date; readonly idsGiven: number };

// Answers in memory need no time; what waits on purpose, as before another try, gets it. In all 40 seconds, after which a request hangs.
const freeTurns = 200;
const stepMs = 50;
const mostTurns = freeTurns + 800;
const account: Account = { name: 'fuzzed', key: Buffer.from('the key that no log may show').toString('base64') };

/** `provide` is told the services that the app is to use from now on. */
export function createMemoryApp(core: Core, provide: (services: Services) => void): MemoryApp {
  const logLines: string[] = [];
  // Time and ids come back with the state, so that the same requests meet the same world.
  let time = createManualClock('2026-01-01T00:00:00.000Z');
  const clock: ManualClock = {
    now: () => time.now(),
    monotonicMs: () => time.monotonicMs(),
    schedule: (delayMs, callback) => time.schedule(delayMs, callback),
    advance: (ms) => time.advance(ms),
    pending: () => time.pending(),
  };
  let idsGiven = 0;
  const ids: Ids = {
    uuid: () => `00000000-0000-4000-8000-${String(++idsGiven).padStart(12, '0')}`,
    random: () => 0.5,
  };
  const log = createLog((level, message, fields) => logLines.push(textOf(level, message, fields)), 'debug');
  // By row, what it was before the last request and is now.
  const touched = new Map<string, { readonly before: string; after: string }>();
  let marks = { messages: 0, blobs: 0 };
  let current = begin([]);

  function begin(entities: readonly Entity[]): FuzzServices {
    const rows = createMemoryRows((partition, committed) => {
      for (const { row, before, after } of committed) {
        const key = `${partition} ${row}`;
        const known = touched.get(key);
        if (known === undefined) touched.set(key, { before: JSON.stringify(before), after: JSON.stringify(after) });
        else known.after = JSON.stringify(after);
      }
    });
    for (const { partition, row, values } of entities) rows.write(partition, [{ type: 'upsert', row, values }]);
    const memory = createServices();
    const { accepts, verifyJoin } = createJoseSealing();
    const services: FuzzServices = {
      ...memory,
      ...{ rows, table: createMemoryTable(rows), bus: withNodes(createRecordingBus()), clock, log },
      ids,
      sealing: { ...plainSealing, accepts, verifyJoin },
      config: { ...memory.config, account: { name: account.name, keys: [account.key] } },
    };
    provide(services);
    return services;
  }

  /** Lets virtual time pass, in small steps, while nothing but time is waited for. */
  async function withinPatience(answer: Promise<Answer>, { method, target }: FuzzRequest): Promise<Answer> {
    let isSettled = false;
    void answer.then(
      () => (isSettled = true),
      () => (isSettled = true),
    );
    for (let turn = 0; turn < mostTurns; turn += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      if (isSettled) return answer;
      if (turn > freeTurns) clock.advance(stepMs);
    }
    throw new Error(`No answer to ${method} ${target.slice(0, 300)}`);
  }

  const hosted = readTriggers(core, {}).filter((one): one is HttpFunction => one.trigger.kind === 'http');
  const invoker = createInvoker(core, {
    ...{ clock: systemClock, ids: systemIds, log, functionTimeoutMs: Infinity, appHookData: {} },
  });
  const answerer = createHttpAnswerer({
    ...{ routes: createRouteTable(hosted, ''), invoker, masterKey: '', form: answerForm, log },
    runFunction: () => Promise.resolve('unknownFunction'),
  });

  return {
    ...{ account, clock, logLines },
    services: () => current,
    async send(request) {
      clock.advance(1_000);
      touched.clear();
      marks = { messages: current.bus.sent.length, blobs: blobsOf(current) };
      const headers = { host: '127.0.0.1:7071', ...signFuzzRequest(request, account, clock.now()) };
      const begun = answerer({ method: request.method, target: request.target, headers });
      if ('status' in begun) return request.method === 'HEAD' ? { ...begun, body: new Uint8Array() } : begun;
      return withinPatience(begun(bytesOf(request.body)), request);
    },
    changes: () => ({
      // What was taken back is no change.
      rows: [...touched].flatMap(([key, { before, after }]) => (before === after ? [] : [key])),
      messages: current.bus.sent.length - marks.messages,
      blobs: blobsOf(current) - marks.blobs,
    }),
    snapshot: () => ({
      rows: current.rows
        .partitions()
        .flatMap((partition) => allOf(current.rows, partition))
        .map((entity) => structuredClone(entity)),
      now: clock.now(),
      idsGiven,
    }),
    restore({ rows, now, idsGiven: given }) {
      time = createManualClock(now.toISOString());
      idsGiven = given;
      current = begin(rows);
    },
  };
}

function allOf(rows: MemoryRows, partition: string): Entity[] {
  const found: Entity[] = [];
  let continuation: string | undefined;
  do {
    const page = rows.query(partition, {}, 1000, continuation);
    found.push(...page.entities);
    continuation = page.continuation;
  } while (continuation !== undefined);
  return found;
}

function blobsOf({ blobs, containers }: Services): number {
  const sizes = [blobs, containers].map((store) =>
    'kept' in store && store.kept instanceof Map ? store.kept.size : 0,
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** The recording bus, on which nodes answer what they are asked; questions are not kept. */
function withNodes(bus: RecordingBus): RecordingBus {
  const nodes = createAnsweringNodes();
  const send: Bus['send'] = (queue, messages) => {
    const kept: OutgoingMessage[] = messages.filter((message) => !nodes.answer(message));
    return kept.length === 0 ? Promise.resolve() : bus.send(queue, kept);
  };
  return { ...bus, sent: bus.sent, send, openSession: (_, sessionId) => Promise.resolve(nodes.session(sessionId)) };
}

function textOf(level: string, message: string, fields: Parameters<Log['info']>[1]): string {
  const told = Object.entries(fields ?? {}).map(([name, value]) => [
    name,
    value instanceof Error ? describeError(value) : value,
  ]);
  return `${level} ${message} ${JSON.stringify(Object.fromEntries(told))}`;
}

// The embedded Service Bus: queues and topics of the official emulator's Config.json behind AMQP 1.0 on 127.0.0.1, for the
// unmodified client with `UseDevelopmentEmulator=true`. This file puts the parts together and is the only door to them.
import { randomBytes } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { systemClock, type Clock, type Timer } from '../../shared/clock.js';
import { silentLog, type Log } from '../../shared/log.js';
import { lockDirectory, type DirectoryLock } from '../data/directory-lock.js';
import { parseConfig, type ParsedConfig, type ServiceBusConfig } from './config.js';
import { createControl, type ServiceBusControl } from './control.js';
import { createNamespace, type Namespace } from './engine/namespace.js';
import { openJournal, type Journal } from './journal/journal.js';
import { parseJsonWithComments } from './json-with-comments.js';
import { allRights, type AccessKey } from './nodes/sas.js';
import { listen, type Listener } from './wire/listener.js';

export type { ServiceBusConfig } from './config.js';
export type { AccessKey, Right } from './nodes/sas.js';
export type { ServiceBusControl } from './control.js';

export type ServiceBusOptions = {
  /** 0, the default, picks a free one. */
  readonly port?: number;
  /** What to listen on; everybody who reaches it and has a key gets in. Only this machine by default. */
  readonly host?: string;
  /** In the official emulator's format, or the path of such a file. */
  readonly config: ServiceBusConfig | string;
  /** The key with all rights, in the connection string. */
  readonly keyName: string;
  readonly key: string;
  /** More keys, each with rights of its own. */
  readonly moreKeys?: readonly AccessKey[];
  /** Where messages are kept across restarts; without it they live in memory only. */
  readonly dataDir?: string;
  /** Whether what is acknowledged must survive the machine's end too, not only the process's. Costs a disk flush per turn. */
  readonly isSynced?: boolean;
  /** The journal is written anew once it has this many bytes, most of them of messages that are gone; by default 64 MiB. */
  readonly compactAtBytes?: number;
  /** Links that were not used for this long are detached, as the real service does after ten minutes; by default they stay. */
  readonly idleLinkTimeoutMs?: number;
  /** Locks, schedules, lifetimes and duplicate windows run on this clock. */
  readonly clock?: Clock;
  /** Heartbeats and token expiry run on this one, as the peer's own clock has a say in both. */
  readonly wireClock?: Clock;
  readonly log?: Log;
  /** Told when messages could not be kept; all connections are cut off by then and the broker is of no more use. */
  readonly onFailure?: (error: unknown) => void;
};

export type ServiceBus = {
  /** What the client is constructed with. */
  readonly connectionString: string;
  readonly port: number;
  readonly control: ServiceBusControl;
  /** Closes all connections and keeps what is to be kept. */
  stop(): Promise<void>;
};

/**
 * Starts a broker. Rejects when the configuration is wrong, the port is taken, another broker holds the data directory
 * or the kept messages cannot be read.
 */
export async function startServiceBus(options: ServiceBusOptions): Promise<ServiceBus> {
  const { port = 0, host = '127.0.0.1', keyName, key, clock = systemClock, wireClock = systemClock } = options;
  const log = options.log ?? silentLog;
  const accessKeys: readonly AccessKey[] = [{ keyName, key, rights: allRights }, ...(options.moreKeys ?? [])];
  checkKeys(accessKeys);
  const deniedKeys = new Set<string>();
  const config = await loadConfig(options.config);
  for (const warning of config.warnings) log.warn('read a questionable configuration', { warning });
  const newToken = createTokens();
  const lock = await lockData(options.dataDir);
  const listener = await listen({ host, port }, ({ request, touch }) => {
    const { namespace, journal } = openNamespace(config, { options, clock, log, request, newToken });
    return {
      context: {
        namespace,
        wireClock,
        log,
        touch,
        accessKeys: () => accessKeys.filter(({ keyName }) => !deniedKeys.has(keyName)),
        newMessageId: () => newToken().toString('hex'),
        newDeliveryTag: newToken,
      },
      pump: () => namespace.pump(),
      commit: () => journal?.commit(),
      onFailure(error) {
        log.error('could not keep messages', { error });
        options.onFailure?.(error);
      },
      close() {
        namespace.stop();
        journal?.close();
      },
    };
  }).catch(async (error: unknown) => {
    await lock?.release();
    throw error;
  });
  const watch = watchIdleLinks(listener, wireClock, options.idleLinkTimeoutMs);
  return {
    connectionString: [
      `Endpoint=sb://${isEverywhere(host) ? '127.0.0.1' : host}:${listener.port}`,
      `SharedAccessKeyName=${keyName}`,
      `SharedAccessKey=${key}`,
      'UseDevelopmentEmulator=true',
    ].join(';'),
    port: listener.port,
    control: createControl(listener, deniedKeys),
    async stop() {
      watch.cancel();
      await listener.stop();
      await lock?.release();
    },
  };
}

function watchIdleLinks(listener: Listener, wireClock: Clock, idleMs: number | undefined): Timer {
  if (idleMs === undefined) return { cancel: () => undefined };
  const look = (): Timer =>
    wireClock.schedule(Math.max(100, idleMs / 10), () => {
      listener.detachIdle(idleMs);
      timer = look();
    });
  let timer = look();
  return { cancel: () => timer.cancel() };
}

// Without a data directory there is no journal, and nothing is kept.
function openNamespace(
  config: ParsedConfig,
  parts: {
    options: ServiceBusOptions;
    clock: Clock;
    log: Log;
    request: () => void;
    newToken: () => Buffer;
  },
): { namespace: Namespace; journal: Journal | undefined } {
  const { options, clock, log, request, newToken } = parts;
  let journal: Journal | undefined;
  const namespace = createNamespace(config.queues, {
    clock,
    record: options.dataDir === undefined ? undefined : (change) => journal?.record(change),
    requestTurn: request,
    newLockToken: newToken,
    topics: config.topics,
  });
  if (options.dataDir !== undefined) {
    journal = openJournal(options.dataDir, {
      log,
      restore: (image) => namespace.restore(image),
      snapshot: () => namespace.snapshot(),
      isSynced: options.isSynced ?? false,
      ...(options.compactAtBytes === undefined ? {} : { rewriteBytes: options.compactAtBytes }),
    });
  }
  return { namespace, journal };
}

// Two brokers on one directory would write over each other. Who holds it is told from /proc, which only Linux has.
async function lockData(dataDir: string | undefined): Promise<DirectoryLock | undefined> {
  if (dataDir === undefined || process.platform !== 'linux') return undefined;
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  return lockDirectory(dataDir);
}

async function loadConfig(config: ServiceBusConfig | string): Promise<ParsedConfig> {
  if (typeof config !== 'string') return parseConfig(config);
  const text = await readFile(config, 'utf8').catch((cause: unknown) => {
    throw new Error(`The Service Bus configuration '${config}' cannot be read: ${String(cause)}`, { cause });
  });
  return parseConfig(parseConfigText(config, text));
}

function parseConfigText(path: string, text: string): unknown {
  try {
    return parseJsonWithComments(text);
  } catch (cause) {
    throw new Error(`The Service Bus configuration '${path}' is no JSON: ${String(cause)}`, { cause });
  }
}

function checkKeys(keys: readonly AccessKey[]): void {
  const isUsable = (text: string): boolean => text.length > 0 && !/[;\s]/.test(text);
  for (const { keyName, key, rights } of keys) {
    if (!isUsable(keyName) || !isUsable(key)) {
      throw new Error('Key name and key must be given and fit into a connection string: no semicolons, no spaces');
    }
    if (rights.length === 0) throw new Error(`The key '${keyName}' has no rights`);
  }
  if (new Set(keys.map(({ keyName }) => keyName)).size < keys.length) throw new Error('Two keys have the same name');
}

// An address that means "all of mine" is nothing to connect to.
function isEverywhere(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}

// Random bytes are asked for by the page: a system call for each delivery would cost more than the delivery.
function createTokens(): () => Buffer {
  const tokenBytes = 16;
  let page = Buffer.alloc(0);
  let at = 0;
  return () => {
    if (at + tokenBytes > page.length) {
      page = randomBytes(tokenBytes * 256);
      at = 0;
    }
    at += tokenBytes;
    return Buffer.from(page.subarray(at - tokenBytes, at));
  };
}

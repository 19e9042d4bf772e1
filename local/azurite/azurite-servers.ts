// Azurite's table and blob services, started inside this process through the classes its package ships.
// Its queue service is not used: Bookend's messages go over Service Bus. Knows no table and no container.
import { createRequire } from 'node:module';
import type { IncomingMessage, Server } from 'node:http';
import { join } from 'node:path';

/** What this project uses of Azurite's server classes; the package ships no types. */
type AzuriteServer = {
  readonly httpServer: Server;
  start(): Promise<void>;
  close(): Promise<void>;
  getHttpServerAddress(): string;
};
type AzuriteModule<Arguments extends readonly unknown[], Instance> = {
  readonly default: new (...given: Arguments) => Instance;
};
type ServerModule = AzuriteModule<[configuration: unknown], AzuriteServer>;

const require = createRequire(import.meta.url);
const tableServerModule: ServerModule = require('azurite/dist/src/table/TableServer.js');
const tableConfigurationModule: AzuriteModule<
  unknown[],
  unknown
> = require('azurite/dist/src/table/TableConfiguration.js');
const blobServerModule: ServerModule = require('azurite/dist/src/blob/BlobServer.js');
const blobConfigurationModule: AzuriteModule<
  unknown[],
  unknown
> = require('azurite/dist/src/blob/BlobConfiguration.js');
type Collection = { findOne(query: Readonly<Record<string, unknown>>): unknown };
const { Collection: collections }: { readonly Collection: { readonly prototype: Collection } } = createRequire(
  require.resolve('azurite/package.json'),
)('lokijs');
const logger: { configLogger(enabled: boolean, path?: string): void } = require('azurite/dist/src/common/Logger.js');

const rowFirst = Symbol('rowFirst');
const host = '127.0.0.1';
const keepAliveSeconds = 60;
/** How long requests in work may take to end once the services close. */
const drainMs = 1_000;

export type AzuriteServers = {
  readonly tablePort: number;
  readonly blobPort: number;
  /** Ends accepting, lets requests in work end, writes everything that was acknowledged to the disk. */
  stop(): Promise<void>;
};

/** Starts both services on 127.0.0.1. Port 0 = a free one. Without `location` they keep everything in memory. */
export async function startAzuriteServers(options: {
  readonly tablePort: number;
  readonly blobPort: number;
  readonly location?: string;
}): Promise<AzuriteServers> {
  logger.configLogger(false);
  findByRowFirst(collections.prototype);
  const inMemory = options.location === undefined;
  const directory = options.location ?? '';
  const table = new tableServerModule.default(
    new tableConfigurationModule.default(
      ...[host, options.tablePort, keepAliveSeconds, join(directory, 'tables.json')],
      ...[...silent, undefined, ...relaxed, inMemory],
    ),
  );
  const extents = [{ locationId: 'Default', locationPath: join(directory, 'blobs'), maxConcurrency: 50 }];
  const blob = new blobServerModule.default(
    new blobConfigurationModule.default(
      ...[
        host,
        options.blobPort,
        keepAliveSeconds,
        join(directory, 'blobs.json'),
        join(directory, 'extents.json'),
        extents,
      ],
      ...[false, undefined, false, undefined, ...relaxed, inMemory],
    ),
  );
  readWholeCharacters(table.httpServer);
  await Promise.all([table.start(), blob.start()]);
  return {
    tablePort: portOf(table),
    blobPort: portOf(blob),
    async stop() {
      await Promise.all([drain(table.httpServer), drain(blob.httpServer)]);
      await Promise.all([table.close(), blob.close()]);
    },
  };
}

/**
 * Azurite's store uses the index of a query's first key only and looks through all that it finds there. It asks by partition, of which a job
 * has one; asked by row, it finds a few. Writing 100 of 20,000 entities takes 30 ms instead of 500 ms.
 */
function findByRowFirst(collection: Collection): void {
  if (Reflect.has(collection, rowFirst)) return;
  Reflect.set(collection, rowFirst, true);
  const findOne = collection.findOne;
  collection.findOne = function (query) {
    const { RowKey, ...others } = query;
    return findOne.call(this, RowKey === undefined ? query : { RowKey, ...others });
  };
}

// Azurite makes text of each piece of a single entity's body by itself, which breaks a character that lies across two pieces.
// Transactions it reads as a whole, and as bytes.
function readWholeCharacters(server: Server): void {
  server.prependListener('request', (request: IncomingMessage) => {
    if (request.url?.includes('$batch') !== true) request.setEncoding('utf8');
  });
}

/** Of the table configuration: debug log, access log, access log stream. */
const silent = [false, false, undefined] as const;
/** Loose mode; no check of the api version, which the newest clients are ahead of; certificate, key, password; no OAuth; no product-style host names. */
const relaxed = [false, true, '', '', '', undefined, true] as const;

function portOf(server: AzuriteServer): number {
  return Number(new URL(server.getHttpServerAddress()).port);
}

/** Azurite's own close saves first and lets requests in work end later: an answer in between would promise what was not saved. */
function drain(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const giveUp = setTimeout(() => server.closeAllConnections(), drainMs);
    server.close(() => {
      clearTimeout(giveUp);
      resolve();
    });
    server.closeIdleConnections();
  });
}

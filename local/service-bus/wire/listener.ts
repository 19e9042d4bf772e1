// Accepts connections and runs the turns: everything that happened in one turn of the event loop is delivered, kept and
// only then said to the peers, each connection in one write.
import { createServer, type Server } from 'node:net';
import { closeConnection } from './dispatch.js';
import { detachLink } from './end-link.js';
import { linksOf, type Connection, type WireContext } from './connection.js';
import { serveSocket, type SocketConnection } from './socket-connection.js';

export type Turns = {
  /** Asks for a turn's end; many requests make one. */
  request(): void;
  /** Notes a connection that has read or written in this turn. */
  touch(connection: Connection): void;
};

export type Listener = {
  readonly port: number;
  /** Cuts every connection off; peers may connect again. Returns how many there were. */
  dropAll(): number;
  /** Detaches every link with an error that clients retry. Returns how many there were. */
  detachAll(): number;
  connectionCount(): number;
  stop(): Promise<void>;
};

// Far beyond one machine's agents; keeps a runaway client from using up all file descriptors.
const mostConnections = 5_000;
const forced = { condition: 'amqp:connection:forced', description: 'The broker is stopping.' };
const detached = { condition: 'amqp:link:detach-forced', description: 'The link was detached by the broker.' };

/** What a broker puts behind its listener. */
export type Served = {
  readonly context: WireContext;
  /** Delivers everything that can be delivered now. */
  readonly pump: () => void;
  /** Keeps the turn's changes. If it throws nothing more may be said to anybody: every connection is cut off. */
  readonly commit: () => void;
  /** Told once, when `commit` threw. */
  readonly onFailure: (error: unknown) => void;
};

/** Binds `host:port` (0: any free one) and serves AMQP there. Rejects when the port cannot be had. */
export async function listen(
  { host, port }: { host: string; port: number },
  createServed: (turns: Turns) => Served,
): Promise<Listener> {
  const served = new Map<Connection, SocketConnection>();
  const touched = new Set<Connection>();
  let isRequested = false;
  let hasFailed = false;
  let nextId = 1;

  const request = (): void => {
    if (isRequested || hasFailed) return;
    isRequested = true;
    setImmediate(endTurn);
  };
  const touch = (connection: Connection): void => {
    touched.add(connection);
    request();
  };
  const { context, pump, commit, onFailure } = createServed({ request, touch });

  const endTurn = (): void => {
    isRequested = false;
    pump();
    for (const connection of touched) served.get(connection)?.finishTurn();
    const talking = [...touched];
    touched.clear();
    try {
      commit();
    } catch (error) {
      hasFailed = true;
      server.close();
      dropAll();
      return onFailure(error);
    }
    for (const connection of talking) served.get(connection)?.flush();
  };
  const dropAll = (): number => {
    const count = served.size;
    for (const each of served.values()) each.drop();
    return count;
  };

  const server = createServer((socket) => {
    const each = serveSocket(socket, nextId++, context);
    served.set(each.connection, each);
    void each.closed.then(() => served.delete(each.connection));
  });
  server.maxConnections = mostConnections;
  await bind(server, host, port);

  return {
    port: portOf(server),
    dropAll,
    detachAll() {
      const links = [...served.keys()].flatMap((connection) => [...linksOf(connection)]);
      for (const link of links) detachLink(link, detached);
      return links.length;
    },
    connectionCount: () => served.size,
    async stop() {
      const isClosed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const connection of served.keys()) closeConnection(connection, forced);
      if (!hasFailed) endTurn();
      for (const each of served.values()) each.end();
      await isClosed;
    },
  };
}

function bind(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.removeListener('error', reject);
      // Later errors concern single connections that could not be accepted (no descriptors left): the next may succeed.
      server.on('error', () => undefined);
      resolve();
    });
  });
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

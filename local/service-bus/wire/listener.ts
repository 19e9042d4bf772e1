// Accepts connections and runs the turns: everything that happened in one turn of the event loop is delivered, kept and
// only then said to the peers, each connection in one write.
import { createServer, type Server } from 'node:net';
import { linksOf, type Connection, type WireContext } from './connection.js';
import { closeConnection } from './dispatch.js';
import { detachLink } from './end-link.js';
import { detachIdleLinks } from './idle-links.js';
import { serveSocket, type SocketConnection } from './socket-connection.js';

export type Turns = {
  /** Asks for a turn's end; many requests make one. */
  request(): void;
  /** Notes a connection that has read or written in this turn. */
  touch(connection: Connection): void;
};

/** What a broker puts behind its listener. */
export type Served = {
  readonly context: WireContext;
  /** Delivers everything that can be delivered now. */
  readonly pump: () => void;
  /** Keeps the turn's changes. If it throws nothing more may be said to anybody: every connection is cut off. */
  readonly commit: () => void;
  /** Told once, when `commit` threw. */
  readonly onFailure: (error: unknown) => void;
  /** Told once, when everything has been said. */
  readonly close: () => void;
};

export type Listener = {
  readonly port: number;
  readonly namespace: WireContext['namespace'];
  /** Cuts every connection off; peers may connect again. Returns how many there were. */
  dropAll(): number;
  /** Detaches every link with an error that clients retry. Returns how many there were. */
  detachAll(): number;
  /** Detaches the links that were not used for `idleMs`, with an error that clients retry. Returns how many there were. */
  detachIdle(idleMs: number): number;
  connectionCount(): number;
  /** Says goodbye to everybody and frees the port. */
  stop(): Promise<void>;
};

// Far beyond one machine's agents; keeps a runaway client from using up all file descriptors.
const mostConnections = 5_000;
const forced = { condition: 'amqp:connection:forced', description: 'The broker is stopping.' };
const detached = { condition: 'amqp:link:detach-forced', description: 'The link was detached by the broker.' };

/**
 * Binds `host:port` (0: any free one) and serves AMQP there. Rejects when the port cannot be had, and with whatever
 * `createServed` throws. The port comes first: a second broker, started by mistake, fails before it touches any data.
 */
export async function listen(
  { host, port }: { host: string; port: number },
  createServed: (turns: Turns) => Served,
): Promise<Listener> {
  const server = createServer();
  server.maxConnections = mostConnections;
  await bind(server, host, port);
  // Nothing asynchronous may come between here and the handler below: the first peer may already be knocking.
  const connections = new Map<Connection, SocketConnection>();
  const touched = new Set<Connection>();
  let served: Served | undefined;
  let isRequested = false;
  let stopping: Promise<void> | undefined;

  const endTurn = (): void => {
    isRequested = false;
    if (served === undefined) return;
    served.pump();
    for (const connection of touched) connections.get(connection)?.finishTurn();
    const talking = [...touched];
    touched.clear();
    try {
      served.commit();
    } catch (error) {
      return fail(served, error);
    }
    for (const connection of talking) connections.get(connection)?.flush();
  };
  const request = (): void => {
    if (isRequested) return;
    isRequested = true;
    setImmediate(endTurn);
  };
  const dropAll = (): number => {
    const count = connections.size;
    for (const each of connections.values()) each.drop();
    return count;
  };
  const fail = ({ onFailure }: Served, error: unknown): void => {
    served = undefined;
    server.close();
    dropAll();
    onFailure(error);
  };
  const stop = async (): Promise<void> => {
    const isClosed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const connection of connections.keys()) closeConnection(connection, forced);
    endTurn();
    for (const each of connections.values()) each.end();
    await isClosed;
    // The ends of the connections may have changed something, too.
    endTurn();
    served?.close();
    served = undefined;
  };

  try {
    served = createServed({
      request,
      touch(connection) {
        touched.add(connection);
        request();
      },
    });
  } catch (error) {
    server.close();
    throw error;
  }
  const { context } = served;
  let nextId = 1;
  server.on('connection', (socket) => {
    const each = serveSocket(socket, nextId++, context);
    connections.set(each.connection, each);
    void each.closed.then(() => connections.delete(each.connection));
  });

  return {
    port: portOf(server),
    namespace: context.namespace,
    dropAll,
    detachAll() {
      const links = [...connections.keys()].flatMap((connection) => [...linksOf(connection)]);
      for (const link of links) detachLink(link, detached);
      return links.length;
    },
    detachIdle: (idleMs) => detachIdleLinks(connections.keys(), idleMs),
    connectionCount: () => connections.size,
    stop: () => (stopping ??= stop()),
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

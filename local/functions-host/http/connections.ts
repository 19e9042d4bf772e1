// The open connections of the host, of which there are never more than its bound. Whoever holds one open without asking anything
// makes way for whoever comes next: many silent or slow clients cannot keep others out.
import type { Socket } from 'node:net';

export type Connections = {
  /** Takes a new connection in, at the cost of the oldest one that has no whole request in the host; of itself when all have one. */
  admit(socket: Socket): void;
  /** A whole request of this connection is in the host until the returned function is called. */
  hold(socket: Socket): () => void;
};

export function createConnections(maxConnections: number): Connections {
  // In the order in which they came.
  const requests = new Map<Socket, number>();
  const change = (socket: Socket, by: number): void => {
    const count = requests.get(socket);
    if (count !== undefined) requests.set(socket, count + by);
  };
  return {
    admit(socket) {
      requests.set(socket, 0);
      socket.once('close', () => requests.delete(socket));
      if (requests.size <= maxConnections) return;
      const [leaving = socket] = [...requests].flatMap(([each, count]) => (count === 0 ? [each] : []));
      requests.delete(leaving);
      leaving.destroy();
    },
    hold(socket) {
      change(socket, 1);
      return () => change(socket, -1);
    },
  };
}

// The open connections of the host, of which there are never more than its bound. Whoever holds one open without asking anything
// makes way for whoever comes next: many silent or slow clients cannot keep others out.
import type { Socket } from 'node:net';

export type Connections = {
  /**
   * Takes a new connection in, at the cost of one that has no whole request in the host: the oldest one of the address that has most of
   * them. At the cost of itself when all have a request.
   */
  admit(socket: Socket): void;
  /** A whole request of this connection is in the host until the returned function is called. */
  hold(socket: Socket): () => void;
};

export function createConnections(maxConnections: number): Connections {
  // In the order in which they came.
  const open = new Map<Socket, { requests: number; readonly address: string }>();
  const change = (socket: Socket, by: number): void => {
    const found = open.get(socket);
    if (found !== undefined) found.requests += by;
  };
  function leaving(): Socket | undefined {
    const counts = new Map<string, number>();
    for (const { address } of open.values()) counts.set(address, (counts.get(address) ?? 0) + 1);
    const idle = [...open].filter(([, { requests }]) => requests === 0);
    // Stable: the oldest one of those that are alike.
    const [first] = idle.sort(([, a], [, b]) => (counts.get(b.address) ?? 0) - (counts.get(a.address) ?? 0));
    return first?.[0];
  }
  return {
    admit(socket) {
      open.set(socket, { requests: 0, address: addressOf(socket) });
      socket.once('close', () => open.delete(socket));
      if (open.size <= maxConnections) return;
      const one = leaving() ?? socket;
      open.delete(one);
      one.destroy();
    },
    hold(socket) {
      change(socket, 1);
      return () => change(socket, -1);
    },
  };
}

/** Where a connection comes from; the same for all that have gone already. */
export const addressOf = ({ remoteAddress }: Socket): string => remoteAddress ?? '';

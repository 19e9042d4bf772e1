// Requests that come on one connection before the answers to those in front of them. They are served one after the other, so that a
// connection has one of them in the host at a time, and what a client sends in an order happens in that order.
// https://www.rfc-editor.org/rfc/rfc9112#section-9.3.2
import type { Duplex } from 'node:stream';

export type Pipelines = {
  /** Takes a request of `connection` in; undefined when as many wait there as may. */
  enter(connection: Duplex): Queued | undefined;
};
export type Queued = {
  /** Resolves when those before it have left; at once for most. */
  readonly turn: Promise<void>;
  /** Lets the next one have its turn; must be called once, after the own turn has come. */
  leave(): void;
};

type Line = { length: number; end: Promise<void> };

/** At most `maxWaiting` requests wait on a connection behind the one that is served. */
export function createPipelines(maxWaiting: number): Pipelines {
  const lines = new WeakMap<Duplex, Line>();
  return {
    enter(connection) {
      const line = lines.get(connection) ?? { length: 0, end: Promise.resolve() };
      if (line.length > maxWaiting) return undefined;
      const turn = line.end;
      let next = (): void => undefined;
      line.end = new Promise((resolve) => (next = resolve));
      line.length += 1;
      lines.set(connection, line);
      return {
        turn,
        leave() {
          line.length -= 1;
          next();
        },
      };
    },
  };
}

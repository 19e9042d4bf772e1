// The bus of a node that has to join before it may use one: joins when it is first needed, tries again until it works, and joins anew when
// the broker has not been reached for a while, since it may have moved. What lives on the node does not wait for any of it.
import { delay, type Clock } from '../shared/clock.js';
import type { Log } from '../shared/log.js';
import type { JoinAnswer } from '../shared/nodes/node-keys.js';
import { BusUnavailable, type Bus } from '../shared/queues/bus.js';
import type { NodeSeal } from './node-seal.js';
import { backOffMs } from './waiting.js';

export type JoinedBusOptions = {
  /** Asks the controller once. Rejects when it did not answer or refused. */
  readonly join: (seal: NodeSeal) => Promise<JoinAnswer>;
  readonly connect: (connectionString: string) => Bus;
  readonly seal: NodeSeal;
  readonly clock: Clock;
  readonly log: Log;
};

// Whoever uses the bus backs off by itself.
const waitMs = 10_000;
const rejoinAfterFailures = 5;
const rejoinAfterMs = 60_000;
const longestBackOffMs = 30_000;

export type JoinedBus = {
  readonly bus: Bus;
  /** Joins anew: somebody else may have joined as this node meanwhile. Resolves once that worked, or the bus is closed. */
  rejoin(): Promise<void>;
};

export function createJoinedBus({ join, connect, seal, clock, log }: JoinedBusOptions): JoinedBus {
  let current: { readonly connectionString: string; readonly bus: Bus } | undefined;
  let joining: Promise<void> | undefined;
  let isClosed = false;
  let failures = 0;
  let failingSinceMs = 0;

  const joinOnce = async (): Promise<void> => {
    const { serviceBusConnection, ...membership } = await join(seal);
    await seal.setMembership(membership);
    const before = current;
    if (before?.connectionString === serviceBusConnection) return;
    current = { connectionString: serviceBusConnection, bus: connect(serviceBusConnection) };
    // Whoever still waits on it is told that it is gone, and takes the new one.
    before?.bus.close().catch((error: unknown) => log.debug('former connection was not closed', { error }));
  };
  const joinUntilDone = async (): Promise<void> => {
    for (let tries = 1; !isClosed; tries += 1) {
      try {
        await joinOnce();
        if (tries > 1) log.info('pool was joined', { tries });
        return;
      } catch (error) {
        if (tries === 1) log.warn('pool was not joined, trying again', { error });
        await delay(clock, Math.min(longestBackOffMs, backOffMs(tries)));
      }
    }
  };
  const startJoining = (): Promise<void> => {
    joining ??= joinUntilDone().finally(() => (joining = undefined));
    return joining;
  };
  const ready = async (): Promise<Bus> => {
    if (current === undefined && !isClosed) {
      const tooLong = new AbortController();
      await Promise.race([startJoining(), delay(clock, waitMs, tooLong.signal).catch(() => undefined)]);
      tooLong.abort(new Error('No longer waited for'));
    }
    if (current === undefined) throw new BusUnavailable('The node has not joined its pool yet');
    return current.bus;
  };
  const use = async <T>(work: (bus: Bus) => Promise<T>): Promise<T> => {
    const bus = await ready();
    try {
      const result = await work(bus);
      failures = 0;
      return result;
    } catch (error) {
      if (!(error instanceof BusUnavailable)) throw error;
      if (failures === 0) failingSinceMs = clock.monotonicMs();
      failures += 1;
      if (failures >= rejoinAfterFailures && clock.monotonicMs() - failingSinceMs >= rejoinAfterMs) {
        failures = 0;
        void startJoining();
      }
      throw error;
    }
  };
  const bus: Bus = {
    send: (queue, messages) => use((bus) => bus.send(queue, messages)),
    openSession: (queue, sessionId, waitMs) => use((bus) => bus.openSession(queue, sessionId, waitMs)),
    openNextSession: (queue, waitMs) => use((bus) => bus.openNextSession(queue, waitMs)),
    async close() {
      isClosed = true;
      await current?.bus.close();
    },
  };
  return { bus, rejoin: startJoining };
}

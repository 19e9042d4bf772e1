// What tests and dashboards may see of a broker and do to it: counts, and faults on demand.
import { countMessages, countOperations, type QueueCounts } from './engine/namespace.js';
import type { Operations } from './engine/queue.js';
import { expireLock } from './engine/settle.js';
import { expireSession } from './engine/sessions.js';
import { serviceIdleLinkMs } from './wire/idle-links.js';
import type { Listener } from './wire/listener.js';

export type ServiceBusControl = {
  /** How many messages of each queue are in which state, by the queue's name. */
  counts(): Readonly<Record<string, QueueCounts>>;
  /** What was done at each queue since the start, counted here; a dead-letter queue is `<name>/$DeadLetterQueue`. */
  operations(): Readonly<Record<string, Operations>>;
  connectionCount(): number;
  /** Cuts every connection off. Returns how many there were. */
  dropAllConnections(): number;
  /** Detaches every link with an error clients retry. Returns how many there were. */
  detachAllLinks(): number;
  /**
   * Detaches every link on which nothing was done for `idleMs`, by default the ten minutes after which the real service
   * does so. Returns how many there were.
   */
  detachIdleLinks(idleMs?: number): number;
  /** Has tokens made with a key refused from now on, or (false) no longer. What was granted before stays granted. */
  denyKey(keyName: string, isDenied?: boolean): void;
  /** Ends the locks of a queue (or of its one session) as if their time had come. Returns how many ended. */
  expireLocks(queue: string, sessionId?: string): number;
};

/** `deniedKeys` are the names of the keys that do not count. */
export function createControl(listener: Listener, deniedKeys: Set<string>): ServiceBusControl {
  const { namespace } = listener;
  const { queues } = namespace;
  return {
    counts: () => Object.fromEntries(queues.map((queue) => [queue.rules.name, countMessages(queue)])),
    operations: () =>
      Object.fromEntries(
        queues.flatMap((queue) => {
          const own = [queue.rules.name, countOperations(queue)] as const;
          const { deadLetters } = queue;
          if (deadLetters === undefined) return [own];
          return [own, [`${queue.rules.name}/$DeadLetterQueue`, countOperations(deadLetters)] as const];
        }),
      ),
    connectionCount: () => listener.connectionCount(),
    dropAllConnections: () => listener.dropAll(),
    detachAllLinks: () => listener.detachAll(),
    detachIdleLinks: (idleMs = serviceIdleLinkMs) => listener.detachIdle(idleMs),
    denyKey(keyName, isDenied = true) {
      if (isDenied) deniedKeys.add(keyName);
      else deniedKeys.delete(keyName);
    },
    expireLocks(name, sessionId) {
      const queue = namespace.find(name.toLowerCase());
      if (queue === undefined) throw new Error(`There is no queue '${name}'`);
      const held = [...queue.sessions.values()].filter(
        (session) => session.holder !== undefined && (sessionId === undefined || session.id === sessionId),
      );
      for (const session of held) expireSession(queue, session);
      const single = [...queue.locks.values()].filter((lock) => lock.session === undefined && sessionId === undefined);
      for (const lock of single) expireLock(queue, lock);
      return held.length + single.length;
    },
  };
}

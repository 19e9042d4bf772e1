// Detaches links on which nothing was done for a while, as the real service does after ten minutes: connections that
// only keep each other alive do not count, and neither does credit that nobody was served from.
// https://learn.microsoft.com/azure/service-bus-messaging/service-bus-amqp-troubleshoot#link-is-closed
import { linksOf, type Connection } from './connection.js';
import { detachLink } from './end-link.js';

/** The real service's own limit. */
export const serviceIdleLinkMs = 600_000;

/**
 * Detaches the links to entities that were not used for `idleMs`, with the service's error, which clients retry.
 * Links to `$cbs` and those that wait for a session stay. Returns how many went.
 */
export function detachIdleLinks(connections: Iterable<Connection>, idleMs: number): number {
  let count = 0;
  for (const connection of connections) {
    const nowMs = connection.context.wireClock.monotonicMs();
    for (const link of [...linksOf(connection)]) {
      if (link.phase !== 'attached' || link.path === undefined || nowMs - link.usedMs < idleMs) continue;
      const description = `The link '${link.attach.name}' is force detached: it was idle for ${idleMs / 1000} seconds.`;
      detachLink(link, { condition: 'amqp:link:detach-forced', description });
      count++;
    }
  }
  return count;
}

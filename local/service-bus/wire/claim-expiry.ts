// Ends links whose token ran out and was not renewed.
import { linksOf, type Connection } from './connection.js';
import { detachLink } from './end-link.js';

/** Sets the connection's timer to its next claim's end; call it whenever a claim was granted. */
export function watchClaims(connection: Connection): void {
  const { claims, context } = connection;
  connection.claimTimer?.cancel();
  connection.claimTimer = undefined;
  const nextMs = claims.nextExpiryMs();
  if (nextMs === undefined || connection.phase === 'closing') return;
  const delayMs = nextMs - context.wireClock.now().getTime();
  connection.claimTimer = context.wireClock.schedule(delayMs, () => {
    const nowMs = context.wireClock.now().getTime();
    claims.forgetExpired(nowMs);
    for (const link of [...linksOf(connection)]) {
      if (link.path === undefined || claims.allows(link.path, nowMs, link.right)) continue;
      const description = 'The token for this link has expired and was not renewed.';
      detachLink(link, { condition: 'amqp:unauthorized-access', description });
    }
    watchClaims(connection);
  });
}

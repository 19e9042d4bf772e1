// A machine joins a pool: it shows that it holds a join key of the pool, and presents the keys by which it is known from then on.
import { BatchError } from '../errors.js';
import { toEventWrites } from '../events/event-rows.js';
import { validJoinKeys } from '../pools/join-keys.js';
import { fromNode, headRow, nodeRow, poolPartition, toNode, toPoolHead } from '../pools/pool-rows.js';
import type { Pool } from '../pools/pool.js';
import { loadStoredPool } from '../pools/read-pools.js';
import type { Services } from '../services.js';
import type { Write } from '../tables/table.js';
import { tryAgain } from '../tables/try-again.js';
import { awaitsBoot, inState } from './node-decisions.js';
import { nodeStateEvent } from './node-events.js';
import { newNode } from './new-node.js';
import { joinClaimsSchema, type JoinAnswer, type JoinClaims } from './node-keys.js';
import type { Node } from './node.js';

/** A join request is taken within this time before or after the instant that it was made at, as any signed request. */
export const joinSkewMs = 15 * 60_000;

type Joining = { readonly poolId: string; readonly nodeId: string; readonly token: string };

/**
 * Makes the machine that holds `token`'s keys the node `nodeId`; a node that the pool did not know is added to it. A node whose boot was waited
 * for is starting then. Joining again with the same keys changes nothing else; with others, whoever had the old ones is the node no longer.
 * Throws AuthenticationFailed, PoolBeingDeleted, OperationNotValidOnNode. A stranger is not told which pools there are.
 */
export async function joinNode(services: Services, { poolId, nodeId, token }: Joining): Promise<JoinAnswer> {
  const { table, sealing, config, clock, ids } = services;
  const { pool, membership } = await tryAgain(services, async () => {
    const { pool, etag: poolEtag } = await loadPoolToJoin(services, { poolId, nodeId });
    const { keys } = await requireClaims(services, pool, { poolId, nodeId, token });
    if (pool.state === 'deleting')
      throw new BatchError('PoolBeingDeleted', `Pool '${poolId}' is being deleted; node '${nodeId}' cannot join it`);
    const row = await table.get(poolPartition(poolId), nodeRow(nodeId));
    const known = row === undefined ? undefined : fromNode(row);
    if (known?.state === 'leavingpool')
      throw new BatchError('OperationNotValidOnNode', `Node '${nodeId}' is leaving pool '${poolId}'; it cannot join`);
    const own = known?.membership?.keyId === keys.keyId ? known.membership : undefined;
    const now = clock.now();
    const before = known ?? newMember(pool, nodeId, now);
    const isBoot = awaitsBoot(before);
    if (own !== undefined && !isBoot) return { pool, membership: own };
    const membership = own ?? { ...keys, orderKey: sealing.orderKeyOf(pool.orderSecret, nodeId, keys.keyId) };
    const node: Node = { ...(isBoot ? inState(before, 'starting', now.toISOString()) : before), membership };
    const events = isBoot ? [nodeStateEvent(before, node, now)] : [];
    const write: Write =
      row === undefined
        ? { type: 'insert', row: nodeRow(nodeId), values: toNode(node) }
        : { type: 'replace', row: nodeRow(nodeId), values: toNode(node), etag: row.etag };
    // A node that is new to the pool must not outlive it.
    const fence: readonly Write[] =
      row === undefined ? [{ type: 'replace', row: headRow, values: toPoolHead(pool), etag: poolEtag }] : [];
    await table.write(poolPartition(poolId), [...fence, write, ...toEventWrites(events, now, ids.uuid())]);
    services.log.info('node joined', { poolId: pool.definition.id, nodeId, isNew: known === undefined });
    return { pool, membership };
  });
  return {
    poolId: pool.definition.id,
    nodeId,
    poolIncarnation: pool.incarnation,
    orderKey: membership.orderKey,
    serviceBusConnection: config.nodesServiceBusConnection,
  };
}

const newMember = (pool: Pool, nodeId: string, now: Date): Node => ({
  ...newNode(pool.definition.id, nodeId, now.toISOString()),
  isSelfProvided: true,
});

/** Throws AuthenticationFailed for a token that no join key can have made: whoever has none costs nobody a read. */
export function requireJoinToken({ sealing }: Pick<Services, 'sealing'>, { poolId, nodeId, token }: Joining): void {
  if (joinClaimsSchema.safeParse(sealing.read(token)).success) return;
  throw refused({ poolId, nodeId }, 'the token does not hold the claims of a join');
}

async function loadPoolToJoin(services: Services, which: Omit<Joining, 'token'>): ReturnType<typeof loadStoredPool> {
  try {
    return await loadStoredPool(services, which.poolId);
  } catch (error) {
    if (error instanceof BatchError && error.code === 'PoolNotFound') throw refused(which, notSigned);
    throw error;
  }
}

const notSigned = 'the request is not signed with a join key of the pool that is valid now';

function refused({ poolId, nodeId }: Omit<Joining, 'token'>, found: string): BatchError {
  return new BatchError('AuthenticationFailed', `Node '${nodeId}' cannot join pool '${poolId}': ${found}.`);
}

async function requireClaims(services: Services, pool: Pool, { poolId, nodeId, token }: Joining): Promise<JoinClaims> {
  const now = services.clock.now();
  const refuse = (found: string): never => {
    throw refused({ poolId, nodeId }, found);
  };
  const verified = await services.sealing.verifyJoin(token, validJoinKeys(pool.joinKeys, now));
  if (verified === undefined) return refuse(notSigned);
  const claims = joinClaimsSchema.safeParse(verified);
  if (!claims.success) return refuse(`the signed claims cannot be read (${claims.error.issues[0]?.path.join('.')})`);
  if (claims.data.poolId.toLowerCase() !== poolId.toLowerCase() || claims.data.nodeId !== nodeId)
    return refuse('the request was signed for another node');
  if (!(await services.sealing.accepts(claims.data.keys))) return refuse('the keys that it presents cannot be used');
  const madeAtMs = claims.data.iat * 1000;
  if (Math.abs(now.getTime() - madeAtMs) > joinSkewMs)
    return refuse(
      `the request was made at ${new Date(madeAtMs).toISOString()}, more than 15 minutes from ${now.toISOString()}`,
    );
  return claims.data;
}

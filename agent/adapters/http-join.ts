// Joins a pool over HTTP: a token signed with the pool's join key presents the node's keys. See docs/joining.md.
import { Buffer } from 'node:buffer';
import { CompactSign } from 'jose';
import type { Clock } from '../../shared/clock.js';
import { joinAnswerSchema, type JoinAnswer, type JoinClaims } from '../../shared/nodes/node-keys.js';
import type { NodeSeal } from '../node-seal.js';

export type HttpJoin = {
  /** The controller's URL. */
  readonly url: string;
  readonly poolId: string;
  readonly nodeId: string;
  /** Reads the join key, `<id>.<secret>`: asked at every try, as it may have been rotated. */
  readonly readJoinKey: () => Promise<string>;
  readonly clock: Clock;
};

const apiVersion = '2022-10-01.16.0';
const timeoutMs = 30_000;

/**
 * Asks once; when the clocks are too far apart, once more with the controller's time. Rejects with what the controller found, or with what
 * kept it from answering.
 */
export function createHttpJoin(options: HttpJoin): (seal: NodeSeal) => Promise<JoinAnswer> {
  let skewMs = 0;
  return async (seal) => {
    const first = await ask(options, seal, skewMs);
    if (first.kind === 'joined') return first.answer;
    const measuredMs = first.skewMs ?? 0;
    const isOff = Math.abs(measuredMs - skewMs) > 60_000;
    if (!isOff) throw first.error;
    skewMs = measuredMs;
    const second = await ask(options, seal, skewMs);
    if (second.kind === 'joined') return second.answer;
    throw second.error;
  };
}

type Outcome =
  | { readonly kind: 'joined'; readonly answer: JoinAnswer }
  /** `skewMs`: how far the controller's clock is ahead of this one. */
  | { readonly kind: 'refused'; readonly error: Error; readonly skewMs: number | undefined };

async function ask(options: HttpJoin, seal: NodeSeal, skewMs: number): Promise<Outcome> {
  const { url, poolId, nodeId, clock } = options;
  const nowMs = clock.now().getTime();
  const claims: JoinClaims = { poolId, nodeId, keys: seal.keys(), iat: Math.floor((nowMs + skewMs) / 1000) };
  const path = `pools/${encodeURIComponent(poolId)}/nodes/${encodeURIComponent(nodeId)}/join`;
  const response = await fetch(`${url.replace(/\/+$/, '')}/${path}?api-version=${apiVersion}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${await toToken(claims, parseJoinKey(await options.readJoinKey()))}` },
    signal: AbortSignal.timeout(timeoutMs),
  });
  const text = await response.text();
  if (response.ok) return { kind: 'joined', answer: joinAnswerSchema.parse(JSON.parse(text)) };
  const error = new Error(`Node '${nodeId}' could not join pool '${poolId}': ${response.status} ${text.slice(0, 500)}`);
  const date = Date.parse(response.headers.get('date') ?? '');
  return { kind: 'refused', error, skewMs: Number.isNaN(date) ? undefined : date - nowMs };
}

function parseJoinKey(text: string): { id: string; secret: Uint8Array } {
  const [id, secret] = text.trim().split('.');
  if (!id || !secret) throw new Error('The join key cannot be read: expected one line "<id>.<secret>"');
  return { id, secret: Buffer.from(secret, 'base64url') };
}

function toToken(claims: JoinClaims, { id, secret }: { id: string; secret: Uint8Array }): Promise<string> {
  return new CompactSign(new TextEncoder().encode(JSON.stringify(claims)))
    .setProtectedHeader({ alg: 'HS256', kid: id })
    .sign(secret);
}

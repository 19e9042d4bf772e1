// A join token as the agent makes it.
import { randomUUID } from 'node:crypto';
import { CompactSign, exportJWK, generateKeyPair } from 'jose';

export function tokenOf(claims: object, joinKey: string): Promise<string> {
  const [kid = '', secret = ''] = joinKey.split('.');
  return new CompactSign(Buffer.from(JSON.stringify(claims)))
    .setProtectedHeader({ alg: 'HS256', kid })
    .sign(Buffer.from(secret, 'base64url'));
}

/** What a machine joins with that is to be this node: keys of its own, signed for now. */
export async function joinTokenOf(place: { poolId: string; nodeId: string }, joinKey: string): Promise<string> {
  const [encrypt, sign] = await Promise.all([publicKey('ECDH-ES'), publicKey('ES256')]);
  const keys = { keyId: randomUUID(), encrypt, sign };
  return tokenOf({ ...place, keys, iat: Math.floor(Date.now() / 1000) }, joinKey);
}

async function publicKey(algorithm: string): Promise<object> {
  const { kty, crv, x, y } = await exportJWK((await generateKeyPair(algorithm, { crv: 'P-256' })).publicKey);
  return { kty, crv, x, y };
}

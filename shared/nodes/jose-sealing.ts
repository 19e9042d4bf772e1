// The controller's side of sealing, by jose (RFC 7515, 7516): orders are signed with the node's order key (HS256) and encrypted to the
// node's public key (ECDH-ES, A256GCM); reports and join requests are verified (ES256, HS256).
import { Buffer } from 'node:buffer';
import { createHmac, randomBytes } from 'node:crypto';
import { compactVerify, CompactEncrypt, CompactSign, decodeProtectedHeader, errors, importJWK } from 'jose';
import type { PublicKey } from './node-keys.js';
import type { Sealing } from './sealing.js';

const secretBytes = 32;
const mostImported = 10_000;

export function createJoseSealing(): Sealing {
  const imported = new Map<string, ReturnType<typeof importJWK>>();
  // Importing a key costs more than using it.
  const importKey = (key: PublicKey, algorithm: 'ES256' | 'ECDH-ES'): ReturnType<typeof importJWK> => {
    const name = `${algorithm}/${key.x}/${key.y}`;
    const found = imported.get(name) ?? importJWK({ ...key }, algorithm);
    if (imported.size >= mostImported) imported.clear();
    imported.set(name, found);
    return found;
  };
  return {
    newSecret: () => randomBytes(secretBytes).toString('base64url'),
    orderKeyOf: (poolSecret, nodeId, keyId) =>
      createHmac('sha256', Buffer.from(poolSecret, 'base64url'))
        .update(JSON.stringify([nodeId, keyId]))
        .digest('base64url'),
    async accepts({ encrypt, sign }) {
      try {
        await Promise.all([importJWK({ ...encrypt }, 'ECDH-ES'), importJWK({ ...sign }, 'ES256')]);
        return true;
      } catch {
        return false; // Whatever it is, it is no key.
      }
    },
    async seal(content, membership) {
      if (membership === undefined)
        throw new Error('A message for a node that has not presented its keys cannot be sealed');
      const { keyId, encrypt, orderKey } = membership;
      const signed = await new CompactSign(encode(content))
        .setProtectedHeader({ alg: 'HS256' })
        .sign(Buffer.from(orderKey, 'base64url'));
      return new CompactEncrypt(new TextEncoder().encode(signed))
        .setProtectedHeader({ alg: 'ECDH-ES', enc: 'A256GCM', kid: keyId, cty: 'JWS' })
        .encrypt(await importKey(encrypt, 'ECDH-ES'));
    },
    read(data) {
      if (typeof data !== 'string') return undefined;
      const [, payload, signature, more] = data.split('.');
      if (payload === undefined || signature === undefined || more !== undefined) return undefined;
      try {
        return JSON.parse(Buffer.from(payload, 'base64url').toString()) as unknown;
      } catch {
        return undefined; // Not signed by anything of ours: the caller says so.
      }
    },
    async verify(data, membership) {
      if (typeof data !== 'string' || membership === undefined) return 'otherKey';
      try {
        if (decodeProtectedHeader(data).kid !== membership.keyId) return 'otherKey';
        await compactVerify(data, await importKey(membership.sign, 'ES256'), { algorithms: ['ES256'] });
        return 'signed';
      } catch (error) {
        if (error instanceof errors.JOSEError || error instanceof TypeError) return 'forged';
        throw error;
      }
    },
    async verifyJoin(token, joinKeys) {
      try {
        const { kid } = decodeProtectedHeader(token);
        const key = joinKeys.find(({ id }) => id === kid);
        if (key === undefined) return undefined;
        const secret = Buffer.from(key.secret, 'base64url');
        const { payload } = await compactVerify(token, secret, { algorithms: ['HS256'] });
        return JSON.parse(new TextDecoder().decode(payload)) as unknown;
      } catch (error) {
        if (error instanceof errors.JOSEError || error instanceof TypeError || error instanceof SyntaxError)
          return undefined;
        throw error;
      }
    },
  };
}

const encode = (content: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(content));

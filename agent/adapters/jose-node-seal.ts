// A node's keys, made when it first starts and kept in its state directory, readable by its owner alone.
import { Buffer } from 'node:buffer';
import { randomUUID } from 'node:crypto';
import {
  compactDecrypt,
  compactVerify,
  CompactSign,
  decodeProtectedHeader,
  errors,
  exportJWK,
  generateKeyPair,
  importJWK,
  type JWK,
} from 'jose';
import { z } from 'zod';
import { nodeKeysSchema } from '../../shared/nodes/node-keys.js';
import type { Disk } from '../disk.js';
import type { NodeSeal, Opened } from '../node-seal.js';

const stateName = 'keys.json';
const privateKey = z.object({
  kty: z.literal('EC'),
  crv: z.literal('P-256'),
  x: z.string(),
  y: z.string(),
  d: z.string(),
});
const keptSchema = z.object({
  version: z.literal(1),
  keyId: z.uuid(),
  encrypt: privateKey,
  sign: privateKey,
  orderKey: z.string().optional(),
  poolIncarnation: z.string().optional(),
});
type Kept = z.infer<typeof keptSchema>;

/** Reads the node's keys, making them the first time. Rejects when the file is there but cannot be used. */
export async function loadNodeSeal(disk: Pick<Disk, 'readState' | 'writeState'>): Promise<NodeSeal> {
  const text = await disk.readState(stateName);
  let kept = text === undefined ? await makeKeys() : keptSchema.parse(JSON.parse(text));
  const save = (): Promise<void> => disk.writeState([{ name: stateName, text: JSON.stringify(kept) }]);
  if (text === undefined) await save();
  const decryptingKey = await importJWK(kept.encrypt, 'ECDH-ES');
  const signingKey = await importJWK(kept.sign, 'ES256');
  const { keyId } = kept;

  const openSealed = async (data: string): Promise<Opened> => {
    if (decodeProtectedHeader(data).kid !== keyId) return { kind: 'otherKey' };
    const { plaintext } = await compactDecrypt(data, decryptingKey, {
      keyManagementAlgorithms: ['ECDH-ES'],
      contentEncryptionAlgorithms: ['A256GCM'],
    });
    if (kept.orderKey === undefined) return { kind: 'otherKey' };
    const secret = Buffer.from(kept.orderKey, 'base64url');
    const { payload } = await compactVerify(new TextDecoder().decode(plaintext), secret, { algorithms: ['HS256'] });
    return { kind: 'opened', content: JSON.parse(new TextDecoder().decode(payload)) as unknown };
  };
  return {
    keys: () => nodeKeysSchema.parse({ keyId, encrypt: withoutSecret(kept.encrypt), sign: withoutSecret(kept.sign) }),
    async setMembership({ orderKey, poolIncarnation }) {
      if (kept.orderKey === orderKey && kept.poolIncarnation === poolIncarnation) return;
      kept = { ...kept, orderKey, poolIncarnation };
      await save();
    },
    poolIncarnation: () => kept.poolIncarnation,
    async open(data) {
      if (typeof data !== 'string') return { kind: 'forged' };
      try {
        return await openSealed(data);
      } catch (error) {
        if (error instanceof errors.JOSEError || error instanceof TypeError || error instanceof SyntaxError)
          return { kind: 'forged' };
        throw error;
      }
    },
    sign: (content) =>
      new CompactSign(new TextEncoder().encode(JSON.stringify(content)))
        .setProtectedHeader({ alg: 'ES256', kid: keyId })
        .sign(signingKey),
  };
}

async function makeKeys(): Promise<Kept> {
  const [encrypt, sign] = await Promise.all([
    generateKeyPair('ECDH-ES', { crv: 'P-256', extractable: true }),
    generateKeyPair('ES256', { extractable: true }),
  ]);
  return keptSchema.parse({
    version: 1,
    keyId: randomUUID(),
    encrypt: await exportJWK(encrypt.privateKey),
    sign: await exportJWK(sign.privateKey),
  });
}

const withoutSecret = ({ d: _, ...rest }: JWK): JWK => rest;
